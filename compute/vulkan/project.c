/* The ops that multiply by weights. A product is cut into dispatches that each fit the work of a submit. */
#include <assert.h>

#include "compute/vulkan/coopmat.h"
#include "compute/vulkan/vulkan.h"

/* A tile of the product, bm rows by bn columns, and the tm by tn numbers of it that an invocation has; on matrix units,
 * the tm by tn products of 16 x 16 that a subgroup has. */
struct tile {
    uint32_t bm, bn, tm, tn;
};

static uint32_t threads_of(const struct vulkan *v, const struct tile *t)
{
    if (v->tier != GPU_COOPMAT) return t->bm / t->tm * (t->bn / t->tn);
    return t->bm / (COOPMAT_SIZE * t->tm) * (t->bn / (COOPMAT_SIZE * t->tn)) * v->gpu->caps.subgroup_size;
}

/* Shared memory holds a step of both operands, 32 columns and some padding a row; on matrix units also a product a
 * subgroup. */
static uint32_t shared_bytes(const struct vulkan *v, const struct tile *t)
{
    if (v->tier != GPU_COOPMAT) return (t->bm + t->bn) * 9 * (v->tier == GPU_FP32 ? 16 : 8);
    return (t->bm + t->bn) * 10 * 8 + threads_of(v, t) / v->gpu->caps.subgroup_size * COOPMAT_SIZE * COOPMAT_SIZE * 4;
}

/* The largest tile that is not mostly past the rows and leaves enough workgroups to fill a device. */
static struct tile choose_tile(const struct vulkan *v, uint32_t n, uint32_t columns)
{
    enum { N_TILES = 5, ENOUGH_GROUPS = 64 };
    static const struct tile plain[N_TILES] = {
        {128, 128, 8, 8}, {64, 128, 8, 4}, {64, 64, 4, 4}, {32, 64, 4, 4}, {16, 32, 2, 4}};
    static const struct tile units[N_TILES] = {
        {128, 128, 4, 2}, {64, 128, 2, 2}, {64, 64, 2, 2}, {32, 64, 1, 2}, {16, 64, 1, 2}};
    const struct tile *tiles = v->tier == GPU_COOPMAT ? units : plain;
    for (int i = 0; i < N_TILES - 1; i++) {
        const struct tile *t = &tiles[i];
        if (shared_bytes(v, t) > v->gpu->caps.shared_bytes || threads_of(v, t) > v->gpu->caps.max_invocations) continue;
        if (t->bm > n || (uint64_t)vulkan_ceil(n, t->bm) * vulkan_ceil(columns, t->bn) < ENOUGH_GROUPS) continue;
        return *t;
    }
    return tiles[N_TILES - 1];
}

/* The scales of a normalisation into the scratch: v->norm[i] of row x_row + i. */
static void norm_rows(struct vulkan *v, const struct matrix *x, uint32_t x_row, uint32_t n, float eps)
{
    if (!vulkan_reserve(v, &v->norm, n, "norm scales")) return;
    struct params_norm params = {
        .n = n, .x_row = x_row, .cols = x->cols, .x_stride = vulkan_matrix_of(x)->stride, .eps = eps};
    const uint32_t rows = 128 / v->gpu->caps.subgroup_size; /* of a workgroup */
    stream_run(v->stream, &(struct stream_dispatch){
                              .pipeline = vulkan_pipeline(v, SHADER_NORM, NULL, 0),
                              .bindings = {vulkan_bind_scratch(&v->norm), vulkan_bind(x)},
                              .n_bindings = 2,
                              .params = &params,
                              .params_bytes = sizeof params,
                              .groups = {vulkan_ceil(n, rows), 1, 1},
                              .label = "norm",
                              .work = (double)n * x->cols,
                              .bytes = 4.0 * n * x->cols,
                          });
}

struct product {
    struct stream_binding out, x;
    uint32_t out_stride, x_row, x_stride;
    const struct matrix *w, *norm; /* norm: v->norm has the scales; or NULL */
    uint32_t n, flags;
    const char *label;
};

