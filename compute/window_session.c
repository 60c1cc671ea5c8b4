/* A last window that is not whole takes part in a chunk like the others, and then only what the whole ones kept is
 * counted: the slots behind are filled anew by whoever reads on. */
#include "compute/window_session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "compute/attention.h"
#include "compute/backend.h"
#include "compute/encoder_stack.h"
#include "compute/error.h"
#include "compute/kv_cache.h"
#include "compute/window_model.h"

enum { MOST_ROWS = 8192 };

struct window_session {
    const struct window_model *model;
    struct backend *backend;
    uint32_t rows; /* of a chunk at most: whole windows */
    uint64_t position;
    struct kv_cache *cache;
    struct encoder_stack *stack;
    struct matrix *evidence_k, *evidence_gate;
    struct matrix *keys, *queries, *gates; /* [rows][e / 4], [window][e], [window][1] */
    int32_t *positions;                    /* owned, [rows]: i mod window */
    uint32_t *windows, *parts;             /* owned, [rows + 1]: of a chunk; parts are cut at segments too */
};

static int load(struct window_session *s, struct matrix **out, const struct weights *w, struct error *e)
{
    return s->backend->ops->matrix_load(out, s->backend, &w, 1, e);
}

static int open_all(struct window_session *s, struct error *e)
{
    const struct window_model *m = s->model;
    struct backend *b = s->backend;
    struct attention shape = {
        .n_head = m->n_head, .n_head_kv = m->n_head, .head_dim = m->head_dim, .n_branch = m->n_branch};
    memcpy(shape.branch, m->branch, sizeof shape.branch);
    const struct encoder_stack_shape layers = {.n_layer = m->n_layer,
                                               .d = m->n_embd,
                                               .f = m->n_ff,
                                               .norm_eps = m->norm_eps,
                                               .rows = s->rows,
                                               .token_embd = m->token_embd,
                                               .position_embd = m->position_embd,
                                               .token_embd_norm = m->token_embd_norm,
                                               .layers = m->layers};
    return attention_layout(&shape, e) != 0 || kv_cache_open(&s->cache, b, &shape, m->n_layer, e) != 0 ||
                   encoder_stack_open(&s->stack, &layers, b, e) != 0 ||
                   load(s, &s->evidence_k, &m->evidence_k, e) != 0 ||
                   load(s, &s->evidence_gate, &m->evidence_gate, e) != 0 ||
                   b->ops->matrix_open(&s->keys, b, s->rows, m->evidence_width / 4, e) != 0 ||
                   b->ops->matrix_open(&s->queries, b, m->window, m->evidence_width, e) != 0 ||
                   b->ops->matrix_open(&s->gates, b, m->window, 1, e) != 0
               ? -1
               : 0;
}

int window_session_open(struct window_session **out, const struct window_model *m, struct backend *b, struct error *e)
{
    if (m->head_dim > b->info.max_head_dim)
        return error_set(e, "%s: heads of %u columns, the device takes %u", m->path, m->head_dim, b->info.max_head_dim);
    struct window_session *s = calloc(1, sizeof *s);
    if (!s) return error_memory(e);
    s->model = m;
    s->backend = b;
    s->rows = b->info.chunk_rows < MOST_ROWS ? b->info.chunk_rows : MOST_ROWS;
    s->rows = s->rows < m->window ? m->window : s->rows - s->rows % m->window;
    s->positions = calloc(s->rows, sizeof *s->positions);
    s->windows = calloc(s->rows + 1, sizeof *s->windows);
    s->parts = calloc(s->rows + 1, sizeof *s->parts);
    int failed = s->positions && s->windows && s->parts ? 0 : error_memory(e);
    if (failed || open_all(s, e) != 0) {
        window_session_close(s);
        return -1;
    }
    for (uint32_t i = 0; i < s->rows; i++) s->positions[i] = (int32_t)(i % m->window);
    *out = s;
    return 0;
}

void window_session_close(struct window_session *s)
{
    if (!s) return;
    struct matrix *const all[] = {s->evidence_k, s->evidence_gate, s->keys, s->queries, s->gates};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) s->backend->ops->matrix_close(all[i]);
    encoder_stack_close(s->stack);
    kv_cache_close(s->cache);
    free(s->positions);
    free(s->windows);
    free(s->parts);
    free(s);
}

uint64_t window_session_position(const struct window_session *s)
{
    return s->position;
}

size_t window_session_memory(const struct window_session *s)
{
    return encoder_stack_memory(s->stack) + kv_cache_bytes(s->cache) + s->evidence_k->bytes + s->evidence_gate->bytes +
           s->keys->bytes + s->queries->bytes + s->gates->bytes;
}

/* What the attention of a chunk is. */
struct chunk {
    struct window_session *s;
    uint32_t n;
    struct attend_local windows, parts;
};

