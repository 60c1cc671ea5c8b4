#include "app/text/corpus_git.h"

#include <git2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/text/gitignore.h"

struct corpus_git {
    git_repository *repository;
    git_index *index;
    char *top;
    size_t top_size;
    struct gitignore *ignore;
};

static char *last_error(void)
{
    const git_error *error = git_error_last();
    return strdup(error && error->message ? error->message : "unknown error");
}

static bool is_inside(const char *path, const char *directory)
{
    size_t size = strlen(directory);
    while (size > 1 && directory[size - 1] == '/') size--;
    return strncmp(path, directory, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

/* malloc'ed; NULL without memory. */
static char *join(const char *a, const char *b)
{
    size_t size = strlen(a) + strlen(b) + 1;
    char *joined = malloc(size);
    if (joined) snprintf(joined, size, "%s%s", a, b);
    return joined;
}

static bool has_dot_git(const char *root)
{
    struct stat s;
    char *path = join(root, "/.git");
    bool there = path && lstat(path, &s) == 0;
    free(path);
    return there;
}

/* The user's excludes file: core.excludesFile, or git/ignore where the user's configuration lies. malloc'ed; NULL:
 * none. */
static char *find_user_excludes(git_repository *r)
{
    git_config *config = NULL;
    git_buf named = {0};
    char *path = NULL;
    if (git_repository_config_snapshot(&config, r) == 0 &&
        git_config_get_path(&named, config, "core.excludesfile") == 0)
        path = strdup(named.ptr);
    git_config_free(config);
    git_buf_dispose(&named);
    if (path) return path;
    const char *base = getenv("XDG_CONFIG_HOME"), *rest = "/git/ignore";
    if (!base || !*base) {
        base = getenv("HOME");
        rest = "/.config/git/ignore";
    }
    return base ? join(base, rest) : NULL;
}

static int open_ignore(struct corpus_git *g)
{
    git_buf info = {0};
    char *exclude = NULL, *user = find_user_excludes(g->repository);
    if (git_repository_item_path(&info, g->repository, GIT_REPOSITORY_ITEM_INFO) == 0)
        exclude = join(info.ptr, "exclude");
    g->ignore = gitignore_open(g->top, exclude, user);
    free(exclude);
    free(user);
    git_buf_dispose(&info);
    return g->ignore ? 0 : -1;
}

/* The rest of corpus_git_open; what it leaves in g is freed by corpus_git_close. */
static enum corpus_git_state open_inside(struct corpus_git *g, const char *root, char **why)
{
    int found = git_repository_open_ext(&g->repository, root, 0, NULL);
    bool own = has_dot_git(root);
    if (found == GIT_ENOTFOUND && !own) return CORPUS_GIT_NONE;
    if (found != 0) {
        *why = last_error();
        return CORPUS_GIT_BROKEN;
    }
    if (git_repository_is_bare(g->repository)) {
        *why = strdup("a bare repository has no working tree");
        return CORPUS_GIT_BROKEN;
    }
    g->top = realpath(git_repository_workdir(g->repository), NULL);
    if (!g->top || !is_inside(root, g->top) || is_inside(root, git_repository_path(g->repository)))
        return CORPUS_GIT_NONE;
    g->top_size = strcmp(g->top, "/") == 0 ? 0 : strlen(g->top);
    if (own && strcmp(g->top, root) != 0) {
        *why = strdup("its .git is not a repository");
        return CORPUS_GIT_BROKEN;
    }
    if (git_repository_index(&g->index, g->repository) != 0) {
        *why = last_error();
        return CORPUS_GIT_BROKEN;
    }
    if (open_ignore(g) != 0) {
        *why = strdup("out of memory");
        return CORPUS_GIT_BROKEN;
    }
    return CORPUS_GIT_OPEN;
}

enum corpus_git_state corpus_git_open(struct corpus_git **out, const char *root, char **why)
{
    *why = NULL;
    struct corpus_git *g = calloc(1, sizeof *g);
    if (!g || git_libgit2_init() < 0) {
        free(g);
        *why = strdup("libgit2 cannot start");
        return CORPUS_GIT_BROKEN;
    }
    /* Whose repository it is does not matter: we run nothing of it. */
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    enum corpus_git_state state = open_inside(g, root, why);
    if (state != CORPUS_GIT_OPEN) {
        corpus_git_close(g);
        return state;
    }
    *out = g;
    return state;
}

void corpus_git_close(struct corpus_git *g)
{
    if (!g) return;
    git_index_free(g->index);
    git_repository_free(g->repository);
    git_libgit2_shutdown();
    gitignore_close(g->ignore);
    free(g->top);
    free(g);
}

/* The path inside the working tree; "" for its top. */
static const char *relative(const struct corpus_git *g, const char *real_path)
{
    const char *rest = real_path + g->top_size;
    return *rest == '/' ? rest + 1 : rest;
}

bool corpus_git_wants_file(struct corpus_git *g, const char *real_path)
{
    const char *path = relative(g, real_path);
    size_t at;
    return git_index_find(&at, g->index, path) == 0 || !gitignore_matches(g->ignore, path, false);
}

/* "path/" in malloc'ed memory, "" for the top; NULL without memory. */
static char *with_slash(const char *path)
{
    return join(path, *path ? "/" : "");
}

bool corpus_git_wants_directory(struct corpus_git *g, const char *real_path)
{
    const char *path = relative(g, real_path);
    char *prefix = with_slash(path);
    if (!prefix || *path == '\0') {
        free(prefix);
        return true;
    }
    size_t at;
    bool wanted = git_index_find_prefix(&at, g->index, prefix) == 0 || git_index_find(&at, g->index, path) == 0 ||
                  !gitignore_matches(g->ignore, path, true);
    free(prefix);
    return wanted;
}

bool corpus_git_is_submodule(const struct corpus_git *g, const char *real_path)
{
    const git_index_entry *entry = git_index_get_bypath(g->index, relative(g, real_path), 0);
    return entry && (entry->mode & S_IFMT) == GIT_FILEMODE_COMMIT;
}

size_t corpus_git_missing(const struct corpus_git *g, const char *real_path)
{
    char *prefix = with_slash(relative(g, real_path));
    if (!prefix) return 0;
    size_t missing = 0, prefix_size = strlen(prefix), n = git_index_entrycount(g->index), i = 0;
    if (prefix_size > 0 && git_index_find_prefix(&i, g->index, prefix) != 0) i = n;
    for (; i < n; i++) {
        const git_index_entry *entry = git_index_get_byindex(g->index, i);
        if (strncmp(entry->path, prefix, prefix_size) != 0) break;
        if ((entry->mode & S_IFMT) == GIT_FILEMODE_COMMIT || (entry->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE))
            continue;
        char path[4096 + 256];
        struct stat s;
        int size = snprintf(path, sizeof path, "%.*s/%s", (int)g->top_size, g->top, entry->path);
        if (size > 0 && (size_t)size < sizeof path && lstat(path, &s) != 0) missing++;
    }
    free(prefix);
    return missing;
}
