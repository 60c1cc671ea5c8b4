/* The queries of one (branch, head) inside a segment share a residue, so they and their keys are rows at a constant
 * stride. A block of up to 48 queries lies across the vector lanes: scores are computed transposed, S^T = K Q^T, so
 * that softmax's maximum and sum over the keys run down the rows without any horizontal step, and the output likewise,
 * O^T += V^T P^T. K and V are read where they lie (cache or chunk), element by element; only the queries are copied.
 * The branches of a row are joined by attention_merge. */
#include "compute/attention_cpu.h"

#include <assert.h>
#include <math.h>

#include "compute/backend.h"
#include "compute/loops.h"
#include "compute/vector_product.h"

enum { TILE = 64, WIDE_LANES = VECTOR_PRODUCT_WIDE * VECTOR_LANES };

/* The score of a key that lies before a query's window. A tile may hold no other for a query: what is summed of it
 * then is worth nothing beside the keys that follow, which -INFINITY could not be compared with. */
#define BEFORE_WINDOW -1e30f

/* Keys at a constant stride: key i is the i-th from the first. */
struct key_run {
    const float *k, *v;
    size_t k_stride, v_stride;
    uint32_t n;
};

/* What is being computed: consecutive rows of one query head, and their lse so far. */
struct rows {
    uint32_t begin, end;
    float lse[ATTENTION_CPU_ROWS];
};

/* Queries of one block and the running state of their softmax. */
struct block {
    _Alignas(64) float q[ATTENTION_CPU_MAX_HEAD_DIM * WIDE_LANES];   /* [head_dim][lanes], scaled */
    _Alignas(64) float out[ATTENTION_CPU_MAX_HEAD_DIM * WIDE_LANES]; /* [head_dim][lanes], not divided by sum */
    _Alignas(64) float scores[TILE * WIDE_LANES];                    /* [key][lanes] */
    vector max[VECTOR_PRODUCT_WIDE], sum[VECTOR_PRODUCT_WIDE];
    uint32_t head_dim;
    uint32_t n; /* queries: row, row + row_stride, ... of the chunk */
    uint32_t row;
    uint64_t row_stride;
    uint32_t slot; /* index of the first query's own key among the keys, all runs counted */
    bool causal;
    uint32_t window; /* keys of a query at most; 0: all */
    float bias;      /* of the logits */
};

static const float *query_row(const struct attention_cpu *a, uint32_t head, uint64_t row)
{
    const struct attention *s = a->shape;
    return a->qkv + (size_t)row * (s->n_head + 2 * (size_t)s->n_head_kv) * s->head_dim + (size_t)head * s->head_dim;
}

static bool branch_rotates(const struct attention_cpu *a, uint32_t branch)
{
    return a->rotary && a->shape->branch[branch].dilation_rate == 1;
}

static const float *rotary_row(const struct attention_cpu *a, uint32_t branch, uint64_t row)
{
    return a->rotary + (a->position + row) % a->shape->branch[branch].segment_length * a->shape->head_dim;
}

static void rotate_head(float *to, const float *from, const float *rotary, uint32_t head_dim)
{
    for (uint32_t i = 0; i < head_dim; i += 2) {
        float x = from[i], y = from[i + 1], c = rotary[i], s = rotary[i + 1];
        to[i] = x * c - y * s;
        to[i + 1] = x * s + y * c;
    }
}

static void rotate_rows(const struct attention_cpu *a, uint32_t branch, uint32_t begin, uint32_t end, float *to)
{
    const struct attention *s = a->shape;
    for (uint32_t row = begin; row < end; row++) {
        const float *k = query_row(a, s->n_head, row);
        const float *rotary = rotary_row(a, branch, row);
        for (uint32_t head = 0; head < s->n_head_kv; head++)
            rotate_head(to + ((size_t)row * s->n_head_kv + head) * s->head_dim, k + (size_t)head * s->head_dim, rotary,
                        s->head_dim);
    }
}

