#include "compute/sequence_parallel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "compute/backend.h"
#include "compute/bytes.h"
#include "compute/comm.h"
#include "compute/error.h"

/* Positions of a share at least, where the local branch's segments are too long to be its measure. */
enum { FEW = 64 };

struct buffer {
    float *data; /* owned */
    size_t capacity;
};

struct sequence_parallel {
    struct comm *comm;
    struct backend *backend;
    const struct attention *shape;
    uint32_t rank, size;
    uint64_t *begin;                       /* [size + 1] */
    uint32_t *kept;                        /* [size][n_branch][n_head] at the ranks' first positions */
    size_t *counts;                        /* [size] bytes that each rank gives */
    bool gathering;                        /* a layer is between before and after */
    bool given;                            /* what this rank gives is on its way */
    uint64_t ticket;                       /* of its fetch from the device */
    struct matrix *given_k, *given_v;      /* owned, [>= own rows][head_dim]; NULL: none yet */
    struct matrix *taken;                  /* owned, [rows of others][2 head_dim]: a key and its value; NULL likewise */
    struct buffer own, all, pairs, angles; /* own and a rank's part of all: its keys, then its values */
    struct keep_run *runs;                 /* owned */
    size_t runs_capacity;
};

/* What a rank gives of one branch and query head: n rows, on-grid positions from `first` on, for the slots from `slot`
 * on of the segment that `end` lies in. */
struct gift {
    uint64_t first;
    uint32_t slot, n;
};

static float *reserve_floats(struct buffer *b, size_t n)
{
    float *grown = bytes_reserve(b->data, &b->capacity, n, sizeof *b->data);
    if (grown) b->data = grown;
    return grown;
}

int sequence_parallel_open(struct sequence_parallel **out, struct comm *c, struct backend *b,
                           const struct attention *shape, struct error *e)
{
    struct sequence_parallel *x = calloc(1, sizeof *x);
    if (!x) return error_memory(e);
    x->comm = c;
    x->backend = b;
    x->shape = shape;
    x->rank = comm_rank(c);
    x->size = comm_size(c);
    x->begin = calloc((size_t)x->size + 1, sizeof *x->begin);
    x->kept = calloc((size_t)x->size * shape->n_branch * shape->n_head, sizeof *x->kept);
    x->counts = calloc(x->size, sizeof *x->counts);
    if (!x->begin || !x->kept || !x->counts) {
        sequence_parallel_close(x);
        return error_set_kind(e, ERROR_MEMORY, "out of memory for %u ranks", comm_size(c));
    }
    *out = x;
    return 0;
}

void sequence_parallel_close(struct sequence_parallel *x)
{
    if (!x) return;
    free(x->begin);
    free(x->kept);
    free(x->counts);
    free(x->own.data);
    free(x->all.data);
    free(x->pairs.data);
    free(x->angles.data);
    free(x->runs);
    struct matrix *const matrices[] = {x->given_k, x->given_v, x->taken};
    for (size_t i = 0; i < sizeof matrices / sizeof *matrices; i++) x->backend->ops->matrix_close(matrices[i]);
    free(x);
}

static uint32_t *kept_of(const struct sequence_parallel *x, uint32_t rank)
{
    return x->kept + (size_t)rank * x->shape->n_branch * x->shape->n_head;
}

static struct gift gift_of(const struct sequence_parallel *x, uint32_t rank, uint32_t branch, uint32_t head)
{
    const struct attention *s = x->shape;
    const struct branch *b = &s->branch[branch];
    const uint64_t begin = x->begin[rank], end = x->begin[rank + 1];
    const uint64_t offset = dilation_head_offset(s->offset_rule, head, s->n_head, b->dilation_rate);
    const uint64_t start = end - end % b->segment_length;
    if (begin == end || start == end || offset >= b->dilation_rate) return (struct gift){0};
    uint64_t before = start < begin ? dilation_count(b, offset, begin - start) : 0;
    return (struct gift){
        .first = start + offset + before * b->dilation_rate,
        .slot = start < begin ? kept_of(x, rank)[branch * s->n_head + head] : 0,
        .n = (uint32_t)(dilation_count(b, offset, end - start) - before),
    };
}

/* The query head that stands for a run of a branch's cache. */
static uint32_t run_head(const struct attention *s, uint32_t branch, uint32_t run)
{
    return run * (s->n_head / s->cache_heads[branch]);
}

static void cut_for_ranks(struct sequence_parallel *x, uint64_t position, uint64_t n, uint32_t rows, uint64_t grain)
{
    rows -= (uint32_t)(rows % grain);
    uint64_t total = n / x->size < rows ? n : (uint64_t)rows * x->size;
    x->begin[0] = position;
    for (uint32_t i = 1; i < x->size; i++) {
        uint64_t at = position + total * i / x->size;
        at -= at % grain;
        x->begin[i] = at > x->begin[i - 1] ? at : x->begin[i - 1];
    }
    uint64_t last = position + total - x->begin[x->size - 1];
    x->begin[x->size] = x->begin[x->size - 1] + (last < rows ? last : rows);
}

