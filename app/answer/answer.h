/* A finding in words. */
#ifndef LECTERN_ANSWER_H
#define LECTERN_ANSWER_H

#include <stdatomic.h>
#include <stddef.h>

#include "app/reader/finding.h"

struct error;
struct reader;

struct answer_callbacks {
    void (*words)(void *context, const char *text, size_t size); /* a piece of the answer, as it comes; may be NULL */
    /* Until the last word and while nothing comes too, ten times a second or as often as the answerer lets (between its
     * tokens, between steps of its prompt): what was found before may be looked into. May be NULL. */
    void (*idle)(void *context);
    void *context;
    const atomic_bool *cancel; /* may be NULL */
};

struct answer {
    const struct finding *finding; /* borrowed: what is worded */
    char *text;                    /* owned; cites segments as [1], [2] by rank */
    size_t worded;      /* bytes at the start of text that a model worded, where quoted sentences follow them; else 0 */
    char answerer[128]; /* who worded it; "quoted sentences" without a model */
    char *failure;      /* owned: why the answerer that was to word it did not, and sentences are quoted; or NULL */
    double seconds;     /* from the question to the last word */
    double first_words_seconds; /* until the first words */
};

void answer_close(struct answer *a); /* accepts NULL */

/* Words a->text: the best sentences quoted, with references to the items. */
int answer_compose(struct answer *a, const struct reader *r, const struct answer_callbacks *c, struct error *e);

#endif
