/* The encoder's definition (models/FORMAT.md, "The second reading") in double precision, one row after the other, and a
 * small encoder with random weights to compare on. */
#ifndef LECTERN_ENCODER_DEFINITION_H
#define LECTERN_ENCODER_DEFINITION_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "compute/encoder_model.h"
#include "tests/synthetic_model.h"

static inline double define_weight(const struct weights *w, uint32_t row, uint32_t col)
{
    return (double)((const float *)w->bytes)[(size_t)row * w->cols + col];
}

/* out = W x + bias */
static inline void define_linear(double *out, const struct encoder_weights *w, const double *x)
{
    for (uint32_t i = 0; i < w->weight.rows; i++) {
        out[i] = define_weight(&w->bias, 0, i);
        for (uint32_t k = 0; k < w->weight.cols; k++) out[i] += define_weight(&w->weight, i, k) * x[k];
    }
}

static inline void define_layer_norm(double *x, const struct encoder_weights *w, double eps)
{
    const uint32_t d = w->weight.cols;
    double mean = 0, variance = 0;
    for (uint32_t i = 0; i < d; i++) mean += x[i] / d;
    for (uint32_t i = 0; i < d; i++) variance += (x[i] - mean) * (x[i] - mean) / d;
    for (uint32_t i = 0; i < d; i++)
        x[i] = (x[i] - mean) / sqrt(variance + eps) * define_weight(&w->weight, 0, i) + define_weight(&w->bias, 0, i);
}

static inline double define_gelu(double x)
{
    return x * (1 + erf(x / sqrt(2))) / 2;
}

/* Row `row` of one head over all n rows of a window; qkv: [n][3 width], heads side by side in each third. */
static inline void define_window_head(double *out, const double *qkv, uint32_t n, uint32_t row, uint32_t head,
                                      uint32_t head_dim, uint32_t width)
{
    double sum = 0;
    const double *q = qkv + (size_t)row * 3 * width + head * head_dim;
    for (uint32_t d = 0; d < head_dim; d++) out[d] = 0;
    for (uint32_t i = 0; i < n; i++) {
        const double *k = qkv + (size_t)i * 3 * width + width + head * head_dim, *v = k + width;
        double logit = 0;
        for (uint32_t d = 0; d < head_dim; d++) logit += q[d] * k[d];
        const double e = exp(logit / sqrt(head_dim));
        sum += e;
        for (uint32_t d = 0; d < head_dim; d++) out[d] += e * v[d];
    }
    for (uint32_t d = 0; d < head_dim; d++) out[d] /= sum;
}

static inline void define_encoder_layer(const struct encoder_model *m, const struct encoder_layer *l, double *x,
                                        uint32_t n)
{
    const uint32_t d = m->n_embd;
    double *qkv = malloc(sizeof *qkv * n * 3 * d), *mixed = malloc(sizeof *mixed * d),
           *added = malloc(sizeof *added * d), *hidden = malloc(sizeof *hidden * m->n_ff);
    for (uint32_t t = 0; t < n; t++) {
        define_linear(qkv + (size_t)t * 3 * d, &l->attn_q, x + (size_t)t * d);
        define_linear(qkv + (size_t)t * 3 * d + d, &l->attn_k, x + (size_t)t * d);
        define_linear(qkv + (size_t)t * 3 * d + 2 * (size_t)d, &l->attn_v, x + (size_t)t * d);
    }
    for (uint32_t t = 0; t < n; t++) {
        double *row = x + (size_t)t * d;
        for (uint32_t head = 0; head < m->n_head; head++)
            define_window_head(mixed + head * m->head_dim, qkv, n, t, head, m->head_dim, d);
        define_linear(added, &l->attn_output, mixed);
        for (uint32_t i = 0; i < d; i++) row[i] += added[i];
        define_layer_norm(row, &l->attn_output_norm, (double)m->norm_eps);
        define_linear(hidden, &l->ffn_up, row);
        for (uint32_t i = 0; i < m->n_ff; i++) hidden[i] = define_gelu(hidden[i]);
        define_linear(added, &l->ffn_down, hidden);
        for (uint32_t i = 0; i < d; i++) row[i] += added[i];
        define_layer_norm(row, &l->layer_output_norm, (double)m->norm_eps);
    }
    free(qkv);
    free(mixed);
    free(added);
    free(hidden);
}

