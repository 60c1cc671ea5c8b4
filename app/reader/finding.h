/* A question to what has been read: its evidence attention over all of it, and the segments ranked by it. What is found
 * does not change any more, and has no words: app/answer/ words it. */
#ifndef LECTERN_FINDING_H
#define LECTERN_FINDING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/reader/scope.h"

struct error;
struct evidence;
struct inspected;
struct inspected_choice;
struct reader;

enum finding_rank { FINDING_FUSED, FINDING_ATTENTION };

/* How a question is sought. All zero: by the usual rank, in everything. */
struct finding_how {
    enum finding_rank rank;
    struct scope scope; /* of what was read, only these documents are ranked */
};

/* How many segments a finding lists at most. */
#define FINDING_MOST 20

struct finding_item {
    uint64_t segment; /* index */
    float score;      /* what it was ranked by: attention score, or the fused one */
    float share;      /* of the question's evidence attention inside the segment */
};

struct finding {
    char *question;             /* owned: as it was sought */
    enum finding_rank rank_by;  /* what the order is by: FINDING_ATTENTION where the model does not fuse */
    struct finding_item *items; /* owned, by falling score */
    size_t n_items;
    float *share, *score; /* owned, [n_segments]: the map */
    size_t n_segments;
    struct evidence *attention; /* owned: what finding_text_shares and finding_token_share look up */
    double seconds;             /* from the question on */
};

/* Seeks the question, which stands alone, in what has been read by now; the reader is left as it was. Cancelled:
 * ERROR_CANCELLED. A finding needs no reader to be kept and closed. */
int finding_open(struct finding **out, struct reader *r, const char *question, const struct finding_how *how,
                 const atomic_bool *cancel, struct error *e);
void finding_close(struct finding *f);

/* Whether a question is short enough to be asked. */
bool finding_fits(struct reader *r, const char *question);

/* Share of the evidence attention of each token of the text in [begin, end): of the whole question (`token` -1), or of
 * one of its tokens; zero for positions whose key is not kept. */
void finding_text_shares(const struct finding *f, const struct reader *r, int token, uint64_t begin, uint64_t end,
                         float *share);

/* A token of a question: its bytes, and its weight in the whole (the weights add up to 1). */
struct finding_token {
    uint32_t begin, end;
    float gate;
};

/* The tokens of the question, malloc'ed. */
int finding_tokens(const struct finding *f, const struct reader *r, struct finding_token **out, size_t *n,
                   struct error *e);

/* The attention of one question token in every segment of the finding: share[f->n_segments]. One pass over the kept
 * keys on the caller's thread; cancelled (ERROR_CANCELLED) between segments. */
int finding_token_share(const struct finding *f, const struct reader *r, size_t token, const atomic_bool *cancel,
                        float *share, struct error *e);

/* Looks into the question (app/reader/inspected.h) over what has been read by now, between two reader_read's or in the
 * progress callback of one. Costs one prefill of the question and its softmaxes over the cached keys; cancelled
 * (ERROR_CANCELLED) between layers. -1 where several ranks read. */
int finding_inspect(const struct finding *f, struct reader *r, const struct inspected_choice *choice,
                    const atomic_bool *cancel, struct inspected **out, struct error *e);

#endif
