/* What the CPU does to rows, in the loops of the processor that was chosen, against plain loops in double precision:
 * rows shorter than a vector, with tails of every length, and numbers at the edges. */
#include "tests/test.h"

#include <math.h>

#include "compute/rows_cpu.h"
#include "tests/loops_fixture.h"

enum { MOST = 100, ROWS = 3, STRIDE = MOST + 5 };

static const uint32_t widths[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 64, 65, 99, 100};
enum { N_WIDTHS = sizeof widths / sizeof *widths };

static const struct rows_cpu *rows;
static float x[2 * ROWS * STRIDE], y[2 * ROWS * STRIDE], out[ROWS * STRIDE];

static void fill(uint64_t seed, float scale, float mean)
{
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
        x[i] = mean + scale * test_uniform(&seed);
        y[i] = test_uniform(&seed);
    }
    for (size_t i = 0; i < sizeof out / sizeof *out; i++) out[i] = 1000;
}

static void expect(float got, double expected, double tolerance, uint32_t width, uint32_t column)
{
    if (!(fabs((double)got - expected) <= tolerance))
        fail_msg("%u columns, column %u: %.9g, expected %.9g", width, column, (double)got, expected);
}

static void a_dot_has_all_its_elements(void **state)
{
    (void)state;
    for (uint32_t n = 0; n <= MOST; n++) {
        double sum = 0, size = 0;
        fill(n + 1, 1, 0);
        for (uint32_t i = 0; i < n; i++) {
            sum += (double)x[i] * (double)y[i];
            size += fabs((double)x[i] * (double)y[i]);
        }
        expect(rows->dot(x, y, n), sum, 1e-6 * size, n, 0);
    }
}

static void a_norm_divides_by_the_root_of_the_mean_square(void **state)
{
    (void)state;
    for (int k = 0; k < N_WIDTHS; k++) {
        const uint32_t n = widths[k];
        fill(n, 3, 0);
        memset(x + n, 0, n * sizeof *x); /* the second row */
        rows->norm(out, x, y, 1e-5f, ROWS, n);
        for (uint32_t row = 0; row < ROWS; row++) {
            double sum = 0;
            for (uint32_t i = 0; i < n; i++) sum += (double)x[row * n + i] * (double)x[row * n + i];
            for (uint32_t i = 0; i < n; i++)
                expect(out[row * n + i], (double)x[row * n + i] / sqrt(sum / n + (double)1e-5f) * (double)y[i], 3e-6, n,
                       i);
        }
        assert_true(out[ROWS * n] == 1000);
    }
}

/* Rows that are far from 0 have small differences: their variance is still that of the differences. */
static void a_layer_norm_is_around_the_mean(void **state)
{
    (void)state;
    static float bias[MOST], before[ROWS * MOST];
    const float means[] = {0, 1000, -3};
    for (int k = 0; k < N_WIDTHS; k++)
        for (int m = 0; m < 3; m++) {
            const uint32_t n = widths[k];
            uint64_t seed = 17;
            fill(n, 2, means[m]);
            for (uint32_t i = 0; i < n; i++) bias[i] = test_uniform(&seed);
            memcpy(before, x, ROWS * n * sizeof *x);
            const float behind = x[ROWS * n];
            rows->layer_norm(x, y, bias, 1e-3f, ROWS, n);
            assert_true(x[ROWS * n] == behind);
            for (uint32_t row = 0; row < ROWS; row++) {
                const float *from = before + row * n;
                double mean = 0, variance = 0;
                for (uint32_t i = 0; i < n; i++) mean += (double)from[i] / n;
                for (uint32_t i = 0; i < n; i++) variance += ((double)from[i] - mean) * ((double)from[i] - mean) / n;
                for (uint32_t i = 0; i < n; i++) {
                    const double wanted =
                        ((double)from[i] - mean) / sqrt(variance + (double)1e-3f) * (double)y[i] + (double)bias[i];
                    expect(x[row * n + i], wanted, m == 1 ? 3e-3 : 2e-5, n, i);
                }
            }
        }
}

