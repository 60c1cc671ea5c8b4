/* What a device answers is compared with plain loops in double precision, on shapes that end inside its blocks. Devices
 * do give wrong numbers: better to say so before a book is read. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compute/backend.h"
#include "compute/definition.h"
#include "compute/error.h"
#include "compute/weights.h"

enum { ROWS = 130, DIM = 48, INNER = 56, WIDTH = 8, IDS = 11, HEADS = 2, HEAD_DIM = 24, CUT = 70, MAX_MATRICES = 12 };

#define NORM_EPS 1e-5f

struct self_test {
    struct backend *b;
    struct error *e;
    struct matrix *opened[MAX_MATRICES]; /* owned */
    int n_opened;
    uint64_t seed;
    float x[ROWS * DIM], norm[DIM], w[INNER * DIM], up[INNER * DIM], down[DIM * INNER];
    float token[IDS * WIDTH], k[WIDTH * DIM];
    float qkv[ROWS * 3 * DIM];
    float got[ROWS * 3 * DIM];
    double expected[ROWS * 3 * DIM];
    int32_t ids[ROWS];
};

static void fill_random(struct self_test *t, float *x, size_t n, float shift)
{
    for (size_t i = 0; i < n; i++) {
        t->seed = t->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        x[i] = shift + (float)(t->seed >> 40) / 8388608.0f - 1.0f;
    }
}

/* An owned matrix with these rows; NULL when it failed. */
static struct matrix *upload(struct self_test *t, uint32_t rows, uint32_t cols, const float *x)
{
    struct matrix *m;
    if (t->b->ops->matrix_open(&m, t->b, rows, cols, t->e) != 0) return NULL;
    t->opened[t->n_opened++] = m;
    return x && t->b->ops->matrix_write(m, 0, rows, x, t->e) != 0 ? NULL : m;
}

static struct matrix *activations(struct self_test *t, uint32_t rows, uint32_t cols)
{
    struct matrix *m;
    if (t->b->ops->activations_open(&m, t->b, rows, cols, t->e) != 0) return NULL;
    return t->opened[t->n_opened++] = m;
}

static struct matrix *load_matrix(struct self_test *t, uint32_t rows, uint32_t cols, const float *x, const float *below)
{
    const struct weights parts[] = {{(const uint8_t *)x, WEIGHTS_F32, rows, cols, cols * sizeof *x},
                                    {(const uint8_t *)below, WEIGHTS_F32, rows, cols, cols * sizeof *x}};
    const struct weights *const both[] = {&parts[0], &parts[1]};
    struct matrix *m;
    if (t->b->ops->matrix_load(&m, t->b, both, below ? 2 : 1, t->e) != 0) return NULL;
    t->opened[t->n_opened++] = m;
    return m;
}

/* Closes the op's matrices; compares the first n elements of `out` with t->expected. */
static int finish_op(struct self_test *t, const char *op, const struct matrix *out, size_t n)
{
    int status = out ? t->b->ops->matrix_read(out, 0, (uint32_t)(n / out->cols), t->got, t->e) : -1;
    double size = 1;
    for (size_t i = 0; i < n; i++) size = fmax(size, isfinite(t->expected[i]) ? fabs(t->expected[i]) : 0);
    for (size_t i = 0; i < n && status == 0; i++)
        if (!(fabs((double)t->got[i] - t->expected[i]) <= (double)t->b->info.tolerance * size))
            status = error_set_kind(t->e, ERROR_DEVICE, "%s gives %.6g instead of %.6g", op, (double)t->got[i],
                                    t->expected[i]);
    while (t->n_opened > 0) t->b->ops->matrix_close(t->opened[--t->n_opened]);
    return status == 0 ? 0 : error_prefix(t->e, "%s: self-test", t->b->info.name);
}

static void normalise_row(const struct self_test *t, uint32_t row, double *out)
{
    const float *x = t->x + row * DIM;
    double sum = 0;
    for (int i = 0; i < DIM; i++) sum += (double)x[i] * (double)x[i];
    for (int i = 0; i < DIM; i++) out[i] = (double)x[i] / sqrt(sum / DIM + (double)NORM_EPS) * (double)t->norm[i];
}

