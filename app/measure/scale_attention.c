#include "app/measure/scale_attention.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/measure/scale_check.h"
#include "app/measure/scale_input.h"
#include "compute/backend.h"
#include "compute/error.h"
#include "compute/thread_pool.h"

enum { FIRST_ROWS = 256, MAX_ROWS = 16384, INPUT_BYTES = 32 << 20, TASK_ROWS = 256 };
static const double SHORTEST_RUN = 0.25, RUN_AT = 1.0; /* seconds */
static const uint64_t SEED = 5;

struct stream {
    struct backend *backend;
    const struct attention *shape;
    struct matrix *qkv, *cache_k, *cache_v, *out;
    float *inputs;           /* [max_rows][width] */
    uint32_t *kept;          /* [n_branch][n_head] */
    uint32_t width;          /* columns of qkv */
    uint32_t max_rows, rows; /* of a chunk */
    uint64_t position;
    double input_seconds;
    const struct scale_watch *watch;
};

/* The rows that are compared with their definition. */
struct samples {
    uint64_t positions[SCALE_MAX_SAMPLES];
    size_t n, n_seen;
    float *rows; /* [n][n_head head_dim], owned: as the device gave them */
};

/* Nothing rotates: the shape is what costs. */
static void shape_open(struct attention *a, uint32_t n_head, uint32_t head_dim)
{
    *a = (struct attention){.n_head = n_head, .n_head_kv = n_head, .head_dim = head_dim, .offset_rule = OFFSET_PAPER};
}

int scale_attention_ladder(struct attention *a, uint32_t n_head, uint32_t head_dim, uint64_t segment, uint64_t ratio,
                           uint64_t length, struct error *e)
{
    shape_open(a, n_head, head_dim);
    for (uint64_t w = segment, r = 1;; w *= ratio, r *= ratio) {
        if (a->n_branch == DILATION_MAX_BRANCHES)
            return error_set(e, "segments from %llu on, times %llu, need more than %d branches",
                             (unsigned long long)segment, (unsigned long long)ratio, DILATION_MAX_BRANCHES);
        a->branch[a->n_branch++] = (struct branch){w, r};
        if (w > length || w > UINT64_MAX / ratio) break;
    }
    return attention_layout(a, e);
}

int scale_attention_dense(struct attention *a, uint32_t n_head, uint32_t head_dim, uint64_t length, struct error *e)
{
    shape_open(a, n_head, head_dim);
    a->branch[a->n_branch++] = (struct branch){length, 1};
    return attention_layout(a, e);
}

static void stream_close(struct stream *s)
{
    const struct backend_ops *ops = s->backend->ops;
    ops->matrix_close(s->qkv);
    ops->matrix_close(s->cache_k);
    ops->matrix_close(s->cache_v);
    ops->matrix_close(s->out);
    free(s->inputs);
    free(s->kept);
}

static int stream_open(struct stream *s, struct backend *b, const struct attention *a, const struct scale_watch *watch,
                       struct error *e)
{
    const struct backend_ops *ops = b->ops;
    *s = (struct stream){.backend = b, .shape = a, .watch = watch, .rows = FIRST_ROWS};
    s->width = (a->n_head + 2 * a->n_head_kv) * a->head_dim;
    size_t most = INPUT_BYTES / (s->width * sizeof *s->inputs);
    s->max_rows = most > MAX_ROWS ? MAX_ROWS : most < FIRST_ROWS ? FIRST_ROWS : (uint32_t)most;
    s->inputs = malloc((size_t)s->max_rows * s->width * sizeof *s->inputs);
    s->kept = calloc((size_t)a->n_branch * a->n_head, sizeof *s->kept);
    if (!s->inputs || !s->kept) {
        error_set_kind(e, ERROR_MEMORY, "out of memory for a chunk of %u rows", s->max_rows);
    } else if (ops->activations_open(&s->qkv, b, s->max_rows, s->width, e) == 0 &&
               ops->activations_open(&s->cache_k, b, a->cache_rows, a->head_dim, e) == 0 &&
               ops->activations_open(&s->cache_v, b, a->cache_rows, a->head_dim, e) == 0 &&
               ops->activations_open(&s->out, b, s->max_rows, a->n_head * a->head_dim, e) == 0) {
        return 0;
    }
    stream_close(s);
    return -1;
}

static size_t stream_memory(const struct stream *s)
{
    return s->qkv->bytes + s->cache_k->bytes + s->cache_v->bytes + s->out->bytes +
           (size_t)s->max_rows * s->width * sizeof *s->inputs;
}

/* Rows of `n_cols` input columns from `column` on, at first, first + stride, ... */
struct make_job {
    float *to;
    uint64_t first, stride;
    uint32_t n, column, n_cols;
};

static void make_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct make_job *j = context;
    uint32_t end = (task + 1) * TASK_ROWS < j->n ? (task + 1) * TASK_ROWS : j->n;
    for (uint32_t i = task * TASK_ROWS; i < end; i++)
        scale_input_row(j->to + (size_t)i * j->n_cols, SEED, j->first + i * j->stride, j->column, j->n_cols);
}

