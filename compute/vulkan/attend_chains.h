/* Where partial results of attention meet: those of a (row, head) are a chain, whose first one a join names. A chunk's
 * differ little from those of the chunk before it: runs of rows that are the same from the first on stay as they are,
 * the others are taken back, the last first, and what has changed is known: only that must go to a device. */
#ifndef LECTERN_ATTEND_CHAINS_H
#define LECTERN_ATTEND_CHAINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shaders/params.h"

/* Rows first + i step of a head, i in [begin, end): one partial result each, `times` over. */
struct attend_run {
    uint32_t head, first, step, begin, end, times;
};

/* Zero-initialise; the arrays are owned. */
struct attend_chains {
    struct attend_join *joins;
    uint32_t *next;  /* [n_partial] */
    uint32_t *chain; /* [rows][n_head]: number of the join, or NONE */
    size_t n_joins, n_partial, n_chain;

    /* Changed since attend_chains_unchanged: from these on, and blocks of the chain. */
    size_t joins_from, next_from;
    bool *changed; /* [blocks] */

    size_t n; /* places of the chunk; n_chain of the longest one that has left something */
    uint32_t n_head;
    struct attend_run *runs; /* the chains are made of these */
    size_t n_runs, n_same;   /* n_same: that are the new chunk's */
    size_t n_same_partial;   /* partial results of those */
    uint32_t *last;          /* [n_joins]: the chain's last partial result */
    uint32_t *before;        /* [n_partial]: the one before it in its chain, or NONE */
    size_t joins_capacity, next_capacity, chain_capacity, runs_capacity, last_capacity, before_capacity,
        changed_capacity;
};

void attend_chains_free(struct attend_chains *c);

/* The chains of a chunk: begun, then its runs in order, then ended. -1: out of memory; it can be begun again. *partial:
 * number of the run's first partial result, the others' follow. */
int attend_chains_begin(struct attend_chains *c, uint32_t rows, uint32_t n_head);
int attend_chains_add(struct attend_chains *c, const struct attend_run *run, uint32_t *partial);
void attend_chains_end(struct attend_chains *c);

void attend_chains_unchanged(struct attend_chains *c);
void attend_chains_all_changed(struct attend_chains *c);

/* Places [*begin, *end) of the chain that have changed, the next behind *end, which is 0 at first; false: no more. */
bool attend_chains_next_changed(const struct attend_chains *c, size_t *begin, size_t *end);

#endif
