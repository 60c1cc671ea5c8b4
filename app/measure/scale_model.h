/* The whole reader over generated token ids: the session that `lectern read` uses, with its evidence keys. */
#ifndef LECTERN_SCALE_MODEL_H
#define LECTERN_SCALE_MODEL_H

#include <stdint.h>

#include "app/measure/scale_run.h"

struct backend;
struct error;
struct model;

/* Reads `length` tokens. A long text's activations have no direct definition that can be computed at one position, so
 * what is checked is that the next 64 tokens give the same logits when they are read as one call and in several:
 * max_error is the largest difference of any logit (of a model with windows: of any number of a key), checked_positions
 * the number of tokens compared. */
int scale_model_read(struct scale_result *out, struct backend *b, const struct model *m, uint64_t length,
                     const struct scale_watch *watch, struct error *e);

/* The same for a second from `position` on. Before it, only the tokens are read whose keys some branch's cache holds at
 * `position`; the others are passed over. The caches are then as full as after reading everything, so that time and
 * memory are those of the real thing; the values in them are not. */
int scale_model_at(struct scale_result *out, struct backend *b, const struct model *m, uint64_t position,
                   const struct scale_watch *watch, struct error *e);

/* Bytes a token takes in the files that `lectern read` keeps, the segment table not counted: it grows with the text's
 * bytes. */
double scale_model_disk(const struct model *m);

/* The first position >= p and < position that some branch's cache holds after [0, position); `position` where there is
 * none. */
uint64_t scale_model_kept(const struct model *m, uint64_t position, uint64_t p);

#endif
