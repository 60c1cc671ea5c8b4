#include "compute/backend_cpu.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compute/attention_cpu.h"
#include "compute/backend.h"
#include "compute/blas.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/rows_cpu.h"
#include "compute/thread_pool.h"
#include "compute/vector.h"
#include "compute/weight_rows.h"
#include "compute/weights.h"

/* Rows that one task takes through an op: enough for the BLAS to earn back packing the weights, and few enough that
 * every thread has TASKS tasks of a chunk, since cores differ in speed and are not all ours. Up to FEW rows are cut by
 * output columns instead, so that a single token also uses every thread. */
enum { ROWS = 256, ROWS_LEAST = 32, TASKS = 4, FEW = 32, FEW_COLUMNS = 64 };

/* Tokens of a chunk at which a device is at its best: CHUNK, and more where there are many threads. */
enum { CHUNK = 2048, CHUNK_A_THREAD = 128 };

/* Weights of block types stay in their blocks from this many elements on: float32 would be seven times their bytes, and
 * a single token costs what its weights take to read. For many rows they become float32 a tile of weight rows at a
 * time, which a block of ROWS rows pays back. */
enum { BLOCKS_FROM = 1 << 18, TILE = 128 };

struct matrix_cpu {
    struct matrix base;
    float *data;               /* owned: mapped, base.bytes */
    struct weight_rows blocks; /* n_parts > 0: weights in their blocks, which lie in data */
};

struct scratch {
    float *data; /* owned */
    size_t capacity;
};

struct backend_cpu {
    struct backend base;
    struct scratch *thread; /* one a thread */
    struct scratch *tile;   /* one a thread: weights as float32 */
    struct scratch few;     /* gate and up of few rows */
    struct scratch rotated; /* the chunk's rotated keys */
    struct error failure;   /* the first one since the last flush; text[0] == 0: none */
};

static float *data(const struct matrix *m)
{
    assert(((const struct matrix_cpu *)m)->blocks.n_parts == 0);
    return ((const struct matrix_cpu *)m)->data;
}

static struct backend_cpu *cpu_of(const struct matrix *m)
{
    return (struct backend_cpu *)m->backend;
}

/* Room for n floats, 64-byte aligned; NULL, and the failure noted, without memory. */
static float *scratch_reserve(struct scratch *s, size_t n)
{
    if (n <= s->capacity) return s->data;
    size_t bytes;
    if (!bytes_multiply(&bytes, n, sizeof *s->data) || !bytes_add(&bytes, bytes, 63)) return NULL;
    float *grown = aligned_alloc(64, bytes & ~(size_t)63);
    if (!grown) return NULL;
    free(s->data);
    s->data = grown;
    s->capacity = n;
    return grown;
}

/* Scratch of n floats for every thread, before a job; false and the failure noted without memory. */
static bool scratch_for_threads(struct backend_cpu *b, size_t n)
{
    for (unsigned i = 0; i < b->base.info.n_threads; i++)
        if (!scratch_reserve(&b->thread[i], n)) {
            error_set_kind(&b->failure, ERROR_MEMORY, "out of memory for %zu elements of scratch space", n);
            return false;
        }
    return true;
}

static int cpu_matrix_open(struct matrix **out, struct backend *b, uint32_t rows, uint32_t cols, struct error *e)
{
    size_t bytes;
    if (!bytes_multiply(&bytes, rows, cols) || !bytes_multiply(&bytes, bytes, sizeof(float)) || bytes == 0)
        return error_set(e, "a matrix of %u rows and %u columns is not possible", rows, cols);
    struct matrix_cpu *m = calloc(1, sizeof *m);
    if (!m) return error_memory(e);
    m->data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (m->data == MAP_FAILED) {
        free(m);
        return error_set_kind(e, ERROR_MEMORY, "out of memory for a matrix of %u rows and %u columns", rows, cols);
    }
    m->base = (struct matrix){.backend = b, .rows = rows, .cols = cols, .bytes = bytes};
    *out = &m->base;
    return 0;
}

static void cpu_matrix_close(struct matrix *m)
{
    if (!m) return;
    munmap(((struct matrix_cpu *)m)->data, m->bytes);
    free(m);
}

