/* What every kind of model reads from its GGUF file: sizes, numbers and weight matrices, each checked. Errors name the
 * file and the field. */
#ifndef LECTERN_MODEL_FILE_H
#define LECTERN_MODEL_FILE_H

#include <stdint.h>

#include "compute/dilation.h"
#include "compute/weights.h"

struct error;
struct gguf;

/* The key of a hyper-parameter: the architecture and the rest, in `out`. */
enum { MODEL_FILE_KEY = 80 };
const char *model_file_key(char out[MODEL_FILE_KEY], const char *architecture, const char *rest);

/* 1 to 2^20: far beyond any model, and the product of two stays inside 64 bits. */
int model_file_dimension(const struct gguf *g, const char *key, uint32_t *out, struct error *e);

int model_file_f32(const struct gguf *g, const char *key, float least, float most, float *out, struct error *e);

/* "ARCHITECTURE.dilated.segment_length" and ".dilation_rate", 1 to DILATION_MAX_BRANCHES of them, and
 * "ARCHITECTURE.context_length", which is the longest segment. */
int model_file_branches(const struct gguf *g, const char *architecture, struct branch branches[DILATION_MAX_BRANCHES],
                        uint32_t *n, uint64_t *context_length, struct error *e);

/* The tensor of that name and shape, borrowed from the file. rows 0 stands for a vector of `cols` numbers. */
int model_file_weights(const struct gguf *g, struct weights *out, const char *name, uint32_t rows, uint32_t cols,
                       struct error *e);

#endif
