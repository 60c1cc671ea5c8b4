/* What a session runs over the tokens of a chunk: all of a model but the caches of its attention, which are the
 * session's. Two kinds behind one table: causal_layers.h and window_layers.h. The rows of the last run are what the
 * other calls are about. One thread at a time. */
#ifndef LECTERN_LAYERS_H
#define LECTERN_LAYERS_H

#include <stddef.h>
#include <stdint.h>

struct attend_local;
struct error;
struct layers;
struct matrix;

/* The attention of a layer, recorded by the session. qkv NULL: this rank has no rows of the chunk. */
struct layers_attend {
    int (*attend)(void *context, uint32_t layer, const struct matrix *qkv, struct matrix *out,
                  const struct matrix *rotary, const struct attend_local *local, struct error *e);
    void *context;
};

/* What a question's rows give; every pointer may be NULL. */
struct layers_question {
    float *queries, *tau, *gate; /* [n][e], [n], [n] */
    float *qkv;                  /* [n_layer][n][(H + 2 H_kv) D] */
};

struct layers_ops {
    void (*close)(struct layers *l);
    size_t (*memory)(const struct layers *l); /* bytes on the device */

    /* The layers over n tokens from `position` on; n may be 0. */
    int (*run)(struct layers *l, const int32_t *ids, uint32_t n, uint64_t position, const struct layers_attend *attend,
               struct error *e);

    /* Of rows [row, row + n): [n][V]. NULL: the model foretells no token. */
    int (*logits)(struct layers *l, uint32_t row, uint32_t n, float *logits, struct error *e);

    /* Of rows [0, n), whose ids these are: recorded, and read. */
    struct matrix *(*keys)(struct layers *l, const int32_t *ids, uint32_t n);
    int (*question)(struct layers *l, const int32_t *ids, uint32_t n, const struct layers_question *out,
                    struct error *e);

    /* Runs n tokens by themselves, as a question is read. NULL: a question is read on at the end of the text. */
    int (*ask)(struct layers *l, const int32_t *ids, uint32_t n, const struct layers_question *out, struct error *e);
};

struct layers {
    const struct layers_ops *ops;
    uint32_t rows; /* of a chunk, at most */
};

#endif