static bool stays_in_blocks(const struct weights *const parts[], unsigned n_parts)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < n_parts; i++) {
        if (weights_block_elements(parts[i]->type) == 1) return false;
        n += (uint64_t)parts[i]->rows * parts[i]->cols;
    }
    return n >= BLOCKS_FROM && n_parts <= 3;
}

static int load_blocks(struct matrix **out, struct backend *b, const struct weights *const parts[], unsigned n_parts,
                       uint32_t rows, struct error *e)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < n_parts; i++) bytes += (parts[i]->rows * parts[i]->row_bytes + 63) & ~(size_t)63;
    struct matrix_cpu *m = calloc(1, sizeof *m);
    if (!m) return error_memory(e);
    m->data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m->data == MAP_FAILED) {
        free(m);
        return error_set_kind(e, ERROR_MEMORY, "out of memory for weights of %zu bytes", bytes);
    }
    m->base = (struct matrix){.backend = b, .rows = rows, .cols = parts[0]->cols, .bytes = bytes};
    m->blocks.n_parts = n_parts;
    uint8_t *to = (uint8_t *)m->data;
    for (unsigned i = 0; i < n_parts; i++) {
        memcpy(to, parts[i]->bytes, parts[i]->rows * parts[i]->row_bytes);
        m->blocks.parts[i] = *parts[i];
        m->blocks.parts[i].bytes = to;
        to += (parts[i]->rows * parts[i]->row_bytes + 63) & ~(size_t)63;
    }
    *out = &m->base;
    return 0;
}

static int cpu_matrix_load(struct matrix **out, struct backend *b, const struct weights *const parts[],
                           unsigned n_parts, struct error *e)
{
    assert(n_parts > 0);
    uint32_t rows = 0;
    for (unsigned i = 0; i < n_parts; i++) {
        assert(parts[i]->cols == parts[0]->cols);
        if (__builtin_add_overflow(rows, parts[i]->rows, &rows))
            return error_set(e, "a weight matrix has too many rows");
    }
    if (stays_in_blocks(parts, n_parts)) return load_blocks(out, b, parts, n_parts, rows, e);
    struct matrix *m;
    if (cpu_matrix_open(&m, b, rows, parts[0]->cols, e) != 0) return -1;
    float *to = data(m);
    for (unsigned i = 0; i < n_parts; i++) {
        weights_dequantize(parts[i], 0, parts[i]->rows, to);
        to += (size_t)parts[i]->rows * parts[i]->cols;
    }
    *out = m;
    return 0;
}

static int cpu_flush(struct backend *backend, struct error *e)
{
    struct backend_cpu *b = (struct backend_cpu *)backend;
    if (!b->failure.text[0]) return 0;
    error_copy(e, &b->failure);
    b->failure.text[0] = 0;
    return -1;
}

static int cpu_matrix_write(struct matrix *m, uint32_t row, uint32_t n_rows, const void *from, struct error *e)
{
    assert(row <= m->rows && n_rows <= m->rows - row);
    memcpy(data(m) + (size_t)row * m->cols, from, (size_t)n_rows * m->cols * sizeof(float));
    return cpu_flush(m->backend, e);
}

static uint64_t cpu_matrix_fetch(const struct matrix *m, uint32_t row, uint32_t n_rows, void *to)
{
    assert(row <= m->rows && n_rows <= m->rows - row);
    memcpy(to, data(m) + (size_t)row * m->cols, (size_t)n_rows * m->cols * sizeof(float));
    return 0;
}

static int cpu_matrix_read(const struct matrix *m, uint32_t row, uint32_t n_rows, void *to, struct error *e)
{
    cpu_matrix_fetch(m, row, n_rows, to);
    return cpu_flush(m->backend, e);
}

static int cpu_wait(struct backend *b, uint64_t ticket, struct error *e)
{
    (void)ticket;
    return cpu_flush(b, e);
}

static void cpu_matrix_copy(struct matrix *to, uint32_t to_row, const struct matrix *from, uint32_t from_row,
                            uint32_t n_rows)
{
    assert(to->cols == from->cols && n_rows <= to->rows - to_row && n_rows <= from->rows - from_row);
    memcpy(data(to) + (size_t)to_row * to->cols, data(from) + (size_t)from_row * from->cols,
           (size_t)n_rows * to->cols * sizeof(float));
}

