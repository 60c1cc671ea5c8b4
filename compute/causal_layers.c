#include "compute/causal_layers.h"

#include <math.h>
#include <stdlib.h>

#include "compute/attention.h"
#include "compute/backend.h"
#include "compute/error.h"
#include "compute/family.h"
#include "compute/layers.h"
#include "compute/model.h"
#include "compute/session_layer.h"

enum {
    LOGIT_ROWS = 256, /* tokens whose logits are on the device at once */
    ANGLE_ROWS = 512, /* by which the rotary table grows */
};

struct causal_layers {
    struct layers base;
    const struct model *model;         /* borrowed */
    struct backend *backend;           /* borrowed */
    uint32_t n_angles, n_angles_known; /* rows of the rotary tables: all, and those filled in so far */

    struct session_layer *layers; /* owned, n_layer */
    struct matrix *token_embd, *output_norm, *output;
    struct matrix *evidence_token, *evidence_k, *evidence_q, *evidence_pair; /* pair: [2][d], gate and tau */
    float *gate_token;                                                       /* [V], on the host */

    struct matrix *x, *mixed, *qkv; /* activations of a chunk: [rows][d], [rows][H D], [rows][(H + 2 H_kv) D] */
    struct matrix *logits;          /* [LOGIT_ROWS][V] */
    struct matrix *keys, *queries, *pairs;
    struct matrix *rotary, *window_rotary; /* the latter of layers with a window; NULL: there are none */
    struct matrix *apart;                  /* [rows][d]: what is normalised before it is added; NULL: nothing is */
    struct matrix *conv_in;                /* [rows][3 d]; NULL: no layer has a short convolution */
    struct matrix **conv_kept;             /* [n_layer], owned: [context][d], or NULL */
    float (*host_pairs)[2];                /* [rows]: gate, tau */
};

static struct causal_layers *as_causal_layers(struct layers *l)
{
    return (struct causal_layers *)l;
}

/* Visits every matrix. */
static void visit_matrices(const struct causal_layers *l, void (*visit)(struct matrix *m, void *context), void *context)
{
    struct matrix *const all[] = {l->token_embd, l->output_norm, l->evidence_token,
                                  l->evidence_k, l->evidence_q,  l->evidence_pair,
                                  l->x,          l->mixed,       l->qkv,
                                  l->logits,     l->keys,        l->queries,
                                  l->pairs,      l->rotary,      l->output != l->token_embd ? l->output : NULL,
                                  l->apart,      l->conv_in,     l->window_rotary};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) visit(all[i], context);
    for (uint32_t i = 0; l->conv_kept && i < l->model->n_layer; i++) visit(l->conv_kept[i], context);
    for (uint32_t i = 0; l->layers && i < l->model->n_layer; i++) session_layer_visit(&l->layers[i], visit, context);
}

static void close_visited(struct matrix *m, void *context)
{
    const struct causal_layers *l = context;
    l->backend->ops->matrix_close(m);
}

static void add_bytes(struct matrix *m, void *context)
{
    size_t *total = context;
    if (m) *total += m->bytes;
}

static void close_all(struct layers *base)
{
    struct causal_layers *l = as_causal_layers(base);
    visit_matrices(l, close_visited, l);
    free(l->layers);
    free(l->conv_kept);
    free(l->gate_token);
    free(l->host_pairs);
    free(l);
}

static size_t memory(const struct layers *base)
{
    size_t total = 0;
    visit_matrices((const struct causal_layers *)base, add_bytes, &total);
    return total;
}

/* Rows of the rotary table are made when a position first needs them: a long context costs what is read of it. */
static int fill_rotary(struct causal_layers *l, uint64_t end, struct error *e)
{
    uint64_t need = (end + ANGLE_ROWS - 1) / ANGLE_ROWS * ANGLE_ROWS;
    if (need > l->n_angles) need = l->n_angles;
    float *row = need > l->n_angles_known ? malloc(l->model->head_dim * sizeof *row) : NULL;
    if (need > l->n_angles_known && !row) return error_memory(e);
    int status = 0;
    const struct model *m = l->model;
    while (l->n_angles_known < need && status == 0) {
        attention_rotary_row(row, m->head_dim, m->rope_base, m->rope_factors, l->n_angles_known);
        status = l->backend->ops->matrix_write(l->rotary, l->n_angles_known, 1, row, e);
        if (status == 0 && l->window_rotary) {
            attention_rotary_row(row, m->head_dim, m->window_rope_base, NULL, l->n_angles_known);
            status = l->backend->ops->matrix_write(l->window_rotary, l->n_angles_known, 1, row, e);
        }
        if (status == 0) l->n_angles_known++;
    }
    free(row);
    return status;
}

static const struct matrix *rotary_of(const struct causal_layers *l, uint32_t layer)
{
    if (l->layers[layer].unrotated) return NULL;
    return model_layer_window(l->model, layer) ? l->window_rotary : l->rotary;
}

/* A short convolution in the place of attention. What it keeps of a token stays at its position, as keys do: reading on
 * from anywhere needs nothing else. */
