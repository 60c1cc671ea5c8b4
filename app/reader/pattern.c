#include "app/reader/pattern.h"

#include <stdbool.h>

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

/* Pairs among c keys of one segment: each with those not after it, or with all. */
static double pairs_among(uint64_t c, bool both_ways)
{
    return both_ways ? (double)c * (double)c : (double)c * ((double)c + 1) / 2;
}

/* Pairs with queries and keys in [q, q_end). */
static double pairs_within(const struct branch *b, uint64_t offset, bool both_ways, uint64_t q, uint64_t q_end)
{
    const uint64_t w = b->segment_length, first = q / w, last = (q_end - 1) / w;
    const double begin = pairs_among(count_in(b, offset, first * w, q, q_end), both_ways);
    if (first == last) return begin;
    return begin + (double)(last - first - 1) * pairs_among(dilation_count(b, offset, w), both_ways) +
           pairs_among(count_in(b, offset, last * w, q, q_end), both_ways);
}

/* Of these, those inside one window, each query with the keys not after it; there is a grid in every window, or a
 * window for every key. */
static double pairs_in_windows(const struct branch *b, uint64_t offset, uint64_t window, uint64_t q, uint64_t q_end)
{
    if (b->dilation_rate >= window) return (double)pattern_on_grid(b, offset, q, q_end);
    const uint64_t first = q / window, last = (q_end - 1) / window;
    const double begin = pairs_among(pattern_on_grid(b, offset, q, min(q_end, (first + 1) * window)), false);
    if (first == last) return begin;
    return begin + (double)(last - first - 1) * pairs_among(window / b->dilation_rate, false) +
           pairs_among(pattern_on_grid(b, offset, last * window, q_end), false);
}

/* Pairs of two ranges in one segment, the lower one ending where the higher one begins or before. */
static double pairs_between(const struct branch *b, uint64_t offset, uint64_t low, uint64_t low_end, uint64_t high,
                            uint64_t high_end)
{
    const uint64_t start = high - high % b->segment_length;
    return (double)count_in(b, offset, start, low, low_end) * (double)count_in(b, offset, start, high, high_end);
}

double pattern_pairs(const struct branch *b, uint64_t offset, uint64_t window, uint64_t q, uint64_t q_end, uint64_t k,
                     uint64_t k_end)
{
    if (q >= q_end || k >= k_end) return 0;
    const bool both_ways = window > 1 && b->dilation_rate == 1;
    if (k == q && k_end == q_end) {
        const double all = pairs_within(b, offset, both_ways, q, q_end);
        return window > 1 && !both_ways ? all - pairs_in_windows(b, offset, window, q, q_end) : all;
    }
    if (k >= q_end) return both_ways ? pairs_between(b, offset, q, q_end, k, k_end) : 0;
    const double all = pairs_between(b, offset, k, k_end, q, q_end);
    const uint64_t start = q - q % window;
    if (window <= 1 || both_ways || k_end <= start) return all;
    return all - pairs_between(b, offset, max(k, start), k_end, q, min(q_end, start + window));
}

uint64_t pattern_visible(const struct branch *b, uint64_t offset, uint64_t window, uint64_t t, uint64_t k,
                         uint64_t k_end)
{
    if (!dilation_on_grid(b, offset, t)) return 0;
    const uint64_t end = window <= 1 ? t + 1 : b->dilation_rate == 1 ? UINT64_MAX : t - t % window;
    return count_in(b, offset, t - t % b->segment_length, k, min(k_end, end));
}
