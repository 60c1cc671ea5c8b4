#include "compute/sequence_parallel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "compute/backend.h"
#include "compute/bytes.h"
#include "compute/clock.h"
#include "compute/comm.h"
#include "compute/error.h"

/* Positions of a share at least, where the local branch's segments are too long to be its measure. */
enum { FEW = 64 };

#define SECONDS_OF_LOOKING 1.0 /* what takes longer is waited for without */

struct buffer {
    uint8_t *data; /* owned */
    size_t capacity;
};

/* Of a chunk. */
struct plan {
    uint64_t *begin; /* [size + 1], owned */
    uint32_t *kept;  /* [size][n_branch][n_head] at the ranks' first positions; owned */
    size_t *counts;  /* [size] bytes that each rank gives of a layer; owned */
};

/* What is under way of a layer. */
struct exchange {
    struct comm_gather *gather; /* owned */
    const struct plan *plan;    /* NULL: nothing is */
    uint64_t ticket;            /* of the fetch of the own gifts from the device */
    const struct matrix *rotary;
    struct matrix *cache_k, *cache_v;
    struct buffer own, all; /* numbers; own and a rank's part of all: its keys, then its values */
};

struct sequence_parallel {
    struct comm *comm;
    struct backend *backend;
    const struct attention *shape;
    uint32_t rank, size, n_layer;
    bool halves;                      /* numbers go from device to device as float16, else as float32 */
    size_t row_bytes;                 /* of a key, or a value */
    struct plan plans[2];             /* of this chunk, and of the one before it */
    struct plan *plan;                /* of this one */
    struct exchange *exchanges;       /* [n_layer], owned */
    struct exchange *ungiven;         /* the layer whose own gifts are still to be given */
    struct matrix *given_k, *given_v; /* owned, [>= own rows][head_dim]; NULL: none yet */
    struct matrix *taken;             /* owned, [rows of others][2 head_dim]: a key and its value; NULL likewise */
    struct buffer pairs, angles;      /* numbers as in own; float32 */
    struct keep_run *runs;            /* owned */
    size_t runs_capacity;
};

/* What a rank gives of one branch and query head: n rows, on-grid positions from `first` on, for the slots from `slot`
 * on of the segment that `end` lies in. */
struct gift {
    uint64_t first;
    uint32_t slot, n;
};

static uint8_t *reserve(struct buffer *b, size_t n)
{
    uint8_t *grown = bytes_reserve(b->data, &b->capacity, n, 1);
    if (grown) b->data = grown;
    return grown;
}

static int open_plan(struct plan *p, uint32_t size, const struct attention *shape)
{
    p->begin = calloc((size_t)size + 1, sizeof *p->begin);
    p->kept = calloc((size_t)size * shape->n_branch * shape->n_head, sizeof *p->kept);
    p->counts = calloc(size, sizeof *p->counts);
    return p->begin && p->kept && p->counts ? 0 : -1;
}

/* Where all devices keep float16, nothing needs to become float32 on the way, but for what is turned. */
static int choose_numbers(struct sequence_parallel *x, bool rotates, struct error *e)
{
    const uint8_t mine = x->backend->info.halves && !rotates;
    uint8_t *all = malloc(x->size);
    int status = all ? 0 : error_memory(e);
    if (status == 0) status = comm_all_gather(x->comm, &mine, all, sizeof mine, e);
    x->halves = true;
    for (uint32_t i = 0; i < x->size && status == 0; i++) x->halves &= all[i];
    x->row_bytes = (size_t)x->shape->head_dim * (x->halves ? sizeof(uint16_t) : sizeof(float));
    free(all);
    return status;
}

int sequence_parallel_open(struct sequence_parallel **out, struct comm *c, struct backend *b,
                           const struct attention *shape, uint32_t n_layer, bool rotates, struct error *e)
{
    struct sequence_parallel *x = calloc(1, sizeof *x);
    if (!x) return error_memory(e);
    *x =
        (struct sequence_parallel){.comm = c, .backend = b, .shape = shape, .rank = comm_rank(c), .size = comm_size(c)};
    x->plan = &x->plans[0];
    x->exchanges = calloc(n_layer, sizeof *x->exchanges);
    int status =
        x->exchanges && open_plan(&x->plans[0], x->size, shape) == 0 && open_plan(&x->plans[1], x->size, shape) == 0
            ? 0
            : error_set_kind(e, ERROR_MEMORY, "out of memory for %u ranks", comm_size(c));
    if (status == 0) status = choose_numbers(x, rotates, e);
    for (; x->n_layer < n_layer && status == 0; x->n_layer++)
        status = comm_gather_open(&x->exchanges[x->n_layer].gather, c, true, e);
    if (status != 0) {
        sequence_parallel_close(x);
        return -1;
    }
    *out = x;
    return 0;
}

