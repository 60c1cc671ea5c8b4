/* One pass over the keys gives every segment's log-sum-exp of every question token: on a device that can scan keys
 * (evidence_device.c), otherwise on the host's threads (evidence_cpu.c). Their total over the text then gives the mass
 * inside each segment. Nothing is kept per key. */
#include "compute/evidence.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "compute/backend.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/evidence_cpu.h"
#include "compute/evidence_device.h"
#include "compute/log.h"
#include "compute/loops.h"
#include "compute/model.h"
#include "compute/rows_cpu.h"
#include "compute/thread_pool.h"

enum {
    SEGMENTS = 64, /* of a task */
    OUTSIDE = 2,   /* runs of keys in no segment: before the first, behind the last */
};

/* Without values. */
static struct evidence *allocate_evidence(uint32_t n_query, uint32_t width)
{
    struct evidence *v = calloc(1, sizeof *v);
    if (!v) return NULL;
    size_t n = 0;
    bool fits = bytes_multiply(&n, n_query, (size_t)width * sizeof *v->queries);
    v->n_query = n_query;
    v->width = width;
    v->queries = fits ? malloc(n) : NULL;
    v->tau = malloc(n_query * sizeof *v->tau);
    v->gate = malloc(n_query * sizeof *v->gate);
    v->lse = malloc(n_query * sizeof *v->lse);
    if (v->queries && v->tau && v->gate && v->lse) return v;
    evidence_close(v);
    return NULL;
}

int evidence_open(struct evidence **out, const struct model *m, const float *queries, const float *tau,
                  const float *gate_logits, uint32_t n_query, struct error *e)
{
    const uint32_t width = m->evidence.width;
    if (width == 0 || width > EVIDENCE_CPU_MAX_WIDTH)
        return error_set(e, "%s: an evidence attention of width %u cannot be run", m->path, width);
    if (n_query == 0) return error_set(e, "the question has no tokens");
    struct evidence *v = allocate_evidence(n_query, width);
    if (!v) return error_set_kind(e, ERROR_MEMORY, "out of memory for a question of %u tokens", n_query);
    memcpy(v->queries, queries, (size_t)n_query * width * sizeof *queries);
    v->scale = m->evidence.scale;
    for (uint32_t t = 0; t < n_query; t++) v->tau[t] = tau ? tau[t] : 0;
    float max = gate_logits[0];
    double sum = 0;
    for (uint32_t t = 1; t < n_query; t++) max = fmaxf(max, gate_logits[t]);
    for (uint32_t t = 0; t < n_query; t++) sum += exp((double)(gate_logits[t] - max));
    for (uint32_t t = 0; t < n_query; t++) v->gate[t] = (float)(exp((double)(gate_logits[t] - max)) / sum);
    for (uint32_t t = 0; t < n_query; t++) v->lse[t] = -INFINITY;
    *out = v;
    return 0;
}

void evidence_close(struct evidence *v)
{
    if (!v) return;
    free(v->queries);
    free(v->tau);
    free(v->gate);
    free(v->lse);
    free(v);
}

/* One evidence_attend. */
struct pass {
    const struct evidence *v;
    const int8_t *keys;
    uint64_t n_keys;
    const uint64_t *starts;
    size_t n_segments;
    double per_eps; /* N / exp(log_eps); below 0: scores are in the log domain */
    float *score, *share;
    const atomic_bool *cancel;
    const struct evidence_join *join; /* NULL: these are all the keys */
    bool joined;                      /* it was called */
    float *queries;                   /* as loops()->evidence packs them, scaled so that a product with a stored key is
                                         a logit; owned */
    float *lse;                       /* [n_segments + OUTSIDE][n_query], owned */
};

float evidence_logit_scale(const struct evidence *v, uint32_t token)
{
    if (v->scale > 0) return v->scale / 254.0f;
    return v->tau[token] * (float)(log((double)(v->n_text > 2 ? v->n_text : 2)) / 254.0);
}

