#include "compute/inspect.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "compute/backend.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/kv_cache.h"
#include "compute/layers.h"
#include "compute/loops.h"
#include "compute/model.h"
#include "compute/session.h"
#include "compute/thread_pool.h"
#include "compute/rows_cpu.h"

enum { MAX_HEAD_DIM = 256 };

/* What one head can see through one branch: `kept` keys of the text, r apart, then one slot for each of the question's
 * tokens. */
struct run {
    uint64_t first;  /* position of the first key of the text */
    uint32_t kept;   /* keys of the text in the segment that the question starts in */
    uint32_t row;    /* of the first one in the layer's cache */
    size_t slot;     /* of the first one among the head's */
    uint64_t offset; /* of the head */
    bool has_offset; /* else no position is on its grid */
};

struct work {
    struct inspection *out;
    const struct model *model;
    const struct attention *shape;
    const struct inspect_choice *choice;
    struct run *runs; /* owned, [head][branch] */
    size_t n_slots;   /* of a head */
    float *qkv;       /* owned, [layer][token][(H + 2 H_kv) D] */
    float *angles;    /* owned, [branch][token][D]: of the branches that rotate */
    float *rotated;   /* owned, [branch][token][H_kv][D]: the question's keys, rotated; of this layer */
    float *cached;    /* owned, [cache rows][D], of this layer */
    double *weights;  /* owned, [thread][slot] */
    double *sums;     /* owned, [head][slot]: what the choice gives, all tokens and layers so far */
    uint32_t layer;
};

static size_t qkv_width(const struct attention *s)
{
    return (s->n_head + 2 * (size_t)s->n_head_kv) * s->head_dim;
}

static const float *qkv_row(const struct work *p, uint32_t token)
{
    return p->qkv + ((size_t)p->layer * p->out->n_token + token) * qkv_width(p->shape);
}

static bool is_rotated(const struct work *p, uint32_t branch)
{
    return !p->model->windows && p->shape->branch[branch].dilation_rate == 1;
}

/* The last of the question's tokens that a token may see: itself, or all of them where they are a window. */
static uint32_t last_seen(const struct work *p, uint32_t token)
{
    return p->model->windows ? p->out->n_token - 1 : token;
}

static float *angles_of(const struct work *p, uint32_t branch, uint32_t token)
{
    return p->angles + ((size_t)branch * p->out->n_token + token) * p->shape->head_dim;
}

static float *rotated_key(const struct work *p, uint32_t branch, uint32_t token, uint32_t head_kv)
{
    return p->rotated +
           (((size_t)branch * p->out->n_token + token) * p->shape->n_head_kv + head_kv) * p->shape->head_dim;
}

static void rotate_by_angles(float *to, const float *from, const float *angles, uint32_t head_dim)
{
    for (uint32_t i = 0; i < head_dim; i += 2) {
        float x = from[i], y = from[i + 1], c = angles[i], s = angles[i + 1];
        to[i] = x * c - y * s;
        to[i + 1] = x * s + y * c;
    }
}

static void fill_angles(struct work *p)
{
    for (uint32_t i = 0; i < p->shape->n_branch; i++)
        for (uint32_t t = 0; t < p->out->n_token && is_rotated(p, i); t++)
            attention_rotary_row(angles_of(p, i, t), p->shape->head_dim, p->model->rope_base, NULL,
                                 (p->out->start + t) % p->shape->branch[i].segment_length);
}

static void turn_keys(struct work *p)
{
    const struct attention *s = p->shape;
    for (uint32_t i = 0; i < s->n_branch; i++)
        for (uint32_t t = 0; t < p->out->n_token && is_rotated(p, i); t++)
            for (uint32_t kv = 0; kv < s->n_head_kv; kv++)
                rotate_by_angles(rotated_key(p, i, t, kv), qkv_row(p, t) + (size_t)(s->n_head + kv) * s->head_dim,
                                 angles_of(p, i, t), s->head_dim);
}

static bool on_grid(const struct work *p, const struct run *run, uint32_t branch, uint32_t token)
{
    return run->has_offset && dilation_on_grid(&p->shape->branch[branch], run->offset, p->out->start + token);
}

