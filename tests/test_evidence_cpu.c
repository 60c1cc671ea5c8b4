/* The scan of evidence keys, in the loops of the processor that was chosen, against sums in double precision. */
#include "tests/test.h"

#include <math.h>

#include "compute/evidence_cpu.h"
#include "tests/loops_fixture.h"

enum { MOST_QUERIES = 65, MOST_KEYS = 200, MOST_WIDTH = EVIDENCE_CPU_MAX_WIDTH };

static float queries[MOST_QUERIES * MOST_WIDTH], packed[EVIDENCE_CPU_LANES(MOST_QUERIES) * MOST_WIDTH + 1];
static int8_t keys[MOST_KEYS * MOST_WIDTH];
static float lse[MOST_QUERIES + 1];

static void fill(uint64_t seed, float scale)
{
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) queries[i] = scale * test_uniform(&seed);
    for (size_t i = 0; i < sizeof keys; i++) keys[i] = (int8_t)((int)(test_random(&seed) % 255) - 127);
}

static double define(uint32_t query, uint32_t width, uint32_t n)
{
    double most = -INFINITY, sum = 0, logit[MOST_KEYS];
    for (uint32_t key = 0; key < n; key++) {
        logit[key] = 0;
        for (uint32_t i = 0; i < width; i++)
            logit[key] += (double)queries[query * width + i] * (double)keys[key * width + i];
        if (logit[key] > most) most = logit[key];
    }
    for (uint32_t key = 0; key < n; key++) sum += exp(logit[key] - most);
    return n > 0 ? most + log(sum) : -INFINITY;
}

static void check(uint32_t n_query, uint32_t width, uint32_t n_keys, float scale)
{
    const struct evidence_cpu *loop = loops()->evidence;
    fill(n_query * 1000 + width + n_keys, scale);
    const size_t room = EVIDENCE_CPU_LANES(n_query) * width;
    packed[room] = 7;
    lse[n_query] = 7;
    loop->pack(packed, queries, n_query, width);
    assert_true(packed[room] == 7);
    loop->scan(lse, packed, n_query, width, keys, n_keys);
    assert_true(lse[n_query] == 7);
    for (uint32_t t = 0; t < n_query; t++) {
        const double wanted = define(t, width, n_keys);
        if (n_keys == 0)
            assert_true(isinf(lse[t]) && lse[t] < 0);
        else if (!(fabs((double)lse[t] - wanted) <= 1e-5 * (1 + 127 * fabs((double)scale) * width)))
            fail_msg("%u queries, width %u, %u keys: query %u has %f, expected %f", n_query, width, n_keys, t,
                     (double)lse[t], wanted);
    }
}

static void every_number_of_queries_has_its_lanes(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= MOST_QUERIES; n++) check(n, 24, 70, 0.01f);
}

static void tiles_of_keys_end_anywhere(void **state)
{
    (void)state;
    static const uint32_t counts[] = {0, 1, 2, 63, 64, 65, 127, 128, 129, 200};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        check(3, 16, counts[i], 0.01f);
        check(33, 5, counts[i], 0.02f);
    }
}

static void any_width_up_to_the_most_is_summed_whole(void **state)
{
    (void)state;
    static const uint32_t widths[] = {1, 2, 3, 15, 17, 64, 255, 256};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) check(9, widths[i], 66, 0.02f);
}

/* Where one key is far above the others its logit is the sum; e^x of it alone would be too much. */
static void logits_of_hundreds_neither_overflow_nor_vanish(void **state)
{
    (void)state;
    check(17, 8, 130, 1);
    check(2, 64, 200, 1);
    check(2, 64, 65, -1);
}

int main(void)
{
    if (loops_are_missing()) return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_of_queries_has_its_lanes),
        cmocka_unit_test(tiles_of_keys_end_anywhere),
        cmocka_unit_test(any_width_up_to_the_most_is_summed_whole),
        cmocka_unit_test(logits_of_hundreds_neither_overflow_nor_vanish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