static int pack_queries(struct pass *p, struct error *e)
{
    const struct evidence *v = p->v;
    const size_t n = (size_t)v->n_query * v->width;
    float *scaled = malloc(n * sizeof *scaled);
    if (!scaled) return error_memory(e);
    for (uint32_t t = 0; t < v->n_query; t++) {
        const float scale = evidence_logit_scale(v, t);
        for (size_t i = (size_t)t * v->width; i < (size_t)(t + 1) * v->width; i++) scaled[i] = v->queries[i] * scale;
    }
    loops()->evidence->pack(p->queries, scaled, v->n_query, v->width);
    free(scaled);
    return 0;
}

static void scan_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct pass *p = context;
    const struct evidence *v = p->v;
    size_t i = (size_t)task * SEGMENTS, end = i + SEGMENTS < p->n_segments ? i + SEGMENTS : p->n_segments;
    for (; i < end && !atomic_load_explicit(p->cancel, memory_order_relaxed); i++)
        loops()->evidence->scan(p->lse + i * v->n_query, p->queries, v->n_query, v->width,
                                p->keys + p->starts[i] * v->width, p->starts[i + 1] - p->starts[i]);
}

/* v->lse over all keys, in their order, those in no segment too; -INFINITY where there are none. */
static void join_segments(const struct pass *p, struct evidence *v)
{
    const size_t n = p->n_segments + OUTSIDE;
    const uint64_t end = p->starts[p->n_segments];
    float *outside = p->lse + p->n_segments * v->n_query;
    loops()->evidence->scan(outside, p->queries, v->n_query, v->width, p->keys, p->starts[0]);
    loops()->evidence->scan(outside + v->n_query, p->queries, v->n_query, v->width, p->keys + end * v->width,
                            p->n_keys - end);
    for (uint32_t t = 0; t < v->n_query; t++) {
        double max = -INFINITY, sum = 0;
        for (size_t i = 0; i < n; i++) max = fmax(max, (double)p->lse[i * v->n_query + t]);
        for (size_t i = 0; i < n && max > -INFINITY; i++) sum += exp((double)p->lse[i * v->n_query + t] - max);
        v->lse[t] = max + log(sum);
    }
}

static void score_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct pass *p = context;
    const struct evidence *v = p->v;
    size_t i = (size_t)task * SEGMENTS, end = i + SEGMENTS < p->n_segments ? i + SEGMENTS : p->n_segments;
    for (; i < end; i++) {
        double score = 0, share = 0;
        for (uint32_t t = 0; t < v->n_query; t++) {
            const double lse = (double)p->lse[i * v->n_query + t], mass = lse > -INFINITY ? exp(lse - v->lse[t]) : 0;
            score += (double)v->gate[t] *
                     (p->per_eps >= 0 ? log1p(mass * p->per_eps) : fmax(lse - v->lse[t], EVIDENCE_LEAST_LOG));
            share += (double)v->gate[t] * mass;
        }
        p->score[i] = (float)score;
        p->share[i] = (float)share;
    }
}

/* One scan of the keys gives every segment's sums; the rest is about segments. */
static int run_passes(struct pass *p, struct evidence *v, struct thread_pool *pool, struct error *e)
{
    size_t numbers;
    if (p->n_segments / SEGMENTS >= UINT32_MAX / 2 ||
        !bytes_multiply(&numbers, p->n_segments + OUTSIDE, v->n_query * sizeof *p->lse))
        return error_set(e, "the text has too many segments");
    const unsigned n_tasks = (unsigned)((p->n_segments + SEGMENTS - 1) / SEGMENTS);
    p->queries = malloc(EVIDENCE_CPU_LANES(v->n_query) * v->width * sizeof *p->queries);
    p->lse = malloc(numbers);
    if (!p->queries || !p->lse)
        return error_set_kind(e, ERROR_MEMORY, "out of memory for a question of %u tokens", v->n_query);
    if (pack_queries(p, e) != 0) return -1;
    thread_pool_run(pool, n_tasks, scan_task, p);
    const bool cancelled = atomic_load(p->cancel);
    if (!cancelled) join_segments(p, v);
    if (p->join && p->join->lse(p->join->context, v->lse, v->n_query, cancelled, e) != 0) return -1;
    if (cancelled) return error_cancelled(e);
    thread_pool_run(pool, n_tasks, score_task, p);
    return 0;
}

