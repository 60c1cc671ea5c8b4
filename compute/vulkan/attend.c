/* Dilated attention: the plan of a chunk goes up once and serves every layer; then rotation, tiles, joins and the
 * growth of the cache. */
#include <assert.h>
#include <math.h>

#include "compute/vulkan/coopmat.h"
#include "compute/vulkan/vulkan.h"

enum {
    TILE_QUERIES = 4,  /* of an invocation: TQ in attend.comp */
    UNITS_QUERIES = 16 /* of a subgroup of attend_coopmat.comp */
};

/* Queries and keys of a workgroup. */
struct tile {
    uint32_t bq, bk;
};

/* Does attend_coopmat.comp serve these heads? They are read 8 columns at a time, and longer ones than 128 run out of
 * registers; it knows of no first key. */
static bool on_units(const struct vulkan *v, uint32_t head_dim, uint32_t window)
{
    return v->fragment_known && head_dim % 8 == 0 && head_dim <= 128 && window == 0;
}

/* As the shaders lay it out. */
static uint32_t shared_bytes(const struct vulkan *v, const struct tile *t, uint32_t head_dim, bool units)
{
    if (units) {
        uint32_t pitch = vulkan_ceil(head_dim, COOPMAT_SIZE) * 2 + 1;
        return (2 * t->bk > t->bq ? 2 * t->bk : t->bq) * pitch * 16;
    }
    uint32_t pitch = vulkan_ceil(head_dim, 4) | 1;
    return (t->bq + t->bk) * pitch * (vulkan_half(v) ? 8 : 16) + t->bq * (t->bk + 1) * 4;
}

/* The largest tile whose operands fit shared memory. A subgroup's queries must not run past the tile. */
static bool choose_tile(const struct vulkan *v, uint32_t head_dim, bool coopmat, struct tile *out)
{
    static const struct tile plain[] = {{64, 64}, {64, 32}, {32, 32}, {32, 16}, {32, 8}};
    static const struct tile units[] = {{128, 64}, {64, 32}};
    const struct tile *tiles = coopmat ? units : plain;
    for (size_t i = 0; i < (coopmat ? sizeof units : sizeof plain) / sizeof *tiles; i++) {
        if (shared_bytes(v, &tiles[i], head_dim, coopmat) > v->gpu->caps.shared_bytes) continue;
        *out = tiles[i];
        return true;
    }
    return false;
}

static const struct pipeline *tile_pipeline(struct vulkan *v, const struct tile *t, uint32_t head_dim, bool units)
{
    if (units)
        return vulkan_pipeline(v, SHADER_ATTEND_COOPMAT,
                               (uint32_t[]){t->bq / UNITS_QUERIES * v->gpu->caps.subgroup_size, t->bq, t->bk, head_dim},
                               4);
    return vulkan_pipeline(v, vulkan_half(v) ? SHADER_ATTEND_FP16 : SHADER_ATTEND,
                           (uint32_t[]){t->bq / TILE_QUERIES * 8, t->bq, t->bk, TILE_QUERIES, head_dim}, 5);
}

uint32_t vulkan_max_head_dim(const struct vulkan *v)
{
    struct tile t;
    uint32_t dim = 256;
    while (dim > 0 && !choose_tile(v, dim, on_units(v, dim, 0), &t)) dim -= 4;
    return dim;
}

/* Where the parts of the plan lie in its buffer, in bytes. */
struct layout {
    uint64_t joins, next, chain, keeps, tiles, biases, end;
};

static uint64_t after(uint64_t offset, uint64_t bytes)
{
    return (offset + bytes + 255) / 256 * 256;
}

/* Is what the direct branch gives joined with other branches' results? */
static bool joins_direct(const struct attend_plan *p)
{
    return p->direct && p->chains.n_joins > 0;
}

static uint64_t partial_rows(const struct attend_plan *p)
{
    return p->chains.n_partial + (joins_direct(p) ? p->chains.n_joins : 0);
}

static uint64_t bias_bytes(const struct attend_plan *p)
{
    return (uint64_t)p->shape.n_branch * p->shape.n_head * sizeof(float);
}

/* Chains stay where they are from chunk to chunk. What depends on the parts, which change from layer to layer, is
 * behind what does not. */
static struct layout layout_of(const struct attend_plan *p)
{
    const struct attend_chains *c = &p->chains;
    struct layout l = {0};
    l.next = after(l.joins, c->joins_capacity * sizeof *c->joins);
    l.chain = after(l.next, c->next_capacity * sizeof *c->next);
    l.keeps = after(l.chain, c->chain_capacity * sizeof *c->chain);
    l.tiles = after(l.keeps, p->n_keeps * sizeof *p->keeps);
    l.biases = after(l.tiles, p->n_tiles * sizeof *p->tiles);
    l.end = after(l.biases, p->window ? bias_bytes(p) : 0);
    return l;
}

