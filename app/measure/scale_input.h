/* Inputs that are generated instead of stored: a number of a row is a hash of (seed, row, column), the same on every
 * machine, made in the same time in any order and on any thread. A sequence of any length takes its rows from a few
 * places, in runs of which each begins at a random one, so that a device can hold them all. */
#ifndef LECTERN_SCALE_INPUT_H
#define LECTERN_SCALE_INPUT_H

#include <stdint.h>

enum { SCALE_INPUT_RUN = 4096, SCALE_INPUT_PLACES = 69632 };

/* Where the row of a position is, < SCALE_INPUT_PLACES: position and place go on together up to the end of the run,
 * which is at multiples of SCALE_INPUT_RUN. */
uint64_t scale_input_place(uint64_t seed, uint64_t position);

/* Columns [begin, begin + n) of the row at `place`: uniform in [-sqrt 3, sqrt 3], so with variance 1. */
void scale_input_row(float *to, uint64_t seed, uint64_t place, uint32_t begin, uint32_t n);

/* A token id in [0, n_vocab). */
int32_t scale_input_id(uint64_t seed, uint64_t position, uint32_t n_vocab);

#endif