/* The chunk's own keys of a head from `row` on, every r-th. */
static struct key_run chunk_keys(const struct attention_cpu *a, uint32_t branch, uint32_t head, uint32_t row,
                                 uint32_t n)
{
    const struct attention *s = a->shape;
    uint32_t kv = head / (s->n_head / s->n_head_kv);
    size_t width = (s->n_head + 2 * (size_t)s->n_head_kv) * s->head_dim;
    /* a stride is only used where there are two keys in the chunk, so r then fits */
    size_t r = n > 1 ? (size_t)s->branch[branch].dilation_rate : 0;
    const float *k = query_row(a, s->n_head + kv, row);
    struct key_run run = {
        .k = k, .v = k + (size_t)s->n_head_kv * s->head_dim, .k_stride = r * width, .v_stride = r * width, .n = n};
    if (branch_rotates(a, branch)) {
        size_t rotated_width = (size_t)s->n_head_kv * s->head_dim;
        run.k = a->rotated[branch] + row * rotated_width + (size_t)kv * s->head_dim;
        run.k_stride = r * rotated_width;
    }
    return run;
}

static void block_open(struct block *b, const struct attention_cpu *a, uint32_t branch, uint32_t head, size_t wide)
{
    const size_t lanes = wide * VECTOR_LANES;
    const float scale = 1.0f / sqrtf((float)b->head_dim);
    float rotated[ATTENTION_CPU_MAX_HEAD_DIM];
    for (uint32_t i = 0; i < b->n; i++) {
        uint64_t row = b->row + i * b->row_stride;
        const float *q = query_row(a, head, row);
        if (branch_rotates(a, branch)) {
            rotate_head(rotated, q, rotary_row(a, branch, row), b->head_dim);
            q = rotated;
        }
        for (uint32_t d = 0; d < b->head_dim; d++) b->q[d * lanes + i] = q[d] * scale;
    }
    for (uint32_t d = 0; d < b->head_dim; d++)
        for (size_t i = b->n; i < lanes; i++) b->q[d * lanes + i] = 0;
    for (size_t j = 0; j < wide; j++) {
        b->max[j] = vector_all(-INFINITY);
        b->sum[j] = vector_all(0);
    }
    memset(b->out, 0, b->head_dim * lanes * sizeof *b->out);
}

/* Scores of keys before a query's window. */
static void block_mask_window(struct block *b, uint32_t first, uint32_t n_keys, size_t wide)
{
    const size_t lanes = wide * VECTOR_LANES;
    for (uint32_t key = 0; key < n_keys; key++)
        for (uint32_t i = 0; i < b->n; i++)
            if (first + key + b->window <= b->slot + i) b->scores[key * lanes + i] = BEFORE_WINDOW;
}

/* Scores of keys that come after a query become -INFINITY. `first` is the tile's first key in the order of b->slot. */
static void block_mask(struct block *b, uint32_t first, uint32_t n_keys, size_t wide)
{
    vector_int lane;
    for (int i = 0; i < VECTOR_LANES; i++) lane[i] = i;
    for (uint32_t key = 0; key < n_keys; key++) {
        if (first + key <= b->slot) continue;
        int32_t ahead = (int32_t)(first + key - b->slot);
        for (size_t j = 0; j < wide; j++) {
            float *s = b->scores + (key * wide + j) * VECTOR_LANES;
            vector_store(
                s, vector_select(lane + (int32_t)(j * VECTOR_LANES) >= ahead, vector_load(s), vector_all(-INFINITY)));
        }
    }
}

/* One tile of at most TILE keys: online softmax. */
static inline __attribute__((always_inline)) void block_tile(struct block *b, const struct key_run *run, uint32_t begin,
                                                             uint32_t first, uint32_t n, size_t wide)
{
    vector_product(n, wide, run->k + begin * run->k_stride, run->k_stride, 1, b->q, b->head_dim, b->scores, NULL);
    if (b->causal && first + n - 1 > b->slot) block_mask(b, first, n, wide);
    if (b->window && first + b->window < b->slot + b->n) block_mask_window(b, first, n, wide);
    vector scale[VECTOR_PRODUCT_WIDE];
    for (size_t j = 0; j < wide; j++) {
        float *s = b->scores + j * VECTOR_LANES;
        const size_t stride = wide * VECTOR_LANES;
        vector max = b->max[j];
        for (uint32_t key = 0; key < n; key++) max = vector_max(vector_load(s + key * stride), max);
        scale[j] = vector_exp(b->max[j] - max);
        b->max[j] = max;
        vector sum = b->sum[j] * scale[j];
        for (uint32_t key = 0; key < n; key++) {
            vector p = vector_exp(vector_load(s + key * stride) - max);
            vector_store(s + key * stride, p);
            sum += p;
        }
        b->sum[j] = sum;
    }
    vector_product(b->head_dim, wide, run->v + begin * run->v_stride, 1, run->v_stride, b->scores, n, b->out, scale);
}