static void attend(void *context, uint32_t layer, const struct matrix *qkv, struct matrix *out)
{
    const struct chunk *c = context;
    const struct window_model *m = c->s->model;
    struct attend_local local = layer + m->segment_layers >= m->n_layer ? c->parts : c->windows;
    local.bias = m->branch_bias + (size_t)layer * m->n_branch * m->n_head;
    c->s->backend->ops->attend(&(struct attend){.shape = &c->s->cache->shape,
                                                .qkv = qkv,
                                                .cache_k = c->s->cache->k[layer],
                                                .cache_v = c->s->cache->v[layer],
                                                .kept = c->s->cache->kept,
                                                .position = c->s->position,
                                                .n = c->n,
                                                .local = &local,
                                                .out = out});
}

/* Cuts n rows, which begin with token `done` of the text, at windows, and at windows and segments. *segment is the
 * first that begins behind `done`, and is moved on. */
static void cut(struct window_session *s, const struct window_session_text *t, size_t done, uint32_t n, size_t *segment,
                struct chunk *c)
{
    *c = (struct chunk){.s = s, .n = n};
    c->windows.starts = s->windows;
    c->parts.starts = s->parts;
    c->windows.window = c->parts.window = s->model->window;
    for (uint32_t i = 0; i < n; i++) {
        const bool window = i % s->model->window == 0;
        bool begins = window;
        for (; *segment < t->n_segments && t->segments[*segment] <= done + i; ++*segment)
            begins |= t->segments[*segment] == done + i;
        if (window) s->windows[c->windows.n++] = i;
        if (begins) s->parts[c->parts.n++] = i;
    }
    s->windows[c->windows.n] = s->parts[c->parts.n] = n;
}

/* Key or query rows of the rows that there are. */
static void make_rows(struct window_session *s, struct matrix *out, uint32_t n)
{
    s->backend->ops->evidence_rows(&(struct evidence_rows){
        .out = out, .x = encoder_stack_rows(s->stack), .w = s->evidence_k, .n = n, .quantise = out == s->keys});
}

static int check(const struct window_session *s, const int32_t *ids, size_t n, struct error *e)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || (uint32_t)ids[i] >= s->model->n_vocab)
            return error_set(e, "token id %d, the model has %u", (int)ids[i], s->model->n_vocab);
    return 0;
}

int window_session_read(struct window_session *s, const struct window_session_text *text, int8_t *keys, struct error *e)
{
    const struct backend_ops *ops = s->backend->ops;
    const struct window_model *m = s->model;
    if (check(s, text->ids, text->n, e) != 0) return -1;
    if (text->n > m->context_length - s->position)
        return error_set(e, "%zu tokens from position %llu do not fit the context of %llu", text->n,
                         (unsigned long long)s->position, (unsigned long long)m->context_length);
    size_t segment = 0;
    for (size_t done = 0, n; done < text->n; done += n) {
        n = text->n - done < s->rows ? text->n - done : s->rows;
        const uint32_t rows = (uint32_t)n, whole = rows - rows % m->window;
        struct chunk c;
        cut(s, text, done, rows, &segment, &c);
        const struct encoder_attend windows = {attend, &c};
        encoder_stack_embed(s->stack, text->ids + done, s->positions, NULL, NULL, rows);
        for (uint32_t i = 0; i < m->n_layer; i++) encoder_stack_run(s->stack, i, rows, &windows);
        if (keys) make_rows(s, s->keys, rows);
        if ((keys ? ops->matrix_read(s->keys, 0, rows, keys + done * m->evidence_width, e)
                  : ops->flush(s->backend, e)) != 0)
            return -1;
        kv_cache_after(s->cache, s->position, whole);
        s->position += whole;
    }
    return 0;
}

/* One window by itself. */
static void attend_alone(void *context, uint32_t layer, const struct matrix *qkv, struct matrix *out)
{
    const struct chunk *c = context;
    const struct window_model *m = c->s->model;
    (void)layer;
    c->s->backend->ops->attend_windows(&(struct attend_windows){.out = out,
                                                                .qkv = qkv,
                                                                .starts = (const uint32_t[]){0, c->n},
                                                                .n = 1,
                                                                .n_head = m->n_head,
                                                                .head_dim = m->head_dim});
}

int window_session_ask(struct window_session *s, const int32_t *ids, uint32_t n, float *queries, float *gate,
                       struct error *e)
{
    const struct backend_ops *ops = s->backend->ops;
    const struct window_model *m = s->model;
    if (n < 1 || n > m->window) return error_set(e, "a question of %u tokens, expected 1 to %u", n, m->window);
    if (check(s, ids, n, e) != 0) return -1;
    struct chunk c = {.s = s, .n = n};
    const struct encoder_attend alone = {attend_alone, &c};
    encoder_stack_embed(s->stack, ids, s->positions, NULL, NULL, n);
    for (uint32_t i = 0; i < m->n_layer; i++) encoder_stack_run(s->stack, i, n, &alone);
    make_rows(s, s->queries, n);
    ops->project(&(struct project){.out = s->gates, .x = encoder_stack_rows(s->stack), .w = s->evidence_gate, .n = n});
    if (ops->matrix_read(s->queries, 0, n, queries, e) != 0 || ops->matrix_read(s->gates, 0, n, gate, e) != 0)
        return -1;
    for (uint32_t i = 0; i < n; i++) gate[i] += m->evidence_gate_bias;
    return 0;
}