void sequence_parallel_close(struct sequence_parallel *x)
{
    struct error known;
    if (!x) return;
    for (int i = 0; i < 2; i++) {
        free(x->plans[i].begin);
        free(x->plans[i].kept);
        free(x->plans[i].counts);
    }
    for (uint32_t i = 0; i < x->n_layer; i++) {
        /* MPI may be at work on the buffers */
        if (x->exchanges[i].plan) (void)comm_gather_end(x->exchanges[i].gather, &known);
        comm_gather_close(x->exchanges[i].gather);
        free(x->exchanges[i].own.data);
        free(x->exchanges[i].all.data);
    }
    free(x->exchanges);
    free(x->pairs.data);
    free(x->angles.data);
    free(x->runs);
    struct matrix *const matrices[] = {x->given_k, x->given_v, x->taken};
    for (size_t i = 0; i < sizeof matrices / sizeof *matrices; i++) x->backend->ops->matrix_close(matrices[i]);
    free(x);
}

static uint32_t *kept_of(const struct sequence_parallel *x, const struct plan *p, uint32_t rank)
{
    return p->kept + (size_t)rank * x->shape->n_branch * x->shape->n_head;
}

static struct gift gift_of(const struct sequence_parallel *x, const struct plan *p, uint32_t rank, uint32_t branch,
                           uint32_t head)
{
    const struct attention *s = x->shape;
    const struct branch *b = &s->branch[branch];
    const uint64_t begin = p->begin[rank], end = p->begin[rank + 1];
    const uint64_t offset = dilation_head_offset(s->offset_rule, head, s->n_head, b->dilation_rate);
    const uint64_t start = end - end % b->segment_length;
    if (begin == end || start == end || offset >= b->dilation_rate) return (struct gift){0};
    uint64_t before = start < begin ? dilation_count(b, offset, begin - start) : 0;
    return (struct gift){
        .first = start + offset + before * b->dilation_rate,
        .slot = start < begin ? kept_of(x, p, rank)[branch * s->n_head + head] : 0,
        .n = (uint32_t)(dilation_count(b, offset, end - start) - before),
    };
}

/* The query head that stands for a run of a branch's cache. */
static uint32_t run_head(const struct attention *s, uint32_t branch, uint32_t run)
{
    return run * (s->n_head / s->cache_heads[branch]);
}

static void cut_for_ranks(const struct sequence_parallel *x, struct plan *p, uint64_t position, uint64_t n,
                          uint32_t rows, uint64_t grain)
{
    rows -= (uint32_t)(rows % grain);
    uint64_t total = n / x->size < rows ? n : (uint64_t)rows * x->size;
    p->begin[0] = position;
    for (uint32_t i = 1; i < x->size; i++) {
        uint64_t at = position + total * i / x->size;
        at -= at % grain;
        p->begin[i] = at > p->begin[i - 1] ? at : p->begin[i - 1];
    }
    uint64_t last = position + total - p->begin[x->size - 1];
    p->begin[x->size] = p->begin[x->size - 1] + (last < rows ? last : rows);
}