/* Elements [first, end) of an array of the plan that lies at `to`. */
static void upload(struct vulkan *v, uint64_t to, const void *array, size_t size, size_t first, size_t end)
{
    if (first < end)
        stream_write(v->stream, v->plan.buffer.buffer, to + first * size, size, (const uint8_t *)array + first * size,
                     size, (uint32_t)(end - first));
}

static void upload_tiles(struct vulkan *v, const struct layout *l, size_t first)
{
    const struct attend_plan *p = &v->attend_plan;
    upload(v, l->tiles, p->tiles, sizeof *p->tiles, first, p->n_tiles);
}

static void upload_plan(struct vulkan *v, const struct layout *l)
{
    const struct attend_plan *p = &v->attend_plan;
    struct attend_chains *c = &v->attend_plan.chains;
    upload_tiles(v, l, 0);
    upload(v, l->joins, c->joins, sizeof *c->joins, c->joins_from, c->n_joins);
    upload(v, l->next, c->next, sizeof *c->next, c->next_from, c->n_partial);
    for (size_t begin, end = 0; attend_chains_next_changed(c, &begin, &end);)
        upload(v, l->chain, c->chain, sizeof *c->chain, begin, end);
    upload(v, l->keeps, p->keeps, sizeof *p->keeps, 0, p->n_keeps);
    attend_chains_unchanged(c);
}

static double element_bytes(const struct vulkan *v)
{
    return vulkan_half(v) ? 2 : 4;
}

static struct stream_binding plan_part(const struct vulkan *v, uint64_t begin, uint64_t bytes)
{
    return (struct stream_binding){v->plan.buffer.buffer, begin, bytes};
}

/* What the dispatches of a call share. */
struct call {
    struct vulkan *v;
    const struct attend *op;
    const struct attend_plan *plan;
    struct layout layout;
    struct tile tile;
    struct stream_binding lse, rotated;
    uint32_t lse_stride, rotated_stride;
    uint32_t n_rotated; /* branches that rotate, each with rows for the whole chunk */
};

/* Row i of the chunk is rotated by (position + i) mod w. */
static void run_rotations(const struct call *c)
{
    const struct attend *op = c->op;
    const struct attention *s = op->shape;
    const bool half = vulkan_half(c->v);
    for (uint32_t i = 0, done = 0; done < c->n_rotated; i++) {
        if (s->branch[i].dilation_rate != 1) continue;
        const uint64_t w = s->branch[i].segment_length;
        struct params_rotate params = {
            .n = op->n,
            .n_head = s->n_head + s->n_head_kv,
            .first_row = done * op->n,
            .angle = (uint32_t)(op->position % w), /* a row of op->rotary */
            .wrap = w < UINT32_MAX ? (uint32_t)w : UINT32_MAX,
            .qkv_stride = vulkan_numbers(op->qkv),
            .rotated_stride = c->rotated_stride,
            .rotary_stride = vulkan_numbers(op->rotary),
        };
        const double elements = (double)op->n * params.n_head * s->head_dim;
        stream_run(c->v->stream,
                   &(struct stream_dispatch){
                       .pipeline = vulkan_pipeline(c->v, half ? SHADER_ATTEND_ROTATE_FP16 : SHADER_ATTEND_ROTATE,
                                                   &s->head_dim, 1),
                       .bindings = {c->rotated, vulkan_bind(op->qkv), vulkan_bind(op->rotary)},
                       .n_bindings = 3,
                       .params = &params,
                       .params_bytes = sizeof params,
                       .groups = {vulkan_ceil(op->n * params.n_head * vulkan_ceil(s->head_dim, 4), 128), 1, 1},
                       .label = "attend: rotate",
                       .work = elements,
                       .bytes = 2 * element_bytes(c->v) * elements,
                       .together = done > 0,
                   });
        done++;
    }
}

/* What a tile must multiply: its queries with the keys that they see, and with their values. */
static double tile_work(const struct attend_tile *t, bool causal, uint32_t head_dim)
{
    const double all = (double)t->n_cache + t->n_key, until = t->n_cache + t->before + (t->n_query + 1) / 2.0,
                 seen = causal && until < all ? until : all;
    return 2.0 * head_dim * t->n_query * seen;
}