/* Logits of one query through one branch that it is on the grid of: weights of the run's slots up to its own, -INFINITY
 * where it does not see the key. */
static void score_query(const struct work *p, uint32_t head, uint32_t branch, uint32_t token, double *weights)
{
    const struct attention *s = p->shape;
    const struct run *run = &p->runs[head * s->n_branch + branch];
    const uint64_t w = s->branch[branch].segment_length, segment = (p->out->start + token) / w;
    const uint32_t dim = s->head_dim, kv = head / (s->n_head / s->n_head_kv);
    const double scale = 1 / sqrt(dim);
    const bool sees_text = segment == p->out->start / w;
    float q[MAX_HEAD_DIM];
    if (is_rotated(p, branch))
        rotate_by_angles(q, qkv_row(p, token) + (size_t)head * dim, angles_of(p, branch, token), dim);
    else
        memcpy(q, qkv_row(p, token) + (size_t)head * dim, dim * sizeof *q);
    for (uint32_t i = 0; i < run->kept; i++) {
        const float *k = p->cached + (size_t)(run->row + i) * dim;
        weights[i] = sees_text ? (double)loops()->rows->dot(q, k, dim) * scale : -INFINITY;
    }
    for (uint32_t t = 0; t <= last_seen(p, token); t++) {
        bool sees = (p->out->start + t) / w == segment && on_grid(p, run, branch, t);
        const float *k =
            is_rotated(p, branch) ? rotated_key(p, branch, t, kv) : qkv_row(p, t) + (size_t)(s->n_head + kv) * dim;
        weights[run->kept + t] = sees ? (double)loops()->rows->dot(q, k, dim) * scale : -INFINITY;
    }
}

static bool is_in_range(struct inspect_range r, uint32_t i)
{
    return i >= r.begin && i < r.end;
}

/* The branches whose grid the token is on for the head, and their logits; the largest of them. */
static double score_all(const struct work *p, uint32_t head, uint32_t token, double *weights, bool *covered)
{
    double max = -INFINITY;
    for (uint32_t i = 0; i < p->shape->n_branch; i++) {
        const struct run *run = &p->runs[(size_t)head * p->shape->n_branch + i];
        covered[i] = on_grid(p, run, i, token);
        if (!covered[i]) continue;
        score_query(p, head, i, token, weights + run->slot);
        for (uint32_t k = 0; k <= run->kept + last_seen(p, token); k++) max = fmax(max, weights[run->slot + k]);
    }
    return max;
}

/* One token in one head: a softmax over the slots of all branches that cover it. Where none does the masses stay 0. */
static void look_at_token(const struct work *p, uint32_t head, uint32_t token, double *weights)
{
    const struct inspect_choice *c = p->choice;
    const struct run *runs = &p->runs[(size_t)head * p->shape->n_branch];
    const bool chosen =
        is_in_range(c->layers, p->layer) && is_in_range(c->heads, head) && is_in_range(c->tokens, token);
    bool covered[DILATION_MAX_BRANCHES];
    double total = 0;
    const double max = score_all(p, head, token, weights, covered);
    for (uint32_t i = 0; i < p->shape->n_branch; i++)
        for (uint32_t k = 0; covered[i] && k <= runs[i].kept + last_seen(p, token); k++)
            total += weights[runs[i].slot + k] = exp(weights[runs[i].slot + k] - max);
    for (uint32_t i = 0; i < p->shape->n_branch; i++) {
        if (!covered[i]) continue;
        const double *mine = weights + runs[i].slot;
        double text = 0, question = 0;
        for (uint32_t k = 0; k < runs[i].kept; k++) text += mine[k];
        for (uint32_t k = 0; k <= last_seen(p, token); k++) question += mine[runs[i].kept + k];
        const size_t at = inspection_at(p->out, p->layer, head, i, token);
        p->out->text[at] = (float)(text / total);
        p->out->mass[at] = (float)((text + question) / total);
        if (!chosen || !is_in_range(c->branches, i)) continue;
        double *sums = p->sums + head * p->n_slots + runs[i].slot;
        for (uint32_t k = 0; k <= runs[i].kept + last_seen(p, token); k++) sums[k] += mine[k] / total;
    }
}

