#include "tests/test.h"

#include "app/reader/pattern.h"

/* The definition: every pair looked at. */
static double pairs_one_by_one(const struct branch *b, uint64_t offset, uint64_t q, uint64_t q_end, uint64_t k,
                               uint64_t k_end)
{
    double n = 0;
    for (uint64_t t = q; t < q_end; t++) {
        for (uint64_t p = k; p < k_end && p <= t; p++) {
            bool same = t / b->segment_length == p / b->segment_length;
            n += same && dilation_on_grid(b, offset, t) && dilation_on_grid(b, offset, p);
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
        assert_true(pattern_pairs(&b, offset, q, q_end, k, k_end) == pairs_one_by_one(&b, offset, q, q_end, k, k_end));
        assert_true(pattern_pairs(&b, offset, q, q_end, q, q_end) == pairs_one_by_one(&b, offset, q, q_end, q, q_end));
        assert_int_equal(pattern_visible(&b, offset, q, k, k_end),
                         (uint64_t)pairs_one_by_one(&b, offset, q, q + 1, k, k_end));
        uint64_t grid = 0;
        for (uint64_t p = q; p < q_end; p++) grid += dilation_on_grid(&b, offset, p);
        assert_int_equal(pattern_on_grid(&b, offset, q, q_end), grid);
    }
}

static void a_billion_positions_cost_no_more(void **state)
{
    (void)state;
    const struct branch local = {512, 1}, far = {UINT64_C(1) << 41, UINT64_C(1) << 32};
    uint64_t n = 1000000000;
    assert_true(pattern_pairs(&local, 0, 0, n, 0, n) == 1953125.0 * 512 * 513 / 2);
    assert_int_equal(pattern_visible(&far, 0, UINT64_C(1) << 33, 0, UINT64_C(1) << 34), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_those_of_looking_at_every_pair),
        cmocka_unit_test(a_billion_positions_cost_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