static double product_bytes(const struct product *p, uint32_t n)
{
    double columns = p->w->rows / (p->flags & PROJECT_GATE ? 2.0 : 1.0) * (p->flags & PROJECT_ADD ? 2 : 1);
    return 4.0 * n * (p->w->cols + columns) + (double)p->w->bytes;
}

static void multiply(struct vulkan *v, const struct product *p)
{
    const struct vulkan_matrix *w = vulkan_matrix_of(p->w);
    const struct tile t = choose_tile(v, p->n, w->base.rows);
    const uint32_t flags = p->flags | (p->norm ? PROJECT_NORM : 0);
    const uint32_t constants[] = {threads_of(v, &t),         t.bm, t.bn, t.tm, t.tn, w->format, flags,
                                  v->gpu->caps.subgroup_size};
    static const enum shader shaders[] = {SHADER_PROJECT, SHADER_PROJECT_FP16, SHADER_PROJECT_COOPMAT};
    const struct pipeline *pipeline = vulkan_pipeline(v, shaders[v->tier], constants, v->tier == GPU_COOPMAT ? 8 : 7);
    const double row_work = (double)w->base.rows * w->base.cols;
    double fit = stream_work_limit(v->stream) / row_work / t.bm;
    uint32_t at_once = fit < 1 ? t.bm : fit > p->n ? p->n : (uint32_t)fit * t.bm;
    struct stream_binding unused = vulkan_bind(p->w);
    for (uint32_t row = 0, n; row < p->n; row += n) {
        n = p->n - row < at_once ? p->n - row : at_once;
        struct params_project params = {
            .n = n,
            .rows = w->base.rows,
            .x_row = p->x_row + row,
            .out_row = row,
            .scale_row = row,
            .cols = w->base.cols,
            .x_stride = p->x_stride,
            .w_stride = w->stride,
            .out_stride = p->out_stride,
        };
        stream_run(v->stream, &(struct stream_dispatch){
                                  .pipeline = pipeline,
                                  .bindings = {p->out, p->x, vulkan_bind(p->w), p->norm ? vulkan_bind(p->norm) : unused,
                                               p->norm ? vulkan_bind_scratch(&v->norm) : unused},
                                  .n_bindings = 5,
                                  .params = &params,
                                  .params_bytes = sizeof params,
                                  .groups = {vulkan_ceil(w->base.rows, t.bn), vulkan_ceil(n, t.bm), 1},
                                  .label = p->label,
                                  .work = row_work * n,
                                  .bytes = product_bytes(p, n),
                                  .together = row > 0,
                              });
        stream_pause(v->stream);
    }
}

void vulkan_project(const struct project *op)
{
    struct vulkan *v = vulkan_of(op->out);
    assert(op->x->cols == op->w->cols && op->out->cols == op->w->rows && op->n <= op->out->rows && op->out != op->x);
    if (op->norm) norm_rows(v, op->x, op->x_row, op->n, op->norm_eps);
    multiply(v, &(struct product){
                    .label = op->add ? "project and add" : "project",
                    .out = vulkan_bind(op->out),
                    .x = vulkan_bind(op->x),
                    .out_stride = vulkan_matrix_of(op->out)->stride,
                    .x_row = op->x_row,
                    .x_stride = vulkan_matrix_of(op->x)->stride,
                    .w = op->w,
                    .norm = op->norm,
                    .n = op->n,
                    .flags = op->add ? PROJECT_ADD : 0,
                });
}

