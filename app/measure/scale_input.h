/* Inputs that are generated instead of stored. Row p of an endless matrix is a hash of (seed, p, column), so that any
 * position of a sequence of any length is generated in the same time, in any order and on any thread, and is the same
 * number on every machine. */
#ifndef LECTERN_SCALE_INPUT_H
#define LECTERN_SCALE_INPUT_H

#include <stdint.h>

/* Columns [begin, begin + n) of row `position`: uniform in [-sqrt 3, sqrt 3], so with variance 1. */
void scale_input_row(float *to, uint64_t seed, uint64_t position, uint32_t begin, uint32_t n);

/* A token id in [0, n_vocab). */
int32_t scale_input_id(uint64_t seed, uint64_t position, uint32_t n_vocab);

#endif
