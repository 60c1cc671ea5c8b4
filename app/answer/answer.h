/* What a question gave: ranked evidence, the map of its attention, and words. The evidence is there first and does not
 * change any more; the words take their time. */
#ifndef LECTERN_ANSWER_H
#define LECTERN_ANSWER_H

#include <stddef.h>
#include <stdint.h>

struct error;
struct evidence;
struct reader;
struct reader_callbacks;

enum reader_rank { RANK_FUSED, RANK_ATTENTION };

/* How many evidence segments an answer lists at most. */
#define READER_MAX_EVIDENCE 20

struct evidence_item {
    uint64_t segment; /* index */
    float score;      /* what it was ranked by: attention score, or the fused one */
    float share;      /* of the question's evidence attention inside the segment */
};

struct answer {
    char *question, *text; /* owned; text cites segments as [1], [2] by rank */
    size_t worded;      /* bytes at the start of text that a model worded, where quoted sentences follow them; else 0 */
    char answerer[128]; /* who worded it; "quoted sentences" without a model */
    char *failure;      /* owned: why the answerer that was to word it did not, and sentences are quoted; or NULL */
    enum reader_rank rank_by;    /* what the order is by: RANK_ATTENTION where the model does not fuse */
    struct evidence_item *items; /* owned, by falling score */
    size_t n_items;
    float *share, *score; /* owned, [n_segments]: the map */
    size_t n_segments;
    struct evidence *attention; /* owned; reader_token_shares wants it */
    double seconds;             /* from the question to the last word */
    double evidence_seconds;    /* until the evidence was there */
    double first_words_seconds; /* until the first words */
};

void answer_close(struct answer *a);

/* The same evidence without words, seconds but evidence_seconds left out: shares nothing with `a`. */
int answer_copy_evidence(struct answer **out, const struct answer *a, struct error *e);

/* Words a->text from a->items, which are there: the best sentences quoted, with references to the items. */
int answer_compose(struct answer *a, const struct reader *r, const struct reader_callbacks *c, struct error *e);

#endif
