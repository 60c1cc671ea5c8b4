#include "tests/test.h"

#include "app/reader/pattern.h"

/* The definition: every pair looked at. */
static double pairs_one_by_one(const struct branch *b, uint64_t offset, uint64_t window, uint64_t q, uint64_t q_end,
                               uint64_t k, uint64_t k_end)
{
    double n = 0;
    for (uint64_t t = q; t < q_end; t++) {
        for (uint64_t p = k; p < k_end; p++) {
            bool same = t / b->segment_length == p / b->segment_length;
            bool seen = window == 1 ? p <= t : b->dilation_rate == 1 || p / window < t / window;
            n += seen && same && dilation_on_grid(b, offset, t) && dilation_on_grid(b, offset, p);
        }
    }
    return n;
}

static void counts_are_those_of_looking_at_every_pair(void **state)
{
    (void)state;
    uint64_t seed = 17;
    for (int round = 0; round < 3000; round++) {
        const struct branch b = {1 + (test_random(&seed) >> 32) % 40, 1 + (test_random(&seed) >> 32) % 9};
        uint64_t offset = (test_random(&seed) >> 32) % b.dilation_rate, q = (test_random(&seed) >> 32) % 90;
        uint64_t q_end = q + (test_random(&seed) >> 32) % 60, k_end = (test_random(&seed) >> 32) % (q + 1);
        uint64_t k = (test_random(&seed) >> 32) % (k_end + 1);
        assert_true(pattern_pairs(&b, offset, 1, q, q_end, k, k_end) ==
                    pairs_one_by_one(&b, offset, 1, q, q_end, k, k_end));
        assert_true(pattern_pairs(&b, offset, 1, q, q_end, q, q_end) ==
                    pairs_one_by_one(&b, offset, 1, q, q_end, q, q_end));
        assert_int_equal(pattern_visible(&b, offset, 1, q, k, k_end),
                         (uint64_t)pairs_one_by_one(&b, offset, 1, q, q + 1, k, k_end));
        uint64_t grid = 0;
        for (uint64_t p = q; p < q_end; p++) grid += dilation_on_grid(&b, offset, p);
        assert_int_equal(pattern_on_grid(&b, offset, q, q_end), grid);
    }
}

static void windows_look_both_ways_and_far_branches_before_them(void **state)
{
    (void)state;
    uint64_t seed = 23;
    for (int round = 0; round < 3000; round++) {
        const uint64_t window = UINT64_C(1) << (1 + (test_random(&seed) >> 32) % 4),
                       r = UINT64_C(1) << (test_random(&seed) >> 32) % 6;
        const struct branch b = {r == 1 ? window : window << (test_random(&seed) >> 32) % 4, r};
        const uint64_t offset = (test_random(&seed) >> 32) % r, q = (test_random(&seed) >> 32) % 90,
                       q_end = q + 1 + (test_random(&seed) >> 32) % 60, k_end = (test_random(&seed) >> 32) % (q + 1),
                       k = (test_random(&seed) >> 32) % (k_end + 1), after = q_end + (test_random(&seed) >> 32) % 20;
        const uint64_t ranges[][2] = {{k, k_end}, {q, q_end}, {after, after + 17}};
        for (int i = 0; i < 3; i++)
            assert_true(pattern_pairs(&b, offset, window, q, q_end, ranges[i][0], ranges[i][1]) ==
                        pairs_one_by_one(&b, offset, window, q, q_end, ranges[i][0], ranges[i][1]));
        assert_int_equal(pattern_visible(&b, offset, window, q, k, after),
                         (uint64_t)pairs_one_by_one(&b, offset, window, q, q + 1, k, after));
    }
}

static void a_billion_positions_cost_no_more(void **state)
{
    (void)state;
    const struct branch local = {512, 1}, far = {UINT64_C(1) << 41, UINT64_C(1) << 32};
    uint64_t n = 1000000000;
    assert_true(pattern_pairs(&local, 0, 1, 0, n, 0, n) == 1953125.0 * 512 * 513 / 2);
    assert_int_equal(pattern_visible(&far, 0, 1, UINT64_C(1) << 33, 0, UINT64_C(1) << 34), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_those_of_looking_at_every_pair),
        cmocka_unit_test(windows_look_both_ways_and_far_branches_before_them),
        cmocka_unit_test(a_billion_positions_cost_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
