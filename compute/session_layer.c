/* The devices turn neighbouring columns of a head by an angle. Files of some families mean columns D / 2 apart: their
 * rows of q and k, and what is added to and multiplied with them, are put into that order here. What queries and keys
 * are for, their products, does not depend on it. */
#include "compute/session_layer.h"

#include <stdlib.h>
#include <string.h>

#include "compute/backend.h"
#include "compute/error.h"
#include "compute/family.h"
#include "compute/model.h"

static int load_if_there(struct matrix **out, struct backend *b, const struct weights *a, const struct weights *second,
                         const struct weights *third, struct error *e)
{
    const struct weights *const parts[] = {a, second, third};
    if (!a->bytes) return 0;
    return b->ops->matrix_load(out, b, parts, third ? 3 : second ? 2 : 1, e);
}

/* The rows of a matrix, or the elements of a vector, so that columns i and i + D / 2 of a head become neighbours. A
 * copy; NULL bytes where there are none. */
static int by_neighbours(struct weights *out, const struct weights *w, uint32_t head_dim, struct error *e)
{
    const bool vector = w->rows == 1;
    const uint32_t n = vector ? w->cols : w->rows;
    const size_t each = vector ? sizeof(float) : w->row_bytes;
    *out = *w;
    if (!w->bytes) return 0;
    uint8_t *to = malloc(n * each);
    float *elements = malloc(w->cols * sizeof *elements);
    if (!to || !elements) {
        free(to);
        free(elements);
        return error_memory(e);
    }
    if (vector) weights_dequantize(w, 0, 1, elements);
    const uint8_t *from = vector ? (const uint8_t *)elements : w->bytes;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t in_head = i % head_dim, source = i - in_head + in_head / 2 + in_head % 2 * (head_dim / 2);
        memcpy(to + i * each, from + source * each, each);
    }
    free(elements);
    out->bytes = to;
    if (vector) {
        out->type = WEIGHTS_F32;
        out->row_bytes = n * each;
    }
    return 0;
}

/* One vector, of what q, k and v are added to. */
static int load_bias(struct matrix **out, struct backend *b, const struct model_layer *from, struct error *e)
{
    const struct weights *const parts[] = {&from->q_bias, &from->k_bias, &from->v_bias};
    if (!from->q_bias.bytes) return 0;
    const uint32_t n = from->q_bias.cols + from->k_bias.cols + from->v_bias.cols;
    float *all = malloc(n * sizeof *all), *to = all;
    if (!all) return error_memory(e);
    for (int i = 0; i < 3; to += parts[i++]->cols) weights_dequantize(parts[i], 0, 1, to);
    int status = load_if_there(out, b, &(struct weights){(const uint8_t *)all, WEIGHTS_F32, 1, n, n * sizeof *all},
                               NULL, NULL, e);
    free(all);
    return status;
}

static int load_qkv(struct session_layer *l, struct backend *b, const struct model_layer *from, struct error *e)
{
    if (load_if_there(&l->qkv, b, &from->attn_q, &from->attn_k, &from->attn_v, e) != 0 ||
        load_bias(&l->qkv_bias, b, from, e) != 0 || load_if_there(&l->q_norm, b, &from->q_norm, NULL, NULL, e) != 0 ||
        load_if_there(&l->k_norm, b, &from->k_norm, NULL, NULL, e) != 0)
        return -1;
    return 0;
}

static int load_qkv_by_neighbours(struct session_layer *l, struct backend *b, const struct model_layer *from,
                                  uint32_t head_dim, struct error *e)
{
    struct model_layer copy = *from;
    enum { N_TURNED = 6 };
    struct weights *const turned[N_TURNED] = {&copy.attn_q, &copy.attn_k, &copy.q_bias,
                                              &copy.k_bias, &copy.q_norm, &copy.k_norm};
    int status = 0, n = 0;
    for (; n < N_TURNED && status == 0; n++) {
        const struct weights w = *turned[n];
        turned[n]->bytes = NULL;
        status = by_neighbours(turned[n], &w, head_dim, e);
    }
    if (status == 0) status = load_qkv(l, b, &copy, e);
    while (n-- > 0) free((void *)(uintptr_t)turned[n]->bytes);
    return status;
}

