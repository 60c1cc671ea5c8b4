/* Layers with norms after the sums on a back end, whose attention the caller has: the encoder's, inside windows, and
 * Reader 2's, over earlier ones too. One thread at a time. */
#ifndef LECTERN_ENCODER_STACK_H
#define LECTERN_ENCODER_STACK_H

#include <stddef.h>
#include <stdint.h>

#include "compute/encoder_layer.h"

struct backend;
struct encoder_stack;
struct error;
struct matrix;

/* A projection or a layer norm on the device. */
struct encoder_pair {
    struct matrix *weight, *bias;
};

struct encoder_stack_shape {
    uint32_t n_layer, d, f;
    float norm_eps;
    uint32_t rows; /* at a time, at most */
    struct weights token_embd, position_embd;
    struct encoder_weights token_embd_norm;
    const struct encoder_layer *layers;
};

/* Loads the weights. Borrows the back end, and the layers during the call. */
int encoder_stack_open(struct encoder_stack **out, const struct encoder_stack_shape *shape, struct backend *b,
                       struct error *e);
void encoder_stack_close(struct encoder_stack *s); /* accepts NULL */
size_t encoder_stack_memory(const struct encoder_stack *s);

/* Rows [0, n) become E[ids] + P[positions] + extra[extra_ids], normed; `extra` may be NULL. */
void encoder_stack_embed(struct encoder_stack *s, const int32_t *ids, const int32_t *positions,
                         const struct matrix *extra, const int32_t *extra_ids, uint32_t n);

/* One layer over rows [0, n). `attend` records the attention from q, k, v side by side to its result. */
struct encoder_attend {
    void (*attend)(void *context, uint32_t layer, const struct matrix *qkv, struct matrix *out);
    void *context;
};
void encoder_stack_run(struct encoder_stack *s, uint32_t layer, uint32_t n, const struct encoder_attend *attend);

/* The rows as they are: [rows][d], borrowed. */
struct matrix *encoder_stack_rows(const struct encoder_stack *s);

/* For what else a model has: a pair on the device, closed by its owner; NULL twice is accepted by close. */
int encoder_stack_load(struct encoder_pair *out, struct backend *b, const struct encoder_weights *const from[],
                       unsigned n_from, struct error *e);
void encoder_stack_unload(struct encoder_pair *p, struct backend *b);

#endif
