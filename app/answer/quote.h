/* The answer without a language model: the sentences of the evidence that say most about the question, word for word,
 * each with the number of its source. Of code, the lines that define what is asked about. */
#ifndef LECTERN_QUOTE_H
#define LECTERN_QUOTE_H

#include <stddef.h>

struct error;

/* An evidence segment, best first. All borrowed during the call. */
struct quote_source {
    const char *path; /* tells code from prose */
    const char *text;
    size_t size;
    float score; /* what it was ranked by */
};

/* *out: malloc'ed, one line of prose or lines of code, each quotation followed by its reference: "He was born in Hull.
 * [1]"; source i is [i + 1]. Empty where there is nothing to quote. */
int quote_answer(char **out, const char *question, const struct quote_source *sources, size_t n, struct error *e);

#endif
