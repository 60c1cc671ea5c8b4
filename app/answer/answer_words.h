/* An answer in words: a chat model is shown the best passages of the evidence, in the order of the text and under the
 * numbers of the evidence list, and answers out of them alone. */
#ifndef LECTERN_ANSWER_WORDS_H
#define LECTERN_ANSWER_WORDS_H

#include <stddef.h>

struct answer;
struct answerer;
struct backend;
struct error;
struct finding;
struct reader;
struct answer_callbacks;

#define ANSWER_NOT_FOUND "Not found in the text."

/* Words a->text. Small models are treated as app/answer/answer_small.h says. */
int answer_words(struct answer *a, const struct reader *r, struct answerer *w, struct backend *b,
                 const struct answer_callbacks *c, struct error *e);

/* How much of the question is in the evidence, 0 to 1: the weight of the question's words that the best passages hold
 * (rare words of the text weigh more), which decides whether anything is answered at all. */
int answer_words_coverage(const struct finding *f, const struct reader *r, double *coverage, struct error *e);

#endif