static inline __attribute__((always_inline)) void block_run(struct block *b, const struct key_run *run, uint32_t first,
                                                            size_t wide)
{
    for (uint32_t begin = 0; begin < run->n; begin += TILE) {
        uint32_t n = run->n - begin < TILE ? run->n - begin : TILE;
        block_tile(b, run, begin, first + begin, n, wide);
    }
}

/* Joins the block's result with what other branches have given for the same rows. */
static void block_merge(const struct block *b, const struct attention_cpu *a, uint32_t head, struct rows *rows,
                        size_t wide)
{
    const size_t lanes = wide * VECTOR_LANES, width = (size_t)a->shape->n_head * b->head_dim;
    float result[ATTENTION_CPU_MAX_HEAD_DIM];
    for (uint32_t i = 0; i < b->n; i++) {
        float sum = b->sum[i / VECTOR_LANES][i % VECTOR_LANES], max = b->max[i / VECTOR_LANES][i % VECTOR_LANES];
        for (uint32_t d = 0; d < b->head_dim; d++) result[d] = b->out[d * lanes + i] / sum;
        uint64_t row = b->row + i * b->row_stride;
        attention_merge(a->out + row * width + (size_t)head * b->head_dim, &rows->lse[row - rows->begin], result,
                        max + logf(sum) + b->bias, b->head_dim);
    }
}

/* out = scale out + sum_key p[key] v[key], one query's. */
static void add_values(float *out, float scale, const float *p, const float *v, size_t stride, uint32_t n,
                       uint32_t head_dim)
{
    uint32_t d = 0;
    for (; d + VECTOR_LANES <= head_dim; d += VECTOR_LANES) {
        vector sum = vector_load(out + d) * scale;
        for (uint32_t key = 0; key < n; key++)
            sum = vector_fma(vector_all(p[key]), vector_load(v + key * stride + d), sum);
        vector_store(out + d, sum);
    }
    for (; d < head_dim; d++) {
        float sum = out[d] * scale;
        for (uint32_t key = 0; key < n; key++) sum += p[key] * v[key * stride + d];
        out[d] = sum;
    }
}

/* A single query, a token being decoded: its own numbers lie across the lanes, not the queries. None of the keys comes
 * after it. */
static void attend_one(struct block *b, const struct attention_cpu *a, uint32_t branch, uint32_t head,
                       const struct key_run runs[2], struct rows *rows)
{
    const float *q = query_row(a, head, b->row);
    float max = -INFINITY, sum = 0, *p = b->scores;
    if (branch_rotates(a, branch))
        rotate_head(b->q, q, rotary_row(a, branch, b->row), b->head_dim);
    else
        memcpy(b->q, q, b->head_dim * sizeof *q);
    for (uint32_t d = 0; d < b->head_dim; d++) b->q[d] *= 1.0f / sqrtf((float)b->head_dim);
    memset(b->out, 0, b->head_dim * sizeof *b->out);
    for (const struct key_run *run = runs; run < runs + 2; run++)
        for (uint32_t begin = 0, n; begin < run->n; begin += n) {
            n = run->n - begin < TILE ? run->n - begin : TILE;
            float largest = max;
            for (uint32_t i = 0; i < n; i++) {
                p[i] = vector_dot(b->q, run->k + (begin + i) * run->k_stride, b->head_dim);
                largest = p[i] > largest ? p[i] : largest;
            }
            for (uint32_t i = n; i % VECTOR_LANES; i++) p[i] = -INFINITY;
            float scale = expf(max - largest);
            vector part = {0};
            for (uint32_t i = 0; i < n; i += VECTOR_LANES) {
                vector e = vector_exp(vector_load(p + i) - largest);
                vector_store(p + i, e);
                part += e;
            }
            sum = sum * scale + vector_sum(part);
            add_values(b->out, scale, p, run->v + begin * run->v_stride, run->v_stride, n, b->head_dim);
            max = largest;
        }
    for (uint32_t d = 0; d < b->head_dim; d++) b->out[d] /= sum;
    attention_merge(a->out + ((size_t)b->row * a->shape->n_head + head) * b->head_dim, &rows->lse[b->row - rows->begin],
                    b->out, max + logf(sum) + b->bias, b->head_dim);
}