void vulkan_feed_forward(const struct feed_forward *op)
{
    struct vulkan *v = vulkan_of(op->x);
    const uint32_t x_stride = vulkan_matrix_of(op->x)->stride, hidden = vulkan_stride(op->down->cols);
    assert(op->gate_up->rows == 2 * op->down->cols && op->gate_up->cols == op->x->cols &&
           op->down->rows == op->x->cols && op->n <= op->x->rows);
    if (!vulkan_reserve(v, &v->hidden, (uint64_t)op->n * hidden, "feed-forward")) return;
    norm_rows(v, op->x, 0, op->n, op->norm_eps);
    multiply(v, &(struct product){
                    .label = "feed-forward: gate, up",
                    .out = vulkan_bind_scratch(&v->hidden),
                    .x = vulkan_bind(op->x),
                    .out_stride = hidden,
                    .x_stride = x_stride,
                    .w = op->gate_up,
                    .norm = op->norm,
                    .n = op->n,
                    .flags = PROJECT_GATE,
                });
    multiply(v, &(struct product){
                    .label = "feed-forward: down",
                    .out = vulkan_bind(op->x),
                    .x = vulkan_bind_scratch(&v->hidden),
                    .out_stride = x_stride,
                    .x_stride = hidden,
                    .w = op->down,
                    .n = op->n,
                    .flags = PROJECT_ADD,
                });
}

void vulkan_embed(struct matrix *x, const struct matrix *table, const int32_t *ids, uint32_t n)
{
    struct vulkan *v = vulkan_of(x);
    assert(x->cols == table->cols && n <= x->rows);
    enum { AT_ONCE = STREAM_STAGING_BYTES / sizeof *ids };
    assert(n <= AT_ONCE);
    const struct vulkan_matrix *w = vulkan_matrix_of(table);
    struct params_embed params = {
        .n = n, .cols = x->cols, .x_stride = vulkan_matrix_of(x)->stride, .w_stride = w->stride};
    struct stream_binding uploaded = stream_upload(v->stream, ids, n * sizeof *ids);
    stream_run(v->stream, &(struct stream_dispatch){
                              .pipeline = vulkan_pipeline(v, SHADER_EMBED, &w->format, 1),
                              .bindings = {vulkan_bind(x), vulkan_bind(table), uploaded},
                              .n_bindings = 3,
                              .params = &params,
                              .params_bytes = sizeof params,
                              .groups = {vulkan_ceil(n * (params.x_stride / 4), 64), 1, 1},
                              .label = "embed",
                              .work = (double)n * x->cols,
                              .bytes = 8.0 * n * x->cols,
                          });
    stream_pause(v->stream);
}

void vulkan_evidence_rows(const struct evidence_rows *op)
{
    struct vulkan *v = vulkan_of(op->out);
    const uint32_t width = op->w->rows, stride = vulkan_stride(width);
    assert(op->out->cols == (op->quantise ? width / 4 : width) && op->n <= op->out->rows);
    if (!vulkan_reserve(v, &v->evidence, (uint64_t)op->n * stride, "evidence rows")) return;
    norm_rows(v, op->x, 0, op->n, op->norm_eps);
    multiply(v, &(struct product){
                    .label = "evidence projection",
                    .out = vulkan_bind_scratch(&v->evidence),
                    .x = vulkan_bind(op->x),
                    .out_stride = stride,
                    .x_stride = vulkan_matrix_of(op->x)->stride,
                    .w = op->w,
                    .norm = op->norm,
                    .n = op->n,
                });
    const struct vulkan_matrix *token = vulkan_matrix_of(op->token);
    struct params_evidence params = {.n = op->n,
                                     .cols = width,
                                     .u_stride = stride,
                                     .w_stride = token->stride,
                                     .out_stride = vulkan_matrix_of(op->out)->stride};
    struct stream_binding ids = stream_upload(v->stream, op->ids, op->n * sizeof *op->ids);
    const uint32_t rows = 128 / v->gpu->caps.subgroup_size;
    stream_run(
        v->stream,
        &(struct stream_dispatch){
            .pipeline = vulkan_pipeline(v, SHADER_EVIDENCE_ROWS, (const uint32_t[]){token->format, op->quantise}, 2),
            .bindings = {vulkan_bind(op->out), vulkan_bind_scratch(&v->evidence), vulkan_bind(op->token), ids},
            .n_bindings = 4,
            .params = &params,
            .params_bytes = sizeof params,
            .groups = {vulkan_ceil(op->n, rows), 1, 1},
            .label = "evidence rows",
            .work = (double)op->n * width,
            .bytes = 8.0 * op->n * width,
        });
    stream_pause(v->stream);
}
