/* Dilated attention: the plan of a chunk goes up once and serves every layer; then tiles, joins and the growth of the
 * cache. */
#include <assert.h>
#include <math.h>

#include "compute/vulkan/coopmat.h"
#include "compute/vulkan/vulkan.h"

enum { TILE_QUERIES = 4 }; /* of an invocation: TQ in attend.comp */

/* Queries and keys of a workgroup. */
struct tile {
    uint32_t bq, bk;
};

/* As the shaders lay it out. */
static uint32_t shared_bytes(const struct vulkan *v, const struct tile *t, uint32_t head_dim)
{
    if (v->tier == GPU_COOPMAT) {
        uint32_t pitch = vulkan_ceil(head_dim, COOPMAT_SIZE) * 4 + 2;
        return 2 * t->bk * pitch * 8 + t->bq * (t->bk + 4) * 4 + t->bq * (t->bk / 4 + 2) * 8;
    }
    uint32_t pitch = vulkan_ceil(head_dim, 4) | 1;
    return (t->bq + t->bk) * pitch * (v->tier == GPU_FP32 ? 16 : 8) + t->bq * (t->bk + 1) * 4;
}

/* The largest tile whose operands fit shared memory. A subgroup's queries must not run past the tile; on matrix units
 * bq is 2 bk. */
static bool choose_tile(const struct vulkan *v, uint32_t head_dim, struct tile *out)
{
    static const struct tile plain[] = {{64, 64}, {64, 32}, {32, 32}, {32, 16}, {32, 8}}, units[] = {{64, 32}};
    const bool coopmat = v->tier == GPU_COOPMAT;
    const struct tile *tiles = coopmat ? units : plain;
    for (size_t i = 0; i < (coopmat ? sizeof units : sizeof plain) / sizeof *tiles; i++) {
        if (shared_bytes(v, &tiles[i], head_dim) > v->gpu->caps.shared_bytes) continue;
        *out = tiles[i];
        return true;
    }
    return false;
}

static const struct pipeline *tile_pipeline(struct vulkan *v, const struct tile *t, uint32_t head_dim)
{
    const uint32_t subgroup = v->gpu->caps.subgroup_size;
    if (v->tier == GPU_COOPMAT)
        return vulkan_pipeline(v, SHADER_ATTEND_COOPMAT,
                               (uint32_t[]){t->bq / COOPMAT_SIZE * subgroup, t->bq, t->bk, subgroup, head_dim}, 5);
    return vulkan_pipeline(v, v->tier == GPU_FP32 ? SHADER_ATTEND : SHADER_ATTEND_FP16,
                           (uint32_t[]){t->bq / TILE_QUERIES * 8, t->bq, t->bk, TILE_QUERIES, head_dim}, 5);
}

uint32_t vulkan_max_head_dim(const struct vulkan *v)
{
    struct tile t;
    uint32_t dim = 256;
    while (dim > 0 && !choose_tile(v, dim, &t)) dim -= 4;
    return dim;
}

/* Where the parts of the plan lie in its buffer, in bytes. */
struct layout {
    uint64_t tiles, joins, next, keeps, end;
};

static uint64_t after(uint64_t offset, uint64_t bytes)
{
    return (offset + bytes + 255) / 256 * 256;
}

static struct layout layout_of(const struct attend_plan *p)
{
    struct layout l = {0};
    l.joins = after(l.tiles, p->n_tiles * sizeof *p->tiles);
    l.next = after(l.joins, p->n_joins * sizeof *p->joins);
    l.keeps = after(l.next, p->n_partial * sizeof *p->next);
    l.end = after(l.keeps, p->n_keeps * sizeof *p->keeps);
    return l;
}

