/* Files of a repository and of git's configuration, read whole. What is there may be anything: only regular files are
 * read, and nothing waits (a FIFO in their place would hang whoever opens it). */
#ifndef LECTERN_GIT_FILE_H
#define LECTERN_GIT_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct error;

enum git_file_links { GIT_FILE_FOLLOW, GIT_FILE_NO_LINKS };

/* The bytes of a file, malloc'ed and with a NUL behind them. NULL: it cannot be read, e says why, and so does errno
 * (EISDIR: what is there is no file that could be). */
char *git_file_read(const char *path, enum git_file_links links, size_t *size, struct error *e);

/* "a/b" in malloc'ed memory, `path` itself where it is absolute; NULL without memory. */
char *git_file_join(const char *directory, const char *path);

/* A path as git's settings write it: "~/" is the user's home, and what is relative is so to `directory` (may be NULL:
 * left as it is). malloc'ed; NULL without memory. */
char *git_file_expand(const char *path, const char *directory);

#endif
