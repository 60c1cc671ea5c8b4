/* "Did you mean": of the names there are, the one that a mistyped word is nearest to. */
#ifndef LECTERN_SUGGEST_H
#define LECTERN_SUGGEST_H

#include <stddef.h>

struct suggest {
    const char *word; /* borrowed, as are the names; `size` bytes of it count */
    size_t size;
    const char *nearest; /* so far; NULL: none is near enough to be meant */
    size_t distance;
};

struct suggest suggest_for(const char *word, size_t size);

/* Looks at one more name; of equally near ones the first stays. */
void suggest_try(struct suggest *s, const char *name);

/* "; did you mean NAME?" into out, or "" where no name is near enough. `before` is put before the name ("--"). Returns
 * out. */
const char *suggest_words(const struct suggest *s, const char *before, char out[64]);

#endif
