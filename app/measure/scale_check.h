/* The known answer of `lectern scale`: which rows are looked at, and what they must be. */
#ifndef LECTERN_SCALE_CHECK_H
#define LECTERN_SCALE_CHECK_H

#include <stddef.h>
#include <stdint.h>

struct attention;
struct backend;
struct error;
struct scale_watch;

/* Rows that are checked at least (all of them, where there are fewer), and at most. */
enum { SCALE_MIN_SAMPLES = 64, SCALE_MAX_SAMPLES = 512 };

/* Positions in [begin, end) to check, ascending, each once: around a random and around the last segment boundary of
 * every branch, random ones on every branch's grid, and random ones. */
size_t scale_check_sample(uint64_t positions[SCALE_MAX_SAMPLES], const struct attention *a, uint64_t begin,
                          uint64_t end);

/* Causal dilated attention of one query head at `position`, by its definition (compute/definition.h), q, k and v being
 * the columns of scale_input_row in the layout of `struct attend`. out[head_dim]. */
void scale_check_row(double *out, const struct attention *a, uint64_t seed, uint32_t head, uint64_t position);

/* The largest difference of n <= SCALE_MAX_SAMPLES rows [n_head head_dim], as a device gave them, from that. A few rows
 * at a time, so that a cancel is seen. */
int scale_check_rows(double *max_error, const struct attention *a, uint64_t seed, const uint64_t *positions, size_t n,
                     const float *rows, struct backend *b, const struct scale_watch *watch, struct error *e);

/* Of two errors; not a number is the largest of all. */
double scale_check_larger(double a, double b);

#endif
