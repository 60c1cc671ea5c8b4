/* What a document is for, told from its path: what ranks of a repository and --kind go by. */
#ifndef LECTERN_CONTENT_H
#define LECTERN_CONTENT_H

#include <stdbool.h>
#include <stddef.h>

enum content {
    CONTENT_CODE,
    CONTENT_DOCS,
    CONTENT_TESTS,    /* and what they read */
    CONTENT_EXAMPLES, /* samples and benchmarks; code that is kept for older versions or comes from elsewhere */
    CONTENT_OTHER,    /* settings, data */
};

enum content content_of(const char *path);

/* A path's name, and its name without the ending. */
const char *content_name(const char *path);
size_t content_stem(const char *name);

/* "code" (with its examples), "docs", "tests" or "all": which contents the name stands for, bit i for content i; 0: no
 * such name. */
unsigned content_named(const char *name);

#endif
