/* Who sees whom: the reader's dilated attention pattern, counted from the index arithmetic (compute/dilation.h), for
 * any length. */
#ifndef LECTERN_PATTERN_H
#define LECTERN_PATTERN_H

#include <stdint.h>

#include "compute/dilation.h"

/* `window`: 1 where every branch is causal. Otherwise a branch with r = 1 is a window that looks both ways, and through
 * the others a query sees the keys of earlier windows (models/FORMAT.md, "Reader 2"); it fits the branch as there. */

/* Pairs (query, key) that one head sees through one branch with queries in [q, q_end) and keys in [k, k_end). The two
 * ranges are the same, or have nothing in common. A double: there can be 10^18 and more. */
double pattern_pairs(const struct branch *b, uint64_t offset, uint64_t window, uint64_t q, uint64_t q_end, uint64_t k,
                     uint64_t k_end);

/* Positions in [a, b) that are on the grid of (branch, offset). */
uint64_t pattern_on_grid(const struct branch *b, uint64_t offset, uint64_t from, uint64_t to);

/* Keys in [k, k_end) that the query at position t sees through one branch; 0 where t is not on the grid. */
uint64_t pattern_visible(const struct branch *b, uint64_t offset, uint64_t window, uint64_t t, uint64_t k,
                         uint64_t k_end);

#endif
