#include "app/measure/scale_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/measure/scale_input.h"
#include "compute/attention.h"

struct sample_set {
    uint64_t *positions;
    size_t n;
    uint64_t begin, end;
    uint64_t random;
};

static void add(struct sample_set *s, uint64_t position)
{
    if (position < s->begin || position >= s->end || s->n == SCALE_MAX_SAMPLES) return;
    for (size_t i = 0; i < s->n; i++) {
        if (s->positions[i] == position) return;
    }
    s->positions[s->n++] = position;
}

/* A pseudo-random position (xorshift64*). */
static uint64_t draw(struct sample_set *s)
{
    s->random ^= s->random >> 12;
    s->random ^= s->random << 25;
    s->random ^= s->random >> 27;
    return s->begin + s->random * UINT64_C(0x2545F4914F6CDD1D) % (s->end - s->begin);
}

/* The last rows before a boundary and the first ones after it, those on the branch's grid included. */
static void add_boundary(struct sample_set *s, const struct branch *b, uint64_t boundary)
{
    uint64_t r = b->dilation_rate;
    add(s, boundary);
    add(s, boundary + 1);
    add(s, boundary + r);
    if (boundary == 0) return;
    add(s, boundary - 1);
    uint64_t last = (b->segment_length - 1) / r * r;
    add(s, boundary - b->segment_length + last);
}

static int ascending(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return (a > b) - (a < b);
}

size_t scale_check_sample(uint64_t positions[SCALE_MAX_SAMPLES], const struct attention *a, uint64_t begin,
                          uint64_t end)
{
    struct sample_set s = {.positions = positions, .begin = begin, .end = end, .random = UINT64_C(0x1F3D5B79)};
    if (end - begin <= SCALE_MIN_SAMPLES) {
        for (uint64_t p = begin; p < end; p++) add(&s, p);
        return s.n;
    }
    for (uint32_t i = 0; i < a->n_branch; i++) {
        const struct branch *b = &a->branch[i];
        uint64_t w = b->segment_length, p = draw(&s);
        add_boundary(&s, b, p - p % w);
        add_boundary(&s, b, (end - 1) - (end - 1) % w);
        for (int k = 0; k < 2; k++) {
            p = draw(&s);
            add(&s, p - p % w % b->dilation_rate);
        }
    }
    add(&s, end - 1);
    size_t enough = s.n + SCALE_MIN_SAMPLES / 2;
    if (enough < SCALE_MIN_SAMPLES) enough = SCALE_MIN_SAMPLES;
    if (enough > SCALE_MAX_SAMPLES) enough = SCALE_MAX_SAMPLES;
    if (enough > end - begin) enough = (size_t)(end - begin);
    while (s.n < enough) add(&s, draw(&s));
    qsort(positions, s.n, sizeof *positions, ascending);
    return s.n;
}

/* A softmax under way: weights are relative to the largest logit so far. */
struct softmax {
    double max, sum;
    double *out;
    uint32_t head_dim;
};

static void take(struct softmax *x, double logit, const float *v)
{
    if (logit > x->max) {
        double shrink = exp(x->max - logit);
        for (uint32_t d = 0; d < x->head_dim; d++) x->out[d] *= shrink;
        x->sum *= shrink;
        x->max = logit;
    }
    double weight = exp(logit - x->max);
    for (uint32_t d = 0; d < x->head_dim; d++) x->out[d] += weight * (double)v[d];
    x->sum += weight;
}

void scale_check_direct(double *out, const struct attention *a, uint64_t seed, uint32_t head, uint64_t position)
{
    const uint32_t n_dim = a->head_dim, kv = head / (a->n_head / a->n_head_kv);
    const uint32_t k_column = (a->n_head + kv) * n_dim, v_column = (a->n_head + a->n_head_kv + kv) * n_dim;
    float q[256], k[256], v[256];
    scale_input_row(q, seed, position, head * n_dim, n_dim);
    memset(out, 0, n_dim * sizeof *out);
    struct softmax x = {.max = -INFINITY, .out = out, .head_dim = n_dim};
    for (uint32_t i = 0; i < a->n_branch; i++) {
        const uint64_t w = a->branch[i].segment_length, r = a->branch[i].dilation_rate;
        const uint64_t s = dilation_head_offset(a->offset_rule, head, a->n_head, r);
        if (position % w % r != s) continue;
        for (uint64_t p = position - position % w + s; p <= position; p += r) {
            scale_input_row(k, seed, p, k_column, n_dim);
            scale_input_row(v, seed, p, v_column, n_dim);
            double logit = 0;
            for (uint32_t d = 0; d < n_dim; d++) logit += (double)q[d] * (double)k[d];
            take(&x, logit / sqrt(n_dim), v);
        }
    }
    for (uint32_t d = 0; d < n_dim && x.sum > 0; d++) out[d] /= x.sum;
}
