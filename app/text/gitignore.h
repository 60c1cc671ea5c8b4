/* Git's ignore rules, gitignore(5): patterns in .gitignore files, in the repository's info/exclude and in the user's
 * excludes file. */
#ifndef LECTERN_GITIGNORE_H
#define LECTERN_GITIGNORE_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct gitignore;

/* `top`: the working tree's, an absolute path. The other files may be NULL or missing. `fold`: letter case does not
 * matter (core.ignoreCase). NULL without memory. */
struct gitignore *gitignore_open(const char *top, const char *exclude, const char *user_excludes, bool fold);
void gitignore_close(struct gitignore *g);

/* Whether the path inside the working tree (not "") is ignored, by itself or because a directory above it is. Fast
 * where neighbours are asked for one after the other. Only gitignore_check tells whether all rules were known. */
bool gitignore_matches(struct gitignore *g, const char *path, bool is_directory);

/* -1: a file of rules that was wanted since the opening is there and could not be read, or there was no memory. */
int gitignore_check(const struct gitignore *g, struct error *e);

enum {
    GITIGNORE_WHOLE_PATH = 1, /* a slash is matched by nothing but a slash and `**` */
    GITIGNORE_FOLD_CASE = 2,
};

/* Git's wildmatch: `?`, `*`, `[...]`, `\`. */
bool gitignore_wildmatch(const char *pattern, const char *text, unsigned flags);

#endif