static int make_rows(struct stream *s, struct matrix *to, uint32_t to_row, struct make_job job, struct error *e)
{
    double begin = scale_run_now();
    job.to = s->inputs;
    thread_pool_run(s->backend->pool, (job.n + TASK_ROWS - 1) / TASK_ROWS, make_task, &job);
    int status = s->backend->ops->matrix_write(to, to_row, job.n, s->inputs, e);
    s->input_seconds += scale_run_now() - begin;
    return status;
}

/* Attends the next rows, up to `end`; fetches the sampled ones among them. */
static int stream_step(struct stream *s, uint64_t end, struct samples *samples, struct error *e)
{
    const struct backend_ops *ops = s->backend->ops;
    double began = scale_run_now();
    uint32_t n = end - s->position < s->rows ? (uint32_t)(end - s->position) : s->rows;
    struct make_job job = {.first = s->position, .stride = 1, .n = n, .n_cols = s->width};
    if (make_rows(s, s->qkv, 0, job, e) != 0) return -1;
    struct attend op = {.shape = s->shape,
                        .qkv = s->qkv,
                        .cache_k = s->cache_k,
                        .cache_v = s->cache_v,
                        .kept = s->kept,
                        .position = s->position,
                        .n = n,
                        .causal = true,
                        .out = s->out};
    ops->attend(&op);
    if (ops->flush(s->backend, e) != 0) return -1;
    s->rows = scale_run_rows(s->rows, s->max_rows, n, scale_run_now() - began);
    const size_t width = (size_t)s->shape->n_head * s->shape->head_dim;
    while (samples->n_seen < samples->n && samples->positions[samples->n_seen] < s->position + n) {
        uint32_t row = (uint32_t)(samples->positions[samples->n_seen] - s->position);
        if (ops->matrix_read(s->out, row, 1, samples->rows + samples->n_seen * width, e) != 0) return -1;
        samples->n_seen++;
    }
    attention_advance(s->shape, s->position, n, s->kept);
    s->position += n;
    return 0;
}

/* The state after [0, position): the on-grid keys of every branch's current segment, and no others, are made. */
static int stream_seek(struct stream *s, uint64_t position, struct error *e)
{
    const struct attention *a = s->shape;
    const uint32_t batch = s->max_rows; /* a key is never wider than a row of inputs */
    s->position = position;
    for (uint32_t i = 0; i < a->n_branch; i++) {
        const struct branch *b = &a->branch[i];
        uint64_t in_segment = position % b->segment_length;
        for (uint32_t head = 0; head < a->n_head; head++) {
            uint64_t offset = dilation_head_offset(a->offset_rule, head, a->n_head, b->dilation_rate);
            uint32_t n = (uint32_t)dilation_count(b, offset, in_segment);
            uint32_t first_row = attention_cache_row(a, i, head), kv = head / (a->n_head / a->n_head_kv);
            s->kept[i * a->n_head + head] = n;
            for (uint32_t done = 0; done < n; done += batch) {
                if (scale_run_check(s->watch, e) != 0) return -1;
                struct make_job job = {.first = position - in_segment + offset + done * b->dilation_rate,
                                       .stride = b->dilation_rate,
                                       .n = n - done < batch ? n - done : batch,
                                       .column = (a->n_head + kv) * a->head_dim,
                                       .n_cols = a->head_dim};
                if (make_rows(s, s->cache_k, first_row + done, job, e) != 0) return -1;
                job.column += a->n_head_kv * a->head_dim;
                if (make_rows(s, s->cache_v, first_row + done, job, e) != 0) return -1;
            }
        }
    }
    return 0;
}

struct check_job {
    const struct attention *shape;
    const struct samples *samples;
    double *errors; /* [samples->n] */
    size_t first;
};

static void check_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    struct check_job *j = context;
    const size_t i = j->first + task;
    const uint32_t n_dim = j->shape->head_dim;
    const float *row = j->samples->rows + i * j->shape->n_head * n_dim;
    double expected[256], worst = 0;
    for (uint32_t head = 0; head < j->shape->n_head; head++, row += n_dim) {
        scale_check_row(expected, j->shape, SEED, head, j->samples->positions[i]);
        for (uint32_t d = 0; d < n_dim; d++) {
            double error = fabs((double)row[d] - expected[d]);
            if (isnan(error) || error > worst) worst = error; /* not a number is the largest of all */
        }
    }
    j->errors[i] = worst;
}

