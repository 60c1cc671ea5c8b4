/* Reader 2's model file opened and checked (models/FORMAT.md, "Reader 2"): a LongNet whose local branch looks both
 * ways. Immutable once open; may be shared by threads. */
#ifndef LECTERN_WINDOW_MODEL_H
#define LECTERN_WINDOW_MODEL_H

#include <stdint.h>

#include "compute/dilation.h"
#include "compute/encoder_layer.h"

struct error;
struct gguf;
struct tokenizer;

struct window_model {
    struct gguf *file;           /* owned; the weights' bytes lie in it */
    struct tokenizer *tokenizer; /* owned */
    char *path;                  /* owned */
    uint64_t hash;               /* of the whole file's bytes */
    uint32_t n_embd, n_layer, n_head, head_dim, n_ff, n_vocab;
    float norm_eps;
    uint32_t n_branch;
    struct branch branch[DILATION_MAX_BRANCHES]; /* the first is local: (window, 1) */
    uint32_t window;
    uint64_t context_length;                  /* w_max */
    uint32_t segment_layers;                  /* last layers whose local branch stays within the segment */
    int32_t token_cls, token_sep;             /* control pieces; no text makes them */
    struct weights token_embd, position_embd; /* [V][d], [window][d] */
    struct encoder_weights token_embd_norm;
    struct encoder_layer *layers; /* owned, n_layer */
    float *branch_bias;           /* owned, [n_layer][n_branch][n_head]; 0 for the local branch */
    uint32_t evidence_width;
    float evidence_scale, evidence_gate_bias;
    struct weights evidence_k, evidence_gate; /* [e][d], [1][d] */
};

/* Errors name the file and the field. */
int window_model_open(struct window_model **out, const char *path, struct error *e);

/* The same from a file's bytes, borrowed until window_model_close. */
int window_model_open_bytes(struct window_model **out, const char *path, const uint8_t *bytes, size_t size,
                            struct error *e);
void window_model_close(struct window_model *m); /* accepts NULL */

#endif
