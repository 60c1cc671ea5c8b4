/* Every op of the table against a plain loop in double precision. Attention has its own file (test_attention.c). */
#include "tests/test.h"

#include <math.h>

#include "compute/backend.h"
#include "tests/synthetic_model.h"
#include "tests/test_device.h"

static struct error e;

static struct matrix *upload(uint32_t rows, uint32_t cols, const float *x)
{
    struct matrix *m;
    assert_ok(test_backend->ops->matrix_open(&m, test_backend, rows, cols, &e), e);
    assert_ok(test_backend->ops->matrix_write(m, 0, rows, x, &e), e);
    return m;
}

static struct matrix *load(const struct weights *w)
{
    struct matrix *m;
    assert_ok(test_backend->ops->matrix_load(&m, test_backend, &w, 1, &e), e);
    return m;
}

static float *random_rows(uint32_t rows, uint32_t cols, uint64_t seed)
{
    float *x = malloc(sizeof *x * rows * cols);
    for (size_t i = 0; i < (size_t)rows * cols; i++) x[i] = test_uniform(&seed);
    return x;
}

static const float *numbers(const struct weights *w)
{
    return (const float *)w->bytes;
}

static void define_norm(double *out, const float *x, const struct weights *norm, double eps)
{
    double sum = 0;
    for (uint32_t i = 0; i < norm->cols; i++) sum += (double)x[i] * (double)x[i];
    for (uint32_t i = 0; i < norm->cols; i++)
        out[i] = (double)x[i] / sqrt(sum / norm->cols + eps) * (double)numbers(norm)[i];
}

static double define_dot(const struct weights *w, uint32_t row, const double *x)
{
    double sum = 0;
    for (uint32_t k = 0; k < w->cols; k++) sum += (double)numbers(w)[(size_t)row * w->cols + k] * x[k];
    return sum;
}

static void expect(float got, double expected, uint32_t row, uint32_t col)
{
    if (!(fabs((double)got - expected) <= test_tolerance(1e-5, 1e-2) * (1 + fabs(expected))))
        fail_msg("row %u column %u: %.9g, expected %.9g", row, col, (double)got, expected);
}

static void close_all(struct matrix *const *all, size_t n)
{
    for (size_t i = 0; i < n; i++) test_backend->ops->matrix_close(all[i]);
}

/* What of a projection's parts is used. */
enum { NORM = 1, ADD = 2, BIAS = 4, GELU = 8 };

static void check_project(uint32_t n, uint32_t rows, uint32_t d, int with)
{
    uint64_t seed = n + rows;
    const uint32_t x_row = 3;
    struct weights w = synthetic_weights(rows, d, 1, 0, &seed), norm = synthetic_weights(1, d, 0.5f, 1, &seed);
    struct weights bias = synthetic_weights(1, rows, 2, 0, &seed);
    float *x = random_rows(n + x_row, d, 2), *old = random_rows(n + 1, rows, 3),
          *got = malloc(sizeof *got * (n + 1) * rows);
    struct matrix *all[] = {upload(n + x_row, d, x), upload(n + 1, rows, old), load(&w), load(&norm), load(&bias)};
    test_backend->ops->project(&(struct project){.out = all[1],
                                                 .x = all[0],
                                                 .w = all[2],
                                                 .norm = with & NORM ? all[3] : NULL,
                                                 .bias = with & BIAS ? all[4] : NULL,
                                                 .norm_eps = 1e-3f,
                                                 .x_row = x_row,
                                                 .n = n,
                                                 .gelu = with & GELU,
                                                 .add = with & ADD});
    assert_ok(test_backend->ops->matrix_read(all[1], 0, n + 1, got, &e), e);
    double *row = malloc(sizeof *row * d);
    for (uint32_t i = 0; i < n; i++) {
        const float *from = x + (size_t)(i + x_row) * d;
        for (uint32_t k = 0; k < d; k++) row[k] = (double)from[k];
        if (with & NORM) define_norm(row, from, &norm, (double)1e-3f);
        for (uint32_t k = 0; k < rows; k++) {
            double y = define_dot(&w, k, row) + (with & BIAS ? (double)numbers(&bias)[k] : 0);
            if (with & GELU) y *= (1 + erf(y / sqrt(2))) / 2;
            expect(got[(size_t)i * rows + k], y + (with & ADD ? (double)old[(size_t)i * rows + k] : 0), i, k);
        }
    }
    assert_memory_equal(got + (size_t)n * rows, old + (size_t)n * rows, rows * sizeof *got); /* and no row more */
    close_all(all, 5);
    free(row);
    free(x);
    free(old);
    free(got);
    synthetic_free(&w);
    synthetic_free(&norm);
    synthetic_free(&bias);
}

