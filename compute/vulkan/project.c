/* The ops that multiply by weights. A product is cut into dispatches that each fit the work of a submit. */
#include <assert.h>

#include "compute/vulkan/coopmat.h"
#include "compute/vulkan/vulkan.h"

/* A tile of the product, bm rows by bn columns, and the tm by tn elements of it that an invocation has; on matrix
 * units, the tm by tn products of 16 x 16 that a subgroup has. */
struct tile {
    uint32_t bm, bn, tm, tn;
};

static uint32_t threads_of(const struct vulkan *v, const struct tile *t)
{
    if (v->tier != GPU_COOPMAT) return t->bm / t->tm * (t->bn / t->tn);
    return t->bm / (COOPMAT_SIZE * t->tm) * (t->bn / (COOPMAT_SIZE * t->tn)) * v->gpu->caps.subgroup_size;
}

/* Shared memory holds a step of both operands: 32 columns and some padding a row; on matrix units 64, and afterwards a
 * strip of results a subgroup. */
static uint32_t shared_bytes(const struct vulkan *v, const struct tile *t)
{
    if (v->tier != GPU_COOPMAT) return (t->bm + t->bn) * 9 * (vulkan_half(v) ? 8 : 16);
    const uint32_t tiles = (t->bm + t->bn) * 9 * 16,
                   strips = threads_of(v, t) / v->gpu->caps.subgroup_size * COOPMAT_SIZE * (t->tn * 4 + 1) * 16;
    return tiles > strips ? tiles : strips;
}