bool sequence_parallel_plan(struct sequence_parallel *x, uint64_t position, uint64_t n, uint32_t rows,
                            const uint32_t *kept)
{
    const struct attention *s = x->shape;
    uint64_t local = s->branch[0].segment_length;
    for (uint32_t i = 1; i < s->n_branch; i++)
        if (s->branch[i].segment_length < local) local = s->branch[i].segment_length;
    if (n < 2 * (local <= rows ? local : FEW) || rows < FEW) return false;
    struct plan *p = x->plan == &x->plans[0] ? &x->plans[1] : &x->plans[0];
    x->plan = p;
    cut_for_ranks(x, p, position, n, rows, local <= rows ? local : 1);
    for (uint32_t rank = 0; rank < x->size; rank++) {
        uint32_t *of_rank = kept_of(x, p, rank);
        memcpy(of_rank, kept, (size_t)s->n_branch * s->n_head * sizeof *kept);
        attention_advance(s, position, (uint32_t)(p->begin[rank] - position), of_rank);
        size_t n_rows = 0;
        for (uint32_t i = 0; i < s->n_branch; i++)
            for (uint32_t run = 0; run < s->cache_heads[i]; run++)
                n_rows += gift_of(x, p, rank, i, run_head(s, i, run)).n;
        p->counts[rank] = n_rows * 2 * x->row_bytes;
    }
    return true;
}

uint64_t sequence_parallel_begin(const struct sequence_parallel *x, uint32_t rank)
{
    return x->plan->begin[rank];
}

const uint32_t *sequence_parallel_kept(const struct sequence_parallel *x)
{
    return kept_of(x, x->plan, x->rank);
}

static void rotate_key(float *k, const float *angles, uint32_t head_dim)
{
    for (uint32_t i = 0; i < head_dim; i += 2) {
        float a = k[i], b = k[i + 1], c = angles[i], s = angles[i + 1];
        k[i] = a * c - b * s;
        k[i + 1] = a * s + b * c;
    }
}

/* Rotates the n gathered keys of a branch with r = 1 by their positions in the segment. */
static int rotate_keys(struct sequence_parallel *x, const struct matrix *rotary, const struct gift *g,
                       uint64_t segment_length, float *keys, struct error *e)
{
    const uint32_t width = x->shape->head_dim;
    if (!reserve(&x->angles, (size_t)g->n * width * sizeof(float))) return error_memory(e);
    float *angles = (float *)(void *)x->angles.data;
    uint32_t row = (uint32_t)(g->first % segment_length);
    if (rotary->backend->ops->matrix_read(rotary, row, g->n, angles, e) != 0) return -1;
    for (uint32_t i = 0; i < g->n; i++) rotate_key(keys + (size_t)i * width, angles + (size_t)i * width, width);
    return 0;
}

/* Rows for what is given or taken, at least `rows`. */
static int reserve_rows(struct sequence_parallel *x, struct matrix **m, size_t rows, uint32_t cols, struct error *e)
{
    if (*m && (*m)->rows >= rows) return 0;
    if (*m && x->backend->ops->flush(x->backend, e) != 0) return -1; /* the device may be at work on it */
    x->backend->ops->matrix_close(*m);
    *m = NULL;
    if (rows > UINT32_MAX) return error_set(e, "%zu rows cannot be given to other ranks", rows);
    if (x->backend->ops->activations_open(m, x->backend, (uint32_t)rows, cols, e) != 0) return -1;
    (*m)->raw = x->halves;
    return 0;
}

static int add_run(struct sequence_parallel *x, uint32_t *n, struct keep_run run, struct error *e)
{
    struct keep_run *runs = bytes_reserve(x->runs, &x->runs_capacity, *n + 1u, sizeof *runs);
    if (!runs) return error_memory(e);
    x->runs = runs;
    runs[(*n)++] = run;
    return 0;
}

/* Rows of a rank's gifts. */
static size_t rows_of(const struct sequence_parallel *x, const struct plan *p, uint32_t rank)
{
    return p->counts[rank] / (2 * x->row_bytes);
}

