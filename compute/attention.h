/* Dilated attention over several branches (LongNet, sections 2.2-2.3 and eq. 9-10): the shape of it, where a cache
 * keeps what, and the one rule by which partial results are joined. The index arithmetic is in compute/dilation.h. */
#ifndef LECTERN_ATTENTION_H
#define LECTERN_ATTENTION_H

#include <stddef.h>
#include <stdint.h>

#include "compute/dilation.h"

struct error;

/* A layer's cache is one matrix of keys and one of values. Branch i has cache_heads[i] runs of slots[i] rows from
 * first_row[i] on, a run a head; the rows of a run are the on-grid positions of the current segment in the order of
 * their arrival (without skipped positions that is dilation_slot's order). A branch with r = 1 keeps a run for each
 * key-value head; one with r > 1 for each query head, because heads that share keys may stand on different grids. */
struct attention {
    uint32_t n_head, n_head_kv,
        head_dim; /* head_dim at most 256; query head j reads key-value head j / (n_head / n_head_kv) */
    uint32_t n_branch;
    struct branch branch[DILATION_MAX_BRANCHES];
    enum offset_rule offset_rule;
    uint32_t cache_heads[DILATION_MAX_BRANCHES], slots[DILATION_MAX_BRANCHES], first_row[DILATION_MAX_BRANCHES];
    uint32_t cache_rows; /* of all branches */
};

/* Fills the cache's layout from the other fields; an error where a branch is malformed or needs 2^31 or more rows. */
int attention_layout(struct attention *a, struct error *e);

/* A query head's run of a branch's cache: its first row. */
uint32_t attention_cache_row(const struct attention *a, uint32_t branch, uint32_t head);

/* What one branch takes part in during a chunk [position, position + n): the run of positions inside one segment.
 * Iterate with begin = 0, then begin = end, while begin < n. */
struct attention_piece {
    uint32_t begin, end; /* rows of the chunk */
    bool continues;      /* the segment began before the chunk: the cache's kept rows belong to it */
};
struct attention_piece attention_piece_at(const struct branch *b, uint64_t position, uint32_t begin, uint32_t n);

/* First row >= begin of a chunk at `position` whose position is on the grid; the following ones are r apart inside a
 * piece. UINT32_MAX where there is none below `end`. begin and end are rows of one piece. */
uint32_t attention_first_row(const struct branch *b, uint64_t offset, uint64_t position, uint32_t begin, uint32_t end);

/* Kept slots of every (branch, head) after a chunk of n positions that are keys, from those before it:
 * kept[n_branch][n_head]. */
void attention_advance(const struct attention *a, uint64_t position, uint32_t n, uint32_t *kept);

/* Row of the rotary table for angle position `pos`: head_dim / 2 pairs cos, sin of pos * base^(-2m / head_dim) /
 * factors[m]; without factors they are 1. */
void attention_rotary_row(float *out, uint32_t head_dim, float base, const float *factors, uint64_t pos);

/* The one merge rule: folds the partial result {other, other_lse} over more keys into {out, *lse}, natural logs:
 * weights exp(lse - max) / sum. -INFINITY is a partial result over no keys. */
void attention_merge(float *out, float *lse, const float *other, float other_lse, uint32_t head_dim);

#endif