static void upload_plan(struct vulkan *v, const struct layout *l)
{
    const struct attend_plan *p = &v->attend_plan;
    VkBuffer to = v->plan.buffer.buffer;
    stream_write(v->stream, to, l->tiles, sizeof *p->tiles, p->tiles, sizeof *p->tiles, (uint32_t)p->n_tiles);
    stream_write(v->stream, to, l->joins, sizeof *p->joins, p->joins, sizeof *p->joins, (uint32_t)p->n_joins);
    stream_write(v->stream, to, l->next, sizeof *p->next, p->next, sizeof *p->next, (uint32_t)p->n_partial);
    stream_write(v->stream, to, l->keeps, sizeof *p->keeps, p->keeps, sizeof *p->keeps, (uint32_t)p->n_keeps);
}

static struct stream_binding plan_part(const struct vulkan *v, uint64_t begin, uint64_t bytes)
{
    return (struct stream_binding){v->plan.buffer.buffer, begin, bytes};
}

static void run_tiles(struct vulkan *v, const struct attend *op, const struct tile *t, struct stream_binding lse,
                      const struct layout *l)
{
    const struct attention *s = op->shape;
    const struct attend_plan *p = &v->attend_plan;
    const double limit = stream_work_limit(v->stream);
    const struct pipeline *pipeline = tile_pipeline(v, t, s->head_dim);
    for (uint32_t first = 0, n; first < p->n_tiles; first += n) {
        double work = 0;
        for (n = 0; first + n < p->n_tiles && n < v->gpu->caps.max_groups[0] && work <= limit; n++)
            work += 2.0 * s->head_dim * p->tiles[first + n].n_query *
                    (p->tiles[first + n].n_cache + p->tiles[first + n].n_key);
        struct params_attend params = {
            .n_head = s->n_head,
            .n_head_kv = s->n_head_kv,
            .causal = op->causal,
            .first_tile = first,
            .qkv_stride = vulkan_matrix_of(op->qkv)->stride,
            .cache_stride = vulkan_matrix_of(op->cache_k)->stride,
            .out_stride = vulkan_matrix_of(op->out)->stride,
            .lse_stride = op->lse ? vulkan_matrix_of(op->lse)->stride : s->n_head,
            .rotary_stride = op->rotary ? vulkan_matrix_of(op->rotary)->stride : 0,
            .scale = 1 / sqrtf((float)s->head_dim),
        };
        stream_run(v->stream,
                   &(struct stream_dispatch){
                       .pipeline = pipeline,
                       .bindings = {plan_part(v, l->tiles, p->n_tiles * sizeof *p->tiles), vulkan_bind(op->qkv),
                                    vulkan_bind(op->cache_k), vulkan_bind(op->cache_v),
                                    vulkan_bind(op->rotary ? op->rotary : op->qkv), vulkan_bind(op->out), lse,
                                    vulkan_bind_scratch(&v->partial)},
                       .n_bindings = 8,
                       .params = &params,
                       .params_bytes = sizeof params,
                       .groups = {n, 1, 1},
                       .label = "attend",
                       .work = work,
                       .bytes = 4.0 * op->n * s->head_dim * (2 * s->n_head + 2 * s->n_head_kv) * n / (double)p->n_tiles,
                       .together = first > 0,
                   });
        stream_pause(v->stream);
    }
}

static void run_joins(struct vulkan *v, const struct attend *op, struct stream_binding lse, const struct layout *l)
{
    const struct attend_plan *p = &v->attend_plan;
    if (p->n_joins == 0) return;
    struct params_join params = {
        .n_join = (uint32_t)p->n_joins,
        .out_stride = vulkan_matrix_of(op->out)->stride,
        .lse_stride = op->lse ? vulkan_matrix_of(op->lse)->stride : op->shape->n_head,
        .add = p->direct,
    };
    const uint32_t rows = 128 / v->gpu->caps.subgroup_size;
    stream_run(v->stream, &(struct stream_dispatch){
                              .pipeline = vulkan_pipeline(v, SHADER_ATTEND_JOIN, &op->shape->head_dim, 1),
                              .bindings = {plan_part(v, l->joins, p->n_joins * sizeof *p->joins),
                                           plan_part(v, l->next, p->n_partial * sizeof *p->next),
                                           vulkan_bind_scratch(&v->partial), vulkan_bind(op->out), lse},
                              .n_bindings = 5,
                              .params = &params,
                              .params_bytes = sizeof params,
                              .groups = {vulkan_ceil(params.n_join, rows), 1, 1},
                              .label = "attend: join",
                              .work = (double)p->n_partial * op->shape->head_dim,
                              .bytes = 4.0 * op->shape->head_dim * ((double)p->n_partial + 2.0 * (double)p->n_joins),
                          });
}