static void look_task(void *context, unsigned head, unsigned thread)
{
    struct work *p = context;
    for (uint32_t t = 0; t < p->out->n_token; t++) look_at_token(p, head, t, p->weights + thread * p->n_slots);
}

/* Where the keys lie that the question's head sees through a branch. */
static int lay_run(struct work *p, const struct kv_cache *cache, uint32_t head, uint32_t branch, size_t *slot,
                   struct error *e)
{
    const struct attention *s = p->shape;
    const struct branch *b = &s->branch[branch];
    const uint64_t w = b->segment_length;
    struct run *run = &p->runs[head * s->n_branch + branch];
    run->offset = dilation_head_offset(s->offset_rule, head, s->n_head, b->dilation_rate);
    run->has_offset = run->offset < b->dilation_rate && (!p->model->windows || branch == 0);
    run->first = p->out->start / w * w + run->offset;
    run->row = attention_cache_row(s, branch, head);
    run->slot = *slot;
    if (run->has_offset && !p->model->windows && p->out->n_text / w == p->out->start / w) {
        run->kept = cache->kept[branch * s->n_head + head];
        if (run->kept != dilation_count(b, run->offset, p->out->n_text % w))
            return error_set(e, "the caches hold a text that was not read without gaps");
    }
    *slot += run->kept + p->out->n_token;
    return 0;
}

/* Runs of all heads, as many slots each as the head with the most has. */
static int lay_runs(struct work *p, const struct kv_cache *cache, struct error *e)
{
    const struct attention *s = p->shape;
    p->runs = calloc((size_t)s->n_head * s->n_branch, sizeof *p->runs);
    if (!p->runs) return error_memory(e);
    for (uint32_t head = 0; head < s->n_head; head++) {
        size_t slots = 0;
        for (uint32_t i = 0; i < s->n_branch; i++)
            if (lay_run(p, cache, head, i, &slots, e) != 0) return -1;
        if (slots > p->n_slots) p->n_slots = slots;
    }
    return 0;
}

static int allocate_work(struct work *p, unsigned n_threads, struct error *e)
{
    const struct attention *s = p->shape;
    const size_t n = p->out->n_token, masses = (size_t)p->out->n_layer * s->n_head * s->n_branch * n;
    p->out->mass = calloc(masses, sizeof *p->out->mass);
    p->out->text = calloc(masses, sizeof *p->out->text);
    p->qkv = malloc(p->out->n_layer * n * qkv_width(s) * sizeof *p->qkv);
    p->angles = malloc(s->n_branch * n * s->head_dim * sizeof *p->angles);
    p->rotated = malloc(s->n_branch * n * s->n_head_kv * s->head_dim * sizeof *p->rotated);
    p->cached = malloc((size_t)s->cache_rows * s->head_dim * sizeof *p->cached);
    p->weights = malloc((n_threads * p->n_slots + 1) * sizeof *p->weights);
    p->sums = calloc(s->n_head * p->n_slots + 1, sizeof *p->sums);
    if (p->out->mass && p->out->text && p->qkv && p->angles && p->rotated && p->cached && p->weights && p->sums)
        return 0;
    return error_set_kind(e, ERROR_MEMORY, "out of memory for the attention of a question of %zu tokens", n);
}

/* The rows of a layer's cache that the runs read. */
static int read_cache(struct work *p, const struct kv_cache *cache, struct error *e)
{
    const struct attention *s = p->shape;
    for (uint32_t i = 0; i < s->n_branch; i++)
        for (uint32_t head = 0; head < s->n_head; head += s->n_head / s->cache_heads[i]) {
            const struct run *run = &p->runs[head * s->n_branch + i];
            if (run->kept == 0) continue;
            if (cache->backend->ops->matrix_read(cache->k[p->layer], run->row, run->kept,
                                                 p->cached + (size_t)run->row * s->head_dim, e) != 0)
                return -1;
        }
    return 0;
}

static int by_position(const void *a, const void *b)
{
    const struct inspect_key *x = a, *y = b;
    return (x->position > y->position) - (x->position < y->position);
}

