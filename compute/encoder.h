/* An encoder on a back end: windows of tokens, each read in both directions by itself, and what the heads say of every
 * token's last row. Windows see nothing of one another: a window's numbers are the same alone and in a batch, but for
 * the last digits. One thread at a time, the one that has the back end. */
#ifndef LECTERN_ENCODER_H
#define LECTERN_ENCODER_H

#include <stddef.h>
#include <stdint.h>

struct backend;
struct encoder;
struct encoder_model;
struct error;

/* Windows one after the other; everything is the caller's and free after the call. */
struct encoder_batch {
    uint32_t n;             /* windows, at least 1 */
    const uint32_t *starts; /* [n + 1], rising from 0: window i is the rows [starts[i], starts[i + 1]), 1 to the model's
                               context_length of them */
    const int32_t *ids;     /* [starts[n]], in [0, n_vocab) */
    const uint8_t *types;   /* [starts[n]], in [0, n_types) */
};

/* Loads the weights. Borrows the model and the back end until encoder_close; a device that was lost is opened anew, and
 * so is the encoder on it. */
int encoder_open(struct encoder **out, const struct encoder_model *m, struct backend *b, struct error *e);
void encoder_close(struct encoder *n); /* accepts NULL */

/* heads: [starts[n]][the model's n_heads], every head at every row. Any number of windows: they are cut into parts that
 * the device takes at a time. To be stopped in between, call it with a few. A batch that breaks the rules above is
 * refused, and `heads` untouched; where the device fails (-1) `heads` may be written in part. */
int encoder_run(struct encoder *n, const struct encoder_batch *batch, float *heads, struct error *e);

/* Bytes on the device: weights and activations. */
size_t encoder_memory(const struct encoder *n);

#endif
