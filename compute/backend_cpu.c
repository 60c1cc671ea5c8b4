#include "compute/backend_cpu.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compute/attention_cpu.h"
#include "compute/backend.h"
#include "compute/error.h"
#include "compute/matrix_cpu.h"
#include "compute/product.h"
#include "compute/loops.h"
#include "compute/row_ops_cpu.h"
#include "compute/rows_cpu.h"
#include "compute/thread_pool.h"

/* Rows that one task takes through an op: enough for it to be at its best. */
enum { ROWS = MATRIX_CPU_ROWS, ROWS_LEAST = 64, GATE_ROWS = 16 };

/* Tokens of a chunk at which a device is at its best: CHUNK, and more where there are many threads. */
enum { CHUNK = 2048, CHUNK_A_THREAD = 512 };

static float *floats_of(const struct matrix *m)
{
    return matrix_cpu_data(m);
}

static struct backend_cpu *cpu_of(const struct matrix *m)
{
    return (struct backend_cpu *)m->backend;
}

static int cpu_wait(struct backend *b, uint64_t ticket, struct error *e)
{
    (void)ticket;
    return matrix_cpu_flush(b, e);
}

struct embed_job {
    struct matrix *x;
    const struct matrix *table;
    const int32_t *ids;
    uint32_t n, rows; /* rows: of one task */
    float scale;
    bool add;
};

static void embed_task(void *context, unsigned task, unsigned thread)
{
    const struct embed_job *job = context;
    const uint32_t d = job->x->cols, begin = task * job->rows, n = thread_pool_task_size(task, job->rows, job->n);
    float *row = cpu_of(job->x)->thread[thread].data;
    for (uint32_t i = begin; i < begin + n; i++) {
        matrix_cpu_row(job->table, (uint32_t)job->ids[i], row);
        for (uint32_t k = 0; job->scale != 1.0f && k < d; k++) row[k] *= job->scale;
        loops()->rows->store(floats_of(job->x) + (size_t)i * d, d, job->add, row, 1, d);
    }
}

static void cpu_embed(struct matrix *x, const struct matrix *table, const int32_t *ids, uint32_t n, float scale,
                      bool add)
{
    struct backend_cpu *b = cpu_of(x);
    assert(x->cols == table->cols && n <= x->rows);
    if (!matrix_cpu_scratch_for_threads(b, x->cols)) return;
    matrix_cpu_keep_rows(table);
    struct embed_job job = {x, table, ids, n, matrix_cpu_task_rows(&b->base, n, 1, ROWS_LEAST, ROWS), scale, add};
    thread_pool_run(b->base.pool, thread_pool_tasks(n, job.rows), embed_task, &job);
}

/* A task's part of a product of n rows. */
struct part {
    uint32_t row, n, column, columns;
};

static struct part part_of(struct cut cut, unsigned task, uint32_t n, uint32_t width)
{
    const unsigned parts = thread_pool_tasks(width, cut.columns), rows = task / parts, columns = task % parts;
    return (struct part){rows * cut.rows, thread_pool_task_size(rows, cut.rows, n), columns * cut.columns,
                         thread_pool_task_size(columns, cut.columns, width)};
}

static unsigned parts_of(struct cut cut, uint32_t n, uint32_t width)
{
    return thread_pool_tasks(n, cut.rows) * thread_pool_tasks(width, cut.columns);
}

struct project_job {
    const struct project *op;
    struct backend_cpu *b;
    struct cut cut;
};

static void project_task(void *context, unsigned task, unsigned thread)
{
    const struct project_job *job = context;
    const struct project *op = job->op;
    const uint32_t d = op->w->cols, width = op->w->rows;
    const struct part p = part_of(job->cut, task, op->n, width);
    const float *x = floats_of(op->x) + ((size_t)op->x_row + p.row) * d;
    if (op->norm) {
        float *normed = job->b->thread[thread].data;
        loops()->rows->norm(normed, x, floats_of(op->norm), op->norm_eps, p.n, d);
        x = normed;
    }
    float *out = floats_of(op->out) + (size_t)p.row * width + p.column;
    matrix_cpu_product(job->b, thread, op->w, p.column, p.columns, x, p.n, op->n, op->add, out, width);
    if (op->bias) loops()->rows->bias(out, width, floats_of(op->bias) + p.column, p.n, p.columns);
    if (op->gelu) loops()->rows->gelu(out, width, p.n, p.columns);
}