static void cpu_embed(struct matrix *x, const struct matrix *table, const int32_t *ids, uint32_t n, bool add)
{
    struct backend_cpu *b = cpu_of(x);
    assert(x->cols == table->cols && n <= x->rows);
    const struct weight_rows *blocks = &((const struct matrix_cpu *)table)->blocks;
    if (!scratch_for_threads(b, x->cols)) return;
    float *row = b->thread[0].data;
    for (uint32_t i = 0; i < n; i++) {
        float *to = data(x) + (size_t)i * x->cols;
        const uint32_t id = (uint32_t)ids[i];
        const float *from = blocks->n_parts ? row : data(table) + (size_t)id * x->cols;
        if (blocks->n_parts) weight_rows_dequantize(blocks, id, id + 1, row);
        for (uint32_t k = 0; k < x->cols; k++) to[k] = (add ? to[k] : 0) + from[k];
    }
}

static void norm_rows(float *to, const float *x, const float *norm, float eps, uint32_t n, uint32_t cols)
{
    for (uint32_t row = 0; row < n; row++, to += cols, x += cols) {
        float scale = 1.0f / sqrtf(vector_dot(x, x, cols) / (float)cols + eps);
        for (uint32_t i = 0; i < cols; i++) to[i] = x[i] * scale * norm[i];
    }
}

static unsigned count_tasks(uint32_t n, uint32_t each)
{
    return n / each + (n % each != 0);
}

static uint32_t task_size(unsigned task, uint32_t each, uint32_t n)
{
    return n - task * each < each ? n - task * each : each;
}

/* Rows of one task where n of them are shared out, `times` over (heads), in steps of `least`. */
static uint32_t rows_of_task(const struct backend_cpu *b, uint32_t n, uint32_t times, uint32_t least, uint32_t most)
{
    const unsigned threads = b->base.info.n_threads;
    if (threads == 1) return most;
    const uint32_t even = count_tasks(n, count_tasks(TASKS * threads, times)), each = count_tasks(even, least) * least;
    return each < most ? each : most;
}

/* Room for a tile of each of the weights, on every thread, before a job; false and the failure noted without memory. */
static bool tiles_for_threads(struct backend_cpu *b, const struct matrix *w)
{
    if (((const struct matrix_cpu *)w)->blocks.n_parts == 0) return true;
    for (unsigned i = 0; i < b->base.info.n_threads; i++)
        if (!scratch_reserve(&b->tile[i], (size_t)TILE * w->cols)) {
            error_set_kind(&b->failure, ERROR_MEMORY, "out of memory for a tile of weights");
            return false;
        }
    return true;
}

/* out[n][stride] = beta out + x w^T for weight rows [begin, begin + columns); beta is 0 or 1. */
static void product(struct backend_cpu *b, unsigned thread, const struct matrix *w, uint32_t begin, uint32_t columns,
                    const float *x, uint32_t n, float beta, float *out, size_t stride)
{
    const struct weight_rows *blocks = &((const struct matrix_cpu *)w)->blocks;
    float *tile = b->tile[thread].data;
    if (blocks->n_parts == 0) {
        blas_product(n, columns, w->cols, x, data(w) + (size_t)begin * w->cols, beta, out, stride);
    } else if (n <= WEIGHT_ROWS_FEW) {
        weight_rows_multiply(blocks, begin, begin + columns, x, n, beta > 0, out, stride, tile);
    } else {
        for (uint32_t done = 0, part; done < columns; done += part) {
            part = columns - done < TILE ? columns - done : TILE;
            weight_rows_dequantize(blocks, begin + done, begin + done + part, tile);
            blas_product(n, part, w->cols, x, tile, beta, out + done, stride);
        }
    }
}

struct project_job {
    const struct project *op;
    struct backend_cpu *b;
    uint32_t rows, columns; /* of one task */
    unsigned n_columns;     /* tasks a block of rows */
};

static void project_task(void *context, unsigned task, unsigned thread)
{
    const struct project_job *job = context;
    const struct project *op = job->op;
    const uint32_t d = op->w->cols, width = op->w->rows;
    uint32_t row = task / job->n_columns * job->rows, column = task % job->n_columns * job->columns;
    uint32_t n = task_size(task / job->n_columns, job->rows, op->n);
    uint32_t columns = task_size(task % job->n_columns, job->columns, width);
    const float *x = data(op->x) + ((size_t)op->x_row + row) * d;
    if (op->norm) {
        float *normed = job->b->thread[thread].data;
        norm_rows(normed, x, data(op->norm), op->norm_eps, n, d);
        x = normed;
    }
    float *out = data(op->out) + (size_t)row * width + column;
    product(job->b, thread, op->w, column, columns, x, n, op->add ? 1.0f : 0.0f, out, width);
    if (op->bias) rows_cpu_bias(out, width, data(op->bias) + column, n, columns);
    if (op->gelu) rows_cpu_gelu(out, width, n, columns);
}