/* Sets the device to bring the own gifts, run by run. */
static int fetch_gifts(struct sequence_parallel *x, struct exchange *l, const struct matrix *qkv, struct error *e)
{
    const struct attention *s = x->shape;
    const struct backend_ops *ops = x->backend->ops;
    const uint32_t n = (uint32_t)rows_of(x, l->plan, x->rank);
    uint8_t *to = reserve(&l->own, 2 * n * x->row_bytes);
    if (!to) return error_memory(e);
    if (reserve_rows(x, &x->given_k, n, s->head_dim, e) != 0 || reserve_rows(x, &x->given_v, n, s->head_dim, e) != 0)
        return -1;
    uint32_t n_runs = 0, at = 0;
    for (uint32_t i = 0; i < s->n_branch; i++)
        for (uint32_t run = 0; run < s->cache_heads[i]; run++) {
            const uint32_t head = run_head(s, i, run);
            const struct gift g = gift_of(x, l->plan, x->rank, i, head);
            if (g.n > 0 && add_run(x, &n_runs,
                                   (struct keep_run){.row = (uint32_t)(g.first - l->plan->begin[x->rank]),
                                                     .step = g.n > 1 ? (uint32_t)s->branch[i].dilation_rate : 0,
                                                     .count = g.n,
                                                     .head = head / (s->n_head / s->n_head_kv),
                                                     .to = at},
                                   e) != 0)
                return -1;
            at += g.n;
        }
    ops->keep(&(struct keep){qkv, x->given_k, x->given_v, x->runs, n_runs, s->n_head, s->n_head_kv, s->head_dim});
    ops->matrix_fetch(x->given_k, 0, n, to);
    l->ticket = ops->matrix_fetch(x->given_v, 0, n, to + n * x->row_bytes);
    ops->start(x->backend);
    return 0;
}

/* Keys of branches that rotate lie in the caches rotated. */
static int rotate_gifts(struct sequence_parallel *x, const struct exchange *l, struct error *e)
{
    const struct attention *s = x->shape;
    float *keys = (float *)(void *)l->own.data;
    for (uint32_t i = 0; l->rotary && i < s->n_branch; i++)
        for (uint32_t run = 0; run < s->cache_heads[i]; run++) {
            const struct gift g = gift_of(x, l->plan, x->rank, i, run_head(s, i, run));
            if (g.n > 0 && s->branch[i].dilation_rate == 1 &&
                rotate_keys(x, l->rotary, &g, s->branch[i].segment_length, keys, e) != 0)
                return -1;
            keys += (size_t)g.n * s->head_dim;
        }
    return 0;
}

/* Waits for the device, and lets MPI move what is under way meanwhile. */
static int wait_for_device(struct sequence_parallel *x, uint64_t ticket, struct error *e)
{
    const struct backend_ops *ops = x->backend->ops;
    const double began = clock_seconds();
    while (!ops->done(x->backend, ticket) && clock_seconds() - began < SECONDS_OF_LOOKING) comm_look(x->comm);
    return ops->wait(x->backend, ticket, e);
}

/* Hands out the own gifts of the layer before, once they are there. MPI moves nothing while a processor computes: those
 * behind get them before it goes on. */
static int give(struct sequence_parallel *x, struct error *e)
{
    struct exchange *l = x->ungiven;
    if (!l) return 0;
    x->ungiven = NULL;
    if (l->plan->counts[x->rank] > 0 && (wait_for_device(x, l->ticket, e) != 0 || rotate_gifts(x, l, e) != 0))
        return -1;
    if (comm_gather_give(l->gather, l->own.data, e) != 0) return -1;
    return l->ticket == 0 ? comm_gather_reach(l->gather, e) : 0;
}

/* Adds what a rank gave of the branches whose segment `position` lies in to x->pairs, *n rows so far, and x->runs. */
static int take_gifts(struct sequence_parallel *x, const struct plan *p, uint32_t rank, const uint8_t *keys,
                      uint64_t position, uint32_t *n, uint32_t *n_runs, struct error *e)
{
    const struct attention *s = x->shape;
    const size_t row = x->row_bytes;
    const uint8_t *values = keys + rows_of(x, p, rank) * row;
    for (uint32_t i = 0; i < s->n_branch; i++) {
        const uint64_t w = s->branch[i].segment_length;
        const bool belongs = p->begin[rank + 1] / w == position / w;
        for (uint32_t run = 0; run < s->cache_heads[i]; run++) {
            const struct gift g = gift_of(x, p, rank, i, run_head(s, i, run));
            const struct keep_run to = {
                .row = *n, .step = 1, .count = g.n, .to = s->first_row[i] + run * s->slots[i] + g.slot};
            uint8_t *pair = x->pairs.data + *n * 2 * row;
            for (uint32_t k = 0; belongs && k < g.n; k++, pair += 2 * row) {
                memcpy(pair, keys + k * row, row);
                memcpy(pair + row, values + k * row, row);
            }
            if (belongs && g.n > 0 && add_run(x, n_runs, to, e) != 0) return -1;
            *n += belongs ? g.n : 0;
            keys += g.n * row;
            values += g.n * row;
        }
    }
    return 0;
}

