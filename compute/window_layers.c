#include "compute/window_layers.h"

#include <stdbool.h>
#include <stdlib.h>

#include "compute/backend.h"
#include "compute/encoder_stack.h"
#include "compute/error.h"
#include "compute/layers.h"
#include "compute/model.h"
#include "compute/tokens.h"
#include "compute/window_model.h"

struct window_layers {
    struct layers base;
    const struct model *model;
    struct backend *backend;
    struct encoder_stack *stack;
    struct matrix *evidence_k, *evidence_gate;
    struct matrix *keys, *queries, *gates; /* [rows][e / 4], [window][e], [window][1] */
    int32_t *ids, *positions;              /* owned, [rows]: without marks; i mod window */
    uint32_t *windows, *parts;             /* owned, [rows + 1]: of a chunk; parts are cut at segments too */
};

static struct window_layers *as_window_layers(struct layers *l)
{
    return (struct window_layers *)l;
}

static void close_all(struct layers *base)
{
    struct window_layers *l = as_window_layers(base);
    struct matrix *const all[] = {l->evidence_k, l->evidence_gate, l->keys, l->queries, l->gates};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) l->backend->ops->matrix_close(all[i]);
    encoder_stack_close(l->stack);
    free(l->ids);
    free(l->positions);
    free(l->windows);
    free(l->parts);
    free(l);
}

static size_t memory(const struct layers *base)
{
    const struct window_layers *l = (const struct window_layers *)base;
    return encoder_stack_memory(l->stack) + l->evidence_k->bytes + l->evidence_gate->bytes + l->keys->bytes +
           l->queries->bytes + l->gates->bytes;
}

/* Cuts n rows at windows, and at windows and segments. */
static void cut_rows(struct window_layers *l, const int32_t *ids, uint32_t n, struct attend_local *windows,
                     struct attend_local *parts)
{
    const uint32_t window = l->model->windows->window;
    *windows = (struct attend_local){.starts = l->windows, .window = window};
    *parts = (struct attend_local){.starts = l->parts, .window = window};
    for (uint32_t i = 0; i < n; i++) {
        if (i % window == 0) l->windows[windows->n++] = i;
        if (i % window == 0 || (ids[i] & TOKENS_SEGMENT)) l->parts[parts->n++] = i;
        l->ids[i] = ids[i] & ~TOKENS_SEGMENT;
    }
    l->windows[windows->n] = l->parts[parts->n] = n;
}

/* The session's attention as the stack calls it. */
struct attending {
    const struct window_layers *l;
    const struct layers_attend *attend;
    struct attend_local windows, parts;
    struct error *e;
    int failed;
};

static void attend(void *context, uint32_t layer, const struct matrix *qkv, struct matrix *out)
{
    struct attending *a = context;
    const struct model *m = a->l->model;
    struct attend_local local = layer + m->windows->segment_layers >= m->n_layer ? a->parts : a->windows;
    local.bias = m->windows->branch_bias + (size_t)layer * m->n_branch * m->n_head;
    if (!a->failed) a->failed = a->attend->attend(a->attend->context, layer, qkv, out, NULL, &local, a->e);
}

static int run(struct layers *base, const int32_t *ids, uint32_t n, uint64_t position, const struct layers_attend *with,
               struct error *e)
{
    (void)position;
    struct window_layers *l = as_window_layers(base);
    struct attending a = {.l = l, .attend = with, .e = e};
    const struct encoder_attend through = {attend, &a};
    if (n > 0) {
        cut_rows(l, ids, n, &a.windows, &a.parts);
        encoder_stack_embed(l->stack, l->ids, l->positions, NULL, NULL, n);
    }
    for (uint32_t i = 0; i < l->model->n_layer && !a.failed; i++) {
        if (n > 0)
            encoder_stack_run(l->stack, i, n, &through);
        else
            attend(&a, i, NULL, NULL);
    }
    return a.failed;
}

static void make_rows(struct window_layers *l, struct matrix *out, uint32_t n)
{
    l->backend->ops->evidence_rows(&(struct evidence_rows){
        .out = out, .x = encoder_stack_rows(l->stack), .w = l->evidence_k, .n = n, .quantise = out == l->keys});
}

static struct matrix *keys(struct layers *base, const int32_t *ids, uint32_t n)
{
    (void)ids;
    make_rows(as_window_layers(base), as_window_layers(base)->keys, n);
    return as_window_layers(base)->keys;
}