static void cpu_project(const struct project *op)
{
    struct backend_cpu *b = cpu_of(op->out);
    assert(op->x->cols == op->w->cols && op->out->cols == op->w->rows && op->n <= op->out->rows &&
           !(op->gelu && op->add));
    if (!matrix_cpu_scratch_for_threads(b, (size_t)ROWS * op->w->cols) || !matrix_cpu_prepare(b, op->w, op->n)) return;
    struct project_job job = {.op = op, .b = b, .cut = matrix_cpu_cut(op->w, op->n, op->n)};
    thread_pool_run(b->base.pool, parts_of(job.cut, op->n, op->w->rows), project_task, &job);
}

/* What the rows of x get, or `apart` in their place. */
static float *feed_forward_out(const struct feed_forward *op)
{
    return floats_of(op->apart ? op->apart : op->x);
}

struct feed_forward_job {
    const struct feed_forward *op;
    struct backend_cpu *b;
    struct cut cut;
    uint32_t first, n; /* rows that go through it together, in steps */
    float *gate_up, *gated;
};

/* Rows through all of it: whole rows of weights for each task. */
static void feed_forward_task(void *context, unsigned task, unsigned thread)
{
    const struct feed_forward_job *job = context;
    const struct feed_forward *op = job->op;
    const uint32_t d = op->down->rows, f = op->down->cols, n = thread_pool_task_size(task, job->cut.rows, op->n);
    const size_t first = (size_t)task * job->cut.rows * d;
    float *gate_up = job->b->thread[thread].data, *normed = gate_up + (size_t)2 * f * ROWS;
    loops()->rows->norm(normed, floats_of(op->x) + first, floats_of(op->norm), op->norm_eps, n, d);
    matrix_cpu_product(job->b, thread, op->gate_up, 0, 2 * f, normed, n, op->n, false, gate_up, 2 * (size_t)f);
    float *gated = normed; /* [n][f] */
    loops()->rows->gate(gated, gate_up, n, f, op->gelu);
    matrix_cpu_product(job->b, thread, op->down, 0, d, gated, n, op->n, !op->apart, feed_forward_out(op) + first, d);
}

static void gate_up_task(void *context, unsigned task, unsigned thread)
{
    const struct feed_forward_job *job = context;
    const struct feed_forward *op = job->op;
    const uint32_t d = op->down->rows, width = op->gate_up->rows;
    const struct part p = part_of(job->cut, task, job->n, width);
    float *normed = job->b->thread[thread].data;
    loops()->rows->norm(normed, floats_of(op->x) + ((size_t)job->first + p.row) * d, floats_of(op->norm), op->norm_eps,
                        p.n, d);
    matrix_cpu_product(job->b, thread, op->gate_up, p.column, p.columns, normed, p.n, op->n, false,
                       job->gate_up + (size_t)p.row * width + p.column, width);
}

static void gate_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct feed_forward_job *job = context;
    const size_t f = job->op->down->cols, row = (size_t)task * GATE_ROWS;
    loops()->rows->gate(job->gated + row * f, job->gate_up + row * 2 * f,
                        thread_pool_task_size(task, GATE_ROWS, job->n), (uint32_t)f, job->op->gelu);
}

static void down_task(void *context, unsigned task, unsigned thread)
{
    const struct feed_forward_job *job = context;
    const struct feed_forward *op = job->op;
    const uint32_t d = op->down->rows, f = op->down->cols;
    const struct part p = part_of(job->cut, task, job->n, d);
    matrix_cpu_product(job->b, thread, op->down, p.column, p.columns, job->gated + (size_t)p.row * f, p.n, op->n,
                       !op->apart, feed_forward_out(op) + ((size_t)job->first + p.row) * d + p.column, d);
}