static void block_attend(struct block *b, const struct attention_cpu *a, uint32_t branch, uint32_t head,
                         const struct key_run runs[2], struct rows *rows)
{
    if (b->n == 1) {
        attend_one(b, a, branch, head, runs, rows);
    } else if (b->n > VECTOR_LANES) {
        block_open(b, a, branch, head, VECTOR_PRODUCT_WIDE);
        block_run(b, &runs[0], 0, VECTOR_PRODUCT_WIDE);
        block_run(b, &runs[1], runs[0].n, VECTOR_PRODUCT_WIDE);
        block_merge(b, a, head, rows, VECTOR_PRODUCT_WIDE);
    } else {
        block_open(b, a, branch, head, 1);
        block_run(b, &runs[0], 0, 1);
        block_run(b, &runs[1], runs[0].n, 1);
        block_merge(b, a, head, rows, 1);
    }
}

static uint32_t count_rows(uint32_t first, uint32_t end, uint64_t r)
{
    return first < end ? (uint32_t)((end - first + r - 1) / r) : 0;
}

/* What a block of a branch begins with. */
static void block_start(struct block *b, const struct attention_cpu *a, uint32_t branch, uint32_t head)
{
    b->head_dim = a->shape->head_dim;
    b->row_stride = a->shape->branch[branch].dilation_rate;
    b->causal = a->causal && !a->local;
    b->window = a->window;
    b->slot = 0;
    b->bias = a->local ? a->local->bias[branch * a->shape->n_head + head] : 0;
}

/* The local branch in parts: every row of a part sees all of them. */
static void attend_parts(const struct attention_cpu *a, uint32_t branch, uint32_t head, struct rows *rows)
{
    const uint32_t *starts = a->local->starts;
    struct block b;
    block_start(&b, a, branch, head);
    for (uint32_t i = 0; i < a->local->n; i++) {
        const uint32_t begin = rows->begin > starts[i] ? rows->begin : starts[i];
        const uint32_t end = rows->end < starts[i + 1] ? rows->end : starts[i + 1];
        struct key_run runs[2] = {{0}};
        if (begin < end) runs[1] = chunk_keys(a, branch, head, starts[i], starts[i + 1] - starts[i]);
        for (b.row = begin; b.row < end; b.row += b.n) {
            b.n = end - b.row < WIDE_LANES ? end - b.row : WIDE_LANES;
            block_attend(&b, a, branch, head, runs, rows);
        }
    }
}

/* Keys of a branch in the windows before that of the query in `slot`: windows have as many on-grid rows each, or at
 * most one. */
static uint32_t keys_before(const struct attention_cpu *a, uint64_t r, uint32_t slot, uint32_t *queries)
{
    const uint32_t each = r < a->local->window ? (uint32_t)(a->local->window / r) : 1;
    if (*queries > each - slot % each) *queries = each - slot % each; /* of the same window */
    return slot - slot % each;
}

/* Leaves out the keys that lie before the windows of all queries of the block. */
static void skip_keys(struct block *b, struct key_run runs[2])
{
    const uint32_t skipped = b->slot >= b->window ? b->slot - b->window + 1 : 0;
    const uint32_t of_cache = skipped < runs[0].n ? skipped : runs[0].n, each[2] = {of_cache, skipped - of_cache};
    for (int i = 0; i < 2; i++) {
        if (each[i] == 0) continue; /* nor is there anything to point behind in an empty run */
        runs[i].k += each[i] * runs[i].k_stride;
        runs[i].v += each[i] * runs[i].v_stride;
        runs[i].n -= each[i];
    }
    b->slot -= skipped;
}

/* The part of the rows that lies in one piece of a branch. */
static void attend_piece(const struct attention_cpu *a, uint32_t branch, uint32_t head, struct attention_piece piece,
                         struct rows *rows)
{
    const struct attention *s = a->shape;
    const struct branch *br = &s->branch[branch];
    const uint64_t r = br->dilation_rate;
    uint64_t offset = dilation_head_offset(s->offset_rule, head, s->n_head, r);
    uint32_t begin = rows->begin > piece.begin ? rows->begin : piece.begin;
    uint32_t end = rows->end < piece.end ? rows->end : piece.end;
    uint32_t first = attention_first_row(br, offset, a->position, begin, end);
    if (first == UINT32_MAX) return;