static double dot(const float *w, const double *x, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)w[i] * x[i];
    return sum;
}

static int test_embed(struct self_test *t)
{
    struct matrix *x = upload(t, ROWS, WIDTH, NULL), *table = load_matrix(t, IDS, WIDTH, t->token, NULL);
    if (!x || !table) return finish_op(t, "embed", NULL, 0);
    t->b->ops->embed(x, table, t->ids, ROWS, 2, false);
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < WIDTH; k++) t->expected[i * WIDTH + k] = 2 * (double)t->token[t->ids[i] * WIDTH + k];
    return finish_op(t, "embed", x, (size_t)ROWS * WIDTH);
}

static int test_project(struct self_test *t)
{
    struct matrix *x = upload(t, ROWS, DIM, t->x), *w = load_matrix(t, INNER, DIM, t->w, NULL);
    struct matrix *norm = load_matrix(t, 1, DIM, t->norm, NULL), *out = upload(t, ROWS, INNER, t->qkv);
    if (!x || !w || !norm || !out) return finish_op(t, "project", NULL, 0);
    struct project op = {.out = out, .x = x, .w = w, .norm = norm, .norm_eps = NORM_EPS, .n = ROWS, .add = true};
    t->b->ops->project(&op);
    for (uint32_t i = 0; i < ROWS; i++) {
        double row[DIM];
        normalise_row(t, i, row);
        for (uint32_t k = 0; k < INNER; k++)
            t->expected[i * INNER + k] = (double)t->qkv[i * INNER + k] + dot(t->w + k * DIM, row, DIM);
    }
    return finish_op(t, "project", out, (size_t)ROWS * INNER);
}

/* Bias and activation into activations, and a row's norm. */
static int test_project_bias(struct self_test *t)
{
    struct matrix *x = upload(t, ROWS, DIM, t->x), *w = load_matrix(t, INNER, DIM, t->w, NULL);
    struct matrix *bias = load_matrix(t, 1, INNER, t->up, NULL), *out = activations(t, ROWS, INNER);
    if (!x || !w || !bias || !out) return finish_op(t, "project with bias", NULL, 0);
    t->b->ops->project(&(struct project){.out = out, .x = x, .w = w, .bias = bias, .n = ROWS, .gelu = true});
    for (uint32_t i = 0; i < ROWS; i++)
        for (uint32_t k = 0; k < INNER; k++) {
            double y = (double)t->up[k];
            for (uint32_t j = 0; j < DIM; j++) y += (double)t->w[k * DIM + j] * (double)t->x[i * DIM + j];
            t->expected[i * INNER + k] = y * (1 + erf(y / sqrt(2))) / 2;
        }
    return finish_op(t, "project with bias", out, (size_t)ROWS * INNER);
}

static int test_layer_norm(struct self_test *t)
{
    struct matrix *x = upload(t, ROWS, DIM, t->x), *weight = load_matrix(t, 1, DIM, t->norm, NULL),
                  *bias = load_matrix(t, 1, DIM, t->up, NULL);
    struct matrix *copy = activations(t, ROWS, DIM);
    if (!x || !weight || !bias || !copy) return finish_op(t, "layer_norm", NULL, 0);
    t->b->ops->layer_norm(&(struct layer_norm){x, copy, weight, bias, NORM_EPS, ROWS});
    for (uint32_t i = 0; i < ROWS; i++) {
        const float *row = t->x + i * DIM;
        double mean = 0, variance = 0;
        for (uint32_t k = 0; k < DIM; k++) mean += (double)row[k] / DIM;
        for (uint32_t k = 0; k < DIM; k++) variance += ((double)row[k] - mean) * ((double)row[k] - mean) / DIM;
        for (uint32_t k = 0; k < DIM; k++)
            t->expected[i * DIM + k] =
                ((double)row[k] - mean) / sqrt(variance + (double)NORM_EPS) * (double)t->norm[k] + (double)t->up[k];
    }
    return finish_op(t, "layer_norm", copy, (size_t)ROWS * DIM);
}

