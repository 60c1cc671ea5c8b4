/* Dilated attention alone, over generated inputs, as long as one likes: chunks go through the back end's own attend op,
 * caches are kept as a reader keeps them, and sampled rows are compared with their definition. */
#ifndef LECTERN_SCALE_ATTENTION_H
#define LECTERN_SCALE_ATTENTION_H

#include <stdint.h>

#include "app/measure/scale_run.h"

struct attention;
struct backend;
struct error;

/* Branches w_0 a^i, a^i, i = 0, 1, ... up to the first whose segment is longer than `length`. */
int scale_attention_ladder(struct attention *a, uint32_t n_head, uint32_t head_dim, uint64_t segment, uint64_t ratio,
                           uint64_t length, struct error *e);

/* One branch that sees everything. */
int scale_attention_dense(struct attention *a, uint32_t n_head, uint32_t head_dim, uint64_t length, struct error *e);

/* Reads the positions [0, length), a short one several times over. max_error is over all columns of the checked rows.
 */
int scale_attention_read(struct scale_result *out, struct backend *b, const struct attention *a, uint64_t length,
                         const struct scale_watch *watch, struct error *e);

/* Puts into the caches what reading [0, position) would have left there, and reads on for a second. */
int scale_attention_at(struct scale_result *out, struct backend *b, const struct attention *a, uint64_t position,
                       const struct scale_watch *watch, struct error *e);

#endif