bool sequence_parallel_plan(struct sequence_parallel *x, uint64_t position, uint64_t n, uint32_t rows,
                            const uint32_t *kept)
{
    const struct attention *s = x->shape;
    uint64_t local = s->branch[0].segment_length;
    for (uint32_t i = 1; i < s->n_branch; i++)
        if (s->branch[i].segment_length < local) local = s->branch[i].segment_length;
    if (n < 2 * (local <= rows ? local : FEW) || rows < FEW) return false;
    cut_for_ranks(x, position, n, rows, local <= rows ? local : 1);
    for (uint32_t rank = 0; rank < x->size; rank++) {
        uint32_t *of_rank = kept_of(x, rank);
        memcpy(of_rank, kept, (size_t)s->n_branch * s->n_head * sizeof *kept);
        attention_advance(s, position, (uint32_t)(x->begin[rank] - position), of_rank);
        size_t n_rows = 0;
        for (uint32_t i = 0; i < s->n_branch; i++)
            for (uint32_t run = 0; run < s->cache_heads[i]; run++) n_rows += gift_of(x, rank, i, run_head(s, i, run)).n;
        x->counts[rank] = n_rows * 2 * s->head_dim * sizeof(float);
    }
    return true;
}

uint64_t sequence_parallel_begin(const struct sequence_parallel *x, uint32_t rank)
{
    return x->begin[rank];
}

const uint32_t *sequence_parallel_kept(const struct sequence_parallel *x)
{
    return kept_of(x, x->rank);
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
    float *angles = reserve_floats(&x->angles, (size_t)g->n * width);
    if (!angles) return error_memory(e);
    uint32_t row = (uint32_t)(g->first % segment_length);
    if (rotary->backend->ops->matrix_read(rotary, row, g->n, angles, e) != 0) return -1;
    for (uint32_t i = 0; i < g->n; i++) rotate_key(keys + (size_t)i * width, angles + (size_t)i * width, width);
    return 0;
}

