#include "tests/test.h"

#include <math.h>

#include "compute/product.h"

enum { MOST_ROWS = 130, MOST_COLUMNS = 600, MOST_INNER = 96 };

static const struct {
    uint32_t n, columns, inner;
} shapes[] = {{1, 40, 8}, {7, 256, 33}, {64, 300, 64}, {65, 256, 96}, {130, 600, 70}};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };

static float x[MOST_ROWS * MOST_INNER], w[MOST_COLUMNS * MOST_INNER];
static float got[MOST_ROWS * MOST_COLUMNS], other[MOST_ROWS * MOST_COLUMNS];

static struct product_weights *open_weights(struct products *p, uint32_t columns, uint32_t inner)
{
    uint64_t seed = columns;
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = test_uniform(&seed);
    for (size_t i = 0; i < sizeof w / sizeof *w; i++) w[i] = test_uniform(&seed);
    struct product_weights *packed;
    struct error e;
    assert_ok(product_weights_open(&packed, p, w, columns, inner, &e), e);
    return packed;
}

/* What the header says of int8: whole steps of the largest in a row, 127 and 63 of them. */
static double steps_product(const float *a, const float *b, uint32_t inner)
{
    float most_a = 0, most_b = 0;
    for (uint32_t k = 0; k < inner; k++) {
        most_a = fmaxf(most_a, fabsf(a[k]));
        most_b = fmaxf(most_b, fabsf(b[k]));
    }
    double sum = 0;
    for (uint32_t k = 0; k < inner; k++)
        sum += floor((double)(a[k] * (127 / most_a)) + 0.5) * rint((double)(b[k] * (63 / most_b)));
    return sum * (double)most_a / 127 * (double)most_b / 63;
}

static double plain_product(const float *a, const float *b, uint32_t inner)
{
    double sum = 0;
    for (uint32_t k = 0; k < inner; k++) sum += (double)a[k] * (double)b[k];
    return sum;
}

/* Elements lie in (-1, 1): a step is 1 / 127 at most, and one product may round the other way. */
static void check(enum product_precision precision, double tolerance)
{
    struct error e;
    struct products *p;
    assert_ok(product_open(&p, precision, 2, &e), e);
    for (int i = 0; i < N_SHAPES; i++) {
        const uint32_t n = shapes[i].n, columns = shapes[i].columns, inner = shapes[i].inner;
        struct product_weights *packed = open_weights(p, columns, inner);
        for (size_t k = 0; k < (size_t)n * columns; k++) got[k] = 1;
        product_run(packed, 1, 0, columns, x, n, true, got, columns);
        for (uint32_t row = 0; row < n; row++)
            for (uint32_t j = 0; j < columns; j++) {
                const float *a = x + (size_t)row * inner, *b = w + (size_t)j * inner;
                double want = 1 + (precision == PRODUCT_INT8 ? steps_product : plain_product)(a, b, inner);
                assert_float_equal(got[row * columns + j], (float)want, (float)(tolerance * sqrt(inner)));
            }
        product_weights_close(packed);
    }
    product_close(p);
}

static void float32_products_are_those_of_the_definition(void **state)
{
    (void)state;
    check(PRODUCT_FP32, 1e-6);
}

static void bf16_products_are_near_the_definition(void **state)
{
    (void)state;
    check(PRODUCT_BF16, 8e-3);
}

static void int8_products_are_sums_of_whole_steps(void **state)
{
    (void)state;
    check(PRODUCT_INT8, 1.0 / 127 / sqrt(MOST_INNER));
}

static void stripes_and_parts_of_the_rows_give_the_same(void **state)
{
    (void)state;
    for (int i = PRODUCT_FP32; i <= PRODUCT_INT8; i++) {
        struct error e;
        struct products *p;
        assert_ok(product_open(&p, (enum product_precision)i, 1, &e), e);
        const uint32_t columns = 600, inner = 96, n = 130, stride = 610;
        struct product_weights *packed = open_weights(p, columns, inner);
        product_run(packed, 0, 0, columns, x, n, false, got, columns);
        float *out = calloc((size_t)n * stride, sizeof *out);
        for (uint32_t row = 0, part = 1; row < n; row += part, part = part * 3 < n - row ? part * 3 : n - row)
            for (uint32_t begin = 0; begin < columns; begin += PRODUCT_STRIPE)
                product_run(packed, 0, begin, begin + PRODUCT_STRIPE < columns ? begin + PRODUCT_STRIPE : columns,
                            x + (size_t)row * inner, part, false, out + (size_t)row * stride + begin, stride);
        for (uint32_t row = 0; row < n; row++)
            for (uint32_t j = 0; j < columns; j++) {
                const float here = out[row * stride + j], there = got[row * columns + j];
                if (i == PRODUCT_INT8)
                    assert_true(here == there);
                else
                    assert_float_equal(here, there, 1e-4f);
            }
        free(out);
        product_weights_close(packed);
        product_close(p);
    }
}

static void a_row_of_zeros_stays_zeros(void **state)
{
    (void)state;
    struct error e;
    struct products *p;
    assert_ok(product_open(&p, PRODUCT_INT8, 1, &e), e);
    struct product_weights *packed = open_weights(p, 300, 64);
    memset(x, 0, sizeof x);
    product_run(packed, 0, 0, 300, x, 3, false, other, 300);
    for (int i = 0; i < 900; i++) assert_true(other[i] == 0);
    product_weights_close(packed);
    product_close(p);
}

static void precisions_have_names(void **state)
{
    (void)state;
    enum product_precision p;
    assert_true(product_precision_find("bf16", &p));
    assert_int_equal(p, PRODUCT_BF16);
    assert_true(product_precision_find("auto", &p));
    assert_true(p == PRODUCT_INT8 || p == PRODUCT_FP32);
    assert_false(product_precision_find("", &p));
    assert_string_equal(product_precision_name(PRODUCT_INT8), "int8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(float32_products_are_those_of_the_definition),
        cmocka_unit_test(bf16_products_are_near_the_definition),
        cmocka_unit_test(int8_products_are_sums_of_whole_steps),
        cmocka_unit_test(stripes_and_parts_of_the_rows_give_the_same),
        cmocka_unit_test(a_row_of_zeros_stays_zeros),
        cmocka_unit_test(precisions_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
