/* An encoder's model file opened and checked (models/FORMAT.md, "The second reading"): sizes, weights, heads,
 * tokenizer. Immutable once open; may be shared by threads. */
#ifndef LECTERN_ENCODER_MODEL_H
#define LECTERN_ENCODER_MODEL_H

#include <stdint.h>

#include "compute/encoder_layer.h"

struct error;
struct gguf;
struct tokenizer;

struct encoder_model {
    struct gguf *file;           /* owned; the weights' bytes lie in it */
    struct tokenizer *tokenizer; /* owned */
    char *path;                  /* owned */
    uint64_t hash;               /* of the whole file's bytes */
    uint32_t n_embd, n_layer, n_head, head_dim, n_ff, n_vocab, n_types;
    uint32_t context_length; /* tokens of a window at most */
    float norm_eps;
    int32_t token_cls, token_sep;                          /* control pieces; no text makes them */
    struct weights token_embd, position_embd, token_types; /* [V][d], [context_length][d], [n_types][d] */
    struct encoder_weights token_embd_norm;
    struct encoder_layer *layers; /* owned, n_layer */
    uint32_t window, joint_window, question_tokens, title_tokens, before_tokens, span_tokens, joint_sentences;
    uint32_t n_heads;
    char **heads;                /* owned, [n_heads]: their names */
    struct encoder_weights head; /* [n_heads][d] */
    uint32_t n_calibration;
    float *calibration; /* owned; what the numbers are, the format says */
    float threshold;
};

/* Errors name the file and the field. */
int encoder_model_open(struct encoder_model **out, const char *path, struct error *e);

/* The same from a file's bytes, borrowed until encoder_model_close. */
int encoder_model_open_bytes(struct encoder_model **out, const char *path, const uint8_t *bytes, size_t size,
                             struct error *e);
void encoder_model_close(struct encoder_model *m); /* accepts NULL */

/* Which column of the heads has that name ("relevance", "start"), or -1. */
int encoder_model_head(const struct encoder_model *m, const char *name);

#endif