static int join_once(void *context, double *lse, uint32_t n, bool cancelled, struct error *e)
{
    struct pass *p = context;
    p->joined = true;
    return p->join->lse(p->join->context, lse, n, cancelled, e);
}

/* One pass on a device that can scan keys: 0; 1 where the host has to do it. */
static int attend_on_device(struct pass *p, struct evidence *v, struct backend *b, struct error *e)
{
    if (!b->ops->evidence_scan || p->n_keys == 0) return 1;
    const struct evidence_join once = {join_once, p};
    struct error why;
    if (evidence_device_attend(v, b, p->keys, p->starts, p->n_segments, p->per_eps, p->score, p->share,
                               p->join ? &once : NULL, p->cancel, &why) == 0)
        return 0;
    const bool cancelled = atomic_load(p->cancel);
    if (cancelled && p->join && !p->joined && join_once(p, v->lse, v->n_query, true, e) != 0) return -1;
    if (cancelled) return error_cancelled(e);
    if (p->joined) return error_copy(e, &why); /* the other ranks are past it */
    log_line("%s: %s; the evidence attention goes on on the host", b->info.name, why.text);
    return 1;
}

int evidence_attend_part(struct evidence *v, const struct model *m, struct backend *b, const int8_t *keys,
                         uint64_t n_keys, uint64_t n_text, const uint64_t *starts, size_t n_segments, float *score,
                         float *share, const struct evidence_join *join, const atomic_bool *cancel, struct error *e)
{
    static const atomic_bool never;
    v->n_keys = n_keys;
    v->n_text = n_text;
    struct pass p = {.v = v,
                     .keys = keys,
                     .n_keys = n_keys,
                     .starts = starts,
                     .n_segments = n_segments,
                     .per_eps = v->scale > 0 ? -1 : (double)n_text / exp((double)m->evidence.log_eps),
                     .score = score,
                     .share = share,
                     .cancel = cancel ? cancel : &never,
                     .join = join};
    int status = attend_on_device(&p, v, b, e);
    if (status <= 0) return status;
    status = run_passes(&p, v, b->pool, e);
    free(p.queries);
    free(p.lse);
    return status;
}

int evidence_attend(struct evidence *v, const struct model *m, struct backend *b, const int8_t *keys, uint64_t n_keys,
                    uint64_t n_text, const uint64_t *starts, size_t n_segments, float *score, float *share,
                    const atomic_bool *cancel, struct error *e)
{
    return evidence_attend_part(v, m, b, keys, n_keys, n_text, starts, n_segments, score, share, NULL, cancel, e);
}

void evidence_share(const struct evidence *v, const int8_t *keys, uint64_t begin, uint64_t end, int token, float *share)
{
    uint32_t first = token < 0 ? 0 : (uint32_t)token, last = token < 0 ? v->n_query : first + 1;
    float key[EVIDENCE_CPU_MAX_WIDTH];
    for (uint64_t i = begin; i < end; i++) {
        for (uint32_t k = 0; k < v->width; k++) key[k] = (float)keys[i * v->width + k];
        double total = 0;
        for (uint32_t t = first; t < last; t++) {
            float dot = loops()->rows->dot(v->queries + (size_t)t * v->width, key, v->width);
            double p = exp((double)(dot * evidence_logit_scale(v, t)) - v->lse[t]);
            total += token < 0 ? (double)v->gate[t] * p : p;
        }
        share[i - begin] = (float)total;
    }
}
