/* The weights of layers with layer norms after the sums and biases everywhere, as llama.cpp names BERT's. */
#ifndef LECTERN_ENCODER_LAYER_H
#define LECTERN_ENCODER_LAYER_H

#include <stdint.h>

#include "compute/weights.h"

struct error;
struct gguf;

/* A projection and its bias: [rows][cols] and [1][rows]. A layer norm has the same pair, [1][d] each. */
struct encoder_weights {
    struct weights weight, bias;
};

struct encoder_layer {
    struct encoder_weights attn_q, attn_k, attn_v, attn_output; /* [d][d] */
    struct encoder_weights attn_output_norm;                    /* of the sum with what the attention was given */
    struct encoder_weights ffn_up, ffn_down;                    /* [f][d], [d][f] */
    struct encoder_weights layer_output_norm;                   /* of the sum with what ffn_up was given */
};

enum { ENCODER_LAYER_TENSORS = 16 };

/* "name.weight" and "name.bias"; rows 0: a layer norm's. Errors name the file and the tensor. */
int encoder_layer_pair(const struct gguf *g, struct encoder_weights *out, const char *name, uint32_t rows,
                       uint32_t cols, struct error *e);

/* "blk.N. ...", d columns, f inside the feed-forward. */
int encoder_layer_find(const struct gguf *g, struct encoder_layer *out, uint32_t layer, uint32_t d, uint32_t f,
                       struct error *e);

#endif
