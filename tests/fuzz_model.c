/* Any bytes as a file of any kind of model: an error, or a model whose every weight can be read. Corpus: small valid
 * models (tests/tiny_model.h), and what the fuzzer made of them. */
#include <stdlib.h>

#include "compute/encoder_model.h"
#include "compute/error.h"
#include "compute/gguf.h"
#include "compute/model.h"
#include "compute/weights.h"
#include "compute/window_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void read_all(const struct gguf_tensor *t)
{
    uint32_t block = weights_block_elements(t->type);
    if (block == 0 || t->dims[0] > 1 << 20 || t->dims[1] > UINT32_MAX) return;
    struct weights w = {
        .bytes = t->bytes,
        .type = (enum weights_type)t->type,
        .rows = (uint32_t)t->dims[1],
        .cols = (uint32_t)t->dims[0],
        .row_bytes = (size_t)t->dims[0] / block * weights_block_bytes(t->type),
    };
    float *row = malloc(w.cols * sizeof *row);
    if (!row) return;
    weights_dequantize(&w, 0, 1, row);
    weights_dequantize(&w, w.rows - 1, w.rows, row);
    free(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct error e;
    struct gguf *g = NULL;
    if (gguf_open_bytes(&g, "fuzz", bytes, size, &e) == 0) {
        for (size_t i = 0; i < gguf_n_tensors(g); i++) read_all(gguf_tensor(g, i));
        gguf_close(g);
    }
    struct model *m = NULL;
    if (model_open_bytes(&m, "fuzz", bytes, size, &e) == 0) {
        if (model_n_parameters(m) == 0) abort();
        if (m->windows && (m->windows->position_embd.rows != m->windows->window || m->branch[0].dilation_rate != 1))
            abort();
        model_close(m);
    }
    struct encoder_model *n = NULL;
    if (encoder_model_open_bytes(&n, "fuzz", bytes, size, &e) == 0) {
        if (n->token_embd.rows != n->n_vocab || n->head.weight.rows != n->n_heads) abort();
        encoder_model_close(n);
    }
    return 0;
}