/* Numbers of which e^x is nothing or too much among them. */
static const float edges[] = {0,   -0.0f, 1e-30f, -1e-30f, 1,      -1,  10,   -10,  20,
                              -20, 86.9f, -86.9f, 87.1f,   -87.1f, 100, -100, 1000, -1000};
enum { N_EDGES = sizeof edges / sizeof *edges };

static void check_gate(bool gelu)
{
    for (int k = 0; k < N_WIDTHS; k++) {
        const uint32_t n = widths[k];
        for (int first = 0; first < N_EDGES; first++) {
            fill(n, 4, 0);
            for (uint32_t i = 0; i < n; i++) x[i] = edges[(first + (int)i) % N_EDGES];
            rows->gate(out, x, ROWS, n, gelu);
            for (uint32_t row = 0; row < ROWS; row++)
                for (uint32_t i = 0; i < n; i++) {
                    const double g = (double)x[row * 2 * n + i], up = (double)x[row * 2 * n + n + i],
                                 z = gelu ? sqrt(8 / M_PI) * (g + 0.044715 * g * g * g) : g,
                                 wanted = g / (1 + exp(-z)) * up;
                    expect(out[row * n + i], wanted, 1e-6 * (1e-3 + fabs(wanted)), n, i);
                }
            assert_true(out[ROWS * n] == 1000);
        }
    }
}

static void a_gate_is_silu_or_gelu_by_tanh_times_up_at_every_size_of_number(void **state)
{
    (void)state;
    check_gate(false);
    check_gate(true);
}

static void gelu_is_that_of_the_error_function_at_every_size_of_number(void **state)
{
    (void)state;
    for (int k = 0; k < N_WIDTHS; k++) {
        const uint32_t n = widths[k];
        static float before[2 * ROWS * STRIDE];
        fill(n, 5, 0);
        for (uint32_t i = 0; i < n; i++) x[STRIDE + i] = edges[i % N_EDGES];
        memcpy(before, x, sizeof x);
        rows->gelu(x, STRIDE, ROWS, n);
        for (uint32_t row = 0; row < ROWS; row++) {
            for (uint32_t i = 0; i < n; i++) {
                const double v = (double)before[row * STRIDE + i];
                expect(x[row * STRIDE + i], v * (1 + erf(v / sqrt(2))) / 2, 3e-7 * fabs(v) + 1e-30, n, i);
            }
            for (uint32_t i = n; i < STRIDE; i++) assert_true(x[row * STRIDE + i] == before[row * STRIDE + i]);
        }
    }
}

static void elements_in_8_bits_are_whole_steps_of_the_largest(void **state)
{
    (void)state;
    uint8_t q[ROWS * MOST + 1];
    float scale[ROWS];
    for (int k = 0; k < N_WIDTHS; k++)
        for (uint32_t peak = 0; peak < widths[k]; peak++) { /* wherever the largest stands */
            const uint32_t n = widths[k];
            fill(peak + 1, 1, 0);
            x[peak] = 2;
            x[n + peak] = -2;
            memset(x + 2 * n, 0, n * sizeof *x);
            memset(q, 77, sizeof q);
            rows->quantise(q, scale, x, ROWS, n);
            for (uint32_t i = 0; i < 2 * n; i++) {
                const double steps = (double)x[i] * 127 / 2;
                expect((float)q[i] - 128, steps, 0.5001, n, i);
            }
            for (uint32_t i = 0; i < n; i++) assert_int_equal(q[2 * n + i], 128);
            assert_int_equal(q[peak], 255);
            assert_int_equal(q[n + peak], 1);
            assert_int_equal(q[ROWS * n], 77);
            assert_float_equal(scale[0], 2.0f / 127, 1e-9f);
            assert_float_equal(scale[1], 2.0f / 127, 1e-9f);
            assert_true(scale[2] == 0);
        }
}

