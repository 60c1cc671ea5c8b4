/* Which words of an answer are the text's own and which are a model's: runs of words that stand, the same but for white
 * space, in a place that the answer cites. */
#ifndef LECTERN_OWN_WORDS_H
#define LECTERN_OWN_WORDS_H

#include <stddef.h>
#include <stdint.h>

struct corpus;
struct error;
struct finding;

struct own_words {
    size_t begin, end;         /* bytes of the answer */
    size_t item;               /* of the finding: where they stand */
    uint64_t offset, text_end; /* there, bytes of the document */
};

/* Finds them in rising order, none over another; *out is the caller's to free, NULL where there are none. Fewer than
 * three words count where a name or a number is among them, or where they are all of their sentence. `answerer`: who
 * words the answer; where no model does, nothing is told apart and there are none. */
int own_words_find(struct own_words **out, size_t *n, const char *answerer, const char *answer, size_t size,
                   const struct finding *f, const struct corpus *c, struct error *e);

#endif
