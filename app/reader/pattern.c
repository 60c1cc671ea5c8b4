#include "app/reader/pattern.h"

static uint64_t max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* In one segment that starts at `start`. */
static uint64_t count_in(const struct branch *b, uint64_t offset, uint64_t start, uint64_t from, uint64_t to)
{
    from = max(from, start);
    to = min(to, start + b->segment_length);
    if (from >= to) return 0;
    return dilation_count(b, offset, to - start) - dilation_count(b, offset, from - start);
}

uint64_t pattern_on_grid(const struct branch *b, uint64_t offset, uint64_t from, uint64_t to)
{
    if (from >= to) return 0;
    uint64_t w = b->segment_length, first = from / w, last = (to - 1) / w;
    if (first == last) return count_in(b, offset, first * w, from, to);
    return count_in(b, offset, first * w, from, to) + (last - first - 1) * dilation_count(b, offset, w) +
           count_in(b, offset, last * w, from, to);
}

/* Pairs among c keys of one segment, each with those not after it. */
static double triangle(uint64_t c)
{
    return (double)c * ((double)c + 1) / 2;
}

double pattern_pairs(const struct branch *b, uint64_t offset, uint64_t q, uint64_t q_end, uint64_t k, uint64_t k_end)
{
    if (q >= q_end || k >= k_end) return 0;
    uint64_t w = b->segment_length, first = q / w, last = (q_end - 1) / w;
    if (k_end <= q) {
        /* Only the segment of the first query can hold keys that lie before all the queries. */
        return (double)count_in(b, offset, first * w, k, k_end) * (double)count_in(b, offset, first * w, q, q_end);
    }
    if (first == last) return triangle(count_in(b, offset, first * w, q, q_end));
    return triangle(count_in(b, offset, first * w, q, q_end)) +
           (double)(last - first - 1) * triangle(dilation_count(b, offset, w)) +
           triangle(count_in(b, offset, last * w, q, q_end));
}

uint64_t pattern_visible(const struct branch *b, uint64_t offset, uint64_t t, uint64_t k, uint64_t k_end)
{
    if (!dilation_on_grid(b, offset, t)) return 0;
    return count_in(b, offset, t - t % b->segment_length, k, min(k_end, t + 1));
}