static void projections_equal_their_definition(void **state)
{
    (void)state;
    check_project(1, 7, 5, 0);
    check_project(1, 1100, 40, NORM);
    check_project(1, 24, 24, ADD);
    check_project(9, 600, 33, NORM | ADD);
    check_project(33, 50, 64, NORM);
    check_project(1100, 48, 24, NORM);
    check_project(513, 24, 40, ADD);
    check_project(1, 600, 33, BIAS | GELU);
    check_project(20, 70, 24, BIAS | ADD);
    check_project(513, 50, 40, BIAS | ADD);
    check_project(600, 77, 24, BIAS | GELU);
    check_project(40, 24, 24, GELU);
    check_project(200, 1100, 24, NORM | BIAS);
    check_project(300, 600, 24, ADD);
}

static void check_feed_forward(uint32_t n, uint32_t d, uint32_t f, bool gelu, bool apart)
{
    uint64_t seed = n + d;
    struct weights gate = synthetic_weights(f, d, 1.5f, 0, &seed), up = synthetic_weights(f, d, 1, 0, &seed);
    struct weights down = synthetic_weights(d, f, 0.3f, 0, &seed), norm = synthetic_weights(1, d, 0.5f, 1, &seed);
    const struct weights *const parts[] = {&gate, &up};
    float *x = random_rows(n, d, 4), *got = malloc(sizeof *got * n * d);
    struct matrix *all[] = {upload(n, d, x), NULL, load(&down), load(&norm), upload(n, d, x)};
    assert_ok(test_backend->ops->matrix_load(&all[1], test_backend, parts, 2, &e), e);
    test_backend->ops->feed_forward(&(struct feed_forward){.x = all[0],
                                                           .apart = apart ? all[4] : NULL,
                                                           .norm = all[3],
                                                           .gate_up = all[1],
                                                           .down = all[2],
                                                           .norm_eps = 1e-5f,
                                                           .n = n,
                                                           .gelu = gelu});
    assert_ok(test_backend->ops->matrix_read(all[apart ? 4 : 0], 0, n, got, &e), e);
    double *row = malloc(sizeof *row * d), *inner = malloc(sizeof *inner * f);
    for (uint32_t i = 0; i < n; i++) {
        define_norm(row, x + (size_t)i * d, &norm, (double)1e-5f);
        for (uint32_t k = 0; k < f; k++) {
            const double g = define_dot(&gate, k, row);
            inner[k] = (gelu ? g * (1 + tanh(sqrt(2 / M_PI) * (g + 0.044715 * g * g * g))) / 2 : g / (1 + exp(-g))) *
                       define_dot(&up, k, row);
        }
        for (uint32_t k = 0; k < d; k++)
            expect(got[(size_t)i * d + k], (apart ? 0 : (double)x[(size_t)i * d + k]) + define_dot(&down, k, inner), i,
                   k);
    }
    close_all(all, 5);
    free(row);
    free(inner);
    free(x);
    free(got);
    synthetic_free(&gate);
    synthetic_free(&up);
    synthetic_free(&down);
    synthetic_free(&norm);
}

static void the_gated_feed_forward_equals_its_definition(void **state)
{
    (void)state;
    for (int with = 0; with < 4; with++) {
        check_feed_forward(1, 24, 40, with & 1, with & 2);
        check_feed_forward(7, 10, 13, with & 1, with & 2);
        check_feed_forward(1030, 16, 24, with & 1, with & 2);
    }
}

static void normalised_rows_are_added(void **state)
{
    (void)state;
    enum { N = 300, D = 45 };
    uint64_t seed = 8;
    struct weights norm = synthetic_weights(1, D, 0.5f, 1, &seed);
    float *x = random_rows(N + 1, D, 9), *y = random_rows(N + 1, D, 10), *got = malloc(sizeof *got * (N + 1) * D);
    struct matrix *all[] = {upload(N + 1, D, x), upload(N + 1, D, y), load(&norm)};
    test_backend->ops->norm_add(&(struct norm_add){.x = all[0], .y = all[1], .norm = all[2], .eps = 1e-3f, .n = N});
    assert_ok(test_backend->ops->matrix_read(all[0], 0, N + 1, got, &e), e);
    for (uint32_t i = 0; i < N; i++) {
        double row[D];
        define_norm(row, y + (size_t)i * D, &norm, (double)1e-3f);
        for (uint32_t k = 0; k < D; k++) expect(got[i * D + k], (double)x[i * D + k] + row[k], i, k);
    }
    assert_memory_equal(got + N * D, x + N * D, D * sizeof *got);
    close_all(all, 3);
    free(x);
    free(y);
    free(got);
    synthetic_free(&norm);
}

