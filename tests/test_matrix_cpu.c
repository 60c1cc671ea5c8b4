#include "tests/test.h"

#include <math.h>

#include "compute/backend.h"
#include "compute/weights.h"
#include "tests/synthetic_model.h"

/* Large enough that weights stay in their blocks, and no multiple of what a task takes. */
enum { D = 512, F = 1280, MOST_ROWS = 600 };

static struct weights random_blocks(enum weights_type type, uint32_t rows, uint32_t cols, uint64_t *seed)
{
    if (type == WEIGHTS_F32) return synthetic_weights(rows, cols, 0.1f, 0, seed);
    const size_t block = weights_block_bytes(type), row_bytes = cols / weights_block_elements(type) * block,
                 n = rows * row_bytes;
    uint8_t *bytes = calloc(n, 1);
    for (size_t i = 0; i < n; i++) {
        const bool ends_scale = i % block == 1 || i % block == 3; /* which are small finite numbers */
        bytes[i] = (uint8_t)(ends_scale ? (test_random(seed) & 0x83) | 0x20 : test_random(seed));
    }
    return (struct weights){.bytes = bytes, .type = type, .rows = rows, .cols = cols, .row_bytes = row_bytes};
}

struct layer {
    struct weights norm, gate, up, down;
};

/* n rows through a feed-forward and a projection on so many threads: got [n][D] and then [n][2 F]. */
static void run_layer(const struct layer *l, const char *device, unsigned threads, const float *x, uint32_t n,
                      float *got)
{
    struct error e;
    struct backend *b;
    struct matrix *in, *out, *norm, *gate_up, *down;
    const struct weights *const both[] = {&l->gate, &l->up}, *const last[] = {&l->down}, *const first[] = {&l->norm};
    assert_ok(backend_open(&b, device, threads, &e), e);
    assert_ok(b->ops->matrix_load(&norm, b, first, 1, &e), e);
    assert_ok(b->ops->matrix_load(&gate_up, b, both, 2, &e), e);
    assert_ok(b->ops->matrix_load(&down, b, last, 1, &e), e);
    assert_ok(b->ops->matrix_open(&in, b, n, D, &e), e);
    assert_ok(b->ops->matrix_open(&out, b, n, 2 * F, &e), e);
    assert_ok(b->ops->matrix_write(in, 0, n, x, &e), e);
    b->ops->feed_forward(
        &(struct feed_forward){.x = in, .norm = norm, .gate_up = gate_up, .down = down, .norm_eps = 1e-5f, .n = n});
    assert_ok(b->ops->matrix_read(in, 0, n, got, &e), e);
    b->ops->project(&(struct project){.out = out, .x = in, .w = gate_up, .norm = norm, .norm_eps = 1e-5f, .n = n});
    assert_ok(b->ops->matrix_read(out, 0, n, got + (size_t)n * D, &e), e);
    struct matrix *const all[] = {in, out, norm, gate_up, down};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) b->ops->matrix_close(all[i]);
    backend_close(b);
}

static void compare(const struct layer *l, const char *device, const float *x, uint32_t n)
{
    const bool exact = strcmp(device, "cpu/int8") == 0; /* sums of integers have no order */
    const size_t size = (size_t)n * (D + 2 * F);
    float *one = malloc(size * sizeof *one), *three = malloc(size * sizeof *three), most = 0;
    run_layer(l, device, 1, x, n, one);
    run_layer(l, device, 3, x, n, three);
    for (size_t i = 0; i < size; i++) most = fmaxf(most, fabsf(one[i]));
    for (size_t i = 0; i < size; i++)
        if (!(fabsf(one[i] - three[i]) <= (exact ? 0 : 1e-5f * most)))
            fail_msg("%s, %u rows, number %zu: %f on one thread, %f on three", device, n, i, (double)one[i],
                     (double)three[i]);
    free(one);
    free(three);
}

/* Of few rows and of many, in every way that a job is cut. */
static void threads_share_a_job_and_its_numbers_stay(void **state)
{
    (void)state;
    static const enum weights_type types[] = {WEIGHTS_F32, WEIGHTS_Q4_0, WEIGHTS_Q8_0, WEIGHTS_Q4_K};
    static const uint32_t rows[] = {1, 33, 192, MOST_ROWS};
    uint64_t seed = 8;
    float *x = malloc(sizeof *x * MOST_ROWS * D);
    for (size_t i = 0; i < (size_t)MOST_ROWS * D; i++) x[i] = test_uniform(&seed);
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        struct layer l = {.norm = synthetic_weights(1, D, 0.2f, 1, &seed),
                          .gate = random_blocks(types[t], F, D, &seed),
                          .up = random_blocks(types[t], F, D, &seed),
                          .down = random_blocks(types[t], D, F, &seed)};
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            compare(&l, "cpu/int8", x, rows[i]);
            compare(&l, "cpu/fp32", x, rows[i]);
        }
        struct weights *const all[] = {&l.norm, &l.gate, &l.up, &l.down};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) synthetic_free(all[i]);
    }
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_share_a_job_and_its_numbers_stay)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
