/* The state of a cache as bytes. kv_cache_state_save writes it whole, in floats; kept on a disk it is smaller:
 *
 * - shrunk: a row of keys or values is its columns in 2 bits and a step (compute/kv_row.h), a fifteenth;
 * - as a part: without the rows that another state of the same text, from before it, has in the same segments, and
 *   without those that a branch shares with the one before it (a branch of rate r > 1 whose rate and segments are
 *   multiples of the finer one's keeps positions that the finer one keeps too).
 *
 * Shrinking rounds, nothing else does, and what was rounded once is not rounded further. Bytes are checked as far as it
 * takes not to be misled by them: sizes, counts. */
#ifndef LECTERN_KV_STATE_H
#define LECTERN_KV_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compute/attention.h"

struct error;

/* What a state begins with; numbers are little-endian, as everywhere in our files. kept[n_branch][n_head] follows, and
 * then for each layer, branch and run the keys' rows and the values'. */
struct kv_state_header {
    char magic[8];
    uint64_t position;
    uint32_t n_layer, n_head, n_head_kv, head_dim, n_branch, offset_rule;
    struct branch branch[DILATION_MAX_BRANCHES];
};

struct kv_state_header kv_state_header(const struct attention *a, uint32_t n_layer, uint64_t position);

/* The keys of a branch's segment at `position` where every token was read. */
uint32_t kv_state_kept_at(const struct attention *a, uint32_t branch, uint32_t head, uint64_t position);

/* No branch can hold more keys than its segment has had on-grid positions; heads that share a run count alike. */
bool kv_state_possible(const struct attention *a, const uint32_t *kept, uint64_t position);

/* Each makes *out (malloc'ed) of bytes that the one beside it made, or kv_cache_state_save. */
int kv_state_shrink(uint8_t **out, size_t *size_out, const uint8_t *state, size_t size, struct error *e);
int kv_state_expand(uint8_t **out, size_t *size_out, const uint8_t *shrunk, size_t size, struct error *e);

/* `before`: a shrunk state of the same text at an earlier position, or NULL; the same again to get it back. */
int kv_state_part(uint8_t **out, size_t *size_out, const uint8_t *shrunk, size_t size, const uint8_t *before,
                  size_t before_size, struct error *e);
int kv_state_whole(uint8_t **out, size_t *size_out, const uint8_t *part, size_t size, const uint8_t *before,
                   size_t before_size, struct error *e);

/* Bytes of a part at `position` with the state at `before` (0: none), where every token was read. */
size_t kv_state_part_size_at(const struct attention *a, uint32_t n_layer, uint64_t position, uint64_t before);

#endif