/* Together with the joins: these write out and lse, this the cache. */
static void run_keeps(struct vulkan *v, const struct attend *op, const struct layout *l)
{
    const struct attend_plan *p = &v->attend_plan;
    if (p->n_keeps == 0) return;
    const struct attention *s = op->shape;
    struct params_keep params = {
        .n_head = s->n_head,
        .n_head_kv = s->n_head_kv,
        .qkv_stride = vulkan_matrix_of(op->qkv)->stride,
        .cache_stride = vulkan_matrix_of(op->cache_k)->stride,
        .rotary_stride = op->rotary ? vulkan_matrix_of(op->rotary)->stride : 0,
    };
    stream_run(v->stream,
               &(struct stream_dispatch){
                   .pipeline = vulkan_pipeline(v, SHADER_ATTEND_KEEP, &s->head_dim, 1),
                   .bindings = {plan_part(v, l->keeps, p->n_keeps * sizeof *p->keeps), vulkan_bind(op->qkv),
                                vulkan_bind(op->rotary ? op->rotary : op->qkv), vulkan_bind(op->cache_k),
                                vulkan_bind(op->cache_v)},
                   .n_bindings = 5,
                   .params = &params,
                   .params_bytes = sizeof params,
                   .groups = {vulkan_ceil(p->keep_rows * ((s->head_dim + 1) / 2), 64), (uint32_t)p->n_keeps, 1},
                   .label = "attend: keep",
                   .work = (double)p->keep_rows * s->head_dim,
                   .bytes = 16.0 * p->keep_rows * s->head_dim,
                   .together = p->n_joins > 0,
               });
}

void vulkan_attend(const struct attend *op)
{
    struct vulkan *v = vulkan_of(op->out);
    const struct attention *s = op->shape;
    assert(op->n <= op->qkv->rows && op->n <= op->out->rows && s->head_dim <= v->base.info.max_head_dim);
    struct tile t = {0};
    struct error why;
    bool changed, fits = choose_tile(v, s->head_dim, &t);
    assert(fits); /* by max_head_dim */
    (void)fits;
    struct attend_plan *p = &v->attend_plan;
    if (attend_plan_make(p, op, t.bq, &changed, &why) != 0) {
        stream_fail(v->stream, &why);
        return;
    }
    struct layout l = layout_of(p);
    if (!vulkan_reserve(v, &v->plan, l.end / 4, "attention plan") ||
        !vulkan_reserve(v, &v->partial, p->n_partial * (s->head_dim + 1) + 1, "partial attention") ||
        (!op->lse && !vulkan_reserve(v, &v->lse, (uint64_t)op->n * s->n_head, "lse"))) {
        p->valid = false;
        return;
    }
    if (changed) upload_plan(v, &l);
    struct stream_binding lse = op->lse ? vulkan_bind(op->lse) : vulkan_bind_scratch(&v->lse);
    if (!p->direct) { /* rows that nothing covers */
        stream_fill(v->stream, vulkan_matrix_of(op->out)->buffer.buffer, 0,
                    op->n * 4ull * vulkan_matrix_of(op->out)->stride, 0);
        if (op->lse)
            stream_fill(v->stream, lse.buffer, 0, op->n * 4ull * vulkan_matrix_of(op->lse)->stride, 0xff800000u);
    }
    run_tiles(v, op, &t, lse, &l);
    run_joins(v, op, lse, &l);
    run_keeps(v, op, &l);
    stream_pause(v->stream);
}
