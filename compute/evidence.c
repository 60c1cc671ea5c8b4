/* On a device that can scan keys, one pass over them gives all (evidence_device.c). Otherwise two passes over the keys,
 * on the host's threads: the first finds every question token's log-sum-exp, the second the mass inside each segment.
 * Question tokens lie across the vector lanes, as queries do in attention_cpu.c. Nothing is kept per key. */
#include "compute/evidence.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "compute/backend.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/evidence_device.h"
#include "compute/log.h"
#include "compute/model.h"
#include "compute/thread_pool.h"
#include "compute/vector.h"

enum {
    TILE = 64,     /* keys at a time */
    KEYS = 8192,   /* keys of a task of the first pass */
    SEGMENTS = 64, /* segments of a task of the second */
    MAX_WIDTH = 256,
    LANES = VECTOR_WIDE * VECTOR_LANES,
};

/* Without values. */
static struct evidence *allocate(uint32_t n_query, uint32_t width)
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
    if (width == 0 || width > MAX_WIDTH)
        return error_set(e, "%s: an evidence attention of width %u cannot be run", m->path, width);
    if (n_query == 0) return error_set(e, "the question has no tokens");
    struct evidence *v = allocate(n_query, width);
    if (!v) return error_set_kind(e, ERROR_MEMORY, "out of memory for a question of %u tokens", n_query);
    memcpy(v->queries, queries, (size_t)n_query * width * sizeof *queries);
    memcpy(v->tau, tau, n_query * sizeof *tau);
    float max = gate_logits[0];
    double sum = 0;
    for (uint32_t t = 1; t < n_query; t++) max = fmaxf(max, gate_logits[t]);
    for (uint32_t t = 0; t < n_query; t++) sum += exp((double)(gate_logits[t] - max));
    for (uint32_t t = 0; t < n_query; t++) v->gate[t] = (float)(exp((double)(gate_logits[t] - max)) / sum);
    for (uint32_t t = 0; t < n_query; t++) v->lse[t] = -INFINITY;
    *out = v;
    return 0;
}

int evidence_copy(struct evidence **out, const struct evidence *v, struct error *e)
{
    const size_t n = v->n_query;
    struct evidence *copy = allocate(v->n_query, v->width);
    if (!copy) return error_set_kind(e, ERROR_MEMORY, "out of memory for a question of %u tokens", v->n_query);
    memcpy(copy->queries, v->queries, n * v->width * sizeof *v->queries);
    memcpy(copy->tau, v->tau, n * sizeof *v->tau);
    memcpy(copy->gate, v->gate, n * sizeof *v->gate);
    memcpy(copy->lse, v->lse, n * sizeof *v->lse);
    copy->n_keys = v->n_keys;
    copy->n_text = v->n_text;
    *out = copy;
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
    double per_eps; /* N / exp(log_eps) */
    float *score, *share;
    const atomic_bool *cancel;
    const struct evidence_join *join; /* NULL: these are all the keys */
    bool joined;                      /* it was called */
    uint32_t n_blocks;
    float *queries;   /* [n_blocks][width][LANES], scaled so that a product with a stored key is a logit; owned */
    float *max, *sum; /* [tasks of the first pass][n_blocks][LANES], owned */
    float *lse;       /* [n_blocks][LANES], owned */
    float *mass;      /* [thread][n_blocks][LANES], owned */
};

float evidence_logit_scale(const struct evidence *v, uint32_t token)
{
    return v->tau[token] * (float)(log((double)(v->n_text > 2 ? v->n_text : 2)) / 254.0);
}

static void pack_queries(struct pass *p)
{
    const struct evidence *v = p->v;
    memset(p->queries, 0, (size_t)p->n_blocks * v->width * LANES * sizeof *p->queries);
    for (uint32_t t = 0; t < v->n_query; t++) {
        float *to = p->queries + (size_t)(t / LANES) * v->width * LANES + t % LANES;
        for (size_t k = 0; k < v->width; k++)
            to[k * LANES] = v->queries[(size_t)t * v->width + k] * evidence_logit_scale(v, t);
    }
}

