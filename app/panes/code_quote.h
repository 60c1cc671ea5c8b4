/* Which bytes of an answer are a quote of code: a line of the text, or a part of one from its beginning, before the
 * reference to its place. */
#ifndef LECTERN_CODE_QUOTE_H
#define LECTERN_CODE_QUOTE_H

#include <stddef.h>
#include <stdint.h>

#include "app/answer/citation.h"

struct corpus;
struct exchange;

struct code_quote {
    size_t next;       /* byte of the answer up to which this is known */
    size_t begin, end; /* of the answer; empty where this is no quote */
    size_t document;   /* where it is from */
    uint64_t offset;
};

/* The piece of an exchange's answer that holds this byte of it. */
struct code_quote code_quote_at(const struct exchange *x, const struct corpus *c, size_t at);

#endif