/* The file has the taps of a channel together; the device those of a tap. */
static int load_conv(struct session_layer *l, struct backend *b, const struct model_layer *from, struct error *e)
{
    const uint32_t taps = from->conv.cols, d = from->conv.rows, n = taps * d;
    float *all = malloc(2 * (size_t)n * sizeof *all), *turned = all + n;
    if (!all) return error_memory(e);
    weights_dequantize(&from->conv, 0, d, all);
    for (uint32_t i = 0; i < n; i++) turned[i % taps * d + i / taps] = all[i];
    int status = load_if_there(
        &l->conv, b, &(struct weights){(const uint8_t *)turned, WEIGHTS_F32, 1, n, n * sizeof *turned}, NULL, NULL, e);
    free(all);
    return status != 0 ? -1 : load_if_there(&l->qkv, b, &from->conv_in, NULL, NULL, e);
}

int session_layer_load(struct session_layer *l, struct backend *b, const struct model *m, uint32_t layer,
                       struct error *e)
{
    const struct model_layer *from = &m->layers[layer];
    const struct family *f = m->family;
    l->unrotated = f && f->unrotated_layers && (layer + 1) % f->unrotated_layers == 0;
    const int failed = from->conv.bytes         ? load_conv(l, b, from, e)
                       : f && f->rotates_halves ? load_qkv_by_neighbours(l, b, from, m->head_dim, e)
                                                : load_qkv(l, b, from, e);
    if (failed || load_if_there(&l->attn_norm, b, &from->attn_norm, NULL, NULL, e) != 0 ||
        load_if_there(&l->attn_output, b, &from->attn_output, NULL, NULL, e) != 0 ||
        load_if_there(&l->attn_post_norm, b, &from->attn_post_norm, NULL, NULL, e) != 0 ||
        load_if_there(&l->ffn_norm, b, &from->ffn_norm, NULL, NULL, e) != 0 ||
        load_if_there(&l->ffn_post_norm, b, &from->ffn_post_norm, NULL, NULL, e) != 0 ||
        load_if_there(&l->gate_up, b, &from->ffn_gate, &from->ffn_up, NULL, e) != 0 ||
        load_if_there(&l->down, b, &from->ffn_down, NULL, NULL, e) != 0)
        return -1;
    return 0;
}

void session_layer_visit(const struct session_layer *l, void (*visit)(struct matrix *m, void *context), void *context)
{
    struct matrix *const all[] = {l->attn_norm, l->qkv,           l->qkv_bias,    l->q_norm,
                                  l->k_norm,    l->conv,          l->attn_output, l->attn_post_norm,
                                  l->ffn_norm,  l->ffn_post_norm, l->gate_up,     l->down};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) visit(all[i], context);
}

void session_layer_qkv(const struct session_layer *l, const struct model *m, struct matrix *qkv, const struct matrix *x,
                       uint32_t n)
{
    const struct backend_ops *ops = x->backend->ops;
    ops->project(&(struct project){
        .out = qkv, .x = x, .w = l->qkv, .norm = l->attn_norm, .bias = l->qkv_bias, .norm_eps = m->norm_eps, .n = n});
    if (!l->q_norm) return;
    ops->norm_parts(&(struct norm_parts){.x = qkv, .norm = l->q_norm, .n_part = m->n_head, .eps = m->norm_eps, .n = n});
    ops->norm_parts(&(struct norm_parts){.x = qkv,
                                         .norm = l->k_norm,
                                         .begin = m->n_head * m->head_dim,
                                         .n_part = m->n_head_kv,
                                         .eps = m->norm_eps,
                                         .n = n});
}

void session_layer_rest(const struct session_layer *l, const struct model *m, struct matrix *x,
                        const struct matrix *mixed, struct matrix *apart, uint32_t n)
{
    const struct backend_ops *ops = x->backend->ops;
    struct norm_add add = {.x = x, .y = apart, .norm = l->attn_post_norm, .eps = m->norm_eps, .n = n};
    ops->project(
        &(struct project){.out = add.norm ? apart : x, .x = mixed, .w = l->attn_output, .n = n, .add = !add.norm});
    if (add.norm) ops->norm_add(&add);
    add.norm = l->ffn_post_norm;
    ops->feed_forward(&(struct feed_forward){.x = x,
                                             .apart = add.norm ? apart : NULL,
                                             .norm = l->ffn_norm,
                                             .gate_up = l->gate_up,
                                             .down = l->down,
                                             .norm_eps = m->norm_eps,
                                             .n = n,
                                             .gelu = m->family && m->family->gelu});
    if (add.norm) ops->norm_add(&add);
}