static void widen(float *to, const int8_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] = (float)from[i];
}

/* Logits of n keys and one block of question tokens: scores[n][LANES]. */
static void score_tile(const struct pass *p, uint32_t block, const float *keys, size_t n, float *scores)
{
    const uint32_t width = p->v->width;
    vector_product(n, VECTOR_WIDE, keys, width, 1, p->queries + (size_t)block * width * LANES, width, scores, NULL);
}

static void first_pass_block(const struct pass *p, uint32_t block, const float *keys, size_t n, float *max, float *sum)
{
    _Alignas(64) float scores[TILE * LANES];
    score_tile(p, block, keys, n, scores);
    for (int j = 0; j < LANES; j += VECTOR_LANES) {
        vector old = vector_load(max + j), top = old, total = {0};
        for (size_t key = 0; key < n; key++) top = vector_max(vector_load(scores + key * LANES + j), top);
        for (size_t key = 0; key < n; key++) total += vector_exp(vector_load(scores + key * LANES + j) - top);
        vector_store(max + j, top);
        vector_store(sum + j, vector_load(sum + j) * vector_exp(old - top) + total);
    }
}

static void first_pass_task(void *context, unsigned task, unsigned thread)
{
    (void)thread;
    const struct pass *p = context;
    const uint32_t width = p->v->width;
    float keys[TILE * MAX_WIDTH];
    float *max = p->max + (size_t)task * p->n_blocks * LANES, *sum = p->sum + (size_t)task * p->n_blocks * LANES;
    for (size_t i = 0; i < (size_t)p->n_blocks * LANES; i++) {
        max[i] = -INFINITY;
        sum[i] = 0;
    }
    uint64_t begin = (uint64_t)task * KEYS, end = begin + KEYS < p->n_keys ? begin + KEYS : p->n_keys;
    for (; begin < end && !atomic_load_explicit(p->cancel, memory_order_relaxed); begin += TILE) {
        size_t n = end - begin < TILE ? (size_t)(end - begin) : TILE;
        widen(keys, p->keys + begin * width, n * width);
        for (uint32_t block = 0; block < p->n_blocks; block++)
            first_pass_block(p, block, keys, n, max + (size_t)block * LANES, sum + (size_t)block * LANES);
    }
}

/* Joins the tasks' partial sums, in their order. No tasks: no keys. */
static void join_tasks(struct pass *p, struct evidence *v, unsigned n_tasks)
{
    for (uint32_t t = 0; t < p->n_blocks * LANES; t++) {
        double max = -INFINITY, sum = 0;
        for (unsigned i = 0; i < n_tasks; i++) max = fmax(max, (double)p->max[(size_t)i * p->n_blocks * LANES + t]);
        for (unsigned i = 0; i < n_tasks; i++) {
            size_t at = (size_t)i * p->n_blocks * LANES + t;
            sum += (double)p->sum[at] * exp((double)p->max[at] - max);
        }
        p->lse[t] = (float)(max + log(sum));
        if (t < v->n_query) v->lse[t] = max + log(sum);
    }
}

/* v->lse over all keys: what there is elsewhere is joined to it. */
static int join_others(struct pass *p, struct evidence *v, bool cancelled, struct error *e)
{
    if (!p->join) return 0;
    if (p->join->lse(p->join->context, v->lse, v->n_query, cancelled, e) != 0) return -1;
    for (uint32_t t = 0; t < v->n_query; t++) p->lse[t] = (float)v->lse[t];
    return 0;
}

