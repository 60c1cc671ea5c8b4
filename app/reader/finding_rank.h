/* How the segments of a text are ranked for a question: by what there is of attention, words and second reading. */
#ifndef LECTERN_FINDING_RANK_H
#define LECTERN_FINDING_RANK_H

#include "app/reader/finding.h"

/* What is ranked, and by what. All borrowed. */
struct finding_rank_sources {
    const struct corpus *corpus;
    const struct reader_segment *segments; /* [n] */
    size_t n;
    const struct reader_segment *like; /* one of them, whose likes are ranked without it; NULL: a question is asked */
    struct thread_pool *pool;
    const float *attention, *share; /* [n]; NULL: the text was not attended to */
    const float *alone;             /* the attention's scores without what stands around a place, which the second
                                       reading's candidates are chosen by: what it makes of them was measured so */
    bool in_logs;                   /* the attention's scores are sums of logarithms: none is above 0 */
    float fusion_weight;            /* of the words beside the attention; 0: the attention ranks alone */
};

/* Fills f->items, f->candidates and f->rank_by. */
int finding_rank_all(struct finding *f, const struct finding_rank_sources *from, const struct finding_how *how,
                     const atomic_bool *cancel, struct error *e);

#endif
