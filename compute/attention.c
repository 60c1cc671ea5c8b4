#include "compute/attention.h"

#include <math.h>

#include "compute/error.h"

int attention_layout(struct attention *a, struct error *e)
{
    if (a->n_head == 0 || a->n_head_kv == 0 || a->n_head % a->n_head_kv != 0)
        return error_set(e, "attention: %u heads over %u key-value heads", a->n_head, a->n_head_kv);
    if (a->n_branch == 0 || a->n_branch > DILATION_MAX_BRANCHES)
        return error_set(e, "attention: %u branches, expected 1 to %d", a->n_branch, DILATION_MAX_BRANCHES);
    uint64_t rows = 0;
    for (uint32_t i = 0; i < a->n_branch; i++) {
        const struct branch *b = &a->branch[i];
        if (b->segment_length == 0 || b->dilation_rate == 0)
            return error_set(e, "attention: branch %u has segment length or dilation rate 0", i);
        uint64_t slots = dilation_count(b, 0, b->segment_length);
        uint32_t heads = b->dilation_rate == 1 ? a->n_head_kv : a->n_head;
        if (slots > INT32_MAX || slots * heads > INT32_MAX - rows)
            return error_set(e, "attention: branch %u keeps %llu keys a head, which is more than a cache can hold", i,
                             (unsigned long long)slots);
        a->cache_heads[i] = heads;
        a->slots[i] = (uint32_t)slots;
        a->first_row[i] = (uint32_t)rows;
        rows += slots * heads;
    }
    a->cache_rows = (uint32_t)rows;
    return 0;
}

uint32_t attention_cache_row(const struct attention *a, uint32_t branch, uint32_t head)
{
    uint32_t run = a->cache_heads[branch] == a->n_head ? head : head / (a->n_head / a->n_head_kv);
    return a->first_row[branch] + run * a->slots[branch];
}

struct attention_piece attention_piece_at(const struct branch *b, uint64_t position, uint32_t begin, uint32_t n)
{
    uint64_t in_segment = (position + begin) % b->segment_length;
    uint64_t left = b->segment_length - in_segment;
    return (struct attention_piece){
        .begin = begin,
        .end = left < n - begin ? begin + (uint32_t)left : n,
        .continues = begin == 0 && in_segment > 0,
    };
}

uint32_t attention_first_row(const struct branch *b, uint64_t offset, uint64_t position, uint32_t begin, uint32_t end)
{
    if (begin >= end || offset >= b->dilation_rate) return UINT32_MAX;
    uint64_t in_segment = (position + begin) % b->segment_length;
    uint64_t residue = in_segment % b->dilation_rate;
    uint64_t ahead = offset >= residue ? offset - residue : offset + b->dilation_rate - residue;
    return ahead < end - begin ? begin + (uint32_t)ahead : UINT32_MAX;
}

void attention_advance(const struct attention *a, uint64_t position, uint32_t n, uint32_t *kept)
{
    for (uint32_t i = 0; i < a->n_branch; i++) {
        const struct branch *b = &a->branch[i];
        uint64_t before = position % b->segment_length, after = (position + n) % b->segment_length;
        bool same = position / b->segment_length == (position + n) / b->segment_length;
        for (uint32_t head = 0; head < a->n_head; head++) {
            uint64_t offset = dilation_head_offset(a->offset_rule, head, a->n_head, b->dilation_rate);
            uint32_t *k = &kept[i * a->n_head + head];
            if (offset >= b->dilation_rate) continue; /* no position is on this grid */
            uint32_t added = (uint32_t)dilation_count(b, offset, after);
            *k = same ? *k + added - (uint32_t)dilation_count(b, offset, before) : added;
        }
    }
}

void attention_rotary_row(float *out, uint32_t head_dim, float base, const float *factors, uint64_t pos)
{
    for (uint32_t m = 0; m < head_dim / 2; m++) {
        double angle = (double)pos * pow(base, -2.0 * m / head_dim) / (factors ? (double)factors[m] : 1);
        out[2 * m] = (float)cos(angle);
        out[2 * m + 1] = (float)sin(angle);
    }
}

void attention_merge(float *out, float *lse, const float *other, float other_lse, uint32_t head_dim)
{
    if (other_lse == -INFINITY) return;
    float max = fmaxf(*lse, other_lse);
    float mine = expf(*lse - max), theirs = expf(other_lse - max);
    float sum = mine + theirs;
    mine /= sum;
    theirs /= sum;
    for (uint32_t d = 0; d < head_dim; d++) out[d] = mine * out[d] + theirs * other[d];
    *lse = max + logf(sum);
}