static int test_feed_forward(struct self_test *t, bool gelu)
{
    struct matrix *x = upload(t, ROWS, DIM, t->x), *gate_up = load_matrix(t, INNER, DIM, t->w, t->up);
    struct matrix *norm = load_matrix(t, 1, DIM, t->norm, NULL), *down = load_matrix(t, DIM, INNER, t->down, NULL);
    if (!x || !gate_up || !norm || !down) return finish_op(t, "feed_forward", NULL, 0);
    struct feed_forward op = {
        .x = x, .norm = norm, .gate_up = gate_up, .down = down, .norm_eps = NORM_EPS, .n = ROWS, .gelu = gelu};
    t->b->ops->feed_forward(&op);
    for (uint32_t i = 0; i < ROWS; i++) {
        double row[DIM], inner[INNER];
        normalise_row(t, i, row);
        for (int k = 0; k < INNER; k++) {
            const double gate = dot(t->w + k * DIM, row, DIM);
            const double z = gelu ? 1.5957691216057308 * (gate + 0.044715 * gate * gate * gate) : gate;
            inner[k] = gate / (1 + exp(-z)) * dot(t->up + k * DIM, row, DIM);
        }
        for (uint32_t k = 0; k < DIM; k++)
            t->expected[i * DIM + k] = (double)t->x[i * DIM + k] + dot(t->down + k * INNER, inner, INNER);
    }
    return finish_op(t, "feed_forward", x, (size_t)ROWS * DIM);
}

static int test_norm_add(struct self_test *t)
{
    struct matrix *x = upload(t, ROWS, DIM, t->qkv), *y = upload(t, ROWS, DIM, t->x),
                  *norm = load_matrix(t, 1, DIM, t->norm, NULL);
    if (!x || !y || !norm) return finish_op(t, "norm_add", NULL, 0);
    t->b->ops->norm_add(&(struct norm_add){.x = x, .y = y, .norm = norm, .eps = NORM_EPS, .n = ROWS});
    for (uint32_t i = 0; i < ROWS; i++) {
        double row[DIM];
        normalise_row(t, i, row);
        for (uint32_t k = 0; k < DIM; k++) t->expected[i * DIM + k] = row[k] + (double)t->qkv[i * DIM + k];
    }
    return finish_op(t, "norm_add", x, (size_t)ROWS * DIM);
}

/* Two chunks of three taps: rows [0, CUT), then the rest, which is compared. */
static int test_short_conv(struct self_test *t)
{
    enum { TAPS = 3 };
    const struct weights taps = {(const uint8_t *)t->w, WEIGHTS_F32, 1, TAPS * DIM, TAPS * DIM * sizeof *t->w};
    const struct weights *const part = &taps;
    struct matrix *x = activations(t, ROWS, 3 * DIM), *kept = activations(t, ROWS, DIM),
                  *out = activations(t, ROWS, DIM), *w = NULL;
    if (!x || !kept || !out || t->b->ops->matrix_load(&w, t->b, &part, 1, t->e) != 0)
        return finish_op(t, "short_conv", NULL, 0);
    t->opened[t->n_opened++] = w;
    for (uint32_t begin = 0; begin < ROWS; begin += CUT) {
        const uint32_t n = begin == 0 ? CUT : ROWS - CUT;
        if (t->b->ops->matrix_write(x, 0, n, t->qkv + begin * 3 * DIM, t->e) != 0)
            return finish_op(t, "short_conv", NULL, 0);
        t->b->ops->short_conv(
            &(struct short_conv){.out = out, .x = x, .w = w, .kept = kept, .position = begin, .n = n});
    }
    for (uint32_t i = CUT; i < ROWS; i++)
        for (uint32_t k = 0; k < DIM; k++) {
            double sum = 0;
            for (uint32_t tap = 0; tap < TAPS; tap++) {
                const float *row = t->qkv + (i + tap - (TAPS - 1)) * 3 * DIM + k;
                sum += (double)t->w[tap * DIM + k] * (double)row[0] * (double)row[2 * DIM];
            }
            t->expected[(i - CUT) * DIM + k] = sum * (double)t->qkv[i * 3 * DIM + DIM + k];
        }
    return finish_op(t, "short_conv", out, (size_t)(ROWS - CUT) * DIM);
}

