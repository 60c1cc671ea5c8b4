/* The evidence attention over keys that rank 0 has, computed by all ranks: each takes a run of whole segments with
 * about its part of the keys. A rank keeps the keys that it got, so that further questions to the same text send
 * none. */
#ifndef LECTERN_EVIDENCE_RANKS_H
#define LECTERN_EVIDENCE_RANKS_H

#include "compute/evidence.h"

struct comm;
struct evidence_part;

/* evidence_attend on rank 0; the same result. c NULL: one rank. */
int evidence_ranks_attend(struct comm *c, struct evidence *v, const struct model *m, struct backend *b,
                          const int8_t *keys, uint64_t n_keys, uint64_t n_text, const uint64_t *starts,
                          size_t n_segments, float *score, float *share, const atomic_bool *cancel, struct error *e);

/* The other ranks' part in it (RANKS_EVIDENCE). *part holds their keys between calls, NULL at first; owned by the
 * caller. A cancelled call is no failure. */
int evidence_ranks_follow(struct evidence_part **part, struct comm *c, const struct model *m, struct backend *b,
                          const atomic_bool *cancel, struct error *e);
void evidence_ranks_close(struct evidence_part *p);

#endif
