#include "app/text/git_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/text/git_file.h"
#include "compute/error.h"

void git_folder_free(struct git_folder *f)
{
    if (f->common_dir != f->git_dir) free(f->common_dir);
    free(f->top);
    free(f->git_dir);
    free(f->branch);
    free(f->why);
    *f = (struct git_folder){0};
}

/* Where *failed is set there was no memory to look: what was not seen is not missing, or what git ignores would be
 * read.
 */
static mode_t mode_at(const char *directory, const char *name, bool *failed)
{
    struct stat s;
    char *path = git_file_join(directory, name);
    if (!path) *failed = true;
    mode_t mode = path && lstat(path, &s) == 0 ? s.st_mode : 0;
    free(path);
    return mode;
}

/* The file's first line less what stands before it; malloc'ed, NULL: it does not begin so. */
static char *read_line(const char *directory, const char *name, const char *before, bool *failed)
{
    size_t size;
    struct error why = {0};
    char *path = git_file_join(directory, name), *line = NULL;
    char *text = path ? git_file_read(path, GIT_FILE_FOLLOW, &size, &why) : NULL;
    const bool begins = text && strncmp(text, before, strlen(before)) == 0;
    if (begins) {
        text[strcspn(text, "\r\n")] = '\0';
        line = strdup(text + strlen(before));
    }
    if (!path || why.kind == ERROR_MEMORY || (begins && !line)) *failed = true;
    free(path);
    free(text);
    return line;
}

/* realpath(3); NULL: there is none. */
static char *real_path(const char *path, bool *failed)
{
    char *real = realpath(path, NULL);
    if (!real && errno == ENOMEM) *failed = true;
    return real;
}

/* The real path of what a file of one line names, relative to `base`; NULL: none. */
static char *read_path(const char *directory, const char *name, const char *before, const char *base, bool *failed)
{
    char *line = read_line(directory, name, before, failed), *path = line ? git_file_join(base, line) : NULL;
    if (line && !path) *failed = true;
    char *real = path ? real_path(path, failed) : NULL;
    free(line);
    free(path);
    return real;
}

/* Whether a directory is a repository; *common: malloc'ed, NULL where it is the directory itself. */
static bool is_repository(const char *directory, char **common, bool *failed)
{
    *common = read_path(directory, "commondir", "", directory, failed);
    const char *store = *common ? *common : directory;
    bool whole = mode_at(directory, "HEAD", failed) != 0 && S_ISDIR(mode_at(store, "objects", failed)) &&
                 S_ISDIR(mode_at(store, "refs", failed));
    if (whole) return true;
    free(*common);
    *common = NULL;
    return false;
}

/* Whether `directory` has a .git that is, or leads to, a repository. */
static bool open_at(struct git_folder *f, const char *directory, bool *failed)
{
    char *inside = git_file_join(directory, ".git"), *common;
    if (!inside) *failed = true;
    char *git_dir = !inside ? NULL
                    : S_ISREG(mode_at(directory, ".git", failed))
                        ? read_path(directory, ".git", "gitdir: ", directory, failed)
                        : real_path(inside, failed);
    free(inside);
    if (!git_dir || !is_repository(git_dir, &common, failed)) {
        free(git_dir);
        return false;
    }
    f->git_dir = git_dir;
    f->common_dir = common ? common : git_dir;
    f->linked = common != NULL;
    f->branch = read_line(git_dir, "HEAD", "ref: refs/heads/", failed);
    return true;
}

/* Cuts the last part off; false: none is left. */
static bool go_up(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash || path[1] == '\0') return false;
    slash[slash == path] = '\0';
    return true;
}

int git_folder_find(struct git_folder *out, const char *root, struct error *e)
{
    struct git_folder f = {0};
    char *at = strdup(root), *broken = NULL;
    bool found = false, failed = false;
    for (bool more = at != NULL; more && !found; more = !found && go_up(at)) {
        if (mode_at(at, ".git", &failed) == 0) continue;
        found = open_at(&f, at, &failed);
        if (!found && !broken) broken = strdup(at);
    }
    if (found) {
        f.top = strdup(at);
    } else if (broken) {
        f.top = strdup(broken);
    }
    if (broken) f.why = strdup("its .git is not a repository");
    failed = failed || !at || ((found || broken) && !f.top) || (broken && !f.why);
    free(at);
    free(broken);
    if (failed) {
        git_folder_free(&f);
        return error_memory(e);
    }
    *out = f;
    return 0;
}