static void cpu_project(const struct project *op)
{
    struct backend_cpu *b = cpu_of(op->out);
    assert(op->x->cols == op->w->cols && op->out->cols == op->w->rows && op->n <= op->out->rows &&
           !(op->gelu && op->add));
    bool few = op->n <= FEW;
    struct project_job job = {.op = op,
                              .b = b,
                              .rows = few ? FEW : rows_of_task(b, op->n, 1, ROWS_LEAST, ROWS),
                              .columns = few ? FEW_COLUMNS : op->w->rows};
    job.n_columns = count_tasks(op->w->rows, job.columns);
    if (!scratch_for_threads(b, (size_t)ROWS * op->w->cols) || !tiles_for_threads(b, op->w)) return;
    thread_pool_run(b->base.pool, count_tasks(op->n, job.rows) * job.n_columns, project_task, &job);
}

static void layer_norm_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct layer_norm *op = context;
    rows_cpu_layer_norm(data(op->x) + (size_t)task * ROWS * op->x->cols, data(op->weight), data(op->bias), op->eps,
                        task_size(task, ROWS, op->n), op->x->cols);
}

static void cpu_layer_norm(const struct layer_norm *op)
{
    assert(op->n <= op->x->rows && op->weight->cols == op->x->cols && op->bias->cols == op->x->cols);
    struct layer_norm copy = *op;
    thread_pool_run(op->x->backend->pool, count_tasks(op->n, ROWS), layer_norm_task, &copy);
}

/* gate = silu(gate) * up of rows that hold gate and up side by side. */
static void gate_rows(float *to, const float *gate_up, uint32_t n, uint32_t f)
{
    for (uint32_t row = 0; row < n; row++, to += f, gate_up += 2 * (size_t)f) {
        const float *up = gate_up + f;
        uint32_t i = 0;
        for (; i + VECTOR_LANES <= f; i += VECTOR_LANES) {
            vector g = vector_load(gate_up + i);
            vector e = vector_exp(-vector_max(g, -g));
            vector sigmoid = vector_select(g > vector_all(0.0f), vector_all(1.0f), e) / (e + 1.0f);
            vector_store(to + i, g * sigmoid * vector_load(up + i));
        }
        for (; i < f; i++) to[i] = gate_up[i] / (1.0f + expf(-gate_up[i])) * up[i];
    }
}

struct feed_forward_job {
    const struct feed_forward *op;
    struct backend_cpu *b;
    uint32_t rows; /* of one task */
};

static void feed_forward_task(void *context, unsigned task, unsigned thread)
{
    const struct feed_forward_job *job = context;
    const struct feed_forward *op = job->op;
    const uint32_t d = op->down->rows, f = op->down->cols, n = task_size(task, job->rows, op->n);
    float *x = data(op->x) + (size_t)task * job->rows * d;
    float *gate_up = job->b->thread[thread].data, *normed = gate_up + (size_t)2 * f * ROWS;
    norm_rows(normed, x, data(op->norm), op->norm_eps, n, d);
    product(job->b, thread, op->gate_up, 0, 2 * f, normed, n, 0.0f, gate_up, 2 * (size_t)f);
    float *gated = normed; /* [n][f] */
    gate_rows(gated, gate_up, n, f);
    product(job->b, thread, op->down, 0, d, gated, n, 1.0f, x, d);
}

static void few_gate_up_task(void *context, unsigned task, unsigned thread)
{
    const struct feed_forward_job *job = context;
    const struct feed_forward *op = job->op;
    const uint32_t d = op->down->rows, f = op->down->cols, begin = task * FEW_COLUMNS;
    float *normed = job->b->thread[thread].data;
    norm_rows(normed, data(op->x), data(op->norm), op->norm_eps, op->n, d);
    product(job->b, thread, op->gate_up, begin, task_size(task, FEW_COLUMNS, 2 * f), normed, op->n, 0.0f,
            job->b->few.data + begin, 2 * (size_t)f);
}

