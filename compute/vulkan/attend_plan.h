/* What an attend op does on the device, laid out on the host with the exact 64-bit arithmetic of compute/attention.h:
 * tiles of queries with their keys, where partial results meet, and how the cache grows. All of it counts rows of a
 * chunk and slots of a cache. */
#ifndef LECTERN_ATTEND_PLAN_H
#define LECTERN_ATTEND_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compute/attention.h"
#include "compute/vulkan/attend_chains.h"
#include "shaders/params.h"

struct attend;
struct error;

/* Zero-initialise; the arrays are owned and reused from chunk to chunk. */
struct attend_plan {
    struct attend_tile *tiles;
    struct attend_keep *keeps;
    struct attend_chains chains;
    size_t n_tiles, n_keeps;
    size_t n_fixed;     /* tiles that do not depend on attend_local's parts; those that do lie behind them */
    uint32_t keep_rows; /* of the longest keep */
    bool direct;        /* a branch with r = 1 covers every row of every head */

    struct attend_tile *sorted; /* while planning */
    size_t sorted_capacity, tiles_capacity, keeps_capacity, kept_capacity, starts_capacity;

    /* what the plan is for */
    bool valid;
    struct attention shape;
    uint32_t *kept;
    uint32_t *starts; /* of attend_local's parts */
    uint64_t position;
    uint32_t n, tile_rows;
    uint32_t n_parts, window; /* 0: there is no attend_local */
    uint32_t most_keys;       /* the op's window */
    bool causal, rotates;
};

/* What has been replaced of the plan that was there: layers of a chunk differ in their parts. */
enum attend_plan_change { ATTEND_PLAN_SAME, ATTEND_PLAN_PARTS, ATTEND_PLAN_ALL };

/* tile_rows: queries of a tile. */
int attend_plan_make(struct attend_plan *p, const struct attend *op, uint32_t tile_rows,
                     enum attend_plan_change *changed, struct error *e);
void attend_plan_free(struct attend_plan *p);

#endif
