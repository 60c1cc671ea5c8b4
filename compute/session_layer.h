/* A layer of a model on a device, and what is computed of it around the attention. */
#ifndef LECTERN_SESSION_LAYER_H
#define LECTERN_SESSION_LAYER_H

#include <stdbool.h>
#include <stdint.h>

struct backend;
struct error;
struct matrix;
struct model;

/* Weights, owned by the session that visits them; NULL where the model has none. */
struct session_layer {
    struct matrix *attn_norm, *qkv, *qkv_bias, *q_norm, *k_norm, *attn_output, *ffn_norm, *gate_up, *down;
    struct matrix *attn_post_norm, *ffn_post_norm;
    struct matrix *conv; /* [1][L d], tap by tap; not NULL: a short convolution, and qkv is what goes into it */
    bool unrotated;      /* queries and keys have no positions */
};

/* On failure what was loaded is visited all the same. */
int session_layer_load(struct session_layer *l, struct backend *b, const struct model *m, uint32_t layer,
                       struct error *e);
void session_layer_visit(const struct session_layer *l, void (*visit)(struct matrix *m, void *context), void *context);

/* Recorded, for n rows: queries, keys and values of x, not rotated; and x with the attention's result `mixed` and the
 * feed-forward added. `apart`: room for what is normalised before it is added; may be NULL where nothing is. */
void session_layer_qkv(const struct session_layer *l, const struct model *m, struct matrix *qkv, const struct matrix *x,
                       uint32_t n);
void session_layer_rest(const struct session_layer *l, const struct model *m, struct matrix *x,
                        const struct matrix *mixed, struct matrix *apart, uint32_t n);

#endif
