/* What an option's argument says, in the range that the option takes. On failure the error (ERROR_USAGE) names the
 * option and the range, and *out is untouched. */
#ifndef LECTERN_OPTION_VALUE_H
#define LECTERN_OPTION_VALUE_H

#include <stdint.h>

struct error;
struct scale_options;

/* A number with K, M or G behind it (powers of 1024). */
int option_value_size(uint64_t *out, const char *name, const char *text, struct error *e);

/* The same, from `low` to `high`, or from 1 to `most`. */
int option_value_within(uint64_t *out, const char *name, const char *text, uint64_t low, uint64_t high,
                        struct error *e);
int option_value_up_to(uint32_t *out, const char *name, const char *text, uint32_t most, struct error *e);

/* As many threads as a pool can have. */
int option_value_threads(unsigned *out, const char *name, const char *text, struct error *e);

int option_value_real(float *out, const char *name, const char *text, float low, float high, struct error *e);

/* The lengths of --tokens, with commas between them; some may be set where one of them is wrong. */
int option_value_lengths(struct scale_options *s, const char *text, struct error *e);

#endif
