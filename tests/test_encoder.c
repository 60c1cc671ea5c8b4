/* The encoder against its definition in double precision, and against PyTorch's numbers: those of a small file, and of
 * the shipped one or of the model and the vectors that are named behind the device. */
#include "tests/test.h"

#include <math.h>

#include "compute/backend.h"
#include "compute/encoder.h"
#include "compute/encoder_model.h"
#include "compute/gguf.h"
#include "tests/encoder_definition.h"
#include "tests/test_device.h"

#define VECTORS "tests/data/encoder_small.gguf"

static const char *model_path = "models/lectern-s-reread.gguf", *vectors_path = "tests/data/encoder_vectors.gguf";
static struct error e;

/* Windows of these lengths with random tokens; free with batch_free. */
static struct encoder_batch batch_make(const struct encoder_model *m, const uint32_t *lengths, uint32_t n,
                                       uint64_t seed)
{
    uint32_t *starts = malloc(sizeof *starts * (n + 1)), rows = 0;
    for (uint32_t i = 0; i < n; rows += lengths[i++]) starts[i] = rows;
    starts[n] = rows;
    int32_t *ids = malloc(sizeof *ids * rows);
    uint8_t *types = malloc(rows);
    for (uint32_t i = 0; i < rows; i++) {
        ids[i] = (int32_t)(test_random(&seed) % m->n_vocab);
        types[i] = (uint8_t)(test_random(&seed) % m->n_types);
    }
    return (struct encoder_batch){.n = n, .starts = starts, .ids = ids, .types = types};
}

static void batch_free(const struct encoder_batch *b)
{
    free((void *)(uintptr_t)b->starts);
    free((void *)(uintptr_t)b->ids);
    free((void *)(uintptr_t)b->types);
}

static float *run(const struct encoder_model *m, const struct encoder_batch *b)
{
    struct encoder *n;
    float *heads = malloc(sizeof *heads * b->starts[b->n] * m->n_heads);
    assert_ok(encoder_open(&n, m, test_backend, &e), e);
    assert_ok(encoder_run(n, b, heads, &e), e);
    encoder_close(n);
    return heads;
}

static void expect_defined(const struct encoder_model *m, const struct encoder_batch *b, const float *heads,
                           double tolerance)
{
    for (uint32_t w = 0; w < b->n; w++) {
        const uint32_t begin = b->starts[w], n = b->starts[w + 1] - begin;
        double *expected = malloc(sizeof *expected * n * m->n_heads);
        define_encoder(m, b->ids + begin, b->types + begin, n, expected);
        for (uint32_t i = 0; i < n * m->n_heads; i++) {
            const double got = (double)heads[begin * m->n_heads + i];
            if (!(fabs(got - expected[i]) <= tolerance * (1 + fabs(expected[i]))))
                fail_msg("window %u number %u: %.9g, expected %.9g", w, i, got, expected[i]);
        }
        free(expected);
    }
}

static void every_row_of_every_window_equals_the_definition(void **state)
{
    (void)state;
    struct encoder_model m;
    synthetic_encoder(&m, 2, 100);
    const uint32_t lengths[] = {1, 7, 100, 2, 49, 64, 33};
    struct encoder_batch b = batch_make(&m, lengths, 7, 1);
    float *heads = run(&m, &b);
    expect_defined(&m, &b, heads, test_tolerance(2e-5, 3e-2));
    free(heads);
    batch_free(&b);
    synthetic_encoder_close(&m);
}

static void attention_in_windows_equals_its_definition(void **state)
{
    (void)state;
    enum { HEADS = 3, DIM = 20, WIDTH = HEADS * DIM, ROWS = 1 + 2 + 130 + 17 + 64 };
    const uint32_t starts[] = {0, 1, 3, 133, 150, ROWS};
    uint64_t seed = 3;
    float *qkv = malloc(sizeof *qkv * ROWS * 3 * WIDTH), *got = malloc(sizeof *got * ROWS * WIDTH);
    double *exact = malloc(sizeof *exact * ROWS * 3 * WIDTH);
    for (int i = 0; i < ROWS * 3 * WIDTH; i++) exact[i] = (double)(qkv[i] = test_uniform(&seed));
    struct matrix *in, *out;
    assert_ok(test_backend->ops->activations_open(&in, test_backend, ROWS, 3 * WIDTH, &e), e);
    assert_ok(test_backend->ops->activations_open(&out, test_backend, ROWS, WIDTH, &e), e);
    assert_ok(test_backend->ops->matrix_write(in, 0, ROWS, qkv, &e), e);
    test_backend->ops->attend_windows(&(struct attend_windows){out, in, starts, 5, HEADS, DIM});
    assert_ok(test_backend->ops->matrix_read(out, 0, ROWS, got, &e), e);
    for (uint32_t w = 0; w < 5; w++)
        for (uint32_t row = starts[w]; row < starts[w + 1]; row++)
            for (uint32_t head = 0; head < HEADS; head++) {
                double expected[DIM];
                define_window_head(expected, exact + starts[w] * 3 * WIDTH, starts[w + 1] - starts[w], row - starts[w],
                                   head, DIM, WIDTH);
                for (uint32_t d = 0; d < DIM; d++)
                    assert_true(fabs((double)got[row * WIDTH + head * DIM + d] - expected[d]) <=
                                test_tolerance(1e-5, 2e-3));
            }
    test_backend->ops->matrix_close(in);
    test_backend->ops->matrix_close(out);
    free(qkv);
    free(got);
    free(exact);
}

