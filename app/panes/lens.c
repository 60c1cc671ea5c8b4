#include "app/panes/lens.h"

#include <stdlib.h>

#include "app/panes/atlas.h"

bool lens_sum(struct lens *l)
{
    const size_t n_blocks = l->n_segments / LENS_BLOCK;
    l->sums = malloc((n_blocks + 1) * sizeof *l->sums);
    if (l->sums == NULL) return false;
    double sum = 0;
    for (size_t i = 0; i < l->n_segments; i++) {
        if (i % LENS_BLOCK == 0) l->sums[i / LENS_BLOCK] = sum;
        sum += (double)l->share[i];
        if (l->share[i] > l->peak) l->peak = l->share[i];
    }
    if (l->n_segments % LENS_BLOCK == 0) l->sums[n_blocks] = sum;
    return true;
}

void lens_free(struct lens *l)
{
    free(l->share);
    free(l->sums);
    free(l->items);
    *l = (struct lens){0};
}

static double sum_before_segment(const struct lens *l, size_t segment)
{
    double sum = l->sums[segment / LENS_BLOCK];
    for (size_t i = segment / LENS_BLOCK * LENS_BLOCK; i < segment; i++) sum += (double)l->share[i];
    return sum;
}

double lens_before(const struct lens *l, const struct atlas *a, uint64_t token)
{
    size_t n = l->n_segments, i = atlas_segment_of_token(a, token);
    if (i >= n) return sum_before_segment(l, n);
    const struct reader_segment *s = &a->segments[i];
    const double sum = sum_before_segment(l, i);
    if (token <= s->first_token) return sum;
    return sum + (double)(token - s->first_token) / (double)(s->end_token - s->first_token) * (double)l->share[i];
}