static void run_tiles(const struct call *c)
{
    const struct attend *op = c->op;
    const struct attention *s = op->shape;
    const struct attend_plan *p = c->plan;
    const double limit = stream_work_limit(c->v->stream);
    const struct pipeline *pipeline =
        tile_pipeline(c->v, &c->tile, s->head_dim, on_units(c->v, s->head_dim, op->window));
    for (uint32_t first = 0, n; first < p->n_tiles; first += n) {
        double work = 0;
        for (n = 0; first + n < p->n_tiles && n < c->v->gpu->caps.max_groups[0] && work <= limit; n++)
            work += tile_work(&p->tiles[first + n], op->causal && !op->local, s->head_dim);
        struct params_attend params = {
            .n_head = s->n_head,
            .n_head_kv = s->n_head_kv,
            .causal = op->causal && !op->local,
            .first_tile = first,
            .qkv_stride = vulkan_numbers(op->qkv),
            .rotated_stride = c->rotated_stride,
            .cache_stride = vulkan_numbers(op->cache_k),
            .out_stride = vulkan_numbers(op->out),
            .lse_stride = c->lse_stride,
            .scale = 1 / sqrtf((float)s->head_dim),
            .joined = joins_direct(p) ? (uint32_t)p->chains.n_partial : 0,
            .partial_lse = (uint32_t)partial_rows(p) * s->head_dim,
            .biases = (uint32_t)((c->layout.biases - c->layout.tiles) / sizeof(float)),
            .window = op->window,
        };
        const double share = n / (double)p->n_tiles,
                     elements = op->n * s->head_dim * (2.0 * s->n_head + 2 * s->n_head_kv);
        stream_run(c->v->stream,
                   &(struct stream_dispatch){
                       .pipeline = pipeline,
                       .bindings = {plan_part(c->v, c->layout.tiles, c->layout.end - c->layout.tiles),
                                    vulkan_bind(op->qkv), vulkan_bind(op->cache_k), vulkan_bind(op->cache_v),
                                    c->rotated, vulkan_bind(op->out), c->lse, vulkan_bind_scratch(&c->v->partial),
                                    plan_part(c->v, c->layout.chain, c->layout.keeps - c->layout.chain)},
                       .n_bindings = 9,
                       .params = &params,
                       .params_bytes = sizeof params,
                       .groups = {n, 1, 1},
                       .label = "attend",
                       .work = work,
                       .bytes = element_bytes(c->v) * elements * share,
                       .together = first > 0,
                   });
        stream_pause(c->v->stream);
    }
}

static void run_joins(const struct call *c)
{
    const struct attend_plan *p = c->plan;
    const struct attend_chains *chains = &p->chains;
    const uint32_t *head_dim = &c->op->shape->head_dim;
    if (chains->n_joins == 0) return;
    struct params_join params = {
        .n_join = (uint32_t)chains->n_joins,
        .out_stride = vulkan_numbers(c->op->out),
        .lse_stride = c->lse_stride,
        .direct = joins_direct(p) ? (uint32_t)chains->n_partial : NONE,
        .partial_lse = (uint32_t)partial_rows(p) * *head_dim,
    };
    const enum shader shader = vulkan_half(c->v) ? SHADER_ATTEND_JOIN_FP16 : SHADER_ATTEND_JOIN;
    const uint32_t rows = 128 / c->v->gpu->caps.subgroup_size;
    stream_run(c->v->stream, &(struct stream_dispatch){
                                 .pipeline = vulkan_pipeline(c->v, shader, head_dim, 1),
                                 .bindings = {plan_part(c->v, c->layout.joins, chains->n_joins * sizeof *chains->joins),
                                              plan_part(c->v, c->layout.next, chains->n_partial * sizeof *chains->next),
                                              vulkan_bind_scratch(&c->v->partial), vulkan_bind(c->op->out), c->lse},
                                 .n_bindings = 5,
                                 .params = &params,
                                 .params_bytes = sizeof params,
                                 .groups = {vulkan_ceil(params.n_join, rows), 1, 1},
                                 .label = "attend: join",
                                 .work = (double)chains->n_partial * *head_dim,
                                 .bytes = *head_dim * (4.0 * (double)(chains->n_partial + chains->n_joins) +
                                                       element_bytes(c->v) * (double)chains->n_joins),
                             });
}

/* Together with the joins: these write out and lse, this the cache. */
static void run_keeps(const struct call *c)
{
    const struct attend *op = c->op;
    const struct attend_plan *p = c->plan;
    const struct keep into = {.from = op->qkv,
                              .k = op->cache_k,
                              .v = op->cache_v,
                              .n_runs = (uint32_t)p->n_keeps,
                              .n_head = op->shape->n_head,
                              .n_head_kv = op->shape->n_head_kv,
                              .head_dim = op->shape->head_dim};
    if (p->n_keeps > 0)
        vulkan_run_keeps(&into,
                         &(struct vulkan_keeps){plan_part(c->v, c->layout.keeps, p->n_keeps * sizeof *p->keeps),
                                                c->rotated, c->rotated_stride, p->keep_rows, p->chains.n_joins > 0});
}