static int test_evidence_rows(struct self_test *t)
{
    struct matrix *x = upload(t, ROWS, DIM, t->x), *w = load_matrix(t, WIDTH, DIM, t->k, NULL),
                  *out = upload(t, ROWS, WIDTH, NULL);
    struct matrix *norm = load_matrix(t, 1, DIM, t->norm, NULL), *token = load_matrix(t, IDS, WIDTH, t->token, NULL);
    if (!x || !w || !out || !norm || !token) return finish_op(t, "evidence_rows", NULL, 0);
    struct evidence_rows op = {
        .out = out, .x = x, .norm = norm, .w = w, .token = token, .ids = t->ids, .norm_eps = NORM_EPS, .n = ROWS};
    t->b->ops->evidence_rows(&op);
    for (uint32_t i = 0; i < ROWS; i++) {
        double row[DIM], u[WIDTH], length = 0;
        normalise_row(t, i, row);
        for (int k = 0; k < WIDTH; k++) {
            u[k] = (double)t->token[t->ids[i] * WIDTH + k] + dot(t->k + k * DIM, row, DIM);
            length += u[k] * u[k];
        }
        for (uint32_t k = 0; k < WIDTH; k++) t->expected[i * WIDTH + k] = u[k] / sqrt(length);
    }
    return finish_op(t, "evidence_rows", out, (size_t)ROWS * WIDTH);
}

/* Every question token's sums over keys in segments of CUT, and what is made of them: one number a segment. */
static int test_evidence_scan(struct self_test *t)
{
    enum { N = ROWS / CUT + 1 };
    const struct backend_ops *ops = t->b->ops;
    const uint64_t starts[N + 1] = {0, CUT, ROWS};
    int8_t keys[ROWS * WIDTH];
    double total[IDS], mass[N][IDS] = {{0}}, sum[IDS] = {0};
    float share[N];
    for (int i = 0; i < ROWS * WIDTH; i++) keys[i] = (int8_t)(100 * t->qkv[i]);
    for (int i = 0; i < IDS * ROWS; i++) {
        double logit = 0;
        for (int k = 0; k < WIDTH; k++) logit += (double)t->token[i % IDS * WIDTH + k] * keys[i / IDS * WIDTH + k];
        mass[i / IDS >= CUT][i % IDS] += exp(logit);
        sum[i % IDS] += exp(logit);
    }
    struct matrix *lse = upload(t, N, IDS, NULL), *out = upload(t, N, 1, NULL);
    if (!lse || !out) return finish_op(t, "evidence_scan", NULL, 0);
    ops->evidence_scan(t->b, &(struct evidence_scan){lse, 0, N, IDS, WIDTH, keys, starts, t->token});
    if (ops->evidence_total(lse, N, total, t->e) != 0) return finish_op(t, "evidence_total", NULL, 0);
    struct evidence_score op = {lse, 0, N, IDS, total, t->norm, 2, t->got, share};
    if (ops->evidence_score(&op, t->e) != 0) return finish_op(t, "evidence_score", NULL, 0);
    for (int s = 0; s < N; s++) {
        t->expected[s] = 0;
        for (int k = 0; k < IDS; k++) t->expected[s] += (double)t->norm[k] * log1p(2 * mass[s][k] / sum[k]);
    }
    if (ops->matrix_write(out, 0, N, t->got, t->e) != 0) out = NULL;
    return finish_op(t, "evidence_scan", out, N);
}

/* The rows of t->qkv stand at positions from `first` on. */
struct rows {
    const struct self_test *t;
    uint64_t first;
};

