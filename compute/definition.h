/* What dilated attention is (LongNet, sections 2.2-2.3 and eq. 9-10), written as the paper has it, in double precision:
 * what every back end, cache and inspection is compared with. */
#ifndef LECTERN_DEFINITION_H
#define LECTERN_DEFINITION_H

#include <stdbool.h>
#include <stdint.h>

struct attention;

/* A sequence of q, k and v. */
struct definition {
    const struct attention *shape; /* its layout is not used */
    uint64_t begin, end;           /* tokens stand at positions of [begin, end) only */
    bool causal;
    double rope_base; /* q and k are rotated by p mod w where r = 1; 0: nowhere */

    /* Reads head_dim elements of the token at a position from that column of its row on: q of every query head, then k
     * and v of every key-value head, not rotated. False where no token stands there. */
    bool (*read)(const void *context, uint64_t position, uint32_t column, double *to);
    const void *context;
    uint64_t window; /* positions that a query sees at most, the last of which is its own; 0: all */
};

/* q . k / sqrt(head_dim) of the query at `t` and the key at `p` through a branch; -INFINITY where it does not see it.
 */
double definition_logit(const struct definition *d, uint32_t branch, uint32_t head, uint64_t t, uint64_t p);

/* Attention of one query: out[head_dim], zeros where nothing is seen, and the natural log of the sum of e^logit, which
 * is -INFINITY there (lse may be NULL). */
void definition_attend(const struct definition *d, uint32_t head, uint64_t t, double *out, double *lse);

#endif
