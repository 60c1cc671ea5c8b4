/* What every kind of model reads from its GGUF file: sizes, numbers and weight matrices, each checked. Errors name the
 * file and the field. */
#ifndef LECTERN_MODEL_FILE_H
#define LECTERN_MODEL_FILE_H

#include <stdint.h>

#include "compute/weights.h"

struct error;
struct gguf;

/* 1 to 2^20: far beyond any model, and the product of two stays inside 64 bits. */
int model_file_dimension(const struct gguf *g, const char *key, uint32_t *out, struct error *e);

int model_file_f32(const struct gguf *g, const char *key, float least, float most, float *out, struct error *e);

/* The tensor of that name and shape, borrowed from the file. rows 0 stands for a vector of `cols` numbers. */
int model_file_weights(const struct gguf *g, struct weights *out, const char *name, uint32_t rows, uint32_t cols,
                       struct error *e);

#endif