static void convolve(struct causal_layers *l, uint32_t layer, uint32_t n, uint64_t position)
{
    const struct session_layer *one = &l->layers[layer];
    session_layer_qkv(one, l->model, l->conv_in, l->x, n);
    l->backend->ops->short_conv(&(struct short_conv){.out = l->mixed,
                                                     .x = l->conv_in,
                                                     .w = one->conv,
                                                     .kept = l->conv_kept[layer],
                                                     .position = (uint32_t)position,
                                                     .n = n});
}

/* Records embedding and layers of one chunk: afterwards x holds the last layer's output. */
static int run(struct layers *base, const int32_t *ids, uint32_t n, uint64_t position, const struct layers_attend *with,
               struct error *e)
{
    struct causal_layers *l = as_causal_layers(base);
    const struct model *m = l->model;
    const struct backend_ops *ops = l->backend->ops;
    if (fill_rotary(l, position + n, e) != 0) return -1;
    const float scale = m->family && m->family->scaled_embedding ? sqrtf((float)m->n_embd) : 1;
    if (n > 0) ops->embed(l->x, l->token_embd, ids, n, scale, false);
    for (uint32_t i = 0; i < m->n_layer; i++) {
        const struct session_layer *one = &l->layers[i];
        if (n > 0 && one->conv) convolve(l, i, n, position);
        if (n > 0 && !one->conv) session_layer_qkv(one, m, l->qkv, l->x, n);
        if (!one->conv &&
            with->attend(with->context, i, n > 0 ? l->qkv : NULL, l->mixed, rotary_of(l, i), NULL, e) != 0)
            return -1;
        if (n > 0) session_layer_rest(one, m, l->x, l->mixed, l->apart, n);
    }
    return 0;
}

static int give_logits(struct layers *base, uint32_t row, uint32_t n, float *logits, struct error *e)
{
    struct causal_layers *l = as_causal_layers(base);
    const struct backend_ops *ops = l->backend->ops;
    for (uint32_t done = 0, part; done < n; done += part) {
        part = n - done < LOGIT_ROWS ? n - done : LOGIT_ROWS;
        ops->project(&(struct project){.out = l->logits,
                                       .x = l->x,
                                       .w = l->output,
                                       .norm = l->output_norm,
                                       .norm_eps = l->model->norm_eps,
                                       .x_row = row + done,
                                       .n = part});
        if (ops->matrix_read(l->logits, 0, part, logits + (size_t)done * l->model->n_vocab, e) != 0) return -1;
    }
    return 0;
}

static void make_evidence_rows(struct causal_layers *l, struct matrix *out, const struct matrix *w, const int32_t *ids,
                               uint32_t n)
{
    l->backend->ops->evidence_rows(&(struct evidence_rows){.out = out,
                                                           .x = l->x,
                                                           .norm = l->output_norm,
                                                           .w = w,
                                                           .token = l->evidence_token,
                                                           .ids = ids,
                                                           .norm_eps = l->model->norm_eps,
                                                           .n = n,
                                                           .quantise = out == l->keys});
}

static struct matrix *keys(struct layers *base, const int32_t *ids, uint32_t n)
{
    struct causal_layers *l = as_causal_layers(base);
    make_evidence_rows(l, l->keys, l->evidence_k, ids, n);
    return l->keys;
}

/* Queries, gate logits G[id] + w_g . h and sharpness exp(log_tau + w_tau . h). */
static int question(struct layers *base, const int32_t *ids, uint32_t n, const struct layers_question *out,
                    struct error *e)
{
    struct causal_layers *l = as_causal_layers(base);
    const struct backend_ops *ops = l->backend->ops;
    if (out->queries) {
        make_evidence_rows(l, l->queries, l->evidence_q, ids, n);
        if (ops->matrix_read(l->queries, 0, n, out->queries, e) != 0) return -1;
    }
    if (!out->gate && !out->tau) return 0;
    ops->project(&(struct project){.out = l->pairs,
                                   .x = l->x,
                                   .w = l->evidence_pair,
                                   .norm = l->output_norm,
                                   .norm_eps = l->model->norm_eps,
                                   .n = n});
    if (ops->matrix_read(l->pairs, 0, n, l->host_pairs[0], e) != 0) return -1;
    for (uint32_t i = 0; i < n; i++) {
        if (out->gate) out->gate[i] = l->gate_token[ids[i]] + l->host_pairs[i][0];
        if (out->tau) out->tau[i] = expf(l->model->evidence.log_tau + l->host_pairs[i][1]);
    }
    return 0;
}

static int load_joined(struct causal_layers *l, struct matrix **out, const struct weights *a, const struct weights *b,
                       const struct weights *c, struct error *e)
{
    const struct weights *const parts[] = {a, b, c};
    return l->backend->ops->matrix_load(out, l->backend, parts, c ? 3 : b ? 2 : 1, e);
}

