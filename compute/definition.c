#include "compute/definition.h"

#include <math.h>
#include <string.h>

#include "compute/attention.h"

enum { MAX_HEAD_DIM = 256 };

/* Rotary position encoding, pairs side by side: pair m turns by position * base^(-2m / head_dim). */
static void rotate_at_position(double *x, uint32_t head_dim, double base, uint64_t position)
{
    for (uint32_t i = 0; i < head_dim; i += 2) {
        double angle = (double)position * pow(base, -(double)i / head_dim), a = x[i], b = x[i + 1];
        x[i] = a * cos(angle) - b * sin(angle);
        x[i + 1] = a * sin(angle) + b * cos(angle);
    }
}

/* Section 2.2: a segment of w positions keeps every r-th row; 2.3: a head begins at its own offset s. Query and key
 * meet where both stand on that grid of the same segment. */
double definition_logit(const struct definition *d, uint32_t branch, uint32_t head, uint64_t t, uint64_t p)
{
    const struct attention *a = d->shape;
    const uint64_t w = a->branch[branch].segment_length, r = a->branch[branch].dilation_rate;
    const uint64_t s = dilation_head_offset(a->offset_rule, head, a->n_head, r);
    if (t / w != p / w || t % w % r != s || p % w % r != s || (d->causal && p > t)) return -INFINITY;
    if (d->window > 0 && p <= t && t - p >= d->window) return -INFINITY;
    double q[MAX_HEAD_DIM], k[MAX_HEAD_DIM], sum = 0;
    const uint32_t kv = head / (a->n_head / a->n_head_kv);
    if (!d->read(d->context, t, head * a->head_dim, q)) return -INFINITY;
    if (!d->read(d->context, p, (a->n_head + kv) * a->head_dim, k)) return -INFINITY;
    if (r == 1 && d->rope_base > 0) {
        rotate_at_position(q, a->head_dim, d->rope_base, t % w);
        rotate_at_position(k, a->head_dim, d->rope_base, p % w);
    }
    for (uint32_t i = 0; i < a->head_dim; i++) sum += q[i] * k[i];
    return sum / sqrt(a->head_dim);
}

/* Eq. 9-10 weigh the branches' outputs by their softmax denominators: that is one softmax over the keys of all
 * branches, a key counted once for each branch that shows it. Weights are relative to the largest logit so far. */
void definition_attend(const struct definition *d, uint32_t head, uint64_t t, double *out, double *lse)
{
    const struct attention *a = d->shape;
    const uint32_t kv = head / (a->n_head / a->n_head_kv);
    double v[MAX_HEAD_DIM], max = -INFINITY, sum = 0;
    memset(out, 0, a->head_dim * sizeof *out);
    for (uint32_t i = 0; i < a->n_branch; i++) {
        const uint64_t w = a->branch[i].segment_length, r = a->branch[i].dilation_rate;
        const uint64_t segment = t - t % w, end = d->end - segment < w ? d->end : segment + w;
        uint64_t p = segment + dilation_head_offset(a->offset_rule, head, a->n_head, r);
        if (p < d->begin) p += (d->begin - p + r - 1) / r * r; /* the first of them on the grid */
        for (; p < end && !(d->causal && p > t); p += r) {
            const double logit = definition_logit(d, i, head, t, p);
            if (logit == -INFINITY) continue;
            const double shrink = logit > max ? exp(max - logit) : 1;
            max = logit > max ? logit : max;
            sum = sum * shrink + exp(logit - max);
            d->read(d->context, p, (a->n_head + a->n_head_kv + kv) * a->head_dim, v);
            for (uint32_t k = 0; k < a->head_dim; k++) out[k] = out[k] * shrink + exp(logit - max) * v[k];
        }
    }
    for (uint32_t k = 0; k < a->head_dim && sum > 0; k++) out[k] /= sum;
    if (lse) *lse = sum > 0 ? max + log(sum) : -INFINITY;
}
