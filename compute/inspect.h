/* A question's dilated attention taken apart: what every layer, head and branch gives to which position. The question
 * is read once more at the end of the text, on the session's own device, and the session is left as it was; the logits
 * of its tokens over the cached keys are then computed on the host, one softmax over all branches as in the model.
 * Through a branch (w, r) a head with offset s sees the positions p of the query's segment with (p mod w) mod r = s,
 * and only from a query that is on that grid itself. A model with windows reads a question by itself, as one window
 * that looks both ways: all of it lies on the question. One thread at a time, with the session's. */
#ifndef LECTERN_INSPECT_H
#define LECTERN_INSPECT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct model;
struct session;

struct inspect_range {
    uint32_t begin, end; /* half-open, not empty */
};

/* What the masses of single positions are the mean over; over branches they are the sum. */
struct inspect_choice {
    struct inspect_range layers, heads, branches, tokens;
};

struct inspect_key {
    uint64_t position;
    double mass;
    uint32_t branches; /* bit i: seen through branch i */
};

struct inspection {
    uint64_t n_text, start; /* tokens read before; position of the question's first token */
    uint32_t n_layer, n_head, n_branch, n_token;
    float *mass; /* owned, [layer][head][branch][token]: the branch's part of the token's softmax, 0 where the token is
                    not on its grid; over the branches of a token that any covers the sum is 1 */
    float *text; /* owned, the same: of it on positions before n_text */
    struct inspect_key *keys; /* owned, by rising position: those that the choice gives anything to */
    size_t n_keys;
};

/* Place in `mass` and `text`. */
static inline size_t inspection_at(const struct inspection *in, uint32_t layer, uint32_t head, uint32_t branch,
                                   uint32_t token)
{
    return (((size_t)layer * in->n_head + head) * in->n_branch + branch) * in->n_token + token;
}

/* The session has read n_text tokens without skipping any, on one rank; start >= n_text. Cancelled is
 * ERROR_CANCELLED. */
int inspect_open(struct inspection **out, struct session *s, const struct model *m, uint64_t start, const int32_t *ids,
                 size_t n, const struct inspect_choice *choice, const atomic_bool *cancel, struct error *e);
void inspect_close(struct inspection *in); /* accepts NULL */

#endif
