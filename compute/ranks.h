/* Rank 0 runs the program; the others do with it what needs all of them. Before such a call rank 0 gives an order, and
 * the others, in ranks_follow, make the same call. */
#ifndef LECTERN_RANKS_H
#define LECTERN_RANKS_H

#include <stdatomic.h>
#include <stdint.h>

struct backend;
struct comm;
struct error;
struct model;

enum ranks_order {
    RANKS_END,
    RANKS_OPEN, /* one session at a time */
    RANKS_CLOSE,
    RANKS_PREFILL,
    RANKS_COLLECT,
    RANKS_SKIP,
    RANKS_MARK,
    RANKS_REWIND,
    RANKS_LOAD,
    RANKS_EVIDENCE,
    RANKS_COUNT,
    RANKS_MEASURE, /* what the program has the followers do beside reading */
};

/* Nothing to do without a comm and on ranks other than 0. */
int ranks_lead(struct comm *c, enum ranks_order order, uint32_t flags, uint64_t n, struct error *e);

/* Bytes that all ranks together have sent so far. On rank 0. */
int ranks_bytes_sent(struct comm *c, uint64_t *out, struct error *e);

/* RANKS_MEASURE, on a rank other than 0. */
typedef int ranks_measure(struct comm *c, struct backend *b, struct error *e);

/* Ranks other than 0: until rank 0 ends, or something fails. `m` and `measure` may be NULL where no order needs them.
 */
int ranks_follow(struct comm *c, const struct model *m, struct backend *b, ranks_measure *measure,
                 const atomic_bool *cancel, struct error *e);

#endif