static void few_down_task(void *context, unsigned task, unsigned thread)
{
    const struct feed_forward_job *job = context;
    const struct feed_forward *op = job->op;
    const uint32_t d = op->down->rows, f = op->down->cols, begin = task * FEW_COLUMNS;
    const float *gated = job->b->few.data + (size_t)op->n * 2 * f;
    product(job->b, thread, op->down, begin, task_size(task, FEW_COLUMNS, d), gated, op->n, 1.0f, data(op->x) + begin,
            d);
}

/* Few rows are cut by columns, first of gate and up, then of down. */
static void feed_forward_few(const struct feed_forward *op)
{
    struct backend_cpu *b = cpu_of(op->x);
    const uint32_t d = op->down->rows, f = op->down->cols;
    if (!scratch_for_threads(b, (size_t)FEW * d)) return;
    if (!scratch_reserve(&b->few, (size_t)op->n * 3 * f)) {
        error_set_kind(&b->failure, ERROR_MEMORY, "out of memory for %u rows of a feed-forward", op->n);
        return;
    }
    struct feed_forward_job job = {.op = op, .b = b};
    thread_pool_run(b->base.pool, count_tasks(2 * f, FEW_COLUMNS), few_gate_up_task, &job);
    gate_rows(b->few.data + (size_t)op->n * 2 * f, b->few.data, op->n, f);
    thread_pool_run(b->base.pool, count_tasks(d, FEW_COLUMNS), few_down_task, &job);
}

static void cpu_feed_forward(const struct feed_forward *op)
{
    struct backend_cpu *b = cpu_of(op->x);
    const uint32_t d = op->down->rows, f = op->down->cols;
    assert(op->gate_up->rows == 2 * f && op->gate_up->cols == d && op->x->cols == d && op->n <= op->x->rows);
    if (!tiles_for_threads(b, op->gate_up) || !tiles_for_threads(b, op->down)) return;
    if (op->n <= FEW) {
        feed_forward_few(op);
        return;
    }
    if (!scratch_for_threads(b, ((size_t)2 * f + (d > f ? d : f)) * ROWS)) return;
    struct feed_forward_job job = {op, b, rows_of_task(b, op->n, 1, ROWS_LEAST, ROWS)};
    thread_pool_run(b->base.pool, count_tasks(op->n, job.rows), feed_forward_task, &job);
}

/* Fewer rows leave vector lanes empty in the branches with r > 1, of which a block holds every r-th row. */
enum { ATTENTION_ROWS_LEAST = 96 };

struct attend_job {
    struct attention_cpu attention;
    uint32_t branch; /* being rotated */
    float *rotated;
    uint32_t rows; /* of one task */
    unsigned n_blocks;
};

static void rotate_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct attend_job *job = context;
    uint32_t begin = task * job->rows;
    attention_cpu_rotate(&job->attention, job->branch, begin, begin + task_size(task, job->rows, job->attention.n),
                         job->rotated);
}

static void head_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct attend_job *job = context;
    uint32_t begin = task % job->n_blocks * job->rows;
    attention_cpu_head(&job->attention, task / job->n_blocks, begin,
                       begin + task_size(task % job->n_blocks, job->rows, job->attention.n));
}

static void keep_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct attend_job *job = context;
    const struct attention *s = job->attention.shape;
    uint32_t branch = task / s->n_head, head = task % s->n_head;
    if (head % (s->n_head / s->cache_heads[branch]) == 0) attention_cpu_keep(&job->attention, branch, head);
}

