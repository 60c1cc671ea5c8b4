/* The model's definition (models/FORMAT.md) in double precision, one token and one key after the other: for synthetic
 * models of width 24 and at most 40 columns of feed-forward, offset rule of the paper. */
#ifndef LECTERN_MODEL_DEFINITION_H
#define LECTERN_MODEL_DEFINITION_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

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

static inline double define_rotated(const double *x, uint32_t i, uint32_t dim, uint64_t pos)
{
    double angle = (double)pos * pow(10000, -(double)(i - i % 2) / dim);
    return i % 2 == 0 ? x[i] * cos(angle) - x[i + 1] * sin(angle) : x[i - 1] * sin(angle) + x[i] * cos(angle);
}

/* One token's in one layer; q and k are not rotated. */
struct vectors {
    double q[24], k[24], v[24], x[24], mixed[24];
};

/* The logit of the query at position a and the key at b through a branch; false where it does not see it. */
static inline bool define_logit(const struct model *m, uint32_t branch, uint32_t head, const struct vectors *query,
                                uint64_t a, const struct vectors *key, uint64_t b, double *logit)
{
    const uint32_t dim = m->head_dim, group = head / (m->n_head / m->n_head_kv);
    const uint64_t w = m->branch[branch].segment_length, r = m->branch[branch].dilation_rate, s = head % r;
    const double *q = query->q + head * dim, *k = key->k + group * dim;
    if (b > a || a / w != b / w || a % w % r != s || b % w % r != s) return false;
    *logit = 0;
    for (uint32_t d = 0; d < dim; d++)
        *logit += r == 1 ? define_rotated(q, d, dim, a % w) * define_rotated(k, d, dim, b % w) : q[d] * k[d];
    *logit /= sqrt(dim);
    return true;
}

/* Attention of one (token, head): all keys of all branches in one softmax. */
static inline void define_head(const struct model *m, struct vectors *all, const uint64_t *positions, size_t t,
                               uint32_t head)
{
    const uint32_t dim = m->head_dim, group = head / (m->n_head / m->n_head_kv);
    double sum = 0, *out = all[t].mixed + head * dim;
    for (uint32_t d = 0; d < dim; d++) out[d] = 0;
    for (uint32_t i = 0; i < m->n_branch; i++)
        for (size_t p = 0; p <= t; p++) {
            double logit;
            if (!define_logit(m, i, head, &all[t], positions[t], &all[p], positions[p], &logit)) continue;
            double e = exp(logit);
            sum += e;
            for (uint32_t d = 0; d < dim; d++) out[d] += e * all[p].v[group * dim + d];
        }
    for (uint32_t d = 0; d < dim && sum > 0; d++) out[d] /= sum;
}

/* logits [n][V] of tokens at the given positions, V columns of m->n_vocab; `visit` is shown every layer's vectors. Both
 * may be NULL. */
static inline void define(const struct model *m, const int32_t *ids, const uint64_t *positions, size_t n,
                          void (*visit)(void *context, uint32_t layer, const struct vectors *all), void *context,
                          double *logits)
{
    struct vectors *all = calloc(n, sizeof *all);
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
        if (visit) visit(context, layer, all);
        for (size_t t = 0; t < n; t++) {
            for (uint32_t head = 0; head < m->n_head; head++) define_head(m, all, positions, t, head);
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
