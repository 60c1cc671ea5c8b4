/* References in a model's answer, as it comes: "[3]" stays where 3 is a passage that the model was shown; any other is
 * taken out, with the space before it. Text is passed on in whole characters. */
#ifndef LECTERN_CITATION_H
#define LECTERN_CITATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

/* Length of a reference "[12]" at the start of a text, 0 where there is none. */
size_t citation_reference(const char *text, size_t size);

/* Zero-initialise, but for what the caller sets. */
struct citation_filter {
    uint32_t shown;                                             /* bit n - 1: passage n was shown */
    void (*emit)(void *context, const char *text, size_t size); /* may be NULL */
    void *context;

    char *text; /* the answer so far, terminated; the caller frees it */
    size_t size, capacity;
    size_t emitted;
    uint32_t cited; /* bit n - 1: passage n has been referred to */
    char held[64];  /* what may become a reference */
    size_t n_held;
};

/* The next bytes of the answer. */
int citation_add(struct citation_filter *f, const char *bytes, size_t size, struct error *e);

/* The end: what was held back comes out; trailing white space is dropped. f->text is then not NULL. */
int citation_finish(struct citation_filter *f, struct error *e);

#endif