/* Memory of the call, beside the matrices that it is given. */
static bool reserve(struct call *c)
{
    struct vulkan *v = c->v;
    const struct attend *op = c->op;
    const struct attention *s = op->shape;
    for (uint32_t i = 0; op->rotary && i < s->n_branch; i++) c->n_rotated += s->branch[i].dilation_rate == 1;
    const uint32_t rotated_words = vulkan_stride((s->n_head + s->n_head_kv) * s->head_dim, vulkan_half(v));
    c->rotated_stride = rotated_words * (vulkan_half(v) ? 2 : 1);
    c->lse_stride = op->lse ? vulkan_numbers(op->lse) : s->n_head;
    if (!vulkan_reserve(v, &v->plan, c->layout.end / 4, "attention plan") ||
        !vulkan_reserve(v, &v->partial, partial_rows(c->plan) * (s->head_dim + 1) + 1, "partial attention") ||
        !vulkan_reserve(v, &v->rotated, (uint64_t)c->n_rotated * op->n * rotated_words, "rotated q and k") ||
        (!op->lse && !vulkan_reserve(v, &v->lse, (uint64_t)op->n * s->n_head, "lse")))
        return false;
    c->rotated = c->n_rotated ? vulkan_bind_scratch(&v->rotated) : vulkan_bind(op->qkv); /* that: bound and not read */
    c->lse = op->lse ? vulkan_bind(op->lse) : vulkan_bind_scratch(&v->lse);
    return true;
}

void vulkan_attend(const struct attend *op)
{
    struct vulkan *v = vulkan_of(op->out);
    struct call c = {.v = v, .op = op, .plan = &v->attend_plan};
    assert(op->n <= op->qkv->rows && op->n <= op->out->rows && op->shape->head_dim <= v->base.info.max_head_dim &&
           vulkan_matrix_of(op->qkv)->half == vulkan_half(v) && vulkan_matrix_of(op->out)->half == vulkan_half(v) &&
           vulkan_matrix_of(op->cache_k)->half == vulkan_half(v));
    struct error why;
    const bool units = on_units(v, op->shape->head_dim, op->window);
    enum attend_plan_change changed;
    const VkBuffer before = v->plan.buffer.buffer;
    const bool fits = choose_tile(v, op->shape->head_dim, units, &c.tile);
    assert(fits); /* by max_head_dim */
    (void)fits;
    if (attend_plan_make(&v->attend_plan, op, c.tile.bq, &changed, &why) != 0) {
        stream_fail(v->stream, &why);
        return;
    }
    c.layout = layout_of(c.plan);
    if (!reserve(&c)) {
        v->attend_plan.valid = false;
        return;
    }
    if (v->plan.buffer.buffer != before) attend_chains_all_changed(&v->attend_plan.chains);
    if (changed == ATTEND_PLAN_ALL || v->plan.buffer.buffer != before)
        upload_plan(v, &c.layout);
    else if (changed == ATTEND_PLAN_PARTS)
        upload_tiles(v, &c.layout, c.plan->n_fixed);
    if (op->local) /* a layer's own */
        stream_write(v->stream, v->plan.buffer.buffer, c.layout.biases, bias_bytes(c.plan), op->local->bias,
                     bias_bytes(c.plan), 1);
    if (!c.plan->direct) { /* rows that nothing covers */
        stream_fill(v->stream, vulkan_matrix_of(op->out)->buffer.buffer, 0,
                    op->n * 4ull * vulkan_matrix_of(op->out)->stride, 0);
        if (op->lse) stream_fill(v->stream, c.lse.buffer, 0, op->n * 4ull * c.lse_stride, 0xff800000u);
    }
    run_rotations(&c);
    run_tiles(&c);
    run_joins(&c);
    run_keeps(&c);
    stream_pause(v->stream);
}

/* Where the walk over windows, heads and queries is, and what its last step holds. */
struct walk {
    uint32_t window, head, query;
    uint64_t queries;
    double work;
};

