/* An answer in the text's own words: those that the second reading picked, each with its place, how sure that is, and
 * the sentence that they stand in. */
#ifndef LECTERN_ANSWER_SPANS_H
#define LECTERN_ANSWER_SPANS_H

struct answer;
struct corpus;
struct error;

/* What stands before the nearest sentences where no place seems to answer. */
#define ANSWER_SPANS_NOTHING "No place seems to answer this; nearest:"

/* The confidence from which an answer is called likely. */
#define ANSWER_SPANS_LIKELY 0.5f

/* How sure in words: of the answers that are given at a confidence, that share is right on held-out questions. */
const char *answer_spans_sure(float confidence);

/* Fills a->text and a->worded of a finding that was judged and has spans. */
int answer_spans(struct answer *a, const struct corpus *corpus, struct error *e);

#endif