/* A few rows at a time, so that a cancel is seen. */
static int check_samples(struct scale_result *out, struct stream *s, const struct samples *samples, struct error *e)
{
    double errors[SCALE_MAX_SAMPLES];
    struct check_job job = {.shape = s->shape, .samples = samples, .errors = errors};
    const unsigned at_once = s->backend->info.n_threads ? s->backend->info.n_threads : 1;
    for (; job.first < samples->n_seen; job.first += at_once) {
        if (scale_run_check(s->watch, e) != 0) return -1;
        size_t left = samples->n_seen - job.first;
        thread_pool_run(s->backend->pool, left < at_once ? (unsigned)left : at_once, check_task, &job);
    }
    out->checked_positions = samples->n_seen;
    out->max_error = 0;
    for (size_t i = 0; i < samples->n_seen; i++) {
        if (isnan(errors[i]) || errors[i] > out->max_error) out->max_error = errors[i];
    }
    return 0;
}

static int samples_open(struct samples *x, const struct attention *a, uint64_t begin, uint64_t end, struct error *e)
{
    x->n_seen = 0;
    x->n = scale_check_sample(x->positions, a, begin, end);
    x->rows = malloc(x->n * a->n_head * a->head_dim * sizeof *x->rows);
    return x->rows ? 0 : error_set_kind(e, ERROR_MEMORY, "out of memory for %zu sampled rows", x->n);
}

/* One chunk that does not count: pages are touched, threads and pipelines are there. */
static int warm_up(struct stream *s, uint64_t end, struct error *e)
{
    struct samples none = {.n = 0};
    if (stream_step(s, end, &none, e) != 0) return -1;
    s->input_seconds = 0;
    return 0;
}

/* [0, length) once more; adds to the seconds. */
static int read_once(struct stream *s, uint64_t length, struct samples *samples, struct scale_result *out,
                     struct error *e)
{
    const double began = scale_run_now() - out->seconds;
    memset(s->kept, 0, (size_t)s->shape->n_branch * s->shape->n_head * sizeof *s->kept);
    for (s->position = 0; s->position < length && !out->gave_up;) {
        if (scale_run_check(s->watch, e) != 0) return -1;
        if (stream_step(s, length, samples, e) != 0) return -1;
        out->seconds = scale_run_now() - began;
        out->gave_up = s->watch->limit > 0 && out->seconds > s->watch->limit;
        if (s->watch->progress) s->watch->progress(s->watch->context, s->position, length, out->seconds);
    }
    return 0;
}

static int read_all(struct stream *s, uint64_t length, struct samples *samples, struct scale_result *out,
                    struct error *e)
{
    unsigned runs = 0;
    if (warm_up(s, length, e) != 0) return -1;
    for (; out->seconds < SHORTEST_RUN && !out->gave_up; runs++) {
        if (read_once(s, length, samples, out, e) != 0) return -1;
    }
    out->tokens = length;
    out->seconds /= runs;
    out->input_seconds = s->input_seconds / runs;
    return 0;
}

/* Positions in the first chunk are sampled: how many follow in the time is not known. */
static int read_at(struct stream *s, uint64_t position, struct samples *samples, struct scale_result *out,
                   struct error *e)
{
    const uint64_t end = UINT64_MAX;
    const double began = scale_run_now();
    while (out->seconds < RUN_AT || samples->n_seen < samples->n) {
        if (scale_run_check(s->watch, e) != 0) return -1;
        if (stream_step(s, end, samples, e) != 0) return -1;
        out->seconds = scale_run_now() - began;
    }
    out->tokens = s->position - position;
    out->input_seconds = s->input_seconds;
    return 0;
}

int scale_attention_read(struct scale_result *out, struct backend *b, const struct attention *a, uint64_t length,
                         const struct scale_watch *watch, struct error *e)
{
    struct stream s;
    struct samples samples;
    struct scale_result result = {0};
    if (samples_open(&samples, a, 0, length, e) != 0) return -1;
    int status = stream_open(&s, b, a, watch, e);
    if (status == 0) {
        status = read_all(&s, length, &samples, &result, e);
        if (status == 0 && !result.gave_up) status = check_samples(&result, &s, &samples, e);
        result.live_bytes = stream_memory(&s);
        stream_close(&s);
    }
    free(samples.rows);
    if (status == 0) *out = result;
    return status;
}

int scale_attention_at(struct scale_result *out, struct backend *b, const struct attention *a, uint64_t position,
                       const struct scale_watch *watch, struct error *e)
{
    struct stream s;
    struct samples samples;
    struct scale_result result = {0};
    if (samples_open(&samples, a, position, position + FIRST_ROWS, e) != 0) return -1;
    int status = stream_open(&s, b, a, watch, e);
    if (status == 0) {
        status = stream_seek(&s, position, e);
        if (status == 0) status = warm_up(&s, position + FIRST_ROWS, e);
        if (status == 0) status = stream_seek(&s, position, e);
        s.input_seconds = 0; /* of reading, not of filling */
        if (status == 0) status = read_at(&s, position, &samples, &result, e);
        if (status == 0) status = check_samples(&result, &s, &samples, e);
        result.live_bytes = stream_memory(&s);
        stream_close(&s);
    }
    free(samples.rows);
    if (status == 0) *out = result;
    return status;
}
