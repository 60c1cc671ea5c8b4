/* Which documents a question is asked of: those whose paths match, and of some kinds only. */
#ifndef LECTERN_SCOPE_H
#define LECTERN_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes [begin, end) of a document's text. */
struct scope_range {
    size_t document;
    uint64_t begin, end;
};

/* All zero: every document. What is pointed to is borrowed. */
struct scope {
    const char *const *globs; /* one of them matches the path, or a folder that it lies in; none: all match */
    size_t n_globs;
    const struct scope_range *ranges; /* and these places; where there are only they, nothing else */
    size_t n_ranges;
    unsigned contents; /* bit i: documents of enum content i; 0: all */
};

/* Whether a document of this path belongs to it. `*` is any run of characters but "/", "**" of all characters, `?` one
 * character but "/"; a glob without "/" may match the name alone. */
bool scope_holds(const struct scope *s, const char *path);
/* Whether bytes [begin, end) of a document touch one of the ranges. */
bool scope_touches(const struct scope *s, size_t document, uint64_t begin, uint64_t end);
bool scope_is_all(const struct scope *s);

/* A scope with strings of its own, freed by scope_free; false without memory, and then there is nothing to free. */
bool scope_copy(struct scope *out, const struct scope *s);
void scope_free(struct scope *s); /* of a copy; all zero afterwards */

#endif
