/* The card of a model: what `lectern model FILE` prints. Strings of the file are untrusted and come out safe to show.
 */
#ifndef LECTERN_CARD_H
#define LECTERN_CARD_H

#include <stdio.h>

struct error;
struct model;

/* Name, hyper-parameters, branches, tensors by type, tokenizer, training. -1 where writing fails. */
int card_write_text(FILE *f, const struct model *m, struct error *e);

/* The same as one JSON object on one line, with every tensor: {"file", "name", "description", "license",
 * "architecture", "hash", "bytes", "parameters", "layers", "embedding_length", "feed_forward_length", "heads",
 * "key_heads", "head_length", "vocabulary", "tokenizer", "context_length", "position_mode", "rope_base",
 * "norm_epsilon", "offset_rule", "branches": [{"segment_length", "dilation_rate"}], "evidence": null or {"width",
 * "dilation_rates", "log_tau", "log_eps", "fusion_weight"}, "types": [{"type", "tensors", "numbers", "bytes"}],
 * "tensors": [{"name", "type", "shape", "bytes"}], "training"}; strings that are not in the file are null. */
int card_write_json(FILE *f, const struct model *m, struct error *e);

#endif
