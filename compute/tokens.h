/* A growing list of tokens, with the bytes of text that each stands for. */
#ifndef LECTERN_TOKENS_H
#define LECTERN_TOKENS_H

#include <stddef.h>
#include <stdint.h>

struct error;

/* Set in an id: a segment of the text begins with this token. Only for models that read by windows. */
#define TOKENS_SEGMENT (INT32_C(1) << 30)

/* Zero-initialise, free with tokens_free. lengths[i] is the number of text bytes that token i
 * stands for; they add up to the text's size. (Of a character spelt in byte pieces the last one carries all its bytes,
 * the others 0.) */
struct tokens {
    int32_t *ids;
    uint8_t *lengths;
    size_t n;
    size_t capacity;
};

/* The same, with the bytes [begin, end) of each: they rise, but leave out white space, and the pieces of one character
 * all have it. Zero-initialise, free with tokens_ranges_free. */
struct token_ranges {
    int32_t *ids;
    uint32_t *begins, *ends;
    size_t n;
    size_t capacity;
};

void tokens_free(struct tokens *t);
void tokens_ranges_free(struct token_ranges *t);

/* Makes room for n more. */
int tokens_reserve(struct tokens *t, size_t n, struct error *e);
int tokens_ranges_reserve(struct token_ranges *t, size_t n, struct error *e);

#endif
