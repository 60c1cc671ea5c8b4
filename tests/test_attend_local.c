/* Attention whose local branch looks both ways (struct attend_local) against the formula in double precision: one key
 * after the other, one softmax. */
#include "tests/test.h"

#include <math.h>

#include "compute/attention.h"
#include "compute/backend.h"
#include "tests/test_device.h"

enum { HEADS = 3, DIM = 10, WIDTH = HEADS * DIM, WINDOW = 16, MOST = 720, BRANCHES = 5 };

static struct error e;

struct config {
    struct attention shape;
    uint64_t position;
    uint32_t n;
    float *qkv;      /* [n][3 WIDTH] */
    uint32_t *parts; /* [n_parts + 1], rows of the whole run */
    uint32_t n_parts;
    float bias[BRANCHES * HEADS];
};

/* most_part: rows of a part at most; WINDOW: every window is one part. */
static void config_open(struct config *c, uint64_t position, uint32_t n, uint32_t most_part, uint64_t seed)
{
    *c = (struct config){
        .shape = {.n_head = HEADS,
                  .n_head_kv = HEADS,
                  .head_dim = DIM,
                  .n_branch = BRANCHES,
                  .branch = {{WINDOW, 1}, {64, 4}, {256, 16}, {1024, 64}, {UINT64_C(1) << 40, UINT64_C(1) << 35}}},
        .position = position,
        .n = n};
    assert_ok(attention_layout(&c->shape, &e), e);
    c->qkv = malloc(sizeof *c->qkv * n * 3 * WIDTH);
    for (uint32_t i = 0; i < n * 3 * WIDTH; i++) c->qkv[i] = 1.5f * test_uniform(&seed);
    for (int i = HEADS; i < BRANCHES * HEADS; i++) c->bias[i] = 2 * test_uniform(&seed) - 1;
    for (int i = 0; i < HEADS; i++) c->bias[i] = 0;
    c->parts = malloc(sizeof *c->parts * (n + 1));
    for (uint32_t at = 0; at < n; c->n_parts++) {
        c->parts[c->n_parts] = at;
        uint32_t end = (at / WINDOW + 1) * WINDOW, part = 1 + (uint32_t)(test_random(&seed) % most_part);
        if (most_part == WINDOW || at + part > end) part = end - at;
        at = at + part < n ? at + part : n;
    }
    c->parts[c->n_parts] = n;
}

static void config_close(struct config *c)
{
    free(c->qkv);
    free(c->parts);
}

/* Chunks of these sizes, multiples of the window but for the last. */
static float *run(const struct config *c, const uint32_t *sizes, unsigned n_sizes)
{
    const struct backend_ops *ops = test_backend->ops;
    const struct attention *s = &c->shape;
    struct matrix *qkv, *out, *k, *v;
    float *got = malloc(sizeof *got * c->n * WIDTH);
    uint32_t kept[BRANCHES * HEADS] = {0}, starts[MOST + 1];
    assert_ok(ops->activations_open(&qkv, test_backend, c->n, 3 * WIDTH, &e), e);
    assert_ok(ops->activations_open(&out, test_backend, c->n, WIDTH, &e), e);
    assert_ok(ops->activations_open(&k, test_backend, s->cache_rows, DIM, &e), e);
    assert_ok(ops->activations_open(&v, test_backend, s->cache_rows, DIM, &e), e);
    for (uint32_t at = 0, turn = 0, part = 0, n; at < c->n; at += n) {
        n = sizes[turn++ % n_sizes];
        if (n > c->n - at) n = c->n - at;
        struct attend_local local = {.starts = starts, .window = WINDOW, .bias = c->bias};
        for (; c->parts[part] < at + n; part++) starts[local.n++] = c->parts[part] - at;
        starts[local.n] = n;
        assert_ok(ops->matrix_write(qkv, 0, n, c->qkv + (size_t)at * 3 * WIDTH, &e), e);
        ops->attend(&(struct attend){.shape = s,
                                     .qkv = qkv,
                                     .cache_k = k,
                                     .cache_v = v,
                                     .kept = kept,
                                     .position = c->position + at,
                                     .n = n,
                                     .local = &local,
                                     .out = out});
        assert_ok(ops->matrix_read(out, 0, n, got + (size_t)at * WIDTH, &e), e);
        attention_advance(s, c->position + at, n, kept);
    }
    ops->matrix_close(qkv);
    ops->matrix_close(out);
    ops->matrix_close(k);
    ops->matrix_close(v);
    return got;
}

