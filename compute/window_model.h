/* What the file of a reader by windows has besides the sizes of struct model (models/FORMAT.md, "Reader 2"): a LongNet
 * whose local branch looks both ways. Immutable once read; may be shared by threads. */
#ifndef LECTERN_WINDOW_MODEL_H
#define LECTERN_WINDOW_MODEL_H

#include <stdint.h>

#include "compute/encoder_layer.h"

struct error;
struct gguf;
struct model;

struct window_model {
    struct gguf *words; /* owned: the tokenizer and token_embd lie in it; NULL: in the model's file */
    uint32_t window;
    int32_t token_sep;            /* control piece; no text makes it */
    uint32_t segment_layers;      /* last layers whose local branch stays within the segment */
    struct weights position_embd; /* [window][d] */
    struct encoder_weights token_embd_norm;
    struct encoder_layer *layers; /* owned, n_layer */
    float *branch_bias;           /* owned, [n_layer][n_branch][n_head]; 0 for the local branch */
    float gate_bias;
    struct weights evidence_k, evidence_gate; /* [e][d], [1][d] */
};

/* Fills the model, whose file is open, but for its path, name and hash. Errors name the file and the field; what was
 * filled is model_close's then. */
int window_model_read(struct model *m, struct error *e);
void window_model_close(struct window_model *w); /* accepts NULL */

#endif
