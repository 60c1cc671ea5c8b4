#include "app/text/corpus_walk.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/text/corpus_build.h"
#include "app/text/corpus_file.h"
#include "app/text/corpus_git.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* Symbolic links are looked at last, when it is known which files have been read. */
struct walk {
    struct corpus_build *build;
    const char *root, *prefix;
    size_t root_size; /* without trailing slash: 0 for "/" */
    char **links;     /* real paths of the links themselves, owned */
    size_t n_links, links_capacity;
};

struct entry {
    char *name;
    mode_t mode; /* 0: it vanished */
};

static int no_memory(struct error *e)
{
    return error_memory(e);
}

/* Joins two strings with something between them; malloc'ed. */
static char *join_strings(const char *a, const char *between, const char *b)
{
    size_t size = strlen(a) + strlen(between) + strlen(b) + 1;
    char *joined = malloc(size);
    if (joined) snprintf(joined, size, "%s%s%s", a, between, b);
    return joined;
}

/* A path as it is shown; malloc'ed. */
static char *shown_path(const struct walk *w, const char *real_path, const char *end)
{
    const char *inside = real_path + w->root_size;
    if (*inside == '/') inside++;
    return join_strings(w->prefix, inside, *inside ? end : "");
}

static int skip_path(struct walk *w, const char *real_path, const char *end, const char *reason, struct error *e)
{
    char *path = shown_path(w, real_path, end);
    if (!path) return no_memory(e);
    int result = corpus_build_skip(w->build, *path ? path : ".", e, "%s", reason);
    free(path);
    return result;
}

static int note(struct walk *w, const char *real_path, const char *end, const char *words, struct error *e)
{
    char *path = shown_path(w, real_path, end);
    if (!path) return no_memory(e);
    int result = corpus_build_note(w->build, e, "%s: %s", *path ? path : ".", words);
    free(path);
    return result;
}

/* Byte order of whole paths: a directory's name counts with its slash. */
static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    const unsigned char *x = (const unsigned char *)a->name, *y = (const unsigned char *)b->name;
    while (*x && *x == *y) x++, y++;
    int p = *x ? *x : S_ISDIR(a->mode) ? '/' : 0, q = *y ? *y : S_ISDIR(b->mode) ? '/' : 0;
    return (p > q) - (p < q);
}

static void free_entries(struct entry *entries, size_t n)
{
    for (size_t i = 0; i < n; i++) free(entries[i].name);
    free(entries);
}

static mode_t mode_of(const char *directory, const char *name)
{
    struct stat s;
    char path[PATH_MAX + NAME_MAX + 2]; /* no memory that could be missing: a .git that is not seen hides nothing */
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return lstat(path, &s) == 0 ? s.st_mode : 0;
}

/* The sorted entries of an open directory. */
static int list_entries(DIR *d, const char *directory, struct entry **out, size_t *n_out, struct error *e)
{
    struct entry *entries = NULL;
    size_t n = 0, capacity = 0;
    for (struct dirent *found; (found = readdir(d));) {
        if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0) continue;
        struct entry *grown = bytes_reserve(entries, &capacity, n + 1, sizeof *grown);
        if (grown) entries = grown;
        if (!grown || !(entries[n].name = strdup(found->d_name))) {
            free_entries(entries, n);
            return no_memory(e);
        }
        entries[n].mode = mode_of(directory, entries[n].name);
        n++;
    }
    if (n > 0) qsort(entries, n, sizeof *entries, compare_entries);
    *out = entries;
    *n_out = n;
    return 0;
}

static int walk_directory(struct walk *w, const char *directory, struct corpus_git *git, struct error *e);

/* What of the tracked files below a directory is not there. */
static int note_missing(struct walk *w, const char *directory, const struct corpus_git *git, struct error *e)
{
    size_t sparse, missing = corpus_git_missing(git, directory, &sparse);
    char words[128];
    if (missing > 0) {
        snprintf(words, sizeof words, "%zu tracked file%s not in the working tree", missing,
                 missing == 1 ? " is" : "s are");
        if (note(w, directory, "/", words, e) != 0) return -1;
    }
    if (sparse == 0) return 0;
    snprintf(words, sizeof words, "%zu tracked file%s not checked out (sparse checkout)", sparse,
             sparse == 1 ? " or directory is" : "s or directories are");
    return note(w, directory, "/", words, e);
}

/* A directory that is, or seems to be, the top of a git working tree, or lies inside one. */
static int walk_git(struct walk *w, const char *directory, struct error *e)
{
    struct corpus_git *git;
    if (corpus_git_open(&git, directory, e) != 0) return -1;
    if (!git) return walk_directory(w, directory, NULL, e);
    const char *problem = corpus_git_problem(git);
    bool wanted = corpus_git_wants_directory(git, directory);
    int result = *problem ? note(w, directory, "/", problem, e) : 0;
    if (result == 0 && !wanted) result = note(w, directory, "/", "ignored by git, read because it was named", e);
    if (result == 0) result = walk_directory(w, directory, wanted ? git : NULL, e);
    if (result == 0) result = corpus_git_check(git, e);
    if (result == 0 && wanted) result = note_missing(w, directory, git, e);
    corpus_git_close(git);
    return result;
}