/* In chunks of `step` rows, a few of them read a second time, as when an answer is begun again. */
static void check_short_conv(uint32_t n, uint32_t d, uint32_t taps, uint32_t step)
{
    uint64_t seed = n + taps;
    struct weights w = synthetic_weights(1, taps * d, 1, 0, &seed);
    float *x = random_rows(n, 3 * d, 3), *got = malloc(sizeof *got * n * d);
    struct matrix *all[4] = {NULL, NULL, NULL, load(&w)};
    const uint32_t cols[] = {d, 3 * d, d};
    for (int i = 0; i < 3; i++)
        assert_ok(test_backend->ops->activations_open(&all[i], test_backend, n, cols[i], &e), e);
    assert_ok(test_backend->ops->matrix_write(all[1], 0, n, x, &e), e);
    assert_ok(test_backend->ops->matrix_read(all[1], 0, n, x, &e), e); /* as the device keeps them */
    for (uint32_t at = 0, again = 2, part; at < n; at += part) {
        part = n - at < step ? n - at : step;
        assert_ok(test_backend->ops->matrix_write(all[1], 0, part, x + (size_t)at * 3 * d, &e), e);
        test_backend->ops->short_conv(
            &(struct short_conv){.out = all[0], .x = all[1], .w = all[3], .kept = all[2], .position = at, .n = part});
        assert_ok(test_backend->ops->matrix_read(all[0], 0, part, got + (size_t)at * d, &e), e);
        if (again-- == 1) part = 0;
    }
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < d; k++) {
            double sum = 0;
            for (uint32_t back = 0; back < taps && back <= i; back++) {
                const float *row = x + (size_t)(i - back) * 3 * d + k;
                sum += (double)numbers(&w)[(taps - 1 - back) * d + k] * (double)row[0] * (double)row[2 * d];
            }
            expect(got[(size_t)i * d + k], sum * (double)x[(size_t)i * 3 * d + d + k], i, k);
        }
    close_all(all, 4);
    free(x);
    free(got);
    synthetic_free(&w);
}

static void short_convolutions_equal_their_definition(void **state)
{
    (void)state;
    check_short_conv(1, 24, 3, 1);
    check_short_conv(9, 13, 3, 1);
    check_short_conv(300, 270, 3, 70);
    check_short_conv(40, 33, 5, 2);
}

/* Rows far from 0, whose variance is small beside their mean, too. */
static void layer_norms_equal_their_definition(void **state)
{
    (void)state;
    enum { N = 300, D = 45 };
    uint64_t seed = 8;
    struct weights weight = synthetic_weights(1, D, 0.5f, 1, &seed), bias = synthetic_weights(1, D, 1, 0, &seed);
    float *x = random_rows(N + 1, D, 9), *got = malloc(sizeof *got * (N + 1) * D);
    for (int i = 0; i < N * D; i++) x[i] += (float)(i / D % 3 * 10);
    struct matrix *all[] = {upload(N + 1, D, x), load(&weight), load(&bias)};
    test_backend->ops->layer_norm(
        &(struct layer_norm){.x = all[0], .weight = all[1], .bias = all[2], .eps = 1e-12f, .n = N});
    assert_ok(test_backend->ops->matrix_read(all[0], 0, N + 1, got, &e), e);
    for (uint32_t i = 0; i < N; i++) {
        const float *row = x + (size_t)i * D;
        double mean = 0, variance = 0;
        for (int k = 0; k < D; k++) mean += (double)row[k] / D;
        for (int k = 0; k < D; k++) variance += ((double)row[k] - mean) * ((double)row[k] - mean) / D;
        for (uint32_t k = 0; k < D; k++)
            expect(got[i * D + k],
                   ((double)row[k] - mean) / sqrt(variance) * (double)numbers(&weight)[k] + (double)numbers(&bias)[k],
                   i, k);
    }
    assert_memory_equal(got + N * D, x + N * D, D * sizeof *got);
    close_all(all, 3);
    free(x);
    free(got);
    synthetic_free(&weight);
    synthetic_free(&bias);
}

