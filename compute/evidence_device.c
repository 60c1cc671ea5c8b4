/* The device keeps the log-sum-exp of every segment and question token. Joined over the segments they are the question
 * tokens' own, and e to their difference is the mass of a segment: one pass over the keys. Back come a score and a
 * share a segment: the heat map shows every segment's share, and ranks are fused over every segment's score. */
#include "compute/evidence_device.h"

#include <stdlib.h>

#include "compute/backend.h"
#include "compute/error.h"
#include "compute/evidence.h"

enum {
    SEGMENTS = 1 << 14, /* of a call to the device; cancel is looked at between calls */
    MAX_QUERY = 4096,   /* question tokens */
};

struct scan {
    struct evidence *v;
    struct backend *b;
    const int8_t *keys;
    const uint64_t *starts; /* of the segments */
    uint32_t n_segments;
    struct matrix *lse; /* rows of the segments, then of the keys around them; owned */
    float *queries;     /* owned */
    uint32_t row;       /* next to fill */
};

static uint64_t pieces(uint64_t n_keys)
{
    return (n_keys + EVIDENCE_SEGMENT_KEYS - 1) / EVIDENCE_SEGMENT_KEYS;
}

static int scan_open(struct scan *s, size_t n_segments, struct error *e)
{
    const struct evidence *v = s->v;
    const uint64_t rest = s->starts[0] + (v->n_keys - s->starts[n_segments]);
    if (v->width % 4 != 0) return error_set(e, "an evidence width of %u", v->width);
    if (v->n_query > MAX_QUERY) return error_set(e, "a question of %u tokens is too long for the device", v->n_query);
    if (n_segments + pieces(rest) + 1 >= UINT32_MAX) return error_set(e, "%zu segments are too many", n_segments);
    for (size_t i = 0; i < n_segments; i++)
        if (s->starts[i + 1] - s->starts[i] > EVIDENCE_SEGMENT_KEYS)
            return error_set(e, "segment %zu has more keys than the device takes", i);
    s->n_segments = (uint32_t)n_segments;
    s->queries = malloc(sizeof *s->queries * v->n_query * v->width);
    if (!s->queries) return error_set_kind(e, ERROR_MEMORY, "out of memory for a question of %u tokens", v->n_query);
    for (uint32_t t = 0; t < v->n_query; t++) {
        float scale = evidence_logit_scale(v, t);
        for (uint32_t k = 0; k < v->width; k++)
            s->queries[(size_t)t * v->width + k] = v->queries[(size_t)t * v->width + k] * scale;
    }
    return s->b->ops->matrix_open(&s->lse, s->b, (uint32_t)(n_segments + pieces(rest) + 1), v->n_query, e);
}

static void scan_rows(struct scan *s, const uint64_t *starts, uint32_t n)
{
    s->b->ops->evidence_scan(s->b, &(struct evidence_scan){.lse = s->lse,
                                                           .row = s->row,
                                                           .n = n,
                                                           .n_query = s->v->n_query,
                                                           .width = s->v->width,
                                                           .keys = s->keys,
                                                           .starts = starts,
                                                           .queries = s->queries});
    s->row += n;
}

/* Keys that are of no segment but in the softmax all the same, as segments of their own. */
static void scan_rest(struct scan *s, uint64_t begin, uint64_t end)
{
    for (uint64_t next; begin < end; begin = next) {
        next = end - begin < EVIDENCE_SEGMENT_KEYS ? end : begin + EVIDENCE_SEGMENT_KEYS;
        scan_rows(s, (const uint64_t[]){begin, next}, 1);
    }
}

static int scan_keys(struct scan *s, const atomic_bool *cancel, struct error *e)
{
    while (s->row < s->n_segments) {
        if (atomic_load_explicit(cancel, memory_order_relaxed)) return error_cancelled(e);
        uint32_t left = s->n_segments - s->row;
        scan_rows(s, s->starts + s->row, left < SEGMENTS ? left : SEGMENTS);
    }
    scan_rest(s, 0, s->starts[0]);
    scan_rest(s, s->starts[s->n_segments], s->v->n_keys);
    return s->b->ops->evidence_total(s->lse, s->row, s->v->lse, e);
}

int evidence_device_attend(struct evidence *v, struct backend *b, const int8_t *keys, const uint64_t *starts,
                           size_t n_segments, double per_eps, float *score, float *share,
                           const struct evidence_join *join, const atomic_bool *cancel, struct error *e)
{
    struct scan s = {.v = v, .b = b, .keys = keys, .starts = starts};
    int status = scan_open(&s, n_segments, e);
    if (status == 0) status = scan_keys(&s, cancel, e);
    if (status == 0 && join) status = join->lse(join->context, v->lse, v->n_query, false, e);
    if (status == 0)
        status = b->ops->evidence_score(&(struct evidence_score){.lse = s.lse,
                                                                 .n = s.n_segments,
                                                                 .n_query = v->n_query,
                                                                 .total = v->lse,
                                                                 .gate = v->gate,
                                                                 .per_eps = per_eps,
                                                                 .score = score,
                                                                 .share = share},
                                        e);
    b->ops->matrix_close(s.lse);
    free(s.queries);
    return status;
}
