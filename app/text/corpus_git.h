/* Which paths belong to a git working tree: tracked, or untracked and not ignored. */
#ifndef LECTERN_CORPUS_GIT_H
#define LECTERN_CORPUS_GIT_H

#include <stdbool.h>
#include <stddef.h>

struct corpus_git;
struct error;

/* Opens the repository whose working tree holds the directory `root` (a real path); *out is NULL where there is none.
 * What cannot be used of it (corpus_git_problem) leaves the rest: ignore rules of the working tree always hold. -1:
 * without memory. */
int corpus_git_open(struct corpus_git **out, const char *root, struct error *e);
void corpus_git_close(struct corpus_git *g);

/* What could not be used of the repository, and what that means; "" where all is well. */
const char *corpus_git_problem(const struct corpus_git *g);

/* Paths are real paths inside the working tree. What is said of them holds where corpus_git_check, which is asked last,
 * finds that all ignore rules could be read: -1 where a file of them is there and cannot be, or without memory. */
int corpus_git_check(const struct corpus_git *g, struct error *e);
bool corpus_git_wants_file(struct corpus_git *g, const char *real_path);
bool corpus_git_wants_directory(struct corpus_git *g, const char *real_path);

bool corpus_git_is_submodule(const struct corpus_git *g, const char *real_path);

/* How many tracked files below a directory are not there; *sparse: and how many a sparse checkout leaves out. */
size_t corpus_git_missing(const struct corpus_git *g, const char *real_path, size_t *sparse);

#endif
