/* Git's ignore rules, gitignore(5): patterns in .gitignore files, in the repository's info/exclude and in the user's
 * excludes file. libgit2's own test drops literal patterns with ! that undo a pattern of another file, hence ours. */
#ifndef LECTERN_GITIGNORE_H
#define LECTERN_GITIGNORE_H

#include <stdbool.h>
#include <stddef.h>

struct gitignore;

/* `top`: the working tree's, an absolute path. The other files may be NULL or missing. NULL without memory. */
struct gitignore *gitignore_open(const char *top, const char *exclude, const char *user_excludes);
void gitignore_close(struct gitignore *g);

/* Whether the path inside the working tree (not "") is ignored, by itself or because a directory above it is. Fast
 * where neighbours are asked for one after the other. */
bool gitignore_matches(struct gitignore *g, const char *path, bool is_directory);

/* Git's wildmatch: `?`, `*`, `[...]`, `\`; with `whole_path` a slash is matched by nothing but a slash and `**`. */
bool gitignore_wildmatch(const char *pattern, const char *text, bool whole_path);

#endif
