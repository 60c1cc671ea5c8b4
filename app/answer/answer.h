/* A finding in words. */
#ifndef LECTERN_ANSWER_H
#define LECTERN_ANSWER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "app/reader/finding.h"

struct corpus;
struct error;

struct answer_callbacks {
    void (*words)(void *context, const char *text, size_t size); /* a piece of the answer, as it comes; may be NULL */
    /* Called until the last word, ten times a second or as often as the answerer can (between its tokens, between steps
     * of its prompt), so that other work of the thread can be done meanwhile. May be NULL. */
    void (*idle)(void *context);
    void *context;
    const atomic_bool *cancel; /* may be NULL */
};

struct answer {
    const struct finding *finding; /* borrowed: what is worded */
    char *text;                    /* owned; cites segments as [1], [2] by their number in the finding */
    size_t worded;                 /* length of the answer's words, where sentences follow them; else 0 */
    char answerer[128];            /* who worded it; ANSWER_SPANS or ANSWER_QUOTES without a model */
    char *failure;  /* owned: why the answerer failed, so that sentences are quoted; NULL where it did not */
    char *cut;      /* owned: why the words end before their end; NULL where they do not */
    double seconds; /* time from the question to the last word */
    double first_words_seconds; /* time from the question to the first words */
};

void answer_close(struct answer *a); /* accepts NULL */

/* Who words an answer without a model. */
#define ANSWER_SPANS "the text's own words"
#define ANSWER_QUOTES "quoted sentences"
#define ANSWER_DOUBTED "quoted: " /* begins what is said where a model was not believed */

/* Whether the words are a model's, going by who words them. */
bool answer_is_modelled(const char *answerer);

/* Writes a->text without a model: what the second reading says (answer_spans.h), or with `quotes`, where it did not
 * judge, and where it only guesses at words of code, the best sentences; with references to the items. */
int answer_compose(struct answer *a, const struct corpus *corpus, bool quotes, const struct answer_callbacks *c,
                   struct error *e);

#endif
