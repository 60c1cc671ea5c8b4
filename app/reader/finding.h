/* A question to what has been read: its evidence attention over all of it, and the segments ranked by it. What is found
 * does not change any more, and has no words: app/answer/ words it. */
#ifndef LECTERN_FINDING_H
#define LECTERN_FINDING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/reader/reread.h"
#include "app/reader/scope.h"

struct corpus;
struct error;
struct evidence;
struct reader;
struct reader_segment;
struct thread_pool;

/* What an order is by: the second reading, attention and shared words, the attention alone, the words alone. */
enum finding_rank { FINDING_REREAD, FINDING_FUSED, FINDING_ATTENTION, FINDING_WORDS };

static inline const char *finding_rank_name(enum finding_rank rank)
{
    static const char *const names[] = {"reread", "fused", "attention", "words"};
    return names[rank];
}

/* How a question is sought. All zero: by the usual rank, in everything. */
struct finding_how {
    enum finding_rank rank;
    struct scope scope;  /* of the text, only these documents are ranked */
    size_t n_candidates; /* with FINDING_REREAD: that a second reading can take */
};

/* How many segments a finding lists at most. */
#define FINDING_MOST 20

/* A segment: bytes [offset, offset + size) of a document's text. */
struct finding_item {
    uint64_t segment; /* index among all of the text */
    uint64_t copy_of; /* of a candidate: the segment that it is a copy of (finding_copies.h); itself, where of none */
    size_t document;
    uint64_t offset;
    uint32_t size;
    uint32_t was; /* its place, from 1, before the second reading moved it; 0: it was not listed */
    float score;  /* what it was ranked by: one of the four below; of what is read again, joined with the rest */
    float prior;  /* of a candidate: what the two lists add to the second reading's score */
    float ranks;  /* and what its ranks there tell of how sure an answer is */
    float share;  /* of the question's evidence attention inside the segment; NAN: it was not read */
    float attention, bm25, fused, reread; /* NAN: not computed */
};

/* Words of the text: bytes [begin, end) of the document of an item. */
struct finding_span {
    size_t item;
    uint64_t begin, end;
};

/* A token of a question: its bytes, and its weight in the whole (the weights add up to 1). */
struct finding_token {
    uint32_t begin, end;
    float gate;
};

struct finding {
    char *question;             /* owned: as it was sought */
    enum finding_rank rank_by;  /* what the order is by, which may be less than was wanted */
    struct finding_item *items; /* owned, by falling score; copies of a place that is there behind the others */
    size_t n_items;
    struct finding_item *candidates; /* owned: for a second reading, in turn from the attention's list and BM25's */
    size_t n_candidates;
    float *share, *score; /* owned unless lent, [n_segments]: the map; NULL: nothing had been read */
    size_t n_segments;
    struct evidence *attention; /* owned unless lent: what finding_look_shares and finding_look_token_share look up */
    bool lent;                  /* the map and the attention are another finding's, which is closed later */
    double seconds;             /* from the question on */
    double read_share;          /* of the text that had been read, 0 to 1 */

    /* What the second reading says. Where it did not judge the rest of them means nothing. */
    bool judged, found; /* found: some place seems to answer */
    float confidence;   /* 0 to 1, that the answer is right */
    enum reread_says says;
    struct finding_span spans[REREAD_SPANS]; /* of the answer */
    size_t n_spans;
};

/* Seeks the question, which stands alone, in what has been read by now, without a second reading; the reader is left as
 * it was. Cancelled: ERROR_CANCELLED. A finding needs no reader to be kept and closed. */
int finding_open(struct finding **out, struct reader *r, const char *question, const struct finding_how *how,
                 const atomic_bool *cancel, struct error *e);
void finding_close(struct finding *f); /* accepts NULL */

/* Seeks places like the one that a byte of a document's text stands in, itself left out: by its kept keys, and by its
 * words, which are f->question. A place is no question: there is no second reading. */
int finding_open_like(struct finding **out, struct reader *r, size_t document, uint64_t offset,
                      const struct finding_how *how, const atomic_bool *cancel, struct error *e);

/* What finding_open does, by words alone, for a text that is not read yet: of all its segments, cut as reading cuts
 * them. */
int finding_open_words(struct finding **out, const struct corpus *c, const struct reader_segment *segments, size_t n,
                       struct thread_pool *pool, const char *question, const struct finding_how *how,
                       const atomic_bool *cancel, struct error *e);

/* Another finding over the same attention, for a second reading while the first is shown. */
int finding_lend(struct finding **out, const struct finding *f, struct error *e);

/* Reads the candidates again and ranks by what that says. In a script that the second reading does not know everything
 * stays as it was. `idle` as in reread_run. */
int finding_reread(struct finding *f, struct reread *r, const struct corpus *c, const atomic_bool *cancel,
                   void (*idle)(void *context), void *context, struct error *e);

/* Indices of at most `most` (not 0) segments by falling score, ties by position; infinite scores are left out. Returns
 * how many. */
size_t finding_choose(const float *score, size_t n, size_t most, size_t *out);

#endif