static void weights_in_8_bits_have_63_steps_and_the_sum_that_elements_are_off_by(void **state)
{
    (void)state;
    int8_t q[ROWS * MOST + 1];
    float scale[ROWS];
    int32_t zero[ROWS];
    for (int k = 0; k < N_WIDTHS; k++) {
        const uint32_t n = widths[k];
        fill(n, 1, 0);
        x[n - 1] = 4;
        x[n] = -4;
        memset(x + 2 * n, 0, n * sizeof *x);
        memset(q, 77, sizeof q);
        rows->quantise_weights(q, scale, zero, x, ROWS, n);
        for (uint32_t row = 0; row < ROWS; row++) {
            int32_t sum = 0;
            for (uint32_t i = 0; i < n; i++) {
                sum += q[row * n + i];
                expect(q[row * n + i], row < 2 ? (double)x[row * n + i] * 63 / 4 : 0, 0.5001, n, i);
            }
            assert_int_equal(zero[row], 128 * sum);
            assert_float_equal(scale[row], row < 2 ? 4.0f / 63 : 0, 1e-9f);
        }
        assert_int_equal(q[n - 1], 63);
        assert_int_equal(q[n], -63);
        assert_int_equal(q[ROWS * n], 77);
    }
}

static void sums_of_steps_become_numbers_again(void **state)
{
    (void)state;
    int32_t sums[ROWS * MOST], zero[MOST];
    const float row_scales[ROWS] = {0.5f, 0, 2};
    for (int k = 0; k < N_WIDTHS; k++)
        for (int add = 0; add < 2; add++) {
            const uint32_t n = widths[k];
            uint64_t seed = n;
            fill(n, 1, 0);
            for (uint32_t i = 0; i < ROWS * n; i++) sums[i] = (int32_t)(test_random(&seed) % 2000001) - 1000000;
            for (uint32_t i = 0; i < n; i++) zero[i] = 128 * ((int32_t)(test_random(&seed) % 8001) - 4000);
            rows->dequantise(out, STRIDE, add, sums, row_scales, y, zero, ROWS, n);
            for (uint32_t row = 0; row < ROWS; row++) {
                for (uint32_t i = 0; i < n; i++) {
                    const double wanted =
                        (double)(sums[row * n + i] - zero[i]) * (double)row_scales[row] * (double)y[i];
                    expect(out[row * STRIDE + i], (add ? 1000 : 0) + wanted, 1e-6 * (1000 + fabs(wanted)), n, i);
                }
                assert_true(out[row * STRIDE + n] == 1000);
            }
        }
}

static float of_bits(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* The nearest number with 8 bits, and of two that are as near the even one. */
static uint32_t define_bf16(uint32_t bits)
{
    const uint32_t low = bits & 0xffff0000u, rest = bits & 0xffffu;
    const bool up = rest > 0x8000u || (rest == 0x8000u && (low & 0x10000u));
    return (low >> 16) + up;
}

static void half_of_the_bits_are_rounded_to_the_nearest_even(void **state)
{
    (void)state;
    static const uint32_t upper[] = {0x0000, 0x0001, 0x007f, 0x0080, 0x3f80, 0x3f81, 0x3fff, 0x7f7e, 0x7f7f};
    static const uint32_t lower[] = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff};
    for (size_t i = 0; i < sizeof upper / sizeof *upper; i++)
        for (size_t k = 0; k < sizeof lower / sizeof *lower; k++)
            for (uint32_t sign = 0; sign < 2; sign++) {
                const uint32_t bits = sign << 31 | upper[i] << 16 | lower[k];
                const float f[3] = {of_bits(bits), 1, of_bits(bits)};
                uint16_t half[4] = {0, 0, 0, 0xabcd};
                float rounded[4] = {0, 0, 0, 7};
                rows->to_bf16(half, f, 3);
                rows->round_bf16(rounded, f, 3);
                assert_int_equal(half[0], define_bf16(bits));
                assert_int_equal(half[1], 0x3f80);
                assert_int_equal(half[2], half[0]);
                assert_int_equal(half[3], 0xabcd);
                assert_true(rounded[0] == of_bits((uint32_t)half[0] << 16) && rounded[3] == 7);
            }
    const float infinite[] = {INFINITY, -INFINITY, NAN};
    uint16_t half[3];
    rows->to_bf16(half, infinite, 3);
    assert_int_equal(half[0], 0x7f80);
    assert_int_equal(half[1], 0xff80);
    assert_true(isnan(of_bits((uint32_t)half[2] << 16)));
}

