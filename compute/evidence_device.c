/* The device gives the log-sum-exp of short runs of keys. Those of a segment join into the segment's, those of all keys
 * into the question token's, and the mass of a segment is e to their difference: one pass over the keys. */
#include "compute/evidence_device.h"

#include <math.h>
#include <stdlib.h>

#include "compute/backend.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/evidence.h"
#include "compute/thread_pool.h"

enum {
    RUNS = 1 << 14,              /* of a call to the device; cancel is looked at between calls */
    SEGMENTS = 256,              /* of a task */
    MAX_SEGMENT_BYTES = 1 << 30, /* of the segments' log-sum-exps: beyond it the host's two passes need less memory */
};

struct scan {
    struct evidence *v;
    const uint64_t *starts; /* of the segments */
    size_t n_segments;
    float *segment_lse; /* [n_segments][m], owned */
    double *max, *sum;  /* [m], of all keys so far; owned */
    uint64_t *run_starts;
    size_t *run_segment; /* n_segments: of none */
    float *run_lse, *queries;
    uint64_t at;    /* keys handed out */
    size_t segment; /* that `at` lies in; n_segments: in none */
    double per_eps;
    float *score, *share;
};

static void scan_close(struct scan *s)
{
    free(s->segment_lse);
    free(s->max);
    free(s->sum);
    free(s->run_starts);
    free(s->run_segment);
    free(s->run_lse);
    free(s->queries);
}

static int scan_open(struct scan *s, struct error *e)
{
    const struct evidence *v = s->v;
    size_t n, bytes;
    if (!bytes_multiply(&n, s->n_segments, v->n_query) || !bytes_multiply(&bytes, n, sizeof(float)) ||
        bytes > MAX_SEGMENT_BYTES)
        return error_set(e, "%zu segments are too many for one pass", s->n_segments);
    s->segment_lse = malloc(bytes + 1);
    s->max = malloc(v->n_query * sizeof *s->max);
    s->sum = calloc(v->n_query, sizeof *s->sum);
    s->run_starts = malloc((RUNS + 1) * sizeof *s->run_starts);
    s->run_segment = malloc(RUNS * sizeof *s->run_segment);
    s->run_lse = malloc(RUNS * sizeof *s->run_lse * v->n_query);
    s->queries = malloc(sizeof *s->queries * v->n_query * v->width);
    if (!s->segment_lse || !s->max || !s->sum || !s->run_starts || !s->run_segment || !s->run_lse || !s->queries)
        return error_set(e, "out of memory for a question of %u tokens", v->n_query);
    for (size_t i = 0; i < n; i++) s->segment_lse[i] = -INFINITY;
    for (uint32_t t = 0; t < v->n_query; t++) {
        s->max[t] = -INFINITY;
        float scale = evidence_logit_scale(v, t);
        for (uint32_t k = 0; k < v->width; k++)
            s->queries[(size_t)t * v->width + k] = v->queries[(size_t)t * v->width + k] * scale;
    }
    return 0;
}

/* Where the part of the keys ends that s->at lies in: before the segments, a segment, or after them. */
static uint64_t part_end(struct scan *s)
{
    if (s->n_segments == 0 || s->at >= s->starts[s->n_segments]) {
        s->segment = s->n_segments;
        return s->v->n_keys;
    }
    if (s->at < s->starts[0]) return s->starts[0];
    if (s->segment == s->n_segments) s->segment = 0;
    while (s->starts[s->segment + 1] <= s->at) s->segment++;
    return s->starts[s->segment + 1];
}

/* The next runs, up to RUNS of them. */
static uint32_t next_runs(struct scan *s)
{
    uint32_t n = 0;
    s->run_starts[0] = s->at;
    while (n < RUNS && s->at < s->v->n_keys) {
        uint64_t end = part_end(s);
        s->run_segment[n] = s->segment;
        s->at = end - s->at < EVIDENCE_RUN_KEYS ? end : s->at + EVIDENCE_RUN_KEYS;
        s->run_starts[++n] = s->at;
    }
    return n;
}

static void join_runs(struct scan *s, uint32_t n)
{
    const uint32_t m = s->v->n_query;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t t = 0; t < m; t++) {
            double lse = (double)s->run_lse[(size_t)i * m + t], max = fmax(lse, s->max[t]);
            s->sum[t] = s->sum[t] * exp(s->max[t] - max) + exp(lse - max);
            s->max[t] = max;
            if (s->run_segment[i] == s->n_segments) continue;
            float *segment = &s->segment_lse[s->run_segment[i] * m + t];
            double high = fmax(lse, (double)*segment);
            *segment = *segment == -INFINITY ? (float)lse
                                             : (float)(high + log(exp(lse - high) + exp((double)*segment - high)));
        }
}

static void score_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct scan *s = context;
    const struct evidence *v = s->v;
    size_t end = ((size_t)task + 1) * SEGMENTS < s->n_segments ? ((size_t)task + 1) * SEGMENTS : s->n_segments;
    for (size_t i = (size_t)task * SEGMENTS; i < end; i++) {
        double score = 0, share = 0;
        for (uint32_t t = 0; t < v->n_query; t++) {
            double mass = exp((double)s->segment_lse[i * v->n_query + t] - v->lse[t]);
            score += (double)v->gate[t] * log1p(mass * s->per_eps);
            share += (double)v->gate[t] * mass;
        }
        s->score[i] = (float)score;
        s->share[i] = (float)share;
    }
}

static int scan_keys(struct scan *s, struct backend *b, const int8_t *keys, const atomic_bool *cancel, struct error *e)
{
    const struct evidence *v = s->v;
    for (uint64_t begin = 0; begin < v->n_keys; begin = s->at) {
        if (atomic_load_explicit(cancel, memory_order_relaxed)) return error_set(e, "interrupted");
        uint32_t n = next_runs(s);
        struct evidence_scan op = {.keys = keys,
                                   .starts = s->run_starts,
                                   .queries = s->queries,
                                   .lse = s->run_lse,
                                   .n_runs = n,
                                   .n_query = v->n_query,
                                   .width = v->width};
        if (b->ops->evidence_scan(b, &op, e) != 0) return -1;
        join_runs(s, n);
    }
    return 0;
}

int evidence_device_attend(struct evidence *v, struct backend *b, const int8_t *keys, const uint64_t *starts,
                           size_t n_segments, double per_eps, float *score, float *share,
                           const struct evidence_join *join, const atomic_bool *cancel, struct error *e)
{
    struct scan s = {.v = v,
                     .starts = starts,
                     .n_segments = n_segments,
                     .segment = n_segments,
                     .per_eps = per_eps,
                     .score = score,
                     .share = share};
    int status = v->width % 4 == 0 ? scan_open(&s, e) : error_set(e, "an evidence width of %u", v->width);
    if (status == 0) status = scan_keys(&s, b, keys, cancel, e);
    if (status == 0) {
        for (uint32_t t = 0; t < v->n_query; t++) v->lse[t] = s.max[t] + log(s.sum[t]);
        if (join) status = join->lse(join->context, v->lse, v->n_query, false, e);
    }
    if (status == 0) {
        thread_pool_run(b->pool, (unsigned)((n_segments + SEGMENTS - 1) / SEGMENTS), score_task, &s);
    }
    scan_close(&s);
    return status;
}