static void cpu_attend(const struct attend *op)
{
    struct backend_cpu *b = cpu_of(op->out);
    const struct attention *s = op->shape;
    assert(op->n <= op->qkv->rows && op->n <= op->out->rows);
    const float *rotated[DILATION_MAX_BRANCHES] = {0};
    struct attend_job job = {
        .attention = {.shape = s,
                      .qkv = data(op->qkv),
                      .rotary = op->rotary ? data(op->rotary) : NULL,
                      .rotated = rotated,
                      .cache_k = data(op->cache_k),
                      .cache_v = data(op->cache_v),
                      .kept = op->kept,
                      .position = op->position,
                      .n = op->n,
                      .causal = op->causal,
                      .out = data(op->out),
                      .lse = op->lse ? data(op->lse) : NULL},
        .rows = rows_of_task(b, op->n, s->n_head, ATTENTION_ROWS_LEAST, ATTENTION_CPU_ROWS),
    };
    job.n_blocks = count_tasks(op->n, job.rows);
    unsigned n_rotated = 0;
    const size_t each = (size_t)op->n * s->n_head_kv * s->head_dim;
    for (uint32_t i = 0; i < s->n_branch; i++) n_rotated += op->rotary && s->branch[i].dilation_rate == 1;
    if (n_rotated && !scratch_reserve(&b->rotated, n_rotated * each)) {
        error_set_kind(&b->failure, ERROR_MEMORY, "out of memory for the rotated keys of %u tokens", op->n);
        return;
    }
    n_rotated = 0;
    for (uint32_t i = 0; op->rotary && i < s->n_branch; i++) {
        if (s->branch[i].dilation_rate != 1) continue;
        job.branch = i;
        rotated[i] = job.rotated = b->rotated.data + n_rotated++ * each;
        thread_pool_run(b->base.pool, job.n_blocks, rotate_task, &job);
    }
    thread_pool_run(b->base.pool, s->n_head * job.n_blocks, head_task, &job);
    thread_pool_run(b->base.pool, s->n_branch * s->n_head, keep_task, &job);
}

struct windows_job {
    const struct attend_windows *op;
    struct attention shape; /* one branch that a window does not fill */
};

static void window_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct windows_job *job = context;
    const struct attend_windows *op = job->op;
    const size_t window = task / op->n_head, first = op->starts[window], width = (size_t)op->n_head * op->head_dim;
    const struct attention_cpu a = {.shape = &job->shape,
                                    .qkv = data(op->qkv) + first * 3 * width,
                                    .n = op->starts[window + 1] - op->starts[window],
                                    .out = data(op->out) + first * width};
    for (uint32_t begin = 0, n; begin < a.n; begin += n) {
        n = a.n - begin < ATTENTION_CPU_ROWS ? a.n - begin : ATTENTION_CPU_ROWS;
        attention_cpu_head(&a, task % op->n_head, begin, begin + n);
    }
}

static void cpu_attend_windows(const struct attend_windows *op)
{
    assert(op->starts[op->n] <= op->qkv->rows && op->starts[op->n] <= op->out->rows &&
           op->qkv->cols == 3 * op->n_head * op->head_dim && op->out->cols == op->n_head * op->head_dim);
    struct windows_job job = {.op = op,
                              .shape = {.n_head = op->n_head,
                                        .n_head_kv = op->n_head,
                                        .head_dim = op->head_dim,
                                        .n_branch = 1,
                                        .branch = {{UINT32_MAX, 1}}}};
    thread_pool_run(cpu_of(op->out)->base.pool, op->n * op->n_head, window_task, &job);
}

struct evidence_job {
    const struct evidence_rows *op;
    struct backend_cpu *b;
    uint32_t rows; /* of one task */
};

static void evidence_task(void *context, unsigned task, unsigned thread)
{
    const struct evidence_job *job = context;
    const struct evidence_rows *op = job->op;
    const uint32_t d = op->w->cols, width = op->w->rows, begin = task * job->rows,
                   n = task_size(task, job->rows, op->n);
    float *normed = job->b->thread[thread].data, *u = normed + (size_t)ROWS * d;
    norm_rows(normed, data(op->x) + (size_t)begin * d, data(op->norm), op->norm_eps, n, d);
    product(job->b, thread, op->w, 0, width, normed, n, 0.0f, u, width);
    const struct weight_rows *blocks = &((const struct matrix_cpu *)op->token)->blocks;
    float *token = normed; /* read already */
    for (uint32_t i = 0; i < n; i++, u += width) {
        const uint32_t id = (uint32_t)op->ids[begin + i];
        if (blocks->n_parts)
            weight_rows_dequantize(blocks, id, id + 1, token);
        else
            memcpy(token, data(op->token) + (size_t)id * width, width * sizeof *token);
        for (uint32_t k = 0; k < width; k++) u[k] += token[k];
        float length = sqrtf(vector_dot(u, u, width));
        float scale = length > 0 ? 1.0f / length : 0.0f;
        if (op->quantise) {
            int8_t *to = (int8_t *)(data(op->out) + (size_t)(begin + i) * op->out->cols);
            for (uint32_t k = 0; k < width; k++)
                to[k] = (int8_t)rintf(fminf(fmaxf(254.0f * (u[k] * scale), -127.0f), 127.0f));
        } else {
            float *to = data(op->out) + (size_t)(begin + i) * width;
            for (uint32_t k = 0; k < width; k++) to[k] = u[k] * scale;
        }
    }
}