static void rows_are_stored_and_shifted_where_they_lie(void **state)
{
    (void)state;
    for (int k = 0; k < N_WIDTHS; k++)
        for (int add = 0; add < 2; add++) {
            const uint32_t n = widths[k];
            fill(n, 1, 0);
            rows->store(out, STRIDE, add, x, ROWS, n);
            rows->bias(out, STRIDE, y, ROWS, n);
            for (uint32_t row = 0; row < ROWS; row++) {
                for (uint32_t i = 0; i < n; i++)
                    expect(out[row * STRIDE + i], (add ? 1000 : 0) + (double)x[row * n + i] + (double)y[i], 2e-4, n, i);
                for (uint32_t i = n; i < STRIDE; i++) assert_true(out[row * STRIDE + i] == 1000);
            }
        }
}

static void evidence_has_length_one_and_nothing_stays_nothing(void **state)
{
    (void)state;
    for (int k = 0; k < N_WIDTHS; k++) {
        const uint32_t n = widths[k];
        double length = 0, sum = 0;
        fill(n, 1, 0);
        for (uint32_t i = 0; i < n; i++) length += pow((double)x[i] + (double)y[i], 2);
        memcpy(out, x, n * sizeof *x);
        rows->evidence(out, y, n);
        for (uint32_t i = 0; i < n; i++) {
            expect(out[i], ((double)x[i] + (double)y[i]) / sqrt(length), 1e-6, n, i);
            sum += (double)out[i] * (double)out[i];
        }
        assert_float_equal((float)sum, 1, 1e-5f);
        assert_true(out[n] == 1000);
        for (uint32_t i = 0; i < n; i++) out[i] = -y[i];
        rows->evidence(out, y, n);
        for (uint32_t i = 0; i < n; i++) assert_true(out[i] == 0);
    }
}

static void an_evidence_key_is_clamped_to_half_a_unit(void **state)
{
    (void)state;
    static const float u[] = {0, 0.5f, -0.5f, 1, -1, 0.4999f, 1.0f / 254, -1.0f / 254, 0.4f / 254, -0.6f / 254, 1e30f};
    static const int8_t keys[] = {0, 127, -127, 127, -127, 127, 1, -1, 0, -1, 127};
    enum { N = sizeof u / sizeof *u };
    int8_t got[N + 1] = {[N] = 5};
    rows->evidence_key(got, u, N);
    assert_memory_equal(got, keys, N);
    assert_int_equal(got[N], 5);
}

int main(void)
{
    if (loops_are_missing()) return 77;
    rows = loops()->rows;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dot_has_all_its_elements),
        cmocka_unit_test(a_norm_divides_by_the_root_of_the_mean_square),
        cmocka_unit_test(a_layer_norm_is_around_the_mean),
        cmocka_unit_test(a_gate_is_silu_or_gelu_by_tanh_times_up_at_every_size_of_number),
        cmocka_unit_test(gelu_is_that_of_the_error_function_at_every_size_of_number),
        cmocka_unit_test(elements_in_8_bits_are_whole_steps_of_the_largest),
        cmocka_unit_test(weights_in_8_bits_have_63_steps_and_the_sum_that_elements_are_off_by),
        cmocka_unit_test(sums_of_steps_become_numbers_again),
        cmocka_unit_test(half_of_the_bits_are_rounded_to_the_nearest_even),
        cmocka_unit_test(rows_are_stored_and_shifted_where_they_lie),
        cmocka_unit_test(evidence_has_length_one_and_nothing_stays_nothing),
        cmocka_unit_test(an_evidence_key_is_clamped_to_half_a_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
