#include "compute/encoder_layer.h"

#include <stdio.h>

#include "compute/model_file.h"

int encoder_layer_pair(const struct gguf *g, struct encoder_weights *out, const char *name, uint32_t rows,
                       uint32_t cols, struct error *e)
{
    char full[64];
    snprintf(full, sizeof full, "%s.weight", name);
    if (model_file_weights(g, &out->weight, full, rows, cols, e) != 0) return -1;
    snprintf(full, sizeof full, "%s.bias", name);
    return model_file_weights(g, &out->bias, full, 0, rows ? rows : cols, e);
}

int encoder_layer_find(const struct gguf *g, struct encoder_layer *out, uint32_t layer, uint32_t d, uint32_t f,
                       struct error *e)
{
    const struct {
        struct encoder_weights *out;
        const char *name;
        uint32_t rows, cols;
    } all[ENCODER_LAYER_TENSORS / 2] = {
        {&out->attn_q, "attn_q", d, d},
        {&out->attn_k, "attn_k", d, d},
        {&out->attn_v, "attn_v", d, d},
        {&out->attn_output, "attn_output", d, d},
        {&out->attn_output_norm, "attn_output_norm", 0, d},
        {&out->ffn_up, "ffn_up", f, d},
        {&out->ffn_down, "ffn_down", d, f},
        {&out->layer_output_norm, "layer_output_norm", 0, d},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char name[48];
        snprintf(name, sizeof name, "blk.%u.%s", layer, all[i].name);
        if (encoder_layer_pair(g, all[i].out, name, all[i].rows, all[i].cols, e) != 0) return -1;
    }
    return 0;
}
