/* The known answer of `lectern scale`: which rows are looked at, and what they must be. */
#ifndef LECTERN_SCALE_CHECK_H
#define LECTERN_SCALE_CHECK_H

#include <stddef.h>
#include <stdint.h>

struct attention;

/* Rows that are checked at least (all of them, where there are fewer), and at most. */
enum { SCALE_MIN_SAMPLES = 64, SCALE_MAX_SAMPLES = 512 };

/* Positions in [begin, end) to check, ascending, each once: around a random and around the last segment boundary of
 * every branch, random ones on every branch's grid, and random ones. */
size_t scale_check_sample(uint64_t positions[SCALE_MAX_SAMPLES], const struct attention *a, uint64_t begin,
                          uint64_t end);

/* Causal dilated attention of one query head at `position`, by its definition (LongNet, section 2.2-2.3, eq. 9-10): in
 * double precision, one softmax over the keys (t - t mod w) + s, + r, + 2 r, ... up to t of every branch whose grid t
 * is on. q, k and v are the columns of scale_input_row in the layout of `struct attend`. out[head_dim]; 0 where no
 * branch covers the row. */
void scale_check_direct(double *out, const struct attention *a, uint64_t seed, uint32_t head, uint64_t position);

#endif