static bool read_row(const void *context, uint64_t position, uint32_t column, double *to)
{
    const struct rows *rows = context;
    const float *from = rows->t->qkv + (position - rows->first) * 3 * DIM + column;
    for (int i = 0; i < HEAD_DIM; i++) to[i] = (double)from[i];
    return true;
}

static void define_attention(struct self_test *t, const struct attention *s, uint64_t first, bool causal, double base,
                             uint32_t window)
{
    const struct definition d = {s, first, first + ROWS, causal, base, read_row, &(struct rows){t, first}, window};
    for (uint32_t i = 0; i < ROWS * HEADS; i++)
        definition_attend(&d, i % HEADS, first + i / HEADS, t->expected + (size_t)i * HEAD_DIM, NULL);
}

/* Two chunks, far from the beginning; r does not divide w, most positions lack the third branch. With a window there is
 * one branch. */
static int test_attend(struct self_test *t, uint32_t window)
{
    const uint64_t position = (UINT64_C(1) << 40) - 100;
    struct attention s = {.n_head = HEADS,
                          .n_head_kv = HEADS,
                          .head_dim = HEAD_DIM,
                          .n_branch = window ? 1 : 3,
                          .branch = {{48, 1}, {100, 3}, {4096, 32}}};
    if (attention_layout(&s, t->e) != 0) return -1;
    float angles[48 * HEAD_DIM];
    for (uint32_t i = 0; i < 48; i++) attention_rotary_row(angles + i * HEAD_DIM, HEAD_DIM, 100, NULL, i);
    struct matrix *qkv = activations(t, ROWS, 3 * DIM), *out = activations(t, ROWS, DIM);
    struct matrix *rotary = upload(t, 48, HEAD_DIM, angles);
    struct matrix *k = activations(t, s.cache_rows, HEAD_DIM), *v = activations(t, s.cache_rows, HEAD_DIM);
    if (!qkv || !out || !rotary || !k || !v) return finish_op(t, "attend", NULL, 0);
    uint32_t kept[3 * HEADS] = {0};
    struct attend op = {.shape = &s,
                        .qkv = qkv,
                        .cache_k = k,
                        .cache_v = v,
                        .rotary = rotary,
                        .kept = kept,
                        .causal = true,
                        .window = window,
                        .out = out};
    for (uint32_t begin = 0; begin < ROWS; begin += op.n) {
        op.n = begin == 0 ? CUT : ROWS - CUT;
        op.position = position + begin;
        if (t->b->ops->matrix_write(qkv, 0, op.n, t->qkv + begin * 3 * DIM, t->e) != 0)
            return finish_op(t, "attend", NULL, 0);
        t->b->ops->attend(&op);
        attention_advance(&s, op.position, op.n, kept);
    }
    /* `out` holds the second chunk: its definition is moved to the front */
    define_attention(t, &s, position, true, 100, window);
    memmove(t->expected, t->expected + CUT * DIM, (ROWS - CUT) * DIM * sizeof *t->expected);
    return finish_op(t, "attend", out, (size_t)(ROWS - CUT) * DIM);
}

static int test_norm_parts(struct self_test *t)
{
    struct matrix *x = activations(t, ROWS, 3 * DIM), *norm = load_matrix(t, 1, DIM, t->norm, NULL);
    if (!x || !norm || t->b->ops->matrix_write(x, 0, ROWS, t->qkv, t->e) != 0)
        return finish_op(t, "norm_parts", NULL, 0);
    t->b->ops->norm_parts(
        &(struct norm_parts){.x = x, .norm = norm, .begin = DIM, .n_part = 2, .eps = NORM_EPS, .n = ROWS});
    for (uint32_t i = 0; i < ROWS * 3; i++) {
        const float *part = t->qkv + (size_t)i * DIM;
        double sum = 0;
        for (uint32_t k = 0; k < DIM; k++) sum += (double)part[k] * (double)part[k];
        for (uint32_t k = 0; k < DIM; k++)
            t->expected[i * DIM + k] =
                (double)part[k] *
                (i % 3 == 0 ? 1 : (double)t->norm[k] / sqrt(sum / DIM + (double)NORM_EPS)); /* the first part stays */
    }
    return finish_op(t, "norm_parts", x, (size_t)ROWS * 3 * DIM);
}

