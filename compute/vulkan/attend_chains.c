#include "compute/vulkan/attend_chains.h"

#include <stdlib.h>
#include <string.h>

#include "compute/bytes.h"

enum { CHAIN_BLOCK = 1024 };

void attend_chains_free(struct attend_chains *c)
{
    free(c->joins);
    free(c->next);
    free(c->chain);
    free(c->changed);
    free(c->runs);
    free(c->last);
    free(c->before);
    *c = (struct attend_chains){0};
}

/* Room for n elements of an array. Those that go to a device lie there one behind the other by their capacities: where
 * one grows all go anew. */
#define RESERVE(c, array, n) reserve((c), (void **)&(c)->array, &(c)->array##_capacity, (n), sizeof *(c)->array)

static int reserve(struct attend_chains *c, void **array, size_t *capacity, size_t n, size_t size)
{
    const size_t before = *capacity;
    void *grown = bytes_reserve(*array, capacity, n, size);
    if (!grown) return -1;
    *array = grown;
    if (*capacity != before) attend_chains_all_changed(c);
    return 0;
}

static size_t n_results(const struct attend_run *r)
{
    return r->begin < r->end ? (size_t)(r->end - r->begin) * r->times : 0;
}

static bool is_same(const struct attend_run *a, const struct attend_run *b)
{
    return a->head == b->head && a->first == b->first && a->step == b->step && a->begin == b->begin &&
           a->end == b->end && a->times == b->times;
}

static size_t place_of(const struct attend_chains *c, const struct attend_run *r, uint32_t i)
{
    return (size_t)(r->first + i * r->step) * c->n_head + r->head;
}

static size_t n_blocks(size_t n_chain)
{
    return (n_chain + CHAIN_BLOCK - 1) / CHAIN_BLOCK;
}

static void next_changes(struct attend_chains *c, size_t partial)
{
    if (partial < c->next_from) c->next_from = partial;
}

/* One more partial result of row i. */
static void add(struct attend_chains *c, const struct attend_run *r, uint32_t i)
{
    const size_t place = place_of(c, r, i);
    const uint32_t partial = (uint32_t)c->n_partial++;
    uint32_t *chain = &c->chain[place];
    if (*chain == NONE) {
        *chain = (uint32_t)c->n_joins++;
        c->changed[place / CHAIN_BLOCK] = true;
        c->joins[*chain] = (struct attend_join){r->first + i * r->step, r->head, partial};
        c->before[partial] = NONE;
    } else {
        c->before[partial] = c->last[*chain];
        c->next[c->last[*chain]] = partial;
        next_changes(c, c->last[*chain]);
    }
    c->last[*chain] = partial;
    c->next[partial] = NONE;
}

/* Takes the last partial result back, which is row i's. */
static void take_back(struct attend_chains *c, const struct attend_run *r, uint32_t i)
{
    const size_t place = place_of(c, r, i);
    const uint32_t before = c->before[--c->n_partial];
    next_changes(c, before == NONE ? c->n_partial : before);
    if (before == NONE) {
        c->chain[place] = NONE;
        c->changed[place / CHAIN_BLOCK] = true;
        if (--c->n_joins < c->joins_from) c->joins_from = c->n_joins;
    } else {
        c->next[before] = NONE;
        c->last[c->chain[place]] = before;
    }
}

/* All of them at once. Of a longer chunk nothing stays. */
static void take_all_back(struct attend_chains *c)
{
    c->n_runs = c->n_joins = c->n_partial = 0;
    c->n_chain = c->n;
    if (c->n > 0) memset(c->chain, 0xff, c->n * sizeof *c->chain);
    attend_chains_all_changed(c);
}

static void take_back_from(struct attend_chains *c, size_t n_runs)
{
    if (n_runs == 0 && c->n_runs > 0) take_all_back(c);
    while (c->n_runs > n_runs) {
        const struct attend_run *r = &c->runs[--c->n_runs];
        for (uint32_t t = 0; t < r->times; t++)
            for (uint32_t i = r->end; i > r->begin; i--) take_back(c, r, i - 1);
    }
}

int attend_chains_begin(struct attend_chains *c, uint32_t rows, uint32_t n_head)
{
    const size_t n = (size_t)rows * n_head;
    c->n_same = c->n_same_partial = c->n = 0;
    if (n_head != c->n_head) take_all_back(c);
    c->n_head = n_head;
    if (RESERVE(c, chain, n) != 0 || RESERVE(c, changed, n_blocks(n)) != 0) return -1;
    c->n = n;
    if (n <= c->n_chain) return 0;
    memset(c->chain + c->n_chain, 0xff, (n - c->n_chain) * sizeof *c->chain);
    c->n_chain = n;
    attend_chains_all_changed(c);
    return 0;
}

int attend_chains_add(struct attend_chains *c, const struct attend_run *run, uint32_t *partial)
{
    const size_t n = n_results(run);
    *partial = (uint32_t)c->n_same_partial;
    if (c->n_same == c->n_runs || !is_same(&c->runs[c->n_same], run)) {
        take_back_from(c, c->n_same);
        if (RESERVE(c, runs, c->n_runs + 1) != 0 || RESERVE(c, joins, c->n_joins + n) != 0 ||
            RESERVE(c, last, c->n_joins + n) != 0 || RESERVE(c, next, c->n_partial + n) != 0 ||
            RESERVE(c, before, c->n_partial + n) != 0)
            return -1;
        c->runs[c->n_runs++] = *run;
        for (uint32_t t = 0; t < run->times; t++)
            for (uint32_t i = run->begin; i < run->end; i++) add(c, run, i);
    }
    c->n_same++;
    c->n_same_partial += n;
    return 0;
}

void attend_chains_end(struct attend_chains *c)
{
    take_back_from(c, c->n_same);
}

static void mark(struct attend_chains *c, bool changed)
{
    for (size_t i = 0; i < n_blocks(c->n_chain); i++) c->changed[i] = changed;
}

void attend_chains_unchanged(struct attend_chains *c)
{
    c->joins_from = c->n_joins;
    c->next_from = c->n_partial;
    mark(c, false);
}

void attend_chains_all_changed(struct attend_chains *c)
{
    c->joins_from = c->next_from = 0;
    mark(c, true);
}

bool attend_chains_next_changed(const struct attend_chains *c, size_t *begin, size_t *end)
{
    const size_t n = n_blocks(c->n_chain);
    size_t block = n_blocks(*end);
    while (block < n && !c->changed[block]) block++;
    if (block == n) return false;
    *begin = block * CHAIN_BLOCK;
    while (block < n && c->changed[block]) block++;
    *end = block * CHAIN_BLOCK < c->n_chain ? block * CHAIN_BLOCK : c->n_chain;
    return true;
}
