/* One way to look at an answer: the attention of the whole question, or of one of its tokens. */
#ifndef LECTERN_LENS_H
#define LECTERN_LENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct atlas;
struct finding_item;

/* Segments summed up together: texts have millions, and a lens is made between two keys. */
#define LENS_BLOCK 64

/* Empty (n_segments 0) where there is none yet. */
struct lens {
    size_t token; /* of the question, where it is of one */
    float *share; /* [n_segments] */
    double *sums; /* [n_segments / LENS_BLOCK + 1]: shares of the segments before each block */
    size_t n_segments;
    float peak;                 /* largest share of a segment */
    struct finding_item *items; /* the best places */
    size_t n_items;
};

/* Fills sums and peak from the shares; false without memory. */
bool lens_sum(struct lens *l);

/* Of a lens that owns everything; leaves an empty one. */
void lens_free(struct lens *l);

/* Attention of the tokens before this one: whole segments, and the part of its own that lies before it. */
double lens_before(const struct lens *l, const struct atlas *a, uint64_t token);

#endif