/* The sums as a list of positions: a position that several heads or branches see once. */
static int list_keys(struct work *p, struct error *e)
{
    const struct attention *s = p->shape;
    const struct inspect_choice *c = p->choice;
    struct inspection *in = p->out;
    const double n =
        (double)(c->layers.end - c->layers.begin) * (c->heads.end - c->heads.begin) * (c->tokens.end - c->tokens.begin);
    size_t found = 0;
    in->keys = malloc((s->n_head * p->n_slots + 1) * sizeof *in->keys);
    if (!in->keys) return error_memory(e);
    for (uint32_t head = c->heads.begin; head < c->heads.end; head++)
        for (uint32_t i = c->branches.begin; i < c->branches.end; i++) {
            const struct run *run = &p->runs[head * s->n_branch + i];
            const double *sums = p->sums + head * p->n_slots + run->slot;
            for (uint32_t k = 0; k < run->kept + in->n_token; k++) {
                uint64_t text = run->first + (uint64_t)k * s->branch[i].dilation_rate;
                if (!(sums[k] > 0)) continue;
                in->keys[found++] = (struct inspect_key){.position = k < run->kept ? text : in->start + k - run->kept,
                                                         .mass = sums[k] / n,
                                                         .branches = UINT32_C(1) << i};
            }
        }
    qsort(in->keys, found, sizeof *in->keys, by_position);
    for (size_t i = 0; i < found; i++) {
        struct inspect_key *last = in->n_keys ? &in->keys[in->n_keys - 1] : NULL;
        if (last && last->position == in->keys[i].position) {
            last->mass += in->keys[i].mass;
            last->branches |= in->keys[i].branches;
        } else {
            in->keys[in->n_keys++] = in->keys[i];
        }
    }
    return 0;
}

static int inspect(struct work *p, struct session *s, const int32_t *ids, const atomic_bool *cancel, struct error *e)
{
    const struct kv_cache *cache = session_cache(s);
    struct thread_pool *pool = cache->backend->pool;
    if (lay_runs(p, cache, e) != 0 || allocate_work(p, thread_pool_n_threads(pool), e) != 0 ||
        session_ask(s, p->out->start, ids, p->out->n_token, &(struct layers_question){.qkv = p->qkv}, e) != 0)
        return -1;
    fill_angles(p);
    for (p->layer = 0; p->layer < p->out->n_layer; p->layer++) {
        if (cancel && atomic_load(cancel)) return error_cancelled(e);
        if (read_cache(p, cache, e) != 0) return -1;
        turn_keys(p);
        thread_pool_run(pool, p->shape->n_head, look_task, p);
    }
    return list_keys(p, e);
}

int inspect_open(struct inspection **out, struct session *s, const struct model *m, uint64_t start, const int32_t *ids,
                 size_t n, const struct inspect_choice *choice, const atomic_bool *cancel, struct error *e)
{
    assert(start >= session_position(s) && choice->layers.end <= m->n_layer && choice->heads.end <= m->n_head &&
           choice->branches.end <= m->n_branch && choice->tokens.end <= n && m->head_dim <= MAX_HEAD_DIM);
    if (session_comm(s)) return error_set(e, "a question's attention is not taken apart where several ranks read");
    if (n == 0 || n > UINT32_MAX / 2) return error_set(e, "a question of %zu tokens cannot be looked into", n);
    struct inspection *in = calloc(1, sizeof *in);
    if (!in) return error_memory(e);
    *in = (struct inspection){.n_text = session_position(s),
                              .start = start,
                              .n_layer = m->n_layer,
                              .n_head = m->n_head,
                              .n_branch = m->n_branch,
                              .n_token = (uint32_t)n};
    struct work p = {.out = in, .model = m, .shape = &session_cache(s)->shape, .choice = choice};
    int status = inspect(&p, s, ids, cancel, e);
    free(p.runs);
    free(p.qkv);
    free(p.angles);
    free(p.rotated);
    free(p.cached);
    free(p.weights);
    free(p.sums);
    if (status != 0) {
        inspect_close(in);
        return -1;
    }
    *out = in;
    return 0;
}

void inspect_close(struct inspection *in)
{
    if (!in) return;
    free(in->mass);
    free(in->text);
    free(in->keys);
    free(in);
}