static void second_pass_segment(const struct pass *p, size_t segment, float *mass)
{
    const struct evidence *v = p->v;
    _Alignas(64) float scores[TILE * LANES];
    float keys[TILE * MAX_WIDTH];
    memset(mass, 0, (size_t)p->n_blocks * LANES * sizeof *mass);
    uint64_t end = p->starts[segment + 1];
    for (uint64_t begin = p->starts[segment]; begin < end; begin += TILE) {
        size_t n = end - begin < TILE ? (size_t)(end - begin) : TILE;
        widen(keys, p->keys + begin * v->width, n * v->width);
        for (uint32_t block = 0; block < p->n_blocks; block++) {
            score_tile(p, block, keys, n, scores);
            for (int j = 0; j < LANES; j += VECTOR_LANES) {
                float *to = mass + (size_t)block * LANES + j;
                vector sum = vector_load(to), lse = vector_load(p->lse + (size_t)block * LANES + j);
                for (size_t key = 0; key < n; key++) sum += vector_exp(vector_load(scores + key * LANES + j) - lse);
                vector_store(to, sum);
            }
        }
    }
    double score = 0, share = 0;
    for (uint32_t t = 0; t < v->n_query; t++) {
        score += (double)v->gate[t] * log1p((double)mass[t] * p->per_eps);
        share += (double)v->gate[t] * (double)mass[t];
    }
    p->score[segment] = (float)score;
    p->share[segment] = (float)share;
}

static void second_pass_task(void *context, unsigned task, unsigned thread)
{
    const struct pass *p = context;
    size_t begin = (size_t)task * SEGMENTS, end = begin + SEGMENTS < p->n_segments ? begin + SEGMENTS : p->n_segments;
    for (; begin < end && !atomic_load_explicit(p->cancel, memory_order_relaxed); begin++)
        second_pass_segment(p, begin, p->mass + (size_t)thread * p->n_blocks * LANES);
}

static int run_passes(struct pass *p, struct evidence *v, struct thread_pool *pool, struct error *e)
{
    if (p->n_keys / KEYS >= UINT32_MAX / 2 || p->n_segments / SEGMENTS >= UINT32_MAX / 2)
        return error_set(e, "the text has too many keys");
    unsigned n_tasks = (unsigned)((p->n_keys + KEYS - 1) / KEYS);
    size_t block = (size_t)p->n_blocks * LANES * sizeof(float), per_task;
    if (!bytes_multiply(&per_task, block, n_tasks ? n_tasks : 1)) return error_set(e, "the text has too many keys");
    p->queries = malloc(block * v->width);
    p->max = malloc(per_task);
    p->sum = malloc(per_task);
    p->lse = malloc(block);
    p->mass = malloc(block * thread_pool_n_threads(pool));
    if (!p->queries || !p->max || !p->sum || !p->lse || !p->mass)
        return error_set_kind(e, ERROR_MEMORY, "out of memory for a question of %u tokens", v->n_query);
    pack_queries(p);
    thread_pool_run(pool, n_tasks, first_pass_task, p);
    bool cancelled = atomic_load(p->cancel);
    if (!cancelled) join_tasks(p, v, n_tasks);
    if (join_others(p, v, cancelled, e) != 0) return -1;
    if (!cancelled) thread_pool_run(pool, (unsigned)((p->n_segments + SEGMENTS - 1) / SEGMENTS), second_pass_task, p);
    return atomic_load(p->cancel) ? error_cancelled(e) : 0;
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
                     .per_eps = (double)n_text / exp((double)m->evidence.log_eps),
                     .score = score,
                     .share = share,
                     .cancel = cancel ? cancel : &never,
                     .join = join,
                     .n_blocks = (v->n_query + LANES - 1) / LANES};
    int status = attend_on_device(&p, v, b, e);
    if (status <= 0) return status;
    status = run_passes(&p, v, b->pool, e);
    free(p.queries);
    free(p.max);
    free(p.sum);
    free(p.lse);
    free(p.mass);
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
    float key[MAX_WIDTH];
    for (uint64_t i = begin; i < end; i++) {
        widen(key, keys + i * v->width, v->width);
        double total = 0;
        for (uint32_t t = first; t < last; t++) {
            float dot = vector_dot(v->queries + (size_t)t * v->width, key, v->width);
            double p = exp((double)(dot * evidence_logit_scale(v, t)) - v->lse[t]);
            total += token < 0 ? (double)v->gate[t] * p : p;
        }
        share[i - begin] = (float)total;
    }
}
