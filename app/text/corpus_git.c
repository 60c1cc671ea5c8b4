#include "app/text/corpus_git.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "app/text/git_config.h"
#include "app/text/git_file.h"
#include "app/text/git_folder.h"
#include "app/text/git_index.h"
#include "app/text/gitignore.h"
#include "compute/error.h"

struct corpus_git {
    struct git_folder folder;
    struct git_index index; /* empty where it cannot be read */
    struct gitignore *ignore;
    size_t top_size;
    char problem[768];
};

static bool is_inside(const char *path, const char *directory)
{
    size_t size = strlen(directory);
    while (size > 1 && directory[size - 1] == '/') size--;
    return strncmp(path, directory, size) == 0 && (path[size] == '/' || path[size] == '\0' || size == 1);
}

/* The first problem is the one that is said. */
static void set_problem(struct corpus_git *g, const char *what, const char *meaning)
{
    if (*g->problem == '\0') snprintf(g->problem, sizeof g->problem, "%s: %s", what, meaning);
}

/* The user's excludes file: core.excludesFile, or git/ignore where the user's configuration lies. malloc'ed; "": none;
 * NULL without memory. */
static char *find_user_excludes(const struct corpus_git *g, const struct git_config *c)
{
    const char *named = git_config_get(c, "core.excludesfile"), *base = getenv("XDG_CONFIG_HOME"),
               *home = getenv("HOME");
    if (named) return *named ? git_file_expand(named, g->folder.top) : strdup("");
    if (base && *base) return git_file_join(base, "git/ignore");
    return home ? git_file_join(home, ".config/git/ignore") : strdup("");
}

static int open_ignore(struct corpus_git *g, const struct git_config *c, struct error *e)
{
    char *user = find_user_excludes(g, c);
    char *exclude = g->folder.common_dir ? git_file_join(g->folder.common_dir, "info/exclude") : strdup("");
    if (user && exclude)
        g->ignore = gitignore_open(g->folder.top, exclude, user, git_config_flag(c, "core.ignorecase"));
    free(exclude);
    free(user);
    return g->ignore ? gitignore_check(g->ignore, e) : error_memory(e);
}

static int open_index(struct corpus_git *g, const struct git_config *c, struct error *e)
{
    struct error why = {0};
    const char *format = git_config_get(c, "extensions.objectformat");
    size_t hash_size = format && strcasecmp(format, "sha256") == 0 ? 32 : 20;
    if (!g->folder.git_dir ||
        git_index_open(&g->index, g->folder.git_dir, hash_size, git_config_flag(c, "core.ignorecase"), &why) == 0)
        return 0;
    if (why.kind == ERROR_MEMORY) return error_memory(e);
    set_problem(g, why.text, "what git tracks is not known; files that its ignore rules name are left out");
    return 0;
}

/* A repository may say that its working tree lies elsewhere (those of submodules do). *inside: whether `root` belongs
 * to it. */
static int find_top(struct corpus_git *g, const struct git_config *c, const char *root, bool *inside, struct error *e)
{
    struct git_folder *f = &g->folder;
    const char *named = f->git_dir && !f->linked ? git_config_get(c, "core.worktree") : NULL;
    char *path = named ? git_file_join(f->git_dir, named) : NULL, *real = path ? realpath(path, NULL) : NULL;
    bool failed = named && !path;
    free(path);
    if (failed) return error_memory(e);
    if (real) {
        free(f->top);
        f->top = real;
    }
    g->top_size = strcmp(f->top, "/") == 0 ? 0 : strlen(f->top);
    *inside = is_inside(root, f->top) && !(f->git_dir && is_inside(root, f->git_dir));
    return 0;
}

/* The rest of corpus_git_open; what it leaves in g is freed by corpus_git_close. */
static int open_found(struct corpus_git *g, const char *root, bool *inside, struct error *e)
{
    struct git_folder *f = &g->folder;
    struct git_config *c;
    const struct git_config_place place = {f->git_dir, f->common_dir, f->branch};
    if (f->why) set_problem(g, f->why, "only the ignore rules of the working tree hold");
    if (git_config_open(&c, &place, e) != 0) return -1;
    if (*git_config_problem(c)) set_problem(g, git_config_problem(c), "ignore rules that it names do not hold");
    int result = find_top(g, c, root, inside, e);
    if (result == 0 && *inside && (open_index(g, c, e) != 0 || open_ignore(g, c, e) != 0)) result = -1;
    git_config_close(c);
    return result;
}

int corpus_git_open(struct corpus_git **out, const char *root, struct error *e)
{
    *out = NULL;
    struct corpus_git *g = calloc(1, sizeof *g);
    if (!g) return error_memory(e);
    bool inside = false;
    int result = git_folder_find(&g->folder, root, e);
    if (result == 0 && g->folder.top) result = open_found(g, root, &inside, e);
    if (result != 0 || !inside) {
        corpus_git_close(g);
        return result;
    }
    *out = g;
    return 0;
}

void corpus_git_close(struct corpus_git *g)
{
    if (!g) return;
    git_folder_free(&g->folder);
    git_index_close(&g->index);
    gitignore_close(g->ignore);
    free(g);
}

int corpus_git_check(const struct corpus_git *g, struct error *e)
{
    return gitignore_check(g->ignore, e);
}

const char *corpus_git_problem(const struct corpus_git *g)
{
    return g->problem;
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
    return git_index_find(&g->index, path) || !gitignore_matches(g->ignore, path, false);
}

/* What is tracked below a directory; NULL: nothing. */
static const struct git_index_entry *tracked_below(const struct corpus_git *g, const char *path, size_t *n)
{
    char prefix[PATH_MAX + 2];
    snprintf(prefix, sizeof prefix, "%s%s", path, *path ? "/" : "");
    return git_index_below(&g->index, prefix, n);
}

bool corpus_git_wants_directory(struct corpus_git *g, const char *real_path)
{
    const char *path = relative(g, real_path);
    size_t n;
    return *path == '\0' || git_index_find(&g->index, path) || !gitignore_matches(g->ignore, path, true) ||
           tracked_below(g, path, &n);
}

bool corpus_git_is_submodule(const struct corpus_git *g, const char *real_path)
{
    const struct git_index_entry *entry = git_index_find(&g->index, relative(g, real_path));
    return entry && (entry->mode & GIT_INDEX_TYPE) == GIT_INDEX_SUBMODULE;
}

static bool is_there(const struct corpus_git *g, const char *path)
{
    struct stat s;
    char *whole = git_file_join(g->folder.top, path);
    bool there = !whole || lstat(whole, &s) == 0;
    free(whole);
    return there;
}

size_t corpus_git_missing(const struct corpus_git *g, const char *real_path, size_t *sparse)
{
    size_t missing = 0, n = 0;
    const struct git_index_entry *entry = tracked_below(g, relative(g, real_path), &n);
    *sparse = 0;
    for (; entry && n > 0; n--, entry++) {
        if ((entry->mode & GIT_INDEX_TYPE) == GIT_INDEX_SUBMODULE || is_there(g, entry->path)) continue;
        if (entry->skipped || S_ISDIR(entry->mode))
            ++*sparse;
        else
            missing++;
    }
    return missing;
}
