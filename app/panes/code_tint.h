/* What the code on the screen is made of, found a slice at a time between keys: of each piece that is shown, some lines
 * before the first one that is seen and those up to the last. */
#ifndef LECTERN_CODE_TINT_H
#define LECTERN_CODE_TINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct code_tint;
struct corpus;
struct error;

int code_tint_open(struct code_tint **out, const struct corpus *c, struct error *e);
void code_tint_close(struct code_tint *t); /* accepts NULL */

/* All is drawn anew: what is wanted from now on is on the screen. */
void code_tint_draw(struct code_tint *t);

/* Bytes [begin, end) of a document are shown. Prose, and code of no known language, needs nothing. */
void code_tint_want(struct code_tint *t, size_t document, uint64_t begin, uint64_t end);

/* Whether something that is wanted is not known yet. */
bool code_tint_needs(const struct code_tint *t);

/* Goes on for about so many milliseconds; false when all that is wanted is known. */
bool code_tint_step(struct code_tint *t, int milliseconds);

/* An enum syntax_kind; SYNTAX_PLAIN where it is not known. */
uint8_t code_tint_at(const struct code_tint *t, size_t document, uint64_t offset);

#endif