static int load_weights(struct causal_layers *l, struct error *e)
{
    const struct model *m = l->model;
    if (load_joined(l, &l->token_embd, &m->token_embd, NULL, NULL, e) != 0 ||
        load_joined(l, &l->output_norm, &m->output_norm, NULL, NULL, e) != 0)
        return -1;
    if (m->output.bytes == m->token_embd.bytes)
        l->output = l->token_embd;
    else if (load_joined(l, &l->output, &m->output, NULL, NULL, e) != 0)
        return -1;
    l->layers = calloc(m->n_layer, sizeof *l->layers);
    if (!l->layers) return error_memory(e);
    for (uint32_t i = 0; i < m->n_layer; i++)
        if (session_layer_load(&l->layers[i], l->backend, m, i, e) != 0) return -1;
    return 0;
}

static int load_evidence(struct causal_layers *l, struct error *e)
{
    const struct model_evidence *v = &l->model->evidence;
    if (v->width == 0) return 0;
    if (v->width % 4 != 0) return error_set(e, "an evidence width of %u is no multiple of 4", v->width);
    l->gate_token = malloc(l->model->n_vocab * sizeof *l->gate_token);
    l->host_pairs = malloc(l->base.rows * sizeof *l->host_pairs);
    if (!l->gate_token || !l->host_pairs) return error_memory(e);
    weights_dequantize(&v->gate_token, 0, 1, l->gate_token);
    struct backend *b = l->backend;
    if (load_joined(l, &l->evidence_token, &v->token, NULL, NULL, e) != 0 ||
        load_joined(l, &l->evidence_k, &v->k, NULL, NULL, e) != 0 ||
        load_joined(l, &l->evidence_q, &v->q, NULL, NULL, e) != 0 ||
        load_joined(l, &l->evidence_pair, &v->gate, &v->tau, NULL, e) != 0 ||
        b->ops->matrix_open(&l->keys, b, l->base.rows, v->width / 4, e) != 0 ||
        b->ops->matrix_open(&l->queries, b, l->base.rows, v->width, e) != 0 ||
        b->ops->matrix_open(&l->pairs, b, l->base.rows, 2, e) != 0)
        return -1;
    return 0;
}

/* What only some families need. */
static int open_extras(struct causal_layers *l, struct error *e)
{
    const struct model *m = l->model;
    struct backend *b = l->backend;
    const struct family *f = m->family;
    if (!f) return 0;
    if (m->window_layers && b->ops->matrix_open(&l->window_rotary, b, l->n_angles, m->head_dim, e) != 0) return -1;
    if (f->norms_after && b->ops->matrix_open(&l->apart, b, l->base.rows, m->n_embd, e) != 0) return -1;
    if (!f->short_conv) return 0;
    l->conv_kept = calloc(m->n_layer, sizeof *l->conv_kept);
    if (!l->conv_kept) return error_memory(e);
    for (uint32_t i = 0; i < m->n_layer; i++)
        if (l->layers[i].conv &&
            b->ops->activations_open(&l->conv_kept[i], b, (uint32_t)m->context_length, m->n_embd, e) != 0)
            return -1;
    return b->ops->activations_open(&l->conv_in, b, l->base.rows, 3 * m->n_embd, e);
}

static int open_all(struct causal_layers *l, struct error *e)
{
    const struct model *m = l->model;
    struct backend *b = l->backend;
    const uint32_t rows = l->base.rows, width = m->n_head * m->head_dim, kv_width = m->n_head_kv * m->head_dim;
    if (l->n_angles && b->ops->matrix_open(&l->rotary, b, l->n_angles, m->head_dim, e) != 0) return -1;
    return load_weights(l, e) != 0 || load_evidence(l, e) != 0 || open_extras(l, e) != 0 ||
                   b->ops->matrix_open(&l->x, b, rows, m->n_embd, e) != 0 ||
                   b->ops->activations_open(&l->mixed, b, rows, width, e) != 0 ||
                   b->ops->activations_open(&l->qkv, b, rows, width + 2 * kv_width, e) != 0 ||
                   b->ops->matrix_open(&l->logits, b, LOGIT_ROWS, m->n_vocab, e) != 0
               ? -1
               : 0;
}

/* What the device likes, and less for wide models on small devices: activations take an eighth of the memory at most.
 */
static uint32_t chunk_rows(const struct model *m, const struct backend_info *info)
{
    enum { FEWEST = 512 };
    const size_t qkv = ((size_t)m->n_head + 2 * (size_t)m->n_head_kv) * m->head_dim;
    const size_t row = sizeof(float) * (2 * (size_t)m->n_embd + 3 * qkv + m->n_ff);
    uint32_t rows = info->chunk_rows;
    while (rows > FEWEST && info->memory > 0 && rows * row > info->memory / 8) rows /= 2;
    return rows;
}

int causal_layers_open(struct layers **out, const struct model *m, struct backend *b, uint32_t n_angles,
                       struct error *e)
{
    static const struct layers_ops ops = {
        .close = close_all, .memory = memory, .run = run, .logits = give_logits, .keys = keys, .question = question};
    struct causal_layers *l = calloc(1, sizeof *l);
    if (!l) return error_memory(e);
    *l =
        (struct causal_layers){.base = {&ops, chunk_rows(m, &b->info)}, .model = m, .backend = b, .n_angles = n_angles};
    if (open_all(l, e) != 0) {
        close_all(&l->base);
        return -1;
    }
    *out = &l->base;
    return 0;
}