    uint32_t first_key = attention_first_row(br, offset, a->position, piece.begin, piece.end);
    struct key_run runs[2] = {{0}};
    if (piece.continues) {
        const size_t row = attention_cache_row(s, branch, head);
        runs[0] = (struct key_run){.k = a->cache_k + row * s->head_dim,
                                   .v = a->cache_v + row * s->head_dim,
                                   .k_stride = s->head_dim,
                                   .v_stride = s->head_dim,
                                   .n = a->kept[branch * s->n_head + head]};
    }
    struct block b;
    block_start(&b, a, branch, head);
    const struct key_run cached = runs[0];
    uint32_t left = count_rows(first, end, r);
    for (uint32_t done = 0; done < left; done += b.n) {
        b.n = left - done < WIDE_LANES ? left - done : WIDE_LANES;
        b.row = first + (uint32_t)(done * r);
        uint32_t before = count_rows(first_key, b.row, r);
        b.slot = cached.n + before;
        runs[0] = cached;
        uint32_t n_keys = a->causal ? before + b.n : count_rows(first_key, piece.end, r);
        if (a->local) {
            n_keys = keys_before(a, r, b.slot, &b.n);
            if (n_keys < cached.n) runs[0].n = n_keys;
            n_keys -= runs[0].n;
            if (runs[0].n + n_keys == 0) continue; /* the segment's first window */
        }
        runs[1] = chunk_keys(a, branch, head, first_key, n_keys);
        if (a->window) skip_keys(&b, runs);
        block_attend(&b, a, branch, head, runs, rows);
    }
}

static void attend_head(const struct attention_cpu *a, uint32_t head, uint32_t begin, uint32_t end)
{
    const struct attention *s = a->shape;
    assert(s->head_dim <= ATTENTION_CPU_MAX_HEAD_DIM && end - begin <= ATTENTION_CPU_ROWS);
    struct rows rows = {.begin = begin, .end = end};
    for (uint32_t row = begin; row < end; row++) {
        rows.lse[row - begin] = -INFINITY;
        memset(a->out + ((size_t)row * s->n_head + head) * s->head_dim, 0, s->head_dim * sizeof *a->out);
    }
    for (uint32_t branch = 0; branch < s->n_branch; branch++) {
        if (a->local && s->branch[branch].dilation_rate == 1) {
            attend_parts(a, branch, head, &rows);
            continue;
        }
        struct attention_piece piece = {0};
        for (uint32_t at = 0; at < end; at = piece.end) {
            piece = attention_piece_at(&s->branch[branch], a->position, at, a->n);
            if (piece.end > begin) attend_piece(a, branch, head, piece, &rows);
        }
    }
    if (!a->lse) return;
    for (uint32_t row = begin; row < end; row++) a->lse[(size_t)row * s->n_head + head] = rows.lse[row - begin];
}

static void keep(const struct attention_cpu *a, uint32_t branch, uint32_t head)
{
    const struct attention *s = a->shape;
    const struct branch *b = &s->branch[branch];
    uint64_t offset = dilation_head_offset(s->offset_rule, head, s->n_head, b->dilation_rate);
    struct attention_piece piece = {0};
    for (uint32_t at = 0; at < a->n; at = piece.end) piece = attention_piece_at(b, a->position, at, a->n);
    if ((a->position + a->n) % b->segment_length == 0) return; /* the segment is over */
    uint32_t first = attention_first_row(b, offset, a->position, piece.begin, piece.end);
    if (first == UINT32_MAX) return;
    struct key_run run = chunk_keys(a, branch, head, first, count_rows(first, piece.end, b->dilation_rate));
    size_t slot = attention_cache_row(s, branch, head) + (piece.continues ? a->kept[branch * s->n_head + head] : 0);
    for (uint32_t i = 0; i < run.n; i++, slot++) {
        memcpy(a->cache_k + slot * s->head_dim, run.k + i * run.k_stride, s->head_dim * sizeof *run.k);
        memcpy(a->cache_v + slot * s->head_dim, run.v + i * run.v_stride, s->head_dim * sizeof *run.v);
    }
}

const struct attention_cpu_loops LOOPS(attention_cpu) = {.rotate = rotate_rows, .head = attend_head, .keep = keep};