/* Rows for what is given or taken, at least `rows`. */
static int reserve_rows(struct sequence_parallel *x, struct matrix **m, size_t rows, uint32_t cols, struct error *e)
{
    if (*m && (*m)->rows >= rows) return 0;
    x->backend->ops->matrix_close(*m);
    *m = NULL;
    if (rows > UINT32_MAX) return error_set(e, "%zu rows cannot be given to other ranks", rows);
    return x->backend->ops->activations_open(m, x->backend, (uint32_t)rows, cols, e);
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
static size_t rows_of(const struct sequence_parallel *x, uint32_t rank)
{
    return x->counts[rank] / (2 * x->shape->head_dim * sizeof(float));
}

/* Sets the device to bring the own gifts, run by run. */
static int fetch_gifts(struct sequence_parallel *x, const struct matrix *qkv, struct error *e)
{
    const struct attention *s = x->shape;
    const struct backend_ops *ops = x->backend->ops;
    const uint32_t n = (uint32_t)rows_of(x, x->rank);
    float *to = reserve_floats(&x->own, 2 * (size_t)n * s->head_dim);
    if (!to) return error_memory(e);
    if (reserve_rows(x, &x->given_k, n, s->head_dim, e) != 0 || reserve_rows(x, &x->given_v, n, s->head_dim, e) != 0)
        return -1;
    uint32_t n_runs = 0, at = 0;
    for (uint32_t i = 0; i < s->n_branch; i++)
        for (uint32_t run = 0; run < s->cache_heads[i]; run++) {
            const uint32_t head = run_head(s, i, run);
            const struct gift g = gift_of(x, x->rank, i, head);
            if (g.n > 0 && add_run(x, &n_runs,
                                   (struct keep_run){.row = (uint32_t)(g.first - x->begin[x->rank]),
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
    x->ticket = ops->matrix_fetch(x->given_v, 0, n, to + (size_t)n * s->head_dim);
    return 0;
}

/* Keys of branches that rotate lie in the caches rotated. */
static int rotate_gifts(struct sequence_parallel *x, const struct matrix *rotary, struct error *e)
{
    const struct attention *s = x->shape;
    float *keys = x->own.data;
    for (uint32_t i = 0; rotary && i < s->n_branch; i++)
        for (uint32_t run = 0; run < s->cache_heads[i]; run++) {
            const struct gift g = gift_of(x, x->rank, i, run_head(s, i, run));
            if (g.n > 0 && s->branch[i].dilation_rate == 1 &&
                rotate_keys(x, rotary, &g, s->branch[i].segment_length, keys, e) != 0)
                return -1;
            keys += (size_t)g.n * s->head_dim;
        }
    return 0;
}

/* Waits for the own gifts and hands them out. */
static int give(struct sequence_parallel *x, const struct matrix *rotary, struct error *e)
{
    if (x->given) return 0;
    x->given = true;
    if (x->counts[x->rank] > 0 &&
        (x->backend->ops->wait(x->backend, x->ticket, e) != 0 || rotate_gifts(x, rotary, e) != 0))
        return -1;
    return comm_gather_give(x->comm, x->own.data, e);
}

/* Adds what a rank gave of the branches whose segment `position` lies in to x->pairs, *n rows so far, and x->runs. */
static int take_gifts(struct sequence_parallel *x, uint32_t rank, const float *keys, uint64_t position, uint32_t *n,
                      uint32_t *n_runs, struct error *e)
{
    const struct attention *s = x->shape;
    const size_t d = s->head_dim;
    const float *values = keys + rows_of(x, rank) * d;
    for (uint32_t i = 0; i < s->n_branch; i++) {
        const uint64_t w = s->branch[i].segment_length;
        const bool belongs = x->begin[rank + 1] / w == position / w;
        for (uint32_t run = 0; run < s->cache_heads[i]; run++) {
            const struct gift g = gift_of(x, rank, i, run_head(s, i, run));
            const struct keep_run to = {
                .row = *n, .step = 1, .count = g.n, .to = s->first_row[i] + run * s->slots[i] + g.slot};
            float *pair = x->pairs.data + *n * 2 * d;
            for (uint32_t k = 0; belongs && k < g.n; k++, pair += 2 * d) {
                memcpy(pair, keys + k * d, d * sizeof *pair);
                memcpy(pair + d, values + k * d, d * sizeof *pair);
            }
            if (belongs && g.n > 0 && add_run(x, n_runs, to, e) != 0) return -1;
            *n += belongs ? g.n : 0;
            keys += g.n * d;
            values += g.n * d;
        }
    }
    return 0;
}

/* Puts what the ranks [first, last) gave into the caches, for the branches where it belongs to the segment that
 * `position` lies in. */
static int store_gifts(struct sequence_parallel *x, uint32_t first, uint32_t last, uint64_t position,
                       struct matrix *cache_k, struct matrix *cache_v, struct error *e)
{
    const uint32_t width = 2 * x->shape->head_dim;
    const float *from = x->all.data;
    uint32_t n = 0, n_runs = 0;
    size_t rows = 0;
    for (uint32_t rank = first; rank < last; rank++) rows += rows_of(x, rank);
    if (rows == 0) return 0;
    if (!reserve_floats(&x->pairs, rows * width)) return error_memory(e);
    for (uint32_t rank = 0; rank < last; rank++) {
        if (rank >= first && take_gifts(x, rank, from, position, &n, &n_runs, e) != 0) return -1;
        from += x->counts[rank] / sizeof *from;
    }
    if (n == 0) return 0;
    if (reserve_rows(x, &x->taken, n, width, e) != 0 ||
        x->backend->ops->matrix_write(x->taken, 0, n, x->pairs.data, e) != 0)
        return -1;
    x->backend->ops->keep(&(struct keep){.from = x->taken,
                                         .k = cache_k,
                                         .v = cache_v,
                                         .runs = x->runs,
                                         .n_runs = n_runs,
                                         .n_head_kv = 1,
                                         .head_dim = x->shape->head_dim});
    return 0;
}

int sequence_parallel_before(struct sequence_parallel *x, const struct matrix *qkv, const struct matrix *rotary,
                             struct matrix *cache_k, struct matrix *cache_v, struct error *e)
{
    size_t total = 0;
    for (uint32_t rank = 0; rank < x->size; rank++) total += x->counts[rank];
    if (total == 0) return 0;
    x->gathering = true;
    x->given = false;
    x->ticket = 0;
    if (!reserve_floats(&x->all, total / sizeof(float)))
        return error_set_kind(e, ERROR_MEMORY, "out of memory for %zu bytes of keys", total);
    if (x->counts[x->rank] > 0 && fetch_gifts(x, qkv, e) != 0) return -1;
    if (comm_gather_begin(x->comm, x->all.data, x->counts, e) != 0) return -1;
    /* What is there already goes first: this rank computes next. */
    if (x->ticket == 0 && give(x, rotary, e) != 0) return -1;
    if (comm_gather_before(x->comm, e) != 0) return -1;
    return store_gifts(x, 0, x->rank, x->begin[x->rank], cache_k, cache_v, e);
}

int sequence_parallel_after(struct sequence_parallel *x, const struct matrix *rotary, struct matrix *cache_k,
                            struct matrix *cache_v, struct error *e)
{
    if (!x->gathering) return 0;
    x->gathering = false;
    if (give(x, rotary, e) != 0 || comm_gather_behind(x->comm, e) != 0) return -1;
    return store_gifts(x, x->rank + 1, x->size, x->begin[x->size], cache_k, cache_v, e);
}