/* The next tiles of the walk, until there is work for a submit; returns how many. */
static uint32_t walk_on(struct walk *at, const struct attend_windows *op, uint32_t queries, struct attend_tile *tiles,
                        uint32_t most, double limit)
{
    uint32_t n = 0;
    at->work = 0;
    at->queries = 0;
    for (; at->window < op->n && n < most && at->work <= limit; n++) {
        const uint32_t begin = op->starts[at->window], rows = op->starts[at->window + 1] - begin;
        const uint32_t left = rows - at->query;
        tiles[n] = (struct attend_tile){.head = at->head,
                                        .query = begin + at->query,
                                        .n_query = left < queries ? left : queries,
                                        .step = 1,
                                        .key = begin,
                                        .n_key = rows,
                                        .bias = NONE,
                                        .partial = NONE,
                                        .rotated = NONE};
        at->work += tile_work(&tiles[n], false, op->head_dim);
        at->queries += tiles[n].n_query;
        at->query += tiles[n].n_query;
        if (at->query < rows) continue;
        at->query = 0;
        if (++at->head < op->n_head) continue;
        at->head = 0;
        at->window++;
    }
    return n;
}

/* The tiles of attend, with windows in place of segments: no caches, no branches, nothing to join. */
void vulkan_attend_windows(const struct attend_windows *op)
{
    enum { AT_ONCE = 1024 };
    struct vulkan *v = vulkan_of(op->out);
    const uint32_t rows = op->starts[op->n];
    assert(rows <= op->qkv->rows && rows <= op->out->rows && op->head_dim <= v->base.info.max_head_dim &&
           vulkan_matrix_of(op->qkv)->half == vulkan_half(v) && vulkan_matrix_of(op->out)->half == vulkan_half(v));
    struct tile tile = {0};
    const bool units = on_units(v, op->head_dim, 0);
    bool fits = choose_tile(v, op->head_dim, units, &tile);
    assert(fits); /* by max_head_dim */
    (void)fits;
    if (!vulkan_reserve(v, &v->lse, (uint64_t)rows * op->n_head, "lse") ||
        !vulkan_reserve(v, &v->partial, 1, "partial attention"))
        return;
    const struct pipeline *pipeline = tile_pipeline(v, &tile, op->head_dim, units);
    const struct stream_binding qkv = vulkan_bind(op->qkv);
    const struct params_attend params = {.n_head = op->n_head,
                                         .n_head_kv = op->n_head,
                                         .qkv_stride = vulkan_numbers(op->qkv),
                                         .out_stride = vulkan_numbers(op->out),
                                         .lse_stride = op->n_head,
                                         .scale = 1 / sqrtf((float)op->head_dim)};
    struct attend_tile tiles[AT_ONCE];
    const uint32_t most = v->gpu->caps.max_groups[0] < AT_ONCE ? v->gpu->caps.max_groups[0] : AT_ONCE;
    struct walk at = {0};
    for (uint32_t n, first = 1; at.window < op->n; first = 0) {
        n = walk_on(&at, op, tile.bq, tiles, most, stream_work_limit(v->stream));
        const struct stream_binding uploaded = stream_upload(v->stream, tiles, n * sizeof *tiles);
        stream_run(v->stream,
                   &(struct stream_dispatch){
                       .pipeline = pipeline,
                       .bindings = {uploaded, qkv, qkv, qkv, qkv, vulkan_bind(op->out), vulkan_bind_scratch(&v->lse),
                                    vulkan_bind_scratch(&v->partial), uploaded},
                       .n_bindings = 9,
                       .params = &params,
                       .params_bytes = sizeof params,
                       .groups = {n, 1, 1},
                       .label = "attend: windows",
                       .work = at.work,
                       .bytes = element_bytes(v) * 4.0 * (double)at.queries * op->head_dim,
                       .together = !first,
                   });
        stream_pause(v->stream);
    }
}

int vulkan_find_fragment(struct vulkan *v, struct error *e)
{
    enum { INVOCATIONS = 32 };
    uint32_t good[INVOCATIONS] = {0};
    if (!vulkan_reserve(v, &v->x, INVOCATIONS, "fragment")) return stream_wait(v->stream, e);
    stream_run(v->stream, &(struct stream_dispatch){.pipeline = vulkan_pipeline(v, SHADER_COOPMAT_FRAGMENT, NULL, 0),
                                                    .bindings = {vulkan_bind_scratch(&v->x)},
                                                    .n_bindings = 1,
                                                    .groups = {1, 1, 1},
                                                    .label = "fragment"});
    if (stream_read(v->stream, v->x.buffer.buffer, 0, sizeof good, good, sizeof good, 1, e) != 0) return -1;
    v->fragment_known = v->gpu->caps.subgroup_size == INVOCATIONS;
    for (int i = 0; i < INVOCATIONS; i++) v->fragment_known &= good[i] == 1;
    return 0;
}