/* The largest tile that is not mostly past the rows and leaves enough workgroups to fill a device. */
static struct tile choose_tile(const struct vulkan *v, uint32_t n, uint32_t columns)
{
    enum { N_TILES = 5, ENOUGH_GROUPS = 128 };
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

/* Rows as a product reads them: with elements of the tier's type. */
struct operand {
    struct stream_binding rows;
    uint32_t first, stride;
    double element_bytes;
};

/* x's rows from x_row on, normalised unless norm is NULL: in the scratch, or where they lie if they can stay there. */
static bool operand_of(struct vulkan *v, struct operand *out, const struct matrix *x, uint32_t x_row, uint32_t n,
                       const struct matrix *norm, float eps)
{
    const bool half = vulkan_half(v);
    out->element_bytes = half ? 2 : 4;
    if (!norm && vulkan_matrix_of(x)->half == half) {
        out->rows = vulkan_bind(x);
        out->first = x_row;
        out->stride = vulkan_numbers(x);
        return true;
    }
    assert(!vulkan_matrix_of(x)->half);
    const uint32_t words = vulkan_stride(x->cols, half), normalise = norm != NULL;
    if (!vulkan_reserve(v, &v->x, (uint64_t)n * words, "operand of a product")) return false;
    out->rows = vulkan_bind_scratch(&v->x);
    out->first = 0;
    out->stride = words * (half ? 2 : 1);
    struct params_norm params = {
        .n = n, .x_row = x_row, .cols = x->cols, .x_stride = vulkan_numbers(x), .out_stride = out->stride, .eps = eps};
    const uint32_t rows = 128 / v->gpu->caps.subgroup_size; /* of a workgroup */
    stream_run(v->stream, &(struct stream_dispatch){
                              .pipeline = vulkan_pipeline(v, half ? SHADER_NORM_FP16 : SHADER_NORM, &normalise, 1),
                              .bindings = {out->rows, vulkan_bind(x), vulkan_bind(norm ? norm : x)},
                              .n_bindings = 3,
                              .params = &params,
                              .params_bytes = sizeof params,
                              .groups = {vulkan_ceil(n, rows), 1, 1},
                              .label = "norm",
                              .work = (double)n * x->cols,
                              .bytes = (4 + out->element_bytes) * n * x->cols,
                          });
    return true;
}

struct product {
    struct stream_binding out;
    uint32_t out_stride;
    struct operand x;
    const struct matrix *w;
    const struct matrix *bias; /* with PROJECT_BIAS */
    uint32_t n, flags;
    const char *label;
};

static double product_bytes(const struct product *p, uint32_t n)
{
    double columns = p->w->rows / (p->flags & PROJECT_GATE ? 2.0 : 1.0);
    double each = p->flags & PROJECT_HALF ? 2 : p->flags & PROJECT_ADD ? 8 : 4;
    return n * (p->x.element_bytes * p->w->cols + each * columns) + (double)p->w->bytes;
}

/* Rows [row, row + n) of x. groups: columns of the grid, and rows of x that a row of it takes. */
static void run_product(struct vulkan *v, const struct product *p, const struct pipeline *pipeline, uint32_t row,
                        uint32_t n, const uint32_t groups[2])
{
    const struct vulkan_matrix *w = vulkan_matrix_of(p->w);
    struct params_project params = {
        .n = n,
        .rows = w->base.rows,
        .x_row = p->x.first + row,
        .out_row = row,
        .cols = w->base.cols,
        .x_stride = p->x.stride,
        .w_stride = w->stride,
        .out_stride = p->out_stride,
    };
    stream_run(v->stream, &(struct stream_dispatch){
                              .pipeline = pipeline,
                              .bindings = {p->out, p->x.rows, vulkan_bind(p->w), vulkan_bind(p->bias ? p->bias : p->w)},
                              .n_bindings = 4,
                              .params = &params,
                              .params_bytes = sizeof params,
                              .groups = {groups[0], vulkan_ceil(n, groups[1]), 1},
                              .label = p->label,
                              .work = (double)w->base.rows * w->base.cols * n,
                              .bytes = product_bytes(p, n),
                              .together = row > 0,
                          });
    stream_pause(v->stream);
}

/* Rows of x that project_few.comp takes: with more, tiles are faster. */
enum { FEW_ROWS = 4 };

static void multiply_few(struct vulkan *v, const struct product *p)
{
    const struct vulkan_matrix *w = vulkan_matrix_of(p->w);
    const uint32_t columns = w->base.rows / (p->flags & PROJECT_GATE ? 2 : 1);
    const uint32_t each = 128 / v->gpu->caps.subgroup_size; /* columns of a workgroup */
    run_product(v, p,
                vulkan_pipeline(v, vulkan_half(v) ? SHADER_PROJECT_FEW_FP16 : SHADER_PROJECT_FEW,
                                (const uint32_t[]){p->n, w->format, p->flags}, 3),
                0, p->n, (const uint32_t[]){vulkan_ceil(columns, each), FEW_ROWS});
}

static void multiply(struct vulkan *v, const struct product *p)
{
    const struct vulkan_matrix *w = vulkan_matrix_of(p->w);
    if (p->n <= FEW_ROWS) {
        multiply_few(v, p);
        return;
    }
    const struct tile t = choose_tile(v, p->n, w->base.rows);
    const uint32_t constants[] = {threads_of(v, &t),         t.bm, t.bn, t.tm, t.tn, w->format, p->flags,
                                  v->gpu->caps.subgroup_size};
    static const enum shader shaders[] = {SHADER_PROJECT, SHADER_PROJECT_FP16, SHADER_PROJECT_COOPMAT};
    const struct pipeline *pipeline = vulkan_pipeline(v, shaders[v->tier], constants, v->tier == GPU_COOPMAT ? 8 : 7);
    double fit = stream_work_limit(v->stream) / ((double)w->base.rows * w->base.cols) / t.bm;
    uint32_t at_once = fit < 1 ? t.bm : fit > p->n ? p->n : (uint32_t)fit * t.bm;
    for (uint32_t row = 0, n; row < p->n; row += n) {
        n = p->n - row < at_once ? p->n - row : at_once;
        run_product(v, p, pipeline, row, n, (const uint32_t[]){vulkan_ceil(w->base.rows, t.bn), t.bm});
    }
}

void vulkan_project(const struct project *op)
{
    struct vulkan *v = vulkan_of(op->out);
    const bool half = vulkan_matrix_of(op->out)->half;
    assert(op->x->cols == op->w->cols && op->out->cols == op->w->rows && op->n <= op->out->rows && op->out != op->x &&
           !(half && op->add) && !(op->gelu && op->add));
    struct operand x;
    if (!operand_of(v, &x, op->x, op->x_row, op->n, op->norm, op->norm_eps)) return;
    multiply(v, &(struct product){
                    .label = op->add    ? "project and add"
                             : op->gelu ? "project, gelu"
                                        : "project",
                    .out = vulkan_bind(op->out),
                    .out_stride = vulkan_numbers(op->out),
                    .x = x,
                    .w = op->w,
                    .bias = op->bias,
                    .n = op->n,
                    .flags = (op->add ? PROJECT_ADD : 0) | (half ? PROJECT_HALF : 0) | (op->bias ? PROJECT_BIAS : 0) |
                             (op->gelu ? PROJECT_GELU : 0),
                });
}

void vulkan_feed_forward(const struct feed_forward *op)
{
    struct vulkan *v = vulkan_of(op->x);
    const bool half = vulkan_half(v);
    const uint32_t words = vulkan_stride(op->down->cols, half), hidden = words * (half ? 2 : 1);
    const struct matrix *out = op->apart ? op->apart : op->x;
    assert(op->gate_up->rows == 2 * op->down->cols && op->gate_up->cols == op->x->cols &&
           op->down->rows == op->x->cols && op->n <= op->x->rows);
    struct operand x;
    if (!vulkan_reserve(v, &v->hidden, (uint64_t)op->n * words, "feed-forward") ||
        !operand_of(v, &x, op->x, 0, op->n, op->norm, op->norm_eps))
        return;
    multiply(v, &(struct product){
                    .label = "feed-forward: gate, up",
                    .out = vulkan_bind_scratch(&v->hidden),
                    .out_stride = hidden,
                    .x = x,
                    .w = op->gate_up,
                    .n = op->n,
                    .flags = PROJECT_GATE | (op->gelu ? PROJECT_TANH : 0) | (half ? PROJECT_HALF : 0),
                });
    multiply(v, &(struct product){
                    .label = "feed-forward: down",
                    .out = vulkan_bind(out),
                    .out_stride = vulkan_numbers(out),
                    .x = {vulkan_bind_scratch(&v->hidden), 0, hidden, x.element_bytes},
                    .w = op->down,
                    .n = op->n,
                    .flags = op->apart ? 0 : PROJECT_ADD,
                });
}

void vulkan_embed(struct matrix *x, const struct matrix *table, const int32_t *ids, uint32_t n, float scale, bool add)
{
    struct vulkan *v = vulkan_of(x);
    assert(x->cols == table->cols && n <= x->rows);
    enum { AT_ONCE = STREAM_STAGING_BYTES / sizeof *ids };
    assert(n <= AT_ONCE);
    const struct vulkan_matrix *w = vulkan_matrix_of(table);
    struct params_embed params = {.n = n,
                                  .cols = x->cols,
                                  .x_stride = vulkan_matrix_of(x)->stride,
                                  .w_stride = w->stride,
                                  .add = add,
                                  .scale = scale};
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

void vulkan_layer_norm(const struct layer_norm *op)
{
    struct vulkan *v = vulkan_of(op->x);
    const bool half = vulkan_half(v);
    assert(op->n <= op->x->rows && op->weight->cols == op->x->cols && op->bias->cols == op->x->cols &&
           (!op->copy || vulkan_matrix_of(op->copy)->half == half));
    struct params_layer_norm params = {
        .n = op->n,
        .cols = op->x->cols,
        .stride = vulkan_numbers(op->x),
        .copy_stride = op->copy ? vulkan_numbers(op->copy) : 0,
        .eps = op->eps,
    };
    const uint32_t rows = 128 / v->gpu->caps.subgroup_size; /* of a workgroup */
    stream_run(v->stream,
               &(struct stream_dispatch){
                   .pipeline = vulkan_pipeline(v, half ? SHADER_LAYER_NORM_FP16 : SHADER_LAYER_NORM, NULL, 0),
                   .bindings = {vulkan_bind(op->x), vulkan_bind(op->weight), vulkan_bind(op->bias),
                                vulkan_bind(op->copy ? op->copy : op->x)}, /* that: bound and not written */
                   .n_bindings = 4,
                   .params = &params,
                   .params_bytes = sizeof params,
                   .groups = {vulkan_ceil(op->n, rows), 1, 1},
                   .label = "layer norm",
                   .work = (double)op->n * op->x->cols,
                   .bytes = (op->copy ? half ? 10.0 : 12.0 : 8.0) * op->n * op->x->cols,
               });
    stream_pause(v->stream);
}

void vulkan_norm_parts(const struct norm_parts *op)
{
    struct vulkan *v = vulkan_of(op->x);
    const uint32_t width = op->norm->cols, parts = op->n * op->n_part;
    assert(op->n <= op->x->rows && op->begin + (uint64_t)op->n_part * width <= op->x->cols);
    struct params_norm_parts params = {.n = parts,
                                       .n_part = op->n_part,
                                       .begin = op->begin,
                                       .cols = width,
                                       .stride = vulkan_numbers(op->x),
                                       .eps = op->eps};
    const bool half = vulkan_matrix_of(op->x)->half;
    stream_run(v->stream,
               &(struct stream_dispatch){
                   .pipeline = vulkan_pipeline(v, half ? SHADER_NORM_PARTS_FP16 : SHADER_NORM_PARTS, NULL, 0),
                   .bindings = {vulkan_bind(op->x), vulkan_bind(op->norm)},
                   .n_bindings = 2,
                   .params = &params,
                   .params_bytes = sizeof params,
                   .groups = {vulkan_ceil(parts, 128 / v->gpu->caps.subgroup_size), 1, 1},
                   .label = "norm of parts",
                   .work = (double)parts * width,
                   .bytes = (half ? 4.0 : 8.0) * parts * width,
               });
    stream_pause(v->stream);
}

void vulkan_norm_add(const struct norm_add *op)
{
    struct vulkan *v = vulkan_of(op->x);
    assert(op->n <= op->x->rows && op->n <= op->y->rows && op->y->cols == op->x->cols && op->norm->cols == op->x->cols);
    struct params_norm_add params = {.n = op->n,
                                     .cols = op->x->cols,
                                     .stride = vulkan_numbers(op->x),
                                     .y_stride = vulkan_numbers(op->y),
                                     .eps = op->eps};
    stream_run(v->stream, &(struct stream_dispatch){
                              .pipeline = vulkan_pipeline(v, SHADER_NORM_ADD, NULL, 0),
                              .bindings = {vulkan_bind(op->x), vulkan_bind(op->y), vulkan_bind(op->norm)},
                              .n_bindings = 3,
                              .params = &params,
                              .params_bytes = sizeof params,
                              .groups = {vulkan_ceil(op->n, 128 / v->gpu->caps.subgroup_size), 1, 1},
                              .label = "norm and add",
                              .work = (double)op->n * op->x->cols,
                              .bytes = 12.0 * op->n * op->x->cols,
                          });
    stream_pause(v->stream);
}

void vulkan_short_conv(const struct short_conv *op)
{
    struct vulkan *v = vulkan_of(op->out);
    const uint32_t d = op->out->cols;
    const bool half = vulkan_half(v);
    assert(op->x->cols == 3 * d && op->kept->cols == d && op->w->cols % d == 0 && op->n <= op->out->rows &&
           op->n <= op->x->rows && (uint64_t)op->position + op->n <= op->kept->rows);
    struct params_conv params = {.n = op->n,
                                 .cols = d,
                                 .taps = op->w->cols / d,
                                 .position = op->position,
                                 .out_stride = vulkan_numbers(op->out),
                                 .x_stride = vulkan_numbers(op->x),
                                 .kept_stride = vulkan_numbers(op->kept)};
    stream_run(v->stream,
               &(struct stream_dispatch){
                   .pipeline = vulkan_pipeline(v, half ? SHADER_SHORT_CONV_FP16 : SHADER_SHORT_CONV, NULL, 0),
                   .bindings = {vulkan_bind(op->out), vulkan_bind(op->x), vulkan_bind(op->kept), vulkan_bind(op->w)},
                   .n_bindings = 4,
                   .params = &params,
                   .params_bytes = sizeof params,
                   .groups = {op->n, vulkan_ceil(d, 64), 1},
                   .label = "short convolution",
                   .work = (double)op->n * op->w->cols,
                   .bytes = (half ? 2.0 : 4.0) * op->n * d * (params.taps + 4),
               });
    stream_pause(v->stream);
}

void vulkan_evidence_rows(const struct evidence_rows *op)
{
    struct vulkan *v = vulkan_of(op->out);
    const uint32_t width = op->w->rows, stride = vulkan_stride(width, false);
    assert(op->out->cols == (op->quantise ? width / 4 : width) && op->n <= op->out->rows);
    struct operand x;
    if (!vulkan_reserve(v, &v->evidence, (uint64_t)op->n * stride, "evidence rows") ||
        !operand_of(v, &x, op->x, 0, op->n, op->norm, op->norm_eps))
        return;
    multiply(v, &(struct product){
                    .label = "evidence projection",
                    .out = vulkan_bind_scratch(&v->evidence),
                    .out_stride = stride,
                    .x = x,
                    .w = op->w,
                    .n = op->n,
                });
    const struct matrix *table = op->token ? op->token : op->w; /* that: bound and not read */
    const struct vulkan_matrix *token = vulkan_matrix_of(table);
    const uint32_t format = op->token ? token->format : NONE;
    struct params_evidence params = {.n = op->n,
                                     .cols = width,
                                     .u_stride = stride,
                                     .w_stride = token->stride,
                                     .out_stride = vulkan_matrix_of(op->out)->stride};
    struct stream_binding ids =
        op->token ? stream_upload(v->stream, op->ids, op->n * sizeof *op->ids) : vulkan_bind(op->w);
    const uint32_t rows = 128 / v->gpu->caps.subgroup_size;
    stream_run(v->stream,
               &(struct stream_dispatch){
                   .pipeline = vulkan_pipeline(v, SHADER_EVIDENCE_ROWS, (const uint32_t[]){format, op->quantise}, 2),
                   .bindings = {vulkan_bind(op->out), vulkan_bind_scratch(&v->evidence), vulkan_bind(table), ids},
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
