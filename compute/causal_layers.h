/* The layers of a LongNet decoder and of llama-family models (compute/layers.h): norms before the projections, gated
 * feed-forward, next-token logits; where the model has an evidence attention its keys and queries. */
#ifndef LECTERN_CAUSAL_LAYERS_H
#define LECTERN_CAUSAL_LAYERS_H

#include <stdint.h>

struct backend;
struct error;
struct layers;
struct model;

/* n_angles: rows of the rotary table, 0 for none. Borrows model and back end until it is closed. */
int causal_layers_open(struct layers **out, const struct model *m, struct backend *b, uint32_t n_angles,
                       struct error *e);

#endif