/* Puts what the ranks [first, last) gave into the layer's caches, for the branches where it belongs to the segment
 * that `position` lies in. */
static int store_gifts(struct sequence_parallel *x, const struct exchange *l, uint32_t first, uint32_t last,
                       uint64_t position, struct error *e)
{
    const uint8_t *from = l->all.data;
    uint32_t n = 0, n_runs = 0;
    size_t rows = 0;
    for (uint32_t rank = first; rank < last; rank++) rows += rows_of(x, l->plan, rank);
    if (rows == 0) return 0;
    if (!reserve(&x->pairs, rows * 2 * x->row_bytes)) return error_memory(e);
    for (uint32_t rank = 0; rank < last; rank++) {
        if (rank >= first && take_gifts(x, l->plan, rank, from, position, &n, &n_runs, e) != 0) return -1;
        from += l->plan->counts[rank];
    }
    if (n == 0) return 0;
    if (reserve_rows(x, &x->taken, n, 2 * x->shape->head_dim, e) != 0 ||
        x->backend->ops->matrix_write(x->taken, 0, n, x->pairs.data, e) != 0)
        return -1;
    x->backend->ops->keep(&(struct keep){.from = x->taken,
                                         .k = l->cache_k,
                                         .v = l->cache_v,
                                         .runs = x->runs,
                                         .n_runs = n_runs,
                                         .n_head_kv = 1,
                                         .head_dim = x->shape->head_dim});
    return 0;
}

/* What those behind gave of the layer in the chunk before. */
static int end_exchange(struct sequence_parallel *x, struct exchange *l, struct error *e)
{
    if (!l->plan) return 0;
    if (comm_gather_end(l->gather, e) != 0 || store_gifts(x, l, x->rank + 1, x->size, l->plan->begin[x->size], e) != 0)
        return -1;
    l->plan = NULL;
    return 0;
}

static int begin_exchange(struct sequence_parallel *x, struct exchange *l, const struct matrix *qkv, struct error *e)
{
    const size_t *counts = l->plan->counts;
    size_t total = 0;
    for (uint32_t rank = 0; rank < x->size; rank++) total += counts[rank];
    if (total > 0 && !reserve(&l->all, total))
        return error_set_kind(e, ERROR_MEMORY, "out of memory for %zu bytes of keys", total);
    l->ticket = 0;
    if (counts[x->rank] > 0 && fetch_gifts(x, l, qkv, e) != 0) return -1;
    return comm_gather_begin(l->gather, l->all.data, counts, e);
}

int sequence_parallel_before(struct sequence_parallel *x, uint32_t layer, const struct matrix *qkv,
                             const struct matrix *rotary, struct matrix *cache_k, struct matrix *cache_v,
                             struct error *e)
{
    struct exchange *l = &x->exchanges[layer];
    if (end_exchange(x, l, e) != 0) return -1;
    l->plan = x->plan;
    l->rotary = rotary;
    l->cache_k = cache_k;
    l->cache_v = cache_v;
    if (begin_exchange(x, l, qkv, e) != 0 || give(x, e) != 0) return -1;
    x->ungiven = l;
    if (l->ticket == 0 && give(x, e) != 0) return -1; /* what is there already */
    return comm_gather_take(l->gather, e) != 0 ? -1 : store_gifts(x, l, 0, x->rank, l->plan->begin[x->rank], e);
}

int sequence_parallel_finish(struct sequence_parallel *x, struct error *e)
{
    x->backend->ops->start(x->backend);
    return give(x, e);
}

int sequence_parallel_reach(struct sequence_parallel *x, struct error *e)
{
    for (uint32_t i = 0; i < x->n_layer; i++)
        if (x->exchanges[i].plan && comm_gather_reach(x->exchanges[i].gather, e) != 0) return -1;
    return 0;
}

int sequence_parallel_settle(struct sequence_parallel *x, struct error *e)
{
    for (uint32_t i = 0; i < x->n_layer; i++)
        if (end_exchange(x, &x->exchanges[i], e) != 0) return -1;
    return 0;
}
