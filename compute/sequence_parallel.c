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
    const struct attention *shape;
    uint32_t rank, size;
    uint64_t *begin; /* [size + 1] */
    uint32_t *kept;  /* [size][n_branch][n_head] at the ranks' first positions */
    size_t *counts;  /* [size] bytes that each rank gives */
    bool gathering;  /* what the ranks behind give is still to come */
    struct buffer own, all, rows, angles;
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

int sequence_parallel_open(struct sequence_parallel **out, struct comm *c, const struct attention *shape,
                           struct error *e)
{
    struct sequence_parallel *x = calloc(1, sizeof *x);
    if (!x) return error_memory(e);
    x->comm = c;
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
    free(x->rows.data);
    free(x->angles.data);
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

/* The own gifts, run by run: keys, then values. */
static int pack_gifts(struct sequence_parallel *x, const struct matrix *qkv, const struct matrix *rotary,
                      struct error *e)
{
    const struct attention *s = x->shape;
    const uint64_t begin = x->begin[x->rank];
    const uint32_t n = (uint32_t)(x->begin[x->rank + 1] - begin), width = s->head_dim;
    const size_t row_width = ((size_t)s->n_head + 2 * (size_t)s->n_head_kv) * width;
    float *rows = reserve_floats(&x->rows, n * row_width),
          *to = reserve_floats(&x->own, x->counts[x->rank] / sizeof(float));
    if (!rows || !to) return error_set_kind(e, ERROR_MEMORY, "out of memory for the rows of %u tokens", n);
    if (qkv->backend->ops->matrix_read(qkv, 0, n, rows, e) != 0) return -1;
    for (uint32_t i = 0; i < s->n_branch; i++)
        for (uint32_t run = 0; run < s->cache_heads[i]; run++) {
            const uint32_t head = run_head(s, i, run), kv = head / (s->n_head / s->n_head_kv);
            const struct gift g = gift_of(x, x->rank, i, head);
            const uint64_t r = s->branch[i].dilation_rate;
            float *keys = to;
            for (uint32_t part = 0; part < 2; part++)
                for (uint32_t at = 0; at < g.n; at++, to += width) {
                    const float *row = rows + (size_t)(g.first - begin + at * r) * row_width;
                    memcpy(to, row + (size_t)(s->n_head + part * s->n_head_kv + kv) * width, width * sizeof *to);
                }
            if (g.n > 0 && rotary && r == 1 && rotate_keys(x, rotary, &g, s->branch[i].segment_length, keys, e) != 0)
                return -1;
        }
    return 0;
}

/* Puts what the ranks [first, last) gave into the caches, for the branches where it belongs to the segment that
 * `position` lies in. */
static int store_keys(struct sequence_parallel *x, uint32_t first, uint32_t last, uint64_t position,
                      struct matrix *cache_k, struct matrix *cache_v, struct error *e)
{
    const struct attention *s = x->shape;
    const float *from = x->all.data;
    for (uint32_t rank = 0; rank < last; rank++) {
        if (rank < first) {
            from += x->counts[rank] / sizeof *from;
            continue;
        }
        for (uint32_t i = 0; i < s->n_branch; i++) {
            const uint64_t w = s->branch[i].segment_length;
            const bool belongs = x->begin[rank + 1] / w == position / w;
            for (uint32_t run = 0; run < s->cache_heads[i]; run++) {
                const struct gift g = gift_of(x, rank, i, run_head(s, i, run));
                const size_t size = (size_t)g.n * s->head_dim;
                const uint32_t row = s->first_row[i] + run * s->slots[i] + g.slot;
                if (g.n > 0 && belongs &&
                    (cache_k->backend->ops->matrix_write(cache_k, row, g.n, from, e) != 0 ||
                     cache_v->backend->ops->matrix_write(cache_v, row, g.n, from + size, e) != 0))
                    return -1;
                from += 2 * size;
            }
        }
    }
    return 0;
}

int sequence_parallel_before(struct sequence_parallel *x, const struct matrix *qkv, const struct matrix *rotary,
                             struct matrix *cache_k, struct matrix *cache_v, struct error *e)
{
    size_t total = 0;
    for (uint32_t rank = 0; rank < x->size; rank++) total += x->counts[rank];
    if (total == 0) return 0;
    if (x->counts[x->rank] > 0 && pack_gifts(x, qkv, rotary, e) != 0) return -1;
    if (!reserve_floats(&x->all, total / sizeof(float)))
        return error_set_kind(e, ERROR_MEMORY, "out of memory for %zu bytes of keys", total);
    if (comm_gather_before(x->comm, x->own.data, x->all.data, x->counts, e) != 0) return -1;
    x->gathering = true;
    return store_keys(x, 0, x->rank, x->begin[x->rank], cache_k, cache_v, e);
}

int sequence_parallel_after(struct sequence_parallel *x, struct matrix *cache_k, struct matrix *cache_v,
                            struct error *e)
{
    if (x->gathering && comm_gather_behind(x->comm, e) != 0) return -1;
    x->gathering = false;
    return store_keys(x, x->rank + 1, x->size, x->begin[x->size], cache_k, cache_v, e);
}