/* Some rows at a time, all threads first at gate and up, then at down. */
static void feed_forward_by_steps(const struct feed_forward *op, struct backend_cpu *b)
{
    const uint32_t d = op->down->rows, f = op->down->cols, threads = b->base.info.n_threads;
    const uint32_t most = ROWS_LEAST * threads > ROWS ? ROWS_LEAST * threads : ROWS, rows = op->n < most ? op->n : most;
    if (!matrix_cpu_scratch_for_threads(b, (size_t)ROWS * d)) return;
    if (!matrix_cpu_scratch(&b->gates, (size_t)rows * 3 * f)) {
        error_set_kind(&b->failure, ERROR_MEMORY, "out of memory for %u rows of a feed-forward", rows);
        return;
    }
    struct feed_forward_job job = {
        .op = op, .b = b, .gate_up = b->gates.data, .gated = b->gates.data + (size_t)rows * 2 * f};
    for (; job.first < op->n; job.first += job.n) {
        job.n = op->n - job.first < rows ? op->n - job.first : rows;
        job.cut = matrix_cpu_cut(op->gate_up, job.n, op->n);
        thread_pool_run(b->base.pool, parts_of(job.cut, job.n, 2 * f), gate_up_task, &job);
        thread_pool_run(b->base.pool, thread_pool_tasks(job.n, GATE_ROWS), gate_task, &job);
        job.cut = matrix_cpu_cut(op->down, job.n, op->n);
        thread_pool_run(b->base.pool, parts_of(job.cut, job.n, d), down_task, &job);
    }
}

static void cpu_feed_forward(const struct feed_forward *op)
{
    struct backend_cpu *b = cpu_of(op->x);
    const uint32_t d = op->down->rows, f = op->down->cols;
    assert(op->gate_up->rows == 2 * f && op->gate_up->cols == d && op->x->cols == d && op->n <= op->x->rows);
    if (!matrix_cpu_prepare(b, op->gate_up, op->n) || !matrix_cpu_prepare(b, op->down, op->n)) return;
    if (!matrix_cpu_cuts_rows(op->gate_up, op->n) || !matrix_cpu_cuts_rows(op->down, op->n)) {
        feed_forward_by_steps(op, b);
        return;
    }
    if (!matrix_cpu_scratch_for_threads(b, ((size_t)2 * f + (d > f ? d : f)) * ROWS)) return;
    struct feed_forward_job job = {.op = op, .b = b, .cut = matrix_cpu_cut(op->gate_up, op->n, op->n)};
    thread_pool_run(b->base.pool, thread_pool_tasks(op->n, job.cut.rows), feed_forward_task, &job);
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
    loops()->attention->rotate(&job->attention, job->branch, begin,
                               begin + thread_pool_task_size(task, job->rows, job->attention.n), job->rotated);
}

static void head_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct attend_job *job = context;
    uint32_t begin = task % job->n_blocks * job->rows;
    loops()->attention->head(&job->attention, task / job->n_blocks, begin,
                             begin + thread_pool_task_size(task % job->n_blocks, job->rows, job->attention.n));
}

static void keep_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct attend_job *job = context;
    const struct attention *s = job->attention.shape;
    uint32_t branch = task / s->n_head, head = task % s->n_head;
    if (head % (s->n_head / s->cache_heads[branch]) == 0) loops()->attention->keep(&job->attention, branch, head);
}

