/* The evidence attention on a device that can scan keys; a part of evidence.c. */
#ifndef LECTERN_EVIDENCE_DEVICE_H
#define LECTERN_EVIDENCE_DEVICE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct backend;
struct error;
struct evidence;
struct evidence_join;

/* As evidence_attend_part, for v->n_keys keys, at least 1. per_eps: N / exp(log_eps), or below 0. join may be NULL; it
 * is called when the pass over the keys is done. On failure v->lse, score and share hold nothing useful, and the host
 * can do it all. */
int evidence_device_attend(struct evidence *v, struct backend *b, const int8_t *keys, const uint64_t *starts,
                           size_t n_segments, double per_eps, float *score, float *share,
                           const struct evidence_join *join, const atomic_bool *cancel, struct error *e);

/* evidence.c: what a query is multiplied by so that its product with a stored key is a logit. */
float evidence_logit_scale(const struct evidence *v, uint32_t token);

#endif