/* How often the row sees the key, each time with the weight of the branch's bias. */
static double multiplicity(const struct config *c, uint32_t head, uint32_t row, uint32_t key, bool same_part)
{
    const uint64_t a = c->position + row, b = c->position + key;
    double m = same_part;
    for (uint32_t i = 1; i < BRANCHES; i++) {
        const struct branch *br = &c->shape.branch[i];
        const uint64_t w = br->segment_length, offset = head % br->dilation_rate;
        if (a / w == b / w && dilation_on_grid(br, offset, a) && dilation_on_grid(br, offset, b) &&
            b / WINDOW < a / WINDOW)
            m += exp((double)c->bias[i * HEADS + head]);
    }
    return m;
}

static void expect_defined(const struct config *c, const float *got)
{
    for (uint32_t row = 0, part = 0; row < c->n; row++) {
        if (row == c->parts[part + 1]) part++;
        for (uint32_t head = 0; head < HEADS; head++) {
            const float *q = c->qkv + (size_t)row * 3 * WIDTH + head * DIM;
            double sum = 0, out[DIM] = {0};
            for (uint32_t key = 0; key < c->parts[part + 1]; key++) {
                const double m = multiplicity(c, head, row, key, key >= c->parts[part]);
                if (m == 0) continue;
                const float *k = c->qkv + (size_t)key * 3 * WIDTH + WIDTH + head * DIM, *v = k + WIDTH;
                double logit = 0;
                for (int d = 0; d < DIM; d++) logit += (double)q[d] * (double)k[d];
                const double mass = m * exp(logit / sqrt(DIM));
                sum += mass;
                for (int d = 0; d < DIM; d++) out[d] += mass * (double)v[d];
            }
            for (uint32_t d = 0; d < DIM; d++) {
                const double x = (double)got[(size_t)row * WIDTH + head * DIM + d];
                if (!(fabs(x - out[d] / sum) <= test_tolerance(2e-5, 4e-3)))
                    fail_msg("row %u head %u column %u: %.9g, expected %.9g", row, head, d, x, out[d] / sum);
            }
        }
    }
}

static void check(uint64_t position, uint32_t n, uint32_t most_part, const uint32_t *sizes, unsigned n_sizes)
{
    struct config c;
    config_open(&c, position, n, most_part, position + n + most_part + 1);
    float *got = run(&c, sizes, n_sizes);
    expect_defined(&c, got);
    free(got);
    config_close(&c);
}

static void windows_see_themselves_and_the_grids_of_earlier_ones(void **state)
{
    (void)state;
    const uint32_t whole[] = {MOST}, windows[] = {WINDOW}, mixed[] = {48, 16, 160, 32};
    check(0, 1, WINDOW, whole, 1);
    check(0, 300, WINDOW, whole, 1);
    check(0, 715, WINDOW, whole, 1);
    check(0, 333, WINDOW, windows, 1);
    check(0, 700, WINDOW, mixed, 4);
}

static void parts_of_windows_see_no_more_than_themselves(void **state)
{
    (void)state;
    const uint32_t whole[] = {MOST}, mixed[] = {64, 16, 112};
    check(0, 400, 5, whole, 1);
    check(0, 390, 12, mixed, 3);
}

/* The chunk begins where segments do, and inside of long ones that nothing was read of. */
static void positions_may_be_anywhere(void **state)
{
    (void)state;
    const uint32_t whole[] = {MOST}, mixed[] = {96, 16};
    check((UINT64_C(1) << 40) - 512, 700, WINDOW, whole, 1);
    check((UINT64_C(3) << 40) - 256 + 16, 600, 7, mixed, 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_see_themselves_and_the_grids_of_earlier_ones),
        cmocka_unit_test(parts_of_windows_see_no_more_than_themselves),
        cmocka_unit_test(positions_may_be_anywhere),
    };
    test_device_choose(argc, argv);
    return test_device_result(cmocka_run_group_tests(tests, test_device_open, test_device_close));
}
