/* Which paths belong to a git working tree: tracked, or untracked and not ignored. The only file that includes libgit2.
 */
#ifndef LECTERN_CORPUS_GIT_H
#define LECTERN_CORPUS_GIT_H

#include <stdbool.h>
#include <stddef.h>

struct corpus_git;

enum corpus_git_state {
    CORPUS_GIT_OPEN,
    CORPUS_GIT_NONE,   /* no repository around */
    CORPUS_GIT_BROKEN, /* there is one, but it cannot be used: *why says it */
};

/* Opens the repository whose working tree holds the directory `root` (a real path). *why: malloc'ed, for
 * CORPUS_GIT_BROKEN only. */
enum corpus_git_state corpus_git_open(struct corpus_git **out, const char *root, char **why);
void corpus_git_close(struct corpus_git *g);

/* Paths are real paths inside the working tree. */
bool corpus_git_wants_file(struct corpus_git *g, const char *real_path);
bool corpus_git_wants_directory(struct corpus_git *g, const char *real_path);

bool corpus_git_is_submodule(const struct corpus_git *g, const char *real_path);

/* How many tracked files below a directory are not there (those that a sparse checkout leaves out are not counted). */
size_t corpus_git_missing(const struct corpus_git *g, const char *real_path);

#endif
