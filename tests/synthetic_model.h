/* Models with random weights in memory, for tests and benchmarks that need a shape and not a trained reader. */
#ifndef LECTERN_SYNTHETIC_MODEL_H
#define LECTERN_SYNTHETIC_MODEL_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compute/model.h"

static inline struct weights synthetic_weights(uint32_t rows, uint32_t cols, float scale, float shift, uint64_t *seed)
{
    float *x = malloc((size_t)rows * cols * sizeof *x);
    for (size_t i = 0; i < (size_t)rows * cols; i++) {
        *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        x[i] = shift + scale * ((float)(*seed >> 40) / 8388608.0f - 1.0f);
    }
    return (struct weights){
        .bytes = (const uint8_t *)x, .type = WEIGHTS_F32, .rows = rows, .cols = cols, .row_bytes = cols * sizeof *x};
}

/* Fills the weights of a model whose dimensions and branches are set. */
static inline void synthetic_model_fill(struct model *m, uint64_t seed)
{
    const uint32_t d = m->n_embd, width = m->n_head * m->head_dim, kv = m->n_head_kv * m->head_dim;
    const float spread = 1.7f / sqrtf((float)d);
    m->path = "synthetic model";
    m->norm_eps = 1e-5f;
    m->rope_base = 10000;
    for (uint32_t i = 0; i < m->n_branch; i++)
        if (m->branch[i].segment_length > m->context_length) m->context_length = m->branch[i].segment_length;
    m->token_embd = m->output = synthetic_weights(m->n_vocab, d, 1, 0, &seed);
    m->output_norm = synthetic_weights(1, d, 0.2f, 1, &seed);
    m->layers = calloc(m->n_layer, sizeof *m->layers);
    for (uint32_t i = 0; i < m->n_layer; i++) {
        struct model_layer *l = &m->layers[i];
        l->attn_norm = synthetic_weights(1, d, 0.2f, 1, &seed);
        l->attn_q = synthetic_weights(width, d, 1.5f * spread, 0, &seed);
        l->attn_k = synthetic_weights(kv, d, 1.5f * spread, 0, &seed);
        l->attn_v = synthetic_weights(kv, d, spread, 0, &seed);
        l->attn_output = synthetic_weights(d, width, 0.7f * spread, 0, &seed);
        l->ffn_norm = synthetic_weights(1, d, 0.2f, 1, &seed);
        l->ffn_gate = synthetic_weights(m->n_ff, d, spread, 0, &seed);
        l->ffn_up = synthetic_weights(m->n_ff, d, spread, 0, &seed);
        l->ffn_down = synthetic_weights(d, m->n_ff, 0.7f * spread, 0, &seed);
    }
    struct model_evidence *v = &m->evidence;
    if (v->width == 0) return;
    v->log_eps = 0.5f;
    v->log_tau = 1.0f;
    v->token = synthetic_weights(m->n_vocab, v->width, 1, 0, &seed);
    v->k = synthetic_weights(v->width, d, 0.3f * spread, 0, &seed);
    v->q = synthetic_weights(v->width, d, 0.3f * spread, 0, &seed);
    v->gate_token = synthetic_weights(1, m->n_vocab, 1, 0, &seed);
    v->gate = synthetic_weights(1, d, 0.1f, 0, &seed);
    v->tau = synthetic_weights(1, d, 0.01f, 0, &seed);
}

/* The shape that the definition (tests/model_definition.h) is compared on: 4 heads of 6 columns, a vocabulary of 61,
 * branches with nested grids, one that fits no other, and one that no text fills. */
enum { SYNTHETIC_VOCAB = 61 };

static inline void synthetic_model_small(struct model *m, uint32_t n_layer, uint32_t n_head_kv)
{
    *m = (struct model){.n_embd = 24,
                        .n_layer = n_layer,
                        .n_head = 4,
                        .n_head_kv = n_head_kv,
                        .head_dim = 6,
                        .n_ff = 40,
                        .n_vocab = SYNTHETIC_VOCAB,
                        .offset_rule = OFFSET_PAPER,
                        .n_branch = 5,
                        .branch = {{16, 1}, {64, 4}, {256, 16}, {48, 5}, {UINT64_C(1) << 40, UINT64_C(1) << 35}},
                        .evidence.width = 8};
    synthetic_model_fill(m, 77);
}

static inline void synthetic_free(struct weights *w)
{
    free((void *)(uintptr_t)w->bytes);
}

static inline void synthetic_model_close(struct model *m)
{
    synthetic_free(&m->token_embd);
    synthetic_free(&m->output_norm);
    for (uint32_t i = 0; i < m->n_layer; i++) {
        struct model_layer *l = &m->layers[i];
        struct weights *all[] = {&l->attn_norm, &l->attn_q,   &l->attn_k, &l->attn_v,  &l->attn_output,
                                 &l->ffn_norm,  &l->ffn_gate, &l->ffn_up, &l->ffn_down};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++) synthetic_free(all[k]);
    }
    free(m->layers);
    struct model_evidence *v = &m->evidence;
    if (v->width == 0) return;
    struct weights *all[] = {&v->token, &v->k, &v->q, &v->gate_token, &v->gate, &v->tau};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) synthetic_free(all[k]);
}

#endif
