/* What the attention of a finding says of single tokens, of the text and of the question. The reader is the one that it
 * was found by. */
#ifndef LECTERN_FINDING_LOOK_H
#define LECTERN_FINDING_LOOK_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct finding;
struct finding_token;
struct inspected;
struct inspected_choice;
struct reader;

/* Share of the evidence attention of each token of the text in [begin, end): of the whole question (`token` -1), or of
 * one of its tokens; zero for positions whose key is not kept. */
void finding_look_shares(const struct finding *f, const struct reader *r, int token, uint64_t begin, uint64_t end,
                         float *share);

/* The tokens of the question, malloc'ed. */
int finding_look_tokens(const struct finding *f, const struct reader *r, struct finding_token **out, size_t *n,
                        struct error *e);

/* The attention of one question token in every segment of the finding: share[f->n_segments]. One pass over the kept
 * keys on the caller's thread; cancelled (ERROR_CANCELLED) between segments. */
int finding_look_token_share(const struct finding *f, const struct reader *r, size_t token, const atomic_bool *cancel,
                             float *share, struct error *e);

/* Looks into the question (app/reader/inspected.h) over what has been read by now, between two reader_read's or in the
 * progress callback of one. Costs one prefill of the question and its softmaxes over the cached keys; cancelled
 * (ERROR_CANCELLED) between layers. -1 where several ranks read. */
int finding_look_inspect(const struct finding *f, struct reader *r, const struct inspected_choice *choice,
                         const atomic_bool *cancel, struct inspected **out, struct error *e);

#endif