/* Activations: what a device keeps in float16 it rounds before and after. */
static void norms_of_parts_equal_their_definition(void **state)
{
    (void)state;
    enum { N = 270, COLS = 70, BEGIN = 5, PARTS = 4, WIDTH = 13 };
    uint64_t seed = 8;
    struct weights norm = synthetic_weights(1, WIDTH, 0.5f, 1, &seed);
    float *x = random_rows(N + 1, COLS, 9), *got = malloc(sizeof *got * (N + 1) * COLS);
    struct matrix *all[] = {NULL, load(&norm)};
    assert_ok(test_backend->ops->activations_open(&all[0], test_backend, N + 1, COLS, &e), e);
    assert_ok(test_backend->ops->matrix_write(all[0], 0, N + 1, x, &e), e);
    assert_ok(test_backend->ops->matrix_read(all[0], 0, N + 1, x, &e), e);
    test_backend->ops->norm_parts(
        &(struct norm_parts){.x = all[0], .norm = all[1], .begin = BEGIN, .n_part = PARTS, .eps = 1e-3f, .n = N});
    assert_ok(test_backend->ops->matrix_read(all[0], 0, N + 1, got, &e), e);
    for (uint32_t i = 0; i < N * PARTS; i++) {
        const size_t part = (size_t)(i / PARTS) * COLS + BEGIN + i % PARTS * WIDTH;
        double row[WIDTH];
        define_norm(row, x + part, &norm, (double)1e-3f);
        for (uint32_t k = 0; k < WIDTH; k++) {
            expect(got[part + k], row[k], i, k);
            x[part + k] = got[part + k];
        }
    }
    assert_memory_equal(got, x, (N + 1) * COLS * sizeof *got); /* and nothing else */
    close_all(all, 2);
    free(x);
    free(got);
    synthetic_free(&norm);
}

static void embedding_copies_the_rows_of_the_ids(void **state)
{
    (void)state;
    uint64_t seed = 5;
    struct weights table = synthetic_weights(9, 6, 1, 0, &seed);
    const int32_t ids[] = {8, 0, 3, 3};
    float got[5 * 6], zero[5 * 6] = {0};
    struct matrix *all[] = {upload(5, 6, zero), load(&table)};
    test_backend->ops->embed(all[0], all[1], ids, 4, 3, false);
    assert_ok(test_backend->ops->matrix_read(all[0], 0, 5, got, &e), e);
    for (int i = 0; i < 4 * 6; i++)
        assert_true(fabsf(got[i] - 3 * numbers(&table)[ids[i / 6] * 6 + i % 6]) <= (float)test_tolerance(0, 3e-3));
    assert_memory_equal(got + 24, zero, 6 * sizeof *got);
    test_backend->ops->embed(all[0], all[1], ids + 1, 2, 1, true);
    assert_ok(test_backend->ops->matrix_read(all[0], 0, 5, got, &e), e);
    for (int i = 0; i < 4 * 6; i++) {
        const float once = 3 * numbers(&table)[ids[i / 6] * 6 + i % 6];
        const float twice = i < 2 * 6 ? once + numbers(&table)[ids[i / 6 + 1] * 6 + i % 6] : once;
        assert_true(fabsf(got[i] - twice) <= (float)test_tolerance(0, 4e-3));
    }
    close_all(all, 2);
    synthetic_free(&table);
}

static void rows_are_copied_between_matrices(void **state)
{
    (void)state;
    float *x = random_rows(6, 3, 6), zero[5 * 3] = {0}, got[5 * 3];
    struct matrix *all[] = {upload(6, 3, x), upload(5, 3, zero)};
    test_backend->ops->matrix_copy(all[1], 2, all[0], 4, 2);
    assert_ok(test_backend->ops->matrix_read(all[1], 0, 5, got, &e), e);
    assert_memory_equal(got, zero, 6 * sizeof *got);
    assert_memory_equal(got + 6, x + 12, 6 * sizeof *got);
    assert_memory_equal(got + 12, zero, 3 * sizeof *got);
    close_all(all, 2);
    free(x);
}

