/* The chat models that others trained: what of a family's file (compute/family.h) is no reader's. */
#ifndef LECTERN_MODEL_CHAT_H
#define LECTERN_MODEL_CHAT_H

#include <stdbool.h>
#include <stdint.h>

struct error;
struct model;

/* Fills in everything but the sizes (read before it) and the weights of layers: positions, ids, the chat template. What
 * this engine does not do is refused by name. */
int model_chat_read(struct model *m, struct error *e);

/* After the tokenizer: the ids that begin and end a text, and the form of a conversation. */
int model_chat_read_tokens(struct model *m, struct error *e);

/* Whether a layer is a short convolution in place of attention, and its weights. */
bool model_chat_has_conv(const struct model *m, uint32_t layer);
int model_chat_find_conv(const struct model *m, uint32_t layer, struct error *e);

/* After the weights: no layer has a tensor that was not asked for. */
int model_chat_check_tensors(const struct model *m, struct error *e);

#endif