/* More rows than a device takes at a time: some part ends inside the batch. */
static void a_window_has_the_same_numbers_alone_and_in_a_long_batch(void **state)
{
    (void)state;
    enum { N = 30, LONGEST = 97 };
    struct encoder_model m;
    synthetic_encoder(&m, 1, LONGEST);
    const uint32_t parts = test_backend->info.chunk_rows > 4096 ? 1 : test_backend->info.chunk_rows / (N * 40) + 2;
    uint32_t *lengths = malloc(sizeof *lengths * N * parts);
    for (uint32_t i = 0; i < N * parts; i++) lengths[i] = 1 + i * 31 % LONGEST;
    struct encoder_batch all = batch_make(&m, lengths, N * parts, 2);
    float *together = run(&m, &all);
    for (uint32_t w = 0; w < all.n; w += 13) {
        const uint32_t begin = all.starts[w], n = all.starts[w + 1] - begin, starts[] = {0, n};
        struct encoder_batch one = {.n = 1, .starts = starts, .ids = all.ids + begin, .types = all.types + begin};
        float *alone = run(&m, &one);
        for (uint32_t i = 0; i < n * m.n_heads; i++)
            assert_true(fabsf(alone[i] - together[begin * m.n_heads + i]) <= (float)test_tolerance(1e-5, 1e-2));
        free(alone);
    }
    free(together);
    free(lengths);
    batch_free(&all);
    synthetic_encoder_close(&m);
}

static void a_batch_that_breaks_the_rules_is_refused(void **state)
{
    (void)state;
    struct encoder_model m;
    struct encoder *n;
    synthetic_encoder(&m, 1, 8);
    assert_ok(encoder_open(&n, &m, test_backend, &e), e);
    const int32_t ids[] = {1, 2, 60, 3, 4, 5, 6, 7, 8}, far[] = {61}, negative[] = {-1};
    const uint8_t types[] = {0, 0, 1, 1, 0, 0, 0, 0, 0}, third[] = {2};
    float heads[9 * 3] = {7};
    const uint32_t one[] = {0, 1}, nine[] = {0, 9}, empty[] = {0, 2, 2}, late[] = {1, 2};
    const struct encoder_batch bad[] = {
        {0, one, ids, types}, {1, nine, ids, types},     {2, empty, ids, types}, {1, late, ids, types},
        {1, one, far, types}, {1, one, negative, types}, {1, one, ids, third},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_int_equal(encoder_run(n, &bad[i], heads, &e), -1);
    assert_string_equal(e.text, "encoder: token 0 has type 2 of 2");
    assert_true(heads[0] == 7);
    assert_true(encoder_memory(n) > 4000);
    encoder_close(n);
    synthetic_encoder_close(&m);
}

/* Runs the windows that lie in a file and compares the heads that lie with them. */
static void expect_vectors(const struct encoder_model *m, const struct gguf *file, double tolerance)
{
    struct encoder_batch b = {0};
    const struct gguf_tensor *ids = gguf_find_tensor(file, "vectors.ids"),
                             *types = gguf_find_tensor(file, "vectors.types"),
                             *starts = gguf_find_tensor(file, "vectors.starts"),
                             *heads = gguf_find_tensor(file, "vectors.heads");
    assert_non_null(ids);
    assert_non_null(types);
    assert_non_null(starts);
    assert_non_null(heads);
    b.n = (uint32_t)starts->dims[0] - 1;
    b.ids = (const int32_t *)(const void *)ids->bytes;
    b.types = types->bytes;
    b.starts = (const uint32_t *)(const void *)starts->bytes;
    assert_int_equal(heads->dims[0], m->n_heads);
    assert_int_equal(heads->dims[1], b.starts[b.n]);
    assert_int_equal(b.starts[b.n], ids->dims[0]);
    assert_true(b.n >= 4);
    float *got = run(m, &b);
    const float *expected = (const float *)(const void *)heads->bytes;
    for (size_t i = 0; i < heads->dims[0] * heads->dims[1]; i++)
        if (!(fabs((double)got[i] - (double)expected[i]) <= tolerance))
            fail_msg("number %zu: %.9g, expected %.9g", i, (double)got[i], (double)expected[i]);
    free(got);
}

static void the_heads_equal_pytorchs(void **state)
{
    (void)state;
    struct encoder_model *m;
    assert_ok(encoder_model_open(&m, VECTORS, &e), e);
    expect_vectors(m, m->file, test_tolerance(2e-4, 3e-2));
    assert_int_equal(encoder_model_head(m, "start"), 1);
    assert_int_equal(encoder_model_head(m, "nowhere"), -1);
    assert_int_equal(m->n_calibration, 8);
    assert_true(m->threshold == -0.5f);
    assert_int_equal(m->context_length, 128);
    encoder_model_close(m);
}

/* Six layers of half precision add up to more than the small file's two. */
static void the_shipped_file_says_what_pytorch_says(void **state)
{
    (void)state;
    struct encoder_model *m;
    struct gguf *vectors;
    assert_ok(encoder_model_open(&m, model_path, &e), e);
    assert_ok(gguf_open(&vectors, vectors_path, &e), e);
    expect_vectors(m, vectors, test_tolerance(2e-3, 0.5));
    gguf_close(vectors);
    encoder_model_close(m);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_every_window_equals_the_definition),
        cmocka_unit_test(attention_in_windows_equals_its_definition),
        cmocka_unit_test(a_window_has_the_same_numbers_alone_and_in_a_long_batch),
        cmocka_unit_test(a_batch_that_breaks_the_rules_is_refused),
        cmocka_unit_test(the_heads_equal_pytorchs),
        cmocka_unit_test(the_shipped_file_says_what_pytorch_says),
    };
    if (argc > 3) {
        model_path = argv[2];
        vectors_path = argv[3];
    }
    test_device_choose(argc, argv);
    return test_device_result(cmocka_run_group_tests(tests, test_device_open, test_device_close));
}