/* Windows of CUT rows and of the rest: segments of one branch. */
static int test_attend_windows(struct self_test *t)
{
    const uint32_t starts[] = {0, CUT, ROWS};
    struct matrix *qkv = activations(t, ROWS, 3 * DIM), *out = activations(t, ROWS, DIM);
    if (!qkv || !out || t->b->ops->matrix_write(qkv, 0, ROWS, t->qkv, t->e) != 0)
        return finish_op(t, "attend_windows", NULL, 0);
    t->b->ops->attend_windows(&(struct attend_windows){out, qkv, starts, 2, HEADS, HEAD_DIM});
    const struct attention s = {
        .n_head = HEADS, .n_head_kv = HEADS, .head_dim = HEAD_DIM, .n_branch = 1, .branch = {{CUT, 1}}};
    define_attention(t, &s, 0, false, 0, 0);
    return finish_op(t, "attend_windows", out, (size_t)ROWS * DIM);
}

/* Every other row from the second on, of the second head, behind one row that stays; all heads are keys, then values:
 * the keys, or the values, are looked at. */
static int test_keep(struct self_test *t, bool values)
{
    enum { COUNT = ROWS / 2, TO = 1 };
    const struct keep_run run = {.row = 1, .step = 2, .count = COUNT, .head = 1, .to = TO};
    struct matrix *qkv = activations(t, ROWS, 3 * DIM), *k = activations(t, COUNT + TO, HEAD_DIM),
                  *v = activations(t, COUNT + TO, HEAD_DIM);
    if (!qkv || !k || !v || t->b->ops->matrix_write(qkv, 0, ROWS, t->qkv, t->e) != 0)
        return finish_op(t, "keep", NULL, 0);
    t->b->ops->keep(&(struct keep){qkv, k, v, &run, 1, HEADS, HEADS, HEAD_DIM});
    for (uint32_t i = 0; i < (COUNT + TO) * HEAD_DIM; i++) {
        const uint32_t row = i / HEAD_DIM, column = (values ? 2u : 1u) * DIM + HEAD_DIM + i % HEAD_DIM;
        t->expected[i] = row < TO ? 0 : (double)t->qkv[(1 + 2 * (row - TO)) * 3 * DIM + column];
    }
    return finish_op(t, "keep", values ? v : k, (size_t)(COUNT + TO) * HEAD_DIM);
}

int backend_self_test(struct backend *b, struct error *e)
{
    struct self_test *t = calloc(1, sizeof *t);
    if (!t) return error_memory(e);
    t->b = b;
    t->e = e;
    t->seed = 1;
    fill_random(t, t->x, ROWS * DIM, 0);
    fill_random(t, t->norm, DIM, 1);
    fill_random(t, t->w, INNER * DIM, 0);
    fill_random(t, t->up, INNER * DIM, 0);
    fill_random(t, t->down, DIM * INNER, 0);
    fill_random(t, t->token, IDS * WIDTH, 0);
    fill_random(t, t->k, WIDTH * DIM, 0);
    fill_random(t, t->qkv, ROWS * 3 * DIM, 0);
    for (int i = 0; i < ROWS; i++) t->ids[i] = i * 7 % IDS;
    int status = test_embed(t) != 0 || test_project(t) != 0 || test_feed_forward(t, false) != 0 ||
                         test_feed_forward(t, true) != 0 || test_norm_add(t) != 0 || test_short_conv(t) != 0 ||
                         test_evidence_rows(t) != 0 || test_attend(t, 0) != 0 || test_attend(t, 20) != 0 ||
                         test_project_bias(t) != 0 || test_layer_norm(t) != 0 || test_norm_parts(t) != 0 ||
                         test_attend_windows(t) != 0 || test_keep(t, false) != 0 || test_keep(t, true) != 0 ||
                         (b->ops->evidence_scan && test_evidence_scan(t) != 0)
                     ? -1
                     : 0;
    free(t);
    return status;
}