static void cpu_evidence_rows(const struct evidence_rows *op)
{
    struct backend_cpu *b = cpu_of(op->out);
    assert(op->out->cols == (op->quantise ? op->w->rows / 4 : op->w->rows) && op->n <= op->out->rows);
    if (!scratch_for_threads(b, (size_t)ROWS * (op->w->cols + op->w->rows)) || !tiles_for_threads(b, op->w)) return;
    struct evidence_job job = {op, b, rows_of_task(b, op->n, 1, ROWS_LEAST, ROWS)};
    thread_pool_run(b->base.pool, count_tasks(op->n, job.rows), evidence_task, &job);
}

static void cpu_close(struct backend *backend)
{
    struct backend_cpu *b = (struct backend_cpu *)backend;
    for (unsigned i = 0; b->thread && i < b->base.info.n_threads; i++) free(b->thread[i].data);
    for (unsigned i = 0; b->tile && i < b->base.info.n_threads; i++) free(b->tile[i].data);
    free(b->thread);
    free(b->tile);
    free(b->few.data);
    free(b->rotated.data);
    thread_pool_close(b->base.pool);
    free(b);
}

static const struct backend_ops cpu_ops = {
    .close = cpu_close,
    .matrix_open = cpu_matrix_open,
    .activations_open = cpu_matrix_open,
    .matrix_load = cpu_matrix_load,
    .matrix_close = cpu_matrix_close,
    .matrix_write = cpu_matrix_write,
    .matrix_read = cpu_matrix_read,
    .matrix_fetch = cpu_matrix_fetch,
    .wait = cpu_wait,
    .matrix_copy = cpu_matrix_copy,
    .embed = cpu_embed,
    .project = cpu_project,
    .layer_norm = cpu_layer_norm,
    .feed_forward = cpu_feed_forward,
    .attend = cpu_attend,
    .attend_windows = cpu_attend_windows,
    .evidence_rows = cpu_evidence_rows,
    .flush = cpu_flush,
};

/* The processor's name as the system tells it, or "processor". */
static void cpu_name(char *name, size_t size)
{
    snprintf(name, size, "processor");
    FILE *f = fopen("/proc/cpuinfo", "r");
    if (!f) return;
    char line[256];
    while (fgets(line, sizeof line, f)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        line[strcspn(line, "\n")] = 0;
        if (colon[1]) snprintf(name, size, "%.80s", colon + 2);
        break;
    }
    fclose(f);
}

int backend_cpu_open(struct backend **out, unsigned n_threads, struct error *e)
{
    blas_open();
    struct backend_cpu *b = calloc(1, sizeof *b);
    if (!b) return error_memory(e);
    b->base.ops = &cpu_ops;
    if (thread_pool_open(&b->base.pool, n_threads, e) != 0) {
        free(b);
        return -1;
    }
    struct backend_info *info = &b->base.info;
    info->n_threads = thread_pool_n_threads(b->base.pool);
    info->chunk_rows = CHUNK;
    while (info->chunk_rows < CHUNK_A_THREAD * info->n_threads) info->chunk_rows *= 2;
    info->tolerance = 1e-3f;
    info->max_head_dim = ATTENTION_CPU_MAX_HEAD_DIM;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    info->memory = pages > 0 && page > 0 ? (size_t)pages * (size_t)page : 0;
    char name[88];
    cpu_name(name, sizeof name);
    snprintf(info->name, sizeof info->name, "cpu: %s, %u thread%s", name, info->n_threads,
             info->n_threads == 1 ? "" : "s");
    b->thread = calloc(info->n_threads, sizeof *b->thread);
    b->tile = calloc(info->n_threads, sizeof *b->tile);
    if (!b->thread || !b->tile) {
        cpu_close(&b->base);
        return error_memory(e);
    }
    *out = &b->base;
    return 0;
}
