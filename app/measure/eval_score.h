/* How good an order of evidence and an answer are. */
#ifndef LECTERN_EVAL_SCORE_H
#define LECTERN_EVAL_SCORE_H

#include <stdbool.h>
#include <stddef.h>

/* Means over tasks; recall at k: the share of tasks with a hit among the first k segments. */
struct eval_recall {
    double at_1, at_5, at_20, mrr;
};

/* Adds what a first hit that is the `order`-th (0: there is none) is worth. */
void eval_score_add_hit(struct eval_recall *sum, size_t order);

/* Adds what n segments in random order, of which n_hits are hits, are worth on average. */
void eval_score_add_chance(struct eval_recall *sum, size_t n, size_t n_hits);

void eval_score_divide(struct eval_recall *sum, size_t n_tasks);

/* The number, from 1, of the best hit by falling score, ties by position; 0 where there is no hit. */
size_t eval_score_first_hit(const float *scores, const bool *hits, size_t n);

/* How well a figure tells tasks apart: the part of the pairs of one that is `true` and one that is not in which the
 * true one has the higher figure, ties counting half. NAN where one kind is missing. */
double eval_score_auc(const float *figures, const bool *truths, size_t n);

struct eval_match {
    double exact_match; /* the answer is one of the expected ones */
    double f1;          /* best overlap of words with one of them */
    double holds;       /* one of them is in the answer, word for word */
};

/* SQuAD's measures, and `holds`, on lower-cased words without punctuation and the articles. References like [1] in the
 * answer do not count. -1 without memory. */
int eval_score_answer(struct eval_match *out, const char *answer, char *const *expected, size_t n);

#endif
