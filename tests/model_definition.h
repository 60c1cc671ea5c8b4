/* The model's definition (models/FORMAT.md) in double precision, one token and one key after the other: for synthetic
 * models of width 24 and at most 40 columns of feed-forward. */
#ifndef LECTERN_MODEL_DEFINITION_H
#define LECTERN_MODEL_DEFINITION_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compute/attention.h"
#include "compute/definition.h"
#include "compute/model.h"

static inline double define_at(const struct weights *w, uint32_t row, uint32_t col)
{
    return (double)((const float *)w->bytes)[(size_t)row * w->cols + col];
}

static inline void define_multiply(double *out, const struct weights *w, const double *x)
{
    for (uint32_t i = 0; i < w->rows; i++) {
        out[i] = 0;
        for (uint32_t k = 0; k < w->cols; k++) out[i] += define_at(w, i, k) * x[k];
    }
}

static inline void define_normalise(double *out, const double *x, const struct weights *norm, double eps)
{
    double sum = 0;
    for (uint32_t i = 0; i < norm->cols; i++) sum += x[i] * x[i];
    for (uint32_t i = 0; i < norm->cols; i++) out[i] = x[i] / sqrt(sum / norm->cols + eps) * define_at(norm, 0, i);
}

/* One token's in one layer; q and k are not rotated. */
struct vectors {
    double q[24], k[24], v[24], x[24], mixed[24];
};

/* All tokens' in one layer; `attention` reads them. */
struct layer_vectors {
    struct attention shape;
    struct definition attention;
    struct vectors *tokens;
    const uint64_t *positions; /* rising */
    size_t n;
};

static inline bool define_read(const void *context, uint64_t position, uint32_t column, double *to)
{
    const struct layer_vectors *l = context;
    const uint32_t dim = l->shape.head_dim, k = l->shape.n_head * dim, v = k + l->shape.n_head_kv * dim;
    for (size_t i = 0; i < l->n; i++) {
        if (l->positions[i] != position) continue;
        const struct vectors *t = &l->tokens[i];
        memcpy(to,
               column < k   ? t->q + column
               : column < v ? t->k + (column - k)
                            : t->v + (column - v),
               dim * sizeof *to);
        return true;
    }
    return false;
}

static inline void define_layer(struct layer_vectors *l, const struct model *m, const uint64_t *positions, size_t n)
{
    *l = (struct layer_vectors){.tokens = calloc(n, sizeof *l->tokens), .positions = positions, .n = n};
    l->shape = (struct attention){.n_head = m->n_head,
                                  .n_head_kv = m->n_head_kv,
                                  .head_dim = m->head_dim,
                                  .n_branch = m->n_branch,
                                  .offset_rule = m->offset_rule};
    memcpy(l->shape.branch, m->branch, m->n_branch * sizeof m->branch[0]);
    l->attention =
        (struct definition){&l->shape, 0, positions[n - 1] + 1, true, (double)m->rope_base, define_read, l, 0};
}

/* logits [n][V] of tokens at the given positions, V columns of m->n_vocab; `visit` is shown every layer's vectors. Both
 * may be NULL. */
static inline void define(const struct model *m, const int32_t *ids, const uint64_t *positions, size_t n,
                          void (*visit)(void *context, uint32_t layer, const struct layer_vectors *all), void *context,
                          double *logits)
{
    struct layer_vectors layers;
    define_layer(&layers, m, positions, n);
    struct vectors *all = layers.tokens;
    double normed[24], gate[40], up[40], added[24];
    for (size_t t = 0; t < n; t++)
        for (uint32_t i = 0; i < m->n_embd; i++) all[t].x[i] = define_at(&m->token_embd, (uint32_t)ids[t], i);
    for (uint32_t layer = 0; layer < m->n_layer; layer++) {
        const struct model_layer *l = &m->layers[layer];
        for (size_t t = 0; t < n; t++) {
            define_normalise(normed, all[t].x, &l->attn_norm, (double)m->norm_eps);
            define_multiply(all[t].q, &l->attn_q, normed);
            define_multiply(all[t].k, &l->attn_k, normed);
            define_multiply(all[t].v, &l->attn_v, normed);
        }
        if (visit) visit(context, layer, &layers);
        for (size_t t = 0; t < n; t++) {
            for (uint32_t head = 0; head < m->n_head; head++)
                definition_attend(&layers.attention, head, positions[t], all[t].mixed + head * m->head_dim, NULL);
            define_multiply(added, &l->attn_output, all[t].mixed);
            for (uint32_t i = 0; i < m->n_embd; i++) all[t].x[i] += added[i];
            define_normalise(normed, all[t].x, &l->ffn_norm, (double)m->norm_eps);
            define_multiply(gate, &l->ffn_gate, normed);
            define_multiply(up, &l->ffn_up, normed);
            for (uint32_t i = 0; i < m->n_ff; i++) gate[i] = gate[i] / (1 + exp(-gate[i])) * up[i];
            define_multiply(added, &l->ffn_down, gate);
            for (uint32_t i = 0; i < m->n_embd; i++) all[t].x[i] += added[i];
        }
    }
    for (size_t t = 0; t < n && logits; t++) {
        define_normalise(normed, all[t].x, &m->output_norm, (double)m->norm_eps);
        define_multiply(logits + t * m->n_vocab, &m->output, normed);
    }
    free(all);
}

#endif