static void cpu_attend(const struct attend *op)
{
    struct backend_cpu *b = cpu_of(op->out);
    const struct attention *s = op->shape;
    assert(op->n <= op->qkv->rows && op->n <= op->out->rows);
    const float *rotated[DILATION_MAX_BRANCHES] = {0};
    struct attend_job job = {
        .attention = {.shape = s,
                      .qkv = floats_of(op->qkv),
                      .rotary = op->rotary ? floats_of(op->rotary) : NULL,
                      .rotated = rotated,
                      .cache_k = floats_of(op->cache_k),
                      .cache_v = floats_of(op->cache_v),
                      .kept = op->kept,
                      .position = op->position,
                      .n = op->n,
                      .causal = op->causal,
                      .window = op->window,
                      .local = op->local,
                      .out = floats_of(op->out),
                      .lse = op->lse ? floats_of(op->lse) : NULL},
        .rows = matrix_cpu_task_rows(&b->base, op->n, s->n_head, ATTENTION_ROWS_LEAST, ATTENTION_CPU_ROWS),
    };
    job.n_blocks = thread_pool_tasks(op->n, job.rows);
    unsigned n_rotated = 0;
    const size_t each = (size_t)op->n * s->n_head_kv * s->head_dim;
    for (uint32_t i = 0; i < s->n_branch; i++) n_rotated += op->rotary && s->branch[i].dilation_rate == 1;
    if (n_rotated && !matrix_cpu_scratch(&b->rotated, n_rotated * each)) {
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

static void cpu_keep(const struct keep *op)
{
    const float *from = floats_of(op->from);
    float *k = floats_of(op->k), *v = floats_of(op->v);
    const size_t d = op->head_dim;
    for (uint32_t i = 0; i < op->n_runs; i++) {
        const struct keep_run *run = &op->runs[i];
        for (uint32_t n = 0; n < run->count; n++) {
            const float *key = from + ((size_t)run->row + (size_t)n * run->step) * op->from->cols +
                               ((size_t)op->n_head + run->head) * d;
            memcpy(k + ((size_t)run->to + n) * d, key, d * sizeof *k);
            memcpy(v + ((size_t)run->to + n) * d, key + op->n_head_kv * d, d * sizeof *v);
        }
    }
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
                                    .qkv = floats_of(op->qkv) + first * 3 * width,
                                    .n = op->starts[window + 1] - op->starts[window],
                                    .out = floats_of(op->out) + first * width};
    for (uint32_t begin = 0, n; begin < a.n; begin += n) {
        n = a.n - begin < ATTENTION_CPU_ROWS ? a.n - begin : ATTENTION_CPU_ROWS;
        loops()->attention->head(&a, task % op->n_head, begin, begin + n);
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
                   n = thread_pool_task_size(task, job->rows, op->n);
    float *normed = job->b->thread[thread].data, *u = normed + (size_t)ROWS * d;
    const float *x = floats_of(op->x) + (size_t)begin * d;
    if (op->norm) loops()->rows->norm(normed, x, floats_of(op->norm), op->norm_eps, n, d);
    matrix_cpu_product(job->b, thread, op->w, 0, width, op->norm ? normed : x, n, op->n, false, u, width);
    float *token = normed; /* read already */
    if (!op->token) memset(token, 0, width * sizeof *token);
    for (uint32_t i = 0; i < n; i++, u += width) {
        if (op->token) matrix_cpu_row(op->token, (uint32_t)op->ids[begin + i], token);
        loops()->rows->evidence(u, token, width);
        if (op->quantise)
            loops()->rows->evidence_key((int8_t *)(floats_of(op->out) + (size_t)(begin + i) * op->out->cols), u, width);
        else
            memcpy(floats_of(op->out) + (size_t)(begin + i) * width, u, width * sizeof *u);
    }
}

static void cpu_evidence_rows(const struct evidence_rows *op)
{
    struct backend_cpu *b = cpu_of(op->out);
    assert(op->out->cols == (op->quantise ? op->w->rows / 4 : op->w->rows) && op->n <= op->out->rows);
    if (!matrix_cpu_scratch_for_threads(b, (size_t)ROWS * (op->w->cols + op->w->rows)) ||
        !matrix_cpu_prepare(b, op->w, op->n))
        return;
    if (op->token) matrix_cpu_keep_rows(op->token);
    struct evidence_job job = {op, b, matrix_cpu_task_rows(&b->base, op->n, 1, ROWS_LEAST, ROWS)};
    thread_pool_run(b->base.pool, thread_pool_tasks(op->n, job.rows), evidence_task, &job);
}

static void cpu_close(struct backend *backend)
{
    struct backend_cpu *b = (struct backend_cpu *)backend;
    for (unsigned i = 0; b->thread && i < b->base.info.n_threads; i++) free(b->thread[i].data);
    for (unsigned i = 0; b->tile && i < b->base.info.n_threads; i++) free(b->tile[i].data);
    free(b->thread);
    free(b->tile);
    free(b->gates.data);
    free(b->rotated.data);
    for (int i = 0; i < PRODUCT_PRECISIONS; i++) product_close(b->products[i]);
    thread_pool_close(b->base.pool);
    free(b);
}

static void cpu_set_precision(struct backend *backend, const char *name)
{
    struct backend_cpu *b = (struct backend_cpu *)backend;
    enum product_precision p = PRODUCT_FP32; /* and after a GPU's float16, which a processor has not */
    if (strcmp(name, "fp16") != 0 && !product_precision_find(name, &p)) return;
    b->precision = p;
    backend->info.precision = product_precision_name(p);
}

static const struct backend_ops cpu_ops = {
    .close = cpu_close,
    .set_precision = cpu_set_precision,
    .matrix_open = matrix_cpu_open,
    .activations_open = matrix_cpu_open,
    .matrix_load = matrix_cpu_load,
    .matrix_close = matrix_cpu_close,
    .matrix_write = matrix_cpu_write,
    .matrix_read = matrix_cpu_read,
    .matrix_fetch = matrix_cpu_fetch,
    .start = matrix_cpu_start,
    .done = matrix_cpu_done,
    .wait = cpu_wait,
    .matrix_copy = matrix_cpu_copy,
    .embed = cpu_embed,
    .project = cpu_project,
    .layer_norm = row_ops_cpu_layer_norm,
    .norm_parts = row_ops_cpu_norm_parts,
    .norm_add = row_ops_cpu_norm_add,
    .short_conv = row_ops_cpu_short_conv,
    .feed_forward = cpu_feed_forward,
    .attend = cpu_attend,
    .attend_windows = cpu_attend_windows,
    .keep = cpu_keep,
    .evidence_rows = cpu_evidence_rows,
    .flush = matrix_cpu_flush,
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

int backend_cpu_open(struct backend **out, enum product_precision precision, unsigned n_threads, struct error *e)
{
    if (loops_choose(e) != 0) return -1;
    struct backend_cpu *b = calloc(1, sizeof *b);
    if (!b) return error_memory(e);
    b->base.ops = &cpu_ops;
    b->precision = precision;
    if (thread_pool_open(&b->base.pool, n_threads, e) != 0) {
        cpu_close(&b->base);
        return -1;
    }
    struct backend_info *info = &b->base.info;
    info->n_threads = thread_pool_n_threads(b->base.pool);
    info->chunk_rows = CHUNK;
    while (info->chunk_rows < CHUNK_A_THREAD * info->n_threads) info->chunk_rows *= 2;
    info->precision = product_precision_name(precision);
    info->tolerance = precision == PRODUCT_INT8 ? 3e-2f : precision == PRODUCT_BF16 ? 1e-2f : 1e-3f;
    info->max_head_dim = ATTENTION_CPU_MAX_HEAD_DIM;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    info->memory = pages > 0 && page > 0 ? (size_t)pages * (size_t)page : 0;
    char name[88];
    cpu_name(name, sizeof name);
    snprintf(info->name, sizeof info->name, "cpu: %s, %u thread%s, %s, %s", name, info->n_threads,
             info->n_threads == 1 ? "" : "s", loops()->name, info->precision);
    b->thread = calloc(info->n_threads, sizeof *b->thread);
    b->tile = calloc(info->n_threads, sizeof *b->tile);
    if (!b->thread || !b->tile) {
        cpu_close(&b->base);
        return error_memory(e);
    }
    *out = &b->base;
    return 0;
}