static void check_evidence_rows(uint32_t n, uint32_t d, uint32_t width, bool quantise)
{
    uint64_t seed = n + d;
    const uint32_t n_token = 17;
    struct weights w = synthetic_weights(width, d, 0.3f, 0, &seed), norm = synthetic_weights(1, d, 0.5f, 1, &seed);
    struct weights token = synthetic_weights(n_token, width, 1, 0, &seed);
    float *x = random_rows(n, d, 7), *got = malloc(sizeof *got * n * width);
    int32_t *ids = malloc(sizeof *ids * n);
    for (uint32_t i = 0; i < n; i++) ids[i] = (int32_t)(test_random(&seed) % n_token);
    struct matrix *out;
    assert_ok(test_backend->ops->matrix_open(&out, test_backend, n, quantise ? width / 4 : width, &e), e);
    struct matrix *all[] = {upload(n, d, x), load(&w), load(&norm), load(&token), out};
    test_backend->ops->evidence_rows(&(struct evidence_rows){.out = out,
                                                             .x = all[0],
                                                             .norm = all[2],
                                                             .w = all[1],
                                                             .token = all[3],
                                                             .ids = ids,
                                                             .norm_eps = 1e-5f,
                                                             .n = n,
                                                             .quantise = quantise});
    assert_ok(test_backend->ops->matrix_read(out, 0, n, got, &e), e);
    double *row = malloc(sizeof *row * d), *u = malloc(sizeof *u * width);
    for (uint32_t i = 0; i < n; i++) {
        define_norm(row, x + (size_t)i * d, &norm, (double)1e-5f);
        double length = 0;
        for (uint32_t k = 0; k < width; k++) {
            u[k] = (double)numbers(&token)[(uint32_t)ids[i] * width + k] + define_dot(&w, k, row);
            length += u[k] * u[k];
        }
        for (uint32_t k = 0; k < width; k++) {
            double unit = u[k] / sqrt(length), stored = fmin(fmax(254 * unit, -127), 127);
            if (!quantise)
                expect(got[(size_t)i * width + k], unit, i, k);
            else if (!(fabs(((const int8_t *)got)[(size_t)i * width + k] - stored) <=
                       0.5 + 254 * test_tolerance(4e-6, 1e-3)))
                fail_msg("row %u column %u: %d, expected %.4f", i, k, ((const int8_t *)got)[(size_t)i * width + k],
                         stored);
        }
    }
    close_all(all, 5);
    free(row);
    free(u);
    free(x);
    free(got);
    free(ids);
    synthetic_free(&w);
    synthetic_free(&norm);
    synthetic_free(&token);
}

static void evidence_rows_have_unit_length_and_are_quantised_by_the_format(void **state)
{
    (void)state;
    check_evidence_rows(1, 24, 8, false);
    check_evidence_rows(600, 24, 12, false);
    check_evidence_rows(600, 24, 4, true);
}

static void a_matrix_begins_as_zeros_and_impossible_ones_are_refused(void **state)
{
    (void)state;
    struct matrix *m;
    float got[6] = {1, 1, 1, 1, 1, 1};
    assert_ok(test_backend->ops->matrix_open(&m, test_backend, 2, 3, &e), e);
    assert_ok(test_backend->ops->matrix_read(m, 0, 2, got, &e), e);
    for (int i = 0; i < 6; i++) assert_true(got[i] == 0);
    assert_true(m->bytes >= 24);
    test_backend->ops->matrix_close(m);
    assert_int_equal(test_backend->ops->matrix_open(&m, test_backend, 0, 3, &e), -1);
    assert_string_equal(e.text, "a matrix of 0 rows and 3 columns is not possible");
    assert_int_equal(test_backend->ops->matrix_open(&m, test_backend, UINT32_MAX, UINT32_MAX, &e), -1);
}

static void devices_are_named_and_unknown_ones_refused(void **state)
{
    (void)state;
    struct backend *other;
    assert_int_equal(backend_open(&other, "tpu", 1, &e), -1);
    assert_string_equal(
        e.text,
        "device tpu: expected auto, cpu, vulkan or vulkan:N, and perhaps /fp32, /bf16 or /int8 for a processor");
    assert_int_equal(backend_open(&other, "cpu", 100000, &e), -1);
    assert_ok(backend_open(&other, "cpu", 1, &e), e);
    assert_ok(backend_self_test(other, &e), e);
    backend_close(other);
    assert_int_equal(strncmp(backend_info(test_backend)->name, test_device, 3), 0);
    if (strcmp(test_device, "cpu") == 0) assert_int_equal(backend_info(test_backend)->n_threads, 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(projections_equal_their_definition),
        cmocka_unit_test(the_gated_feed_forward_equals_its_definition),
        cmocka_unit_test(normalised_rows_are_added),
        cmocka_unit_test(short_convolutions_equal_their_definition),
        cmocka_unit_test(layer_norms_equal_their_definition),
        cmocka_unit_test(norms_of_parts_equal_their_definition),
        cmocka_unit_test(embedding_copies_the_rows_of_the_ids),
        cmocka_unit_test(rows_are_copied_between_matrices),
        cmocka_unit_test(evidence_rows_have_unit_length_and_are_quantised_by_the_format),
        cmocka_unit_test(a_matrix_begins_as_zeros_and_impossible_ones_are_refused),
        cmocka_unit_test(devices_are_named_and_unknown_ones_refused),
    };
    test_device_choose(argc, argv);
    return test_device_result(cmocka_run_group_tests(tests, test_device_open, test_device_close));
}
