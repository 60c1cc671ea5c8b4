/* Sequence parallelism of a chunk (LongNet, section 3.1): the chunk is cut into one contiguous share a rank, and every
 * rank ends with the caches that one rank alone would have. A branch whose segments end where shares end has nothing
 * to send. For the others each rank gives the on-grid keys and values of the last segment that its share touches, if
 * that segment goes on behind it; a rank attends with those of the ranks before it in the segment of its first
 * position. What is sent per token is therefore the sum over branches of 1/r keys a head, whatever the length.
 * Nobody waits for what ranks behind give of a layer: it is put into the caches when the layer comes in the next chunk,
 * or by sequence_parallel_settle. */
#ifndef LECTERN_SEQUENCE_PARALLEL_H
#define LECTERN_SEQUENCE_PARALLEL_H

#include <stdbool.h>
#include <stdint.h>

#include "compute/attention.h"

struct backend;
struct comm;
struct error;
struct sequence_parallel;
struct matrix;

/* Borrows all until sequence_parallel_close. Collective. rotates: calls of sequence_parallel_before have a `rotary`. */
int sequence_parallel_open(struct sequence_parallel **out, struct comm *c, struct backend *b,
                           const struct attention *shape, uint32_t n_layer, bool rotates, struct error *e);
void sequence_parallel_close(struct sequence_parallel *x);

/* Cuts the next at most `n` positions from `position` on into shares of at most `rows`, of whole segments of the local
 * branch where they fit; false where that leaves nothing to share. `kept` as in struct attend, at `position`. */
bool sequence_parallel_plan(struct sequence_parallel *x, uint64_t position, uint64_t n, uint32_t rows,
                            const uint32_t *kept);

/* The plan: positions [sequence_parallel_begin(x, rank), sequence_parallel_begin(x, rank + 1)) are a rank's;
 * sequence_parallel_begin(x, size) is the chunk's end. */
uint64_t sequence_parallel_begin(const struct sequence_parallel *x, uint32_t rank);

/* Of this rank's share, for its struct attend. */
const uint32_t *sequence_parallel_kept(const struct sequence_parallel *x);

/* Before the attend of a layer; the caches are that layer's, qkv and rotary its struct attend's. Collective. A device
 * computes its keys later: they are given before the next layer, while it attends. */
int sequence_parallel_before(struct sequence_parallel *x, uint32_t layer, const struct matrix *qkv,
                             const struct matrix *rotary, struct matrix *cache_k, struct matrix *cache_v,
                             struct error *e);

/* Behind the last layer of a chunk, before anything else is waited for. Collective. */
int sequence_parallel_finish(struct sequence_parallel *x, struct error *e);

/* What was given has reached those behind: before a wait in which MPI would move nothing. */
int sequence_parallel_reach(struct sequence_parallel *x, struct error *e);

/* The caches are whole: before anything but the next chunk's layers reads or writes them. */
int sequence_parallel_settle(struct sequence_parallel *x, struct error *e);

#endif
