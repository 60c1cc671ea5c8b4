#include "tests/test.h"

#include <math.h>

#include "compute/backend.h"
#include "tests/synthetic_model.h"

enum { N = 40, D = 64, ROWS = 300 };

/* The largest difference between a product on the back end and its definition. */
static double product_error(struct backend *b, struct matrix *loaded, const struct weights *w, const float *x)
{
    struct error e;
    struct matrix *in, *out;
    float *got = malloc(sizeof *got * N * ROWS);
    assert_ok(b->ops->matrix_open(&in, b, N, D, &e), e);
    assert_ok(b->ops->matrix_open(&out, b, N, ROWS, &e), e);
    assert_ok(b->ops->matrix_write(in, 0, N, x, &e), e);
    b->ops->project(&(struct project){.out = out, .x = in, .w = loaded, .n = N});
    assert_ok(b->ops->matrix_read(out, 0, N, got, &e), e);
    double worst = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < ROWS; j++) {
            double sum = 0;
            for (int k = 0; k < D; k++)
                sum += (double)x[i * D + k] * (double)((const float *)(const void *)w->bytes)[j * D + k];
            worst = fmax(worst, fabs(sum - (double)got[i * ROWS + j]));
        }
    b->ops->matrix_close(in);
    b->ops->matrix_close(out);
    free(got);
    return worst;
}

/* What was multiplied with stays as it is; what was not is in the new precision, also after a GPU's. */
static void weights_keep_the_precision_of_their_first_product(void **state)
{
    (void)state;
    struct error e;
    struct backend *b;
    uint64_t seed = 3;
    struct weights w = synthetic_weights(ROWS, D, 1, 0, &seed);
    const struct weights *const parts[] = {&w};
    float x[N * D];
    for (int i = 0; i < N * D; i++) x[i] = test_uniform(&seed);
    struct matrix *first, *second, *third;
    assert_ok(backend_open(&b, "cpu/int8", 2, &e), e);
    assert_ok(b->ops->matrix_load(&first, b, parts, 1, &e), e);
    assert_ok(b->ops->matrix_load(&second, b, parts, 1, &e), e);
    assert_ok(b->ops->matrix_load(&third, b, parts, 1, &e), e);
    assert_string_equal(backend_info(b)->precision, "int8");
    const double coarse = product_error(b, first, &w, x);
    assert_true(coarse > 1e-4 && coarse < 0.2);
    backend_set_precision(b, "fp32");
    assert_string_equal(backend_info(b)->precision, "fp32");
    assert_true(product_error(b, second, &w, x) < 1e-5);
    assert_true(product_error(b, first, &w, x) == coarse);
    backend_set_precision(b, "int8");
    backend_set_precision(b, "fp16");
    assert_true(product_error(b, third, &w, x) < 1e-5);
    backend_set_precision(b, "int1");
    assert_string_equal(backend_info(b)->precision, "fp32");
    b->ops->matrix_close(first);
    b->ops->matrix_close(second);
    b->ops->matrix_close(third);
    backend_close(b);
    synthetic_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_keep_the_precision_of_their_first_product),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