static int walk_subdirectory(struct walk *w, const char *path, struct corpus_git *git, struct error *e)
{
    if (git && !corpus_git_wants_directory(git, path)) return 0;
    if (mode_of(path, ".git") != 0) return walk_git(w, path, e);
    if (git && corpus_git_is_submodule(git, path))
        return skip_path(w, path, "/", "git submodule that is not checked out", e);
    return walk_directory(w, path, git, e);
}

static int add_link(struct walk *w, const char *path, struct error *e)
{
    char **links = bytes_reserve(w->links, &w->links_capacity, w->n_links + 1, sizeof *links);
    if (!links) return no_memory(e);
    w->links = links;
    if (!(links[w->n_links] = strdup(path))) return no_memory(e);
    w->n_links++;
    return 0;
}

static int add_file(struct walk *w, const char *real_path, struct error *e)
{
    char *path = shown_path(w, real_path, "");
    if (!path) return no_memory(e);
    int result = corpus_file_add(w->build, real_path, path, true, e);
    free(path);
    return result;
}

static int add_entry(struct walk *w, const char *path, mode_t mode, struct corpus_git *git, struct error *e)
{
    if (S_ISDIR(mode)) return walk_subdirectory(w, path, git, e);
    if (git && !corpus_git_wants_file(git, path)) return 0;
    if (S_ISREG(mode)) return add_file(w, path, e);
    if (S_ISLNK(mode)) return add_link(w, path, e);
    if (S_ISFIFO(mode)) return skip_path(w, path, "", "FIFO", e);
    if (S_ISSOCK(mode)) return skip_path(w, path, "", "socket", e);
    return skip_path(w, path, "", mode == 0 ? "vanished before it was read" : "device", e);
}

/* What version control keeps for itself. */
static bool is_store(const struct entry *entry)
{
    if (strcmp(entry->name, ".git") == 0) return true;
    return S_ISDIR(entry->mode) && (strcmp(entry->name, ".hg") == 0 || strcmp(entry->name, ".svn") == 0);
}

static int walk_directory(struct walk *w, const char *directory, struct corpus_git *git, struct error *e)
{
    if (corpus_build_check_cancel(w->build, e) != 0) return -1;
    DIR *d = opendir(directory);
    if (!d) return skip_path(w, directory, "/", strerror(errno), e);
    struct entry *entries = NULL;
    size_t n = 0;
    int result = list_entries(d, directory, &entries, &n, e);
    closedir(d); /* before going deeper: a deep tree must not use up the descriptors */
    if (result != 0) return -1;
    for (size_t i = 0; i < n && result == 0; i++) {
        char *path = join_strings(strcmp(directory, "/") == 0 ? "" : directory, "/", entries[i].name);
        if (!path) {
            result = no_memory(e);
        } else if (is_store(&entries[i])) {
            if (!git) result = note(w, path, "", "not read (version control keeps it for itself)", e);
        } else {
            result = add_entry(w, path, entries[i].mode, git, e);
        }
        free(path);
    }
    free_entries(entries, n);
    return result;
}

static int look_at_link(struct walk *w, const char *link, struct error *e)
{
    char *target = realpath(link, NULL);
    if (!target) return skip_path(w, link, "", errno == ELOOP ? "symbolic link in a loop" : "broken symbolic link", e);
    struct stat s;
    int result;
    if (strncmp(target, w->root, w->root_size) != 0 || (target[w->root_size] != '/' && target[w->root_size] != '\0')) {
        result = skip_path(w, link, "", "symbolic link out of the directory", e);
    } else if (corpus_build_find(w->build, target) != SIZE_MAX) {
        result = note(w, link, "", "symbolic link to a file that is read in its own place", e);
    } else if (stat(target, &s) == 0 && S_ISDIR(s.st_mode)) {
        result = note(w, link, "", "symbolic link to a directory of this tree: not followed", e);
    } else {
        result = skip_path(w, link, "", "symbolic link to a file that is not read", e);
    }
    free(target);
    return result;
}

int corpus_walk(struct corpus_build *b, const char *root, const char *prefix, struct error *e)
{
    struct walk w = {
        .build = b, .root = root, .prefix = prefix, .root_size = strcmp(root, "/") == 0 ? 0 : strlen(root)};
    int result = walk_git(&w, root, e);
    for (size_t i = 0; i < w.n_links; i++) {
        if (result == 0) result = look_at_link(&w, w.links[i], e);
        free(w.links[i]);
    }
    free(w.links);
    return result;
}