/* heads: [n][n_heads] of one window. */
static inline void define_encoder(const struct encoder_model *m, const int32_t *ids, const uint8_t *types, uint32_t n,
                                  double *heads)
{
    double *x = malloc(sizeof *x * n * m->n_embd);
    for (uint32_t t = 0; t < n; t++) {
        double *row = x + (size_t)t * m->n_embd;
        for (uint32_t i = 0; i < m->n_embd; i++)
            row[i] = define_weight(&m->token_embd, (uint32_t)ids[t], i) + define_weight(&m->position_embd, t, i) +
                     define_weight(&m->token_types, types[t], i);
        define_layer_norm(row, &m->token_embd_norm, (double)m->norm_eps);
    }
    for (uint32_t i = 0; i < m->n_layer; i++) define_encoder_layer(m, &m->layers[i], x, n);
    for (uint32_t t = 0; t < n; t++) define_linear(heads + (size_t)t * m->n_heads, &m->head, x + (size_t)t * m->n_embd);
    free(x);
}

static inline struct encoder_weights synthetic_pair(uint32_t rows, uint32_t cols, uint64_t *seed)
{
    if (rows == 0) /* a layer norm */
        return (struct encoder_weights){synthetic_weights(1, cols, 0.2f, 1, seed),
                                        synthetic_weights(1, cols, 0.2f, 0, seed)};
    return (struct encoder_weights){synthetic_weights(rows, cols, 1.7f / sqrtf((float)cols), 0, seed),
                                    synthetic_weights(1, rows, 0.3f, 0, seed)};
}

/* 4 heads of 6 columns: rows that end inside a block of every device. */
static inline void synthetic_encoder(struct encoder_model *m, uint32_t n_layer, uint32_t context_length)
{
    uint64_t seed = 4711;
    *m = (struct encoder_model){.path = "synthetic encoder",
                                .n_embd = 24,
                                .n_layer = n_layer,
                                .n_head = 4,
                                .head_dim = 6,
                                .n_ff = 40,
                                .n_vocab = 61,
                                .n_types = 2,
                                .n_heads = 3,
                                .context_length = context_length,
                                .norm_eps = 1e-12f};
    m->token_embd = synthetic_weights(m->n_vocab, m->n_embd, 1, 0, &seed);
    m->position_embd = synthetic_weights(context_length, m->n_embd, 0.5f, 0, &seed);
    m->token_types = synthetic_weights(m->n_types, m->n_embd, 0.5f, 0, &seed);
    m->token_embd_norm = synthetic_pair(0, m->n_embd, &seed);
    m->head = synthetic_pair(m->n_heads, m->n_embd, &seed);
    m->layers = calloc(n_layer, sizeof *m->layers);
    for (uint32_t i = 0; i < n_layer; i++)
        m->layers[i] = (struct encoder_layer){
            .attn_q = synthetic_pair(m->n_embd, m->n_embd, &seed),
            .attn_k = synthetic_pair(m->n_embd, m->n_embd, &seed),
            .attn_v = synthetic_pair(m->n_embd, m->n_embd, &seed),
            .attn_output = synthetic_pair(m->n_embd, m->n_embd, &seed),
            .attn_output_norm = synthetic_pair(0, m->n_embd, &seed),
            .ffn_up = synthetic_pair(m->n_ff, m->n_embd, &seed),
            .ffn_down = synthetic_pair(m->n_embd, m->n_ff, &seed),
            .layer_output_norm = synthetic_pair(0, m->n_embd, &seed),
        };
}

static inline void synthetic_pair_free(struct encoder_weights *p)
{
    synthetic_free(&p->weight);
    synthetic_free(&p->bias);
}

static inline void synthetic_encoder_close(struct encoder_model *m)
{
    synthetic_free(&m->token_embd);
    synthetic_free(&m->position_embd);
    synthetic_free(&m->token_types);
    synthetic_pair_free(&m->token_embd_norm);
    synthetic_pair_free(&m->head);
    for (uint32_t i = 0; i < m->n_layer; i++) {
        struct encoder_layer *l = &m->layers[i];
        struct encoder_weights *all[] = {&l->attn_q,           &l->attn_k, &l->attn_v,   &l->attn_output,
                                         &l->attn_output_norm, &l->ffn_up, &l->ffn_down, &l->layer_output_norm};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++) synthetic_pair_free(all[k]);
    }
    free(m->layers);
}

#endif