static int question(struct layers *base, const int32_t *ids, uint32_t n, const struct layers_question *out,
                    struct error *e)
{
    (void)ids;
    struct window_layers *l = as_window_layers(base);
    const struct backend_ops *ops = l->backend->ops;
    if (n > l->model->windows->window)
        return error_set(e, "a question of %u tokens, at most %u", n, l->model->windows->window);
    if (out->queries) {
        make_rows(l, l->queries, n);
        if (ops->matrix_read(l->queries, 0, n, out->queries, e) != 0) return -1;
    }
    for (uint32_t i = 0; i < n && out->tau; i++) out->tau[i] = 1;
    if (!out->gate) return 0;
    ops->project(&(struct project){.out = l->gates, .x = encoder_stack_rows(l->stack), .w = l->evidence_gate, .n = n});
    if (ops->matrix_read(l->gates, 0, n, out->gate, e) != 0) return -1;
    for (uint32_t i = 0; i < n; i++) out->gate[i] += l->model->windows->gate_bias;
    return 0;
}

/* A question is one window. */
struct alone {
    const struct window_layers *l;
    uint32_t n;
    float *qkv; /* where the next layer's go; NULL: nowhere */
    struct error *e;
    int failed;
};

static void attend_alone(void *context, uint32_t layer, const struct matrix *qkv, struct matrix *out)
{
    (void)layer;
    struct alone *a = context;
    const struct model *m = a->l->model;
    const struct backend_ops *ops = a->l->backend->ops;
    if (a->qkv && !a->failed) {
        a->failed = ops->matrix_read(qkv, 0, a->n, a->qkv, a->e);
        a->qkv += (size_t)a->n * qkv->cols;
    }
    ops->attend_windows(&(struct attend_windows){.out = out,
                                                 .qkv = qkv,
                                                 .starts = (const uint32_t[]){0, a->n},
                                                 .n = 1,
                                                 .n_head = m->n_head,
                                                 .head_dim = m->head_dim});
}

static int ask(struct layers *base, const int32_t *ids, uint32_t n, const struct layers_question *out, struct error *e)
{
    struct window_layers *l = as_window_layers(base);
    struct alone a = {.l = l, .n = n, .qkv = out->qkv, .e = e};
    const struct encoder_attend alone = {attend_alone, &a};
    if (n < 1 || n > l->model->windows->window)
        return error_set(e, "a question of %u tokens, expected 1 to %u", n, l->model->windows->window);
    encoder_stack_embed(l->stack, ids, l->positions, NULL, NULL, n);
    for (uint32_t i = 0; i < l->model->n_layer; i++) encoder_stack_run(l->stack, i, n, &alone);
    return a.failed || question(base, ids, n, out, e) != 0 ? -1 : 0;
}

static int load_single(struct window_layers *l, struct matrix **out, const struct weights *w, struct error *e)
{
    return l->backend->ops->matrix_load(out, l->backend, &w, 1, e);
}

static int open_all(struct window_layers *l, struct error *e)
{
    const struct model *m = l->model;
    const struct window_model *w = m->windows;
    struct backend *b = l->backend;
    const struct encoder_stack_shape shape = {.n_layer = m->n_layer,
                                              .d = m->n_embd,
                                              .f = m->n_ff,
                                              .norm_eps = m->norm_eps,
                                              .rows = l->base.rows,
                                              .token_embd = m->token_embd,
                                              .position_embd = w->position_embd,
                                              .token_embd_norm = w->token_embd_norm,
                                              .layers = w->layers};
    return encoder_stack_open(&l->stack, &shape, b, e) != 0 || load_single(l, &l->evidence_k, &w->evidence_k, e) != 0 ||
                   load_single(l, &l->evidence_gate, &w->evidence_gate, e) != 0 ||
                   b->ops->matrix_open(&l->keys, b, l->base.rows, m->evidence.width / 4, e) != 0 ||
                   b->ops->matrix_open(&l->queries, b, w->window, m->evidence.width, e) != 0 ||
                   b->ops->matrix_open(&l->gates, b, w->window, 1, e) != 0
               ? -1
               : 0;
}

int window_layers_open(struct layers **out, const struct model *m, struct backend *b, struct error *e)
{
    static const struct layers_ops ops = {
        .close = close_all, .memory = memory, .run = run, .keys = keys, .question = question, .ask = ask};
    const uint32_t window = m->windows->window, most = b->info.chunk_rows,
                   rows = most < window ? window : most - most % window;
    struct window_layers *l = calloc(1, sizeof *l);
    if (!l) return error_memory(e);
    *l = (struct window_layers){.base = {&ops, rows}, .model = m, .backend = b};
    l->ids = calloc(rows, sizeof *l->ids);
    l->positions = calloc(rows, sizeof *l->positions);
    l->windows = calloc((size_t)rows + 1, sizeof *l->windows);
    l->parts = calloc((size_t)rows + 1, sizeof *l->parts);
    if (!l->ids || !l->positions || !l->windows || !l->parts || open_all(l, e) != 0) {
        const bool memory = !l->ids || !l->positions || !l->windows || !l->parts;
        close_all(&l->base);
        return memory ? error_memory(e) : -1;
    }
    for (uint32_t i = 0; i < rows; i++) l->positions[i] = (int32_t)(i % window);
    *out = &l->base;
    return 0;
}
