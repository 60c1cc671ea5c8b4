#include "tests/test.h"

#include <math.h>

#include "compute/kv_row.h"

enum { N = KV_ROW_COLUMNS };

/* Sums of four uniform numbers: nearly Gaussian, of standard deviation 1.15. */
static void fill(float *row, uint32_t n, uint64_t *seed)
{
    for (uint32_t i = 0; i < n; i++) {
        row[i] = 0;
        for (int k = 0; k < 4; k++) row[i] += test_uniform(seed);
    }
}

/* Ten bits behind the point, as float16 has. */
static float as_half(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    bits = (bits + 0x1000) & ~UINT32_C(0x1fff);
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* The row after rounding; its bytes are those of the row rounded twice. */
static void rounded(float *out, const float *row, uint32_t n)
{
    uint8_t bytes[256], again[256];
    float copy[N];
    assert_true(kv_row_bytes(n) <= sizeof bytes);
    memcpy(copy, row, n * sizeof *row);
    kv_row_shrink(bytes, copy, n);
    kv_row_expand(out, bytes, n);
    memcpy(copy, out, n * sizeof *row);
    kv_row_shrink(again, copy, n);
    assert_memory_equal(again, bytes, kv_row_bytes(n));
    for (uint32_t i = 0; i < n; i++) copy[i] = as_half(out[i]);
    kv_row_shrink(again, copy, n);
    assert_memory_equal(again, bytes, kv_row_bytes(n));
}

static double error_of(const float *row, uint32_t n)
{
    float out[N];
    double wrong = 0, all = 0;
    rounded(out, row, n);
    for (uint32_t i = 0; i < n; i++) {
        wrong += pow((double)out[i] - (double)row[i], 2);
        all += pow((double)row[i], 2);
    }
    return wrong / all;
}

/* The best steps of 2 bits lose .119 of the squares of Gaussian numbers. */
static void few_steps_lose_what_the_best_do(void **state)
{
    (void)state;
    static const uint32_t widths[] = {64, 128, 96, 256};
    uint64_t seed = 7;
    float row[N];
    for (int w = 0; w < 4; w++) {
        double lost = 0;
        for (int i = 0; i < 100; i++) {
            fill(row, widths[w], &seed);
            lost += error_of(row, widths[w]) / 100;
        }
        assert_true(lost > 0.1 && lost < 0.125);
    }
}

static void a_number_that_stands_out_spoils_no_others(void **state)
{
    (void)state;
    uint64_t seed = 8;
    float row[64];
    for (int i = 0; i < 100; i++) {
        fill(row, 64, &seed);
        row[i % 64] = 10;
        assert_true(error_of(row, 64) < 0.2);
    }
}

static void rounding_happens_once_at_any_width_and_size(void **state)
{
    (void)state;
    uint64_t seed = 9;
    float row[N], out[N];
    for (uint32_t n = 1; n <= N; n++)
        for (int k = -3; k <= 3; k++) {
            fill(row, n, &seed);
            for (uint32_t i = 0; i < n; i++) row[i] *= powf(4, (float)k);
            rounded(out, row, n);
            for (uint32_t i = 0; i < n; i++) row[i] = i == n / 2 ? 1 : 0; /* all alike, once turned */
            rounded(out, row, n);
        }
}

static void what_has_no_step_becomes_zeros(void **state)
{
    (void)state;
    const float bad[] = {0, NAN, INFINITY, -INFINITY, 3e38f, 1e-8f};
    for (int k = 0; k < 6; k++) {
        float row[64] = {bad[k]}, out[64];
        uint8_t bytes[64];
        kv_row_shrink(bytes, row, 64);
        kv_row_expand(out, bytes, 64);
        for (int i = 0; i < 64; i++) assert_true(out[i] == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_steps_lose_what_the_best_do),
        cmocka_unit_test(a_number_that_stands_out_spoils_no_others),
        cmocka_unit_test(rounding_happens_once_at_any_width_and_size),
        cmocka_unit_test(what_has_no_step_becomes_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
