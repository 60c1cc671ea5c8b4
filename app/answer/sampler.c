#include "app/answer/sampler.h"

#include <math.h>
#include <stdlib.h>

#include "app/answer/answerer.h"
#include "compute/error.h"

struct candidate {
    int32_t id;
    float weight;
};

struct sampler {
    struct chat_sampling options;
    uint64_t state;
    size_t n;
    struct candidate *candidates; /* owned, [n] */
};

int sampler_open(struct sampler **out, const struct chat_sampling *o, size_t n, struct error *e)
{
    struct sampler *s = calloc(1, sizeof *s);
    if (s) s->candidates = calloc(n, sizeof *s->candidates);
    if (!s || !s->candidates) {
        free(s);
        return error_memory(e);
    }
    s->options = *o;
    s->n = n;
    sampler_restart(s);
    *out = s;
    return 0;
}

void sampler_close(struct sampler *s)
{
    if (!s) return;
    free(s->candidates);
    free(s);
}

void sampler_restart(struct sampler *s)
{
    s->state = s->options.seed;
}

/* Uniform in [0, 1): splitmix64. */
static double draw_uniform(struct sampler *s)
{
    uint64_t z = s->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

static int by_weight(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->weight != y->weight) return x->weight < y->weight ? 1 : -1;
    return x->id < y->id ? -1 : 1;
}

int32_t sampler_choose(struct sampler *s, const float *logits)
{
    size_t best = 0;
    for (size_t i = 1; i < s->n; i++)
        if (logits[i] > logits[best]) best = i;
    if (s->options.temperature <= 0) return (int32_t)best;
    double total = 0;
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        float weight = expf((logits[i] - logits[best]) / s->options.temperature);
        if (!(weight > 1e-6f)) continue;
        s->candidates[n++] = (struct candidate){(int32_t)i, weight};
        total += (double)weight;
    }
    if (n == 0) return (int32_t)best;
    qsort(s->candidates, n, sizeof *s->candidates, by_weight);
    double kept = 0;
    size_t n_kept = 0;
    while (n_kept < n && kept < total * (double)s->options.top_p) kept += (double)s->candidates[n_kept++].weight;
    double at = draw_uniform(s) * kept;
    size_t i = 0;
    while (i + 1 < n_kept && at >= (double)s->candidates[i].weight) at -= (double)s->candidates[i++].weight;
    return s->candidates[i].id;
}
