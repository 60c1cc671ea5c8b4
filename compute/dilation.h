/* The index arithmetic of dilated attention (LongNet, section 2.2-2.3). A branch (w, r) cuts the sequence into segments
 * of w positions; inside a segment a head with offset s uses the positions s, s + r, s + 2r, ... ("on the grid"). A
 * query on the grid attends the keys on the same grid of the same segment, up to itself when causal. The grid restarts
 * at every segment; r need not divide w. */
#ifndef LECTERN_DILATION_H
#define LECTERN_DILATION_H

#include <stdbool.h>
#include <stdint.h>

#define DILATION_MAX_BRANCHES 32

struct branch {
    uint64_t segment_length; /* w, at least 1 */
    uint64_t dilation_rate;  /* r, at least 1 */
};

enum offset_rule {
    OFFSET_PAPER,      /* s_j = j mod r (section 2.3) */
    OFFSET_TORCHSCALE, /* s_j = j div ceil(H / r): the authors' release */
};

/* Offset of head `head` of `n_head` in a branch with dilation rate r. It can be r or more only where no position is on
 * the grid. */
static inline uint64_t dilation_head_offset(enum offset_rule rule, uint32_t head, uint32_t n_head, uint64_t r)
{
    if (rule == OFFSET_PAPER) return head % r;
    return head / (n_head / r + (n_head % r != 0));
}

/* Is position p on the grid of (branch, offset)? */
static inline bool dilation_on_grid(const struct branch *b, uint64_t offset, uint64_t p)
{
    return (p % b->segment_length) % b->dilation_rate == offset;
}

/* Row of an on-grid position in its segment's list of kept keys. */
static inline uint64_t dilation_slot(const struct branch *b, uint64_t offset, uint64_t p)
{
    return (p % b->segment_length - offset) / b->dilation_rate;
}

/* Number of on-grid positions in the first `u` positions of a segment. */
static inline uint64_t dilation_count(const struct branch *b, uint64_t offset, uint64_t u)
{
    return u > offset ? (u - offset + b->dilation_rate - 1) / b->dilation_rate : 0;
}

#endif
