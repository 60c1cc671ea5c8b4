/* Dilated attention of the back ends against its definition (compute/definition.h). */
#include "tests/test.h"

#include <math.h>

#include "compute/attention.h"
#include "compute/backend.h"
#include "compute/definition.h"
#include "tests/test_device.h"

struct config {
    struct attention shape;
    uint32_t n; /* rows */
    uint64_t position;
    bool causal;
    uint32_t window;
    float base;    /* of the rotary encoding; 0: none */
    float q_scale; /* large logits */
    float *qkv;    /* [n][(n_head + 2 n_head_kv) head_dim] */
};

static size_t qkv_width(const struct attention *s)
{
    return (s->n_head + 2 * (size_t)s->n_head_kv) * s->head_dim;
}

static void config_fill(struct config *c, uint64_t *seed)
{
    struct error e;
    assert_ok(attention_layout(&c->shape, &e), e);
    size_t width = qkv_width(&c->shape), n_q = (size_t)c->shape.n_head * c->shape.head_dim;
    c->qkv = malloc(c->n * width * sizeof *c->qkv);
    for (size_t i = 0; i < c->n * width; i++) {
        float x = 1.7f * test_uniform(seed); /* variance about 1 */
        c->qkv[i] = i % width < n_q ? c->q_scale * x : x;
    }
}

static bool read_row(const void *context, uint64_t position, uint32_t column, double *to)
{
    const struct config *c = context;
    const float *from = c->qkv + (position - c->position) * qkv_width(&c->shape) + column;
    for (uint32_t i = 0; i < c->shape.head_dim; i++) to[i] = (double)from[i];
    return true;
}

/* The back end's result, the rows read in chunks of `sizes` (repeated). */
static void run(struct backend *b, const struct config *c, const uint32_t *sizes, unsigned n_sizes, float *out,
                float *lse)
{
    const struct attention *s = &c->shape;
    struct error e = {0};
    struct matrix *qkv, *result, *result_lse, *k, *v, *rotary = NULL;
    assert_ok(b->ops->activations_open(&qkv, b, c->n, (uint32_t)qkv_width(s), &e), e);
    assert_ok(b->ops->activations_open(&result, b, c->n, s->n_head * s->head_dim, &e), e);
    assert_ok(b->ops->matrix_open(&result_lse, b, c->n, s->n_head, &e), e);
    assert_ok(b->ops->activations_open(&k, b, s->cache_rows, s->head_dim, &e), e);
    assert_ok(b->ops->activations_open(&v, b, s->cache_rows, s->head_dim, &e), e);
    if (c->base != 0) {
        uint32_t n_angles = 1;
        for (uint32_t i = 0; i < s->n_branch; i++)
            if (s->branch[i].dilation_rate == 1 && s->slots[i] > n_angles) n_angles = s->slots[i];
        assert_ok(b->ops->matrix_open(&rotary, b, n_angles, s->head_dim, &e), e);
        float row[256];
        for (uint32_t i = 0; i < n_angles; i++) {
            attention_rotary_row(row, s->head_dim, c->base, NULL, i);
            assert_ok(b->ops->matrix_write(rotary, i, 1, row, &e), e);
        }
    }
    uint32_t *kept = calloc((size_t)s->n_branch * s->n_head, sizeof *kept);
    for (uint32_t at = 0, turn = 0; at < c->n; turn++) {
        uint32_t n = sizes[turn % n_sizes] < c->n - at ? sizes[turn % n_sizes] : c->n - at;
        assert_ok(b->ops->matrix_write(qkv, 0, n, c->qkv + at * qkv_width(s), &e), e);
        b->ops->attend(&(struct attend){.shape = s,
                                        .qkv = qkv,
                                        .cache_k = k,
                                        .cache_v = v,
                                        .rotary = rotary,
                                        .kept = kept,
                                        .position = c->position + at,
                                        .n = n,
                                        .causal = c->causal,
                                        .window = c->window,
                                        .out = result,
                                        .lse = result_lse});
        assert_ok(b->ops->matrix_read(result, 0, n, out + (size_t)at * s->n_head * s->head_dim, &e), e);
        assert_ok(b->ops->matrix_read(result_lse, 0, n, lse + (size_t)at * s->n_head, &e), e);
        attention_advance(s, c->position + at, n, kept);
        at += n;
    }
    free(kept);
    b->ops->matrix_close(qkv);
    b->ops->matrix_close(result);
    b->ops->matrix_close(result_lse);
    b->ops->matrix_close(k);
    b->ops->matrix_close(v);
    b->ops->matrix_close(rotary);
}

/* Compares every row and head with the definition; returns how many (row, head) pairs nothing covers. */
static unsigned check(struct backend *b, const struct config *c, const uint32_t *sizes, unsigned n_sizes,
                      double tolerance)
{
    const struct attention *s = &c->shape;
    float *out = malloc(sizeof *out * c->n * s->n_head * s->head_dim), *lse = malloc(sizeof *lse * c->n * s->n_head);
    run(b, c, sizes, n_sizes, out, lse);
    const struct definition definition = {s,        c->position, c->position + c->n, c->causal, (double)c->base,
                                          read_row, c,           c->window};
    unsigned uncovered = 0;
    for (uint32_t row = 0; row < c->n; row++)
        for (uint32_t head = 0; head < s->n_head; head++) {
            double expected[256], expected_lse;
            definition_attend(&definition, head, c->position + row, expected, &expected_lse);
            float got_lse = lse[row * s->n_head + head];
            if (expected_lse == -INFINITY) {
                uncovered++;
                assert_true(got_lse == -INFINITY);
            } else if (!(fabs((double)got_lse - expected_lse) <= 10 * tolerance)) {
                fail_msg("row %u head %u: lse %.9g, expected %.9g", row, head, (double)got_lse, expected_lse);
            }
            for (uint32_t d = 0; d < s->head_dim; d++) {
                double got = (double)out[((size_t)row * s->n_head + head) * s->head_dim + d];
                if (!(fabs(got - expected[d]) <= tolerance))
                    fail_msg("row %u head %u column %u: %.9g, expected %.9g", row, head, d, got, expected[d]);
            }
        }
    free(out);
    free(lse);
    return uncovered;
}

static struct backend *open_cpu(void)
{
    struct error e = {0};
    struct backend *b;
    assert_ok(backend_open(&b, test_device, 2, &e), e);
    return b;
}

static uint32_t pick(uint64_t *seed, uint32_t low, uint32_t high)
{
    return low + (uint32_t)(test_random(seed) % (high - low + 1));
}

/* One random configuration: r that does not divide w, more residues than heads, heads that r does not divide, shared
 * key-value heads. */
static void random_config(struct config *c, uint64_t *seed)
{
    static const uint32_t dims[] = {8, 16, 20, 32, 64};
    static const uint64_t starts[] = {
        0, 0, 1000, (UINT64_C(1) << 31) - 40, (UINT64_C(1) << 32) - 70, (UINT64_C(1) << 41) + 12345};
    struct attention *s = &c->shape;
    *c = (struct config){.n = pick(seed, 1, 260), .causal = pick(seed, 0, 3) != 0, .q_scale = 1};
    s->n_head_kv = pick(seed, 1, 4);
    s->n_head = s->n_head_kv * pick(seed, 1, 2);
    s->head_dim = dims[pick(seed, 0, 4)];
    s->offset_rule = pick(seed, 0, 1) ? OFFSET_PAPER : OFFSET_TORCHSCALE;
    s->n_branch = pick(seed, 1, 4);
    for (uint32_t i = 0; i < s->n_branch; i++) {
        s->branch[i].segment_length = pick(seed, 1, 300);
        s->branch[i].dilation_rate = i == 0 && pick(seed, 0, 2) ? 1 : pick(seed, 1, 9);
    }
    c->base = pick(seed, 0, 1) ? 10000.0f : 0.0f;
    c->position = c->causal ? starts[pick(seed, 0, 5)] : 0;
    config_fill(c, seed);
}

static void any_configuration_in_one_chunk_equals_the_definition(void **state)
{
    (void)state;
    struct backend *b = open_cpu();
    uint64_t seed = 11;
    unsigned uncovered = 0;
    for (int i = 0; i < 60; i++) {
        struct config c;
        random_config(&c, &seed);
        uncovered += check(b, &c, &(uint32_t){c.n}, 1, test_tolerance(5e-6, 2e-3));
        free(c.qkv);
    }
    assert_true(uncovered > 0); /* the cases hold rows that no branch covers */
    backend_close(b);
}

static void any_chunking_of_a_causal_sequence_equals_the_definition(void **state)
{
    (void)state;
    struct backend *b = open_cpu();
    uint64_t seed = 12;
    for (int i = 0; i < 60; i++) {
        struct config c;
        random_config(&c, &seed);
        c.causal = true;
        uint32_t sizes[5];
        for (int k = 0; k < 5; k++) sizes[k] = pick(&seed, 1, i % 2 ? 7 : 90);
        check(b, &c, sizes, 5, test_tolerance(5e-6, 2e-3));
        free(c.qkv);
    }
    backend_close(b);
}

/* Windows shorter and longer than the blocks of queries and the tiles of keys, and than the chunks. */
static void queries_see_no_more_than_their_window(void **state)
{
    (void)state;
    struct backend *b = open_cpu();
    uint64_t seed = 16;
    static const uint32_t windows[] = {1, 2, 9, 47, 64, 65, 130, 700};
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        struct config c = {
            .shape = {.n_head = 4, .n_head_kv = 2, .head_dim = i % 2 ? 16 : 20, .n_branch = 1, .branch = {{1000, 1}}},
            .n = 400,
            .causal = true,
            .window = windows[i],
            .base = 10000,
            .q_scale = 1};
        config_fill(&c, &seed);
        check(b, &c, &(uint32_t){c.n}, 1, test_tolerance(5e-6, 2e-3));
        check(b, &c, (uint32_t[]){3, 1, 70, 1, 131}, 5, test_tolerance(5e-6, 2e-3));
        check(b, &c, (uint32_t[]){380, 1, 1, 1}, 4, test_tolerance(5e-6, 2e-3)); /* a token's keys are shared out */
        free(c.qkv);
    }
    backend_close(b);
}

static void logits_of_order_100_need_no_more_than_ten_times_the_tolerance(void **state)
{
    (void)state;
    struct backend *b = open_cpu();
    uint64_t seed = 13;
    for (int i = 0; i < 20; i++) {
        struct config c;
        random_config(&c, &seed);
        for (size_t k = 0; k < c.n * qkv_width(&c.shape); k++)
            if (k % qkv_width(&c.shape) < (size_t)c.shape.n_head * c.shape.head_dim) c.qkv[k] *= 30;
        c.causal = true;
        check(b, &c, &(uint32_t){33}, 1, test_tolerance(5e-5, 5e-2));
        free(c.qkv);
    }
    backend_close(b);
}

static void a_ladder_far_beyond_the_text_equals_the_definition(void **state)
{
    (void)state;
    struct backend *b = open_cpu();
    uint64_t seed = 14;
    struct config c = {.shape = {.n_head = 4, .n_head_kv = 4, .head_dim = 32, .n_branch = 17},
                       .n = 700,
                       .position = (UINT64_C(1) << 41) - 300,
                       .causal = true,
                       .base = 10000,
                       .q_scale = 1};
    for (uint32_t i = 0; i < 17; i++)
        c.shape.branch[i] =
            (struct branch){.segment_length = UINT64_C(32) << 2 * i, .dilation_rate = UINT64_C(1) << 2 * i};
    config_fill(&c, &seed);
    check(b, &c, (uint32_t[]){700}, 1, test_tolerance(5e-6, 2e-3));
    check(b, &c, (uint32_t[]){1, 64, 300, 5}, 4, test_tolerance(5e-6, 2e-3));
    free(c.qkv);
    backend_close(b);
}

static void the_number_of_threads_changes_no_bit(void **state)
{
    (void)state;
    uint64_t seed = 15;
    struct error e = {0};
    struct config c = {.shape = {.n_head = 4,
                                 .n_head_kv = 4,
                                 .head_dim = 32,
                                 .n_branch = 3,
                                 .branch = {{128, 1}, {512, 4}, {2048, 16}}},
                       .n = 1500,
                       .causal = true,
                       .base = 10000,
                       .q_scale = 1};
    config_fill(&c, &seed);
    size_t n = (size_t)c.n * 4 * 32;
    float *one = malloc(n * sizeof *one), *many = malloc(n * sizeof *many), *lse = malloc(sizeof *lse * c.n * 4);
    struct backend *b;
    assert_ok(backend_open(&b, test_device, 1, &e), e);
    run(b, &c, &(uint32_t){c.n}, 1, one, lse);
    backend_close(b);
    assert_ok(backend_open(&b, test_device, 3, &e), e);
    run(b, &c, &(uint32_t){c.n}, 1, many, lse);
    backend_close(b);
    assert_memory_equal(one, many, n * sizeof *one);
    free(one);
    free(many);
    free(lse);
    free(c.qkv);
}

static void merging_partial_results_is_the_softmax_over_the_union(void **state)
{
    (void)state;
    /* logits 0 and ln 3, values 1 and 5: (1 + 3 * 5) / 4 = 4 */
    float out[1] = {1}, lse = 0, other[1] = {5};
    attention_merge(out, &lse, other, logf(3), 1);
    assert_true(fabsf(out[0] - 4.0f) < 1e-6f);
    assert_true(fabsf(lse - logf(4)) < 1e-6f);
    attention_merge(out, &lse, other, -INFINITY, 1);
    assert_true(fabsf(out[0] - 4.0f) < 1e-6f);
    float empty[1] = {0}, empty_lse = -INFINITY;
    attention_merge(empty, &empty_lse, out, lse, 1);
    assert_true(empty[0] == out[0] && empty_lse == lse);
}

static void a_layout_that_no_cache_can_hold_is_refused(void **state)
{
    (void)state;
    struct error e = {0};
    struct attention a = {
        .n_head = 4, .n_head_kv = 4, .head_dim = 8, .n_branch = 1, .branch = {{UINT64_C(1) << 40, 1}}};
    assert_int_equal(attention_layout(&a, &e), -1);
    assert_string_equal(e.text,
                        "attention: branch 0 keeps 1099511627776 keys a head, which is more than a cache can hold");
    a.branch[0] = (struct branch){.segment_length = UINT64_C(1) << 40, .dilation_rate = UINT64_C(1) << 31};
    assert_ok(attention_layout(&a, &e), e);
    assert_int_equal(a.slots[0], 512);
    assert_int_equal(a.cache_rows, 2048);
    a.branch[0].dilation_rate = 0;
    assert_int_equal(attention_layout(&a, &e), -1);
    a.n_head = 6;
    assert_int_equal(attention_layout(&a, &e), -1);
}

static void a_layout_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    struct error e = {0};
    const struct attention good = {
        .n_head = 4, .n_head_kv = 2, .head_dim = 8, .n_branch = 2, .branch = {{8, 1}, {32, 4}}};
    struct attention a = good;
    assert_ok(attention_layout(&a, &e), e);
    a.n_head_kv = 3; /* four heads cannot share three */
    assert_int_equal(attention_layout(&a, &e), -1);
    assert_string_equal(e.text, "attention: 4 heads over 3 key-value heads");
    a.n_head_kv = 0;
    assert_int_equal(attention_layout(&a, &e), -1);
    a = good;
    a.n_head = 0;
    assert_int_equal(attention_layout(&a, &e), -1);
    a = good;
    a.n_branch = 0;
    assert_int_equal(attention_layout(&a, &e), -1);
    assert_string_equal(e.text, "attention: 0 branches, expected 1 to 32");
    a.n_branch = DILATION_MAX_BRANCHES + 1;
    assert_int_equal(attention_layout(&a, &e), -1);
    a = good;
    a.branch[1].segment_length = 0;
    assert_int_equal(attention_layout(&a, &e), -1);
    assert_string_equal(e.text, "attention: branch 1 has segment length or dilation rate 0");
}

/* Heads that share keys share a run where every position is kept, and have their own where they may differ. */
static void rows_of_a_cache_lie_branch_by_branch(void **state)
{
    (void)state;
    struct error e = {0};
    struct attention a = {
        .n_head = 4, .n_head_kv = 2, .head_dim = 8, .n_branch = 3, .branch = {{8, 1}, {30, 4}, {7, 9}}};
    static const uint32_t rows[3][4] = {{0, 0, 8, 8}, {16, 24, 32, 40}, {48, 49, 50, 51}};
    assert_ok(attention_layout(&a, &e), e);
    assert_int_equal(a.slots[1], 8); /* 0, 4 ... 28 */
    assert_int_equal(a.slots[2], 1);
    assert_int_equal(a.cache_rows, 52);
    for (uint32_t branch = 0; branch < 3; branch++)
        for (uint32_t head = 0; head < 4; head++)
            assert_int_equal(attention_cache_row(&a, branch, head), rows[branch][head]);
}

static void a_chunk_is_cut_where_segments_end(void **state)
{
    (void)state;
    const struct branch b = {10, 3};
    static const struct attention_piece expected[] = {{0, 3, true}, {3, 13, false}, {13, 15, false}};
    uint32_t at = 0;
    for (size_t i = 0; i < 3; i++) {
        const struct attention_piece p = attention_piece_at(&b, 7, at, 15);
        assert_int_equal(p.begin, expected[i].begin);
        assert_int_equal(p.end, expected[i].end);
        assert_int_equal(p.continues, expected[i].continues);
        at = p.end;
    }
    assert_false(attention_piece_at(&b, 20, 0, 10).continues); /* it begins with its segment */
    assert_int_equal(attention_piece_at(&b, 20, 0, 10).end, 10);
}

static void the_first_row_on_a_grid_is_the_next_one(void **state)
{
    (void)state;
    const struct branch b = {12, 4};
    assert_int_equal(attention_first_row(&b, 0, 24, 0, 12), 0);
    assert_int_equal(attention_first_row(&b, 3, 24, 0, 12), 3);
    assert_int_equal(attention_first_row(&b, 1, 24, 2, 12), 5);
    assert_int_equal(attention_first_row(&b, 2, 24, 2, 12), 2);
    assert_int_equal(attention_first_row(&b, 3, 24, 0, 3), UINT32_MAX); /* it would be the first behind the piece */
    assert_int_equal(attention_first_row(&b, 3, 24, 0, 4), 3);
    assert_int_equal(attention_first_row(&b, 4, 24, 0, 12), UINT32_MAX); /* no such grid */
    assert_int_equal(attention_first_row(&b, 0, 24, 5, 5), UINT32_MAX);
}

static void what_is_kept_is_counted_from_the_segments_beginning(void **state)
{
    (void)state;
    struct error e = {0};
    struct attention a = {.n_head = 2, .n_head_kv = 2, .head_dim = 8, .n_branch = 2, .branch = {{8, 1}, {16, 4}}};
    assert_ok(attention_layout(&a, &e), e);
    uint32_t kept[4] = {0};
    attention_advance(&a, 0, 5, kept);
    assert_memory_equal(kept, ((const uint32_t[]){5, 5, 2, 1}), sizeof kept);
    attention_advance(&a, 5, 3, kept); /* up to the border: the next segment has nothing yet */
    assert_memory_equal(kept, ((const uint32_t[]){0, 0, 2, 2}), sizeof kept);
    attention_advance(&a, 8, 9, kept);
    assert_memory_equal(kept, ((const uint32_t[]){1, 1, 1, 0}), sizeof kept);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_configuration_in_one_chunk_equals_the_definition),
        cmocka_unit_test(any_chunking_of_a_causal_sequence_equals_the_definition),
        cmocka_unit_test(queries_see_no_more_than_their_window),
        cmocka_unit_test(logits_of_order_100_need_no_more_than_ten_times_the_tolerance),
        cmocka_unit_test(a_ladder_far_beyond_the_text_equals_the_definition),
        cmocka_unit_test(the_number_of_threads_changes_no_bit),
        cmocka_unit_test(merging_partial_results_is_the_softmax_over_the_union),
        cmocka_unit_test(a_layout_that_no_cache_can_hold_is_refused),
        cmocka_unit_test(a_layout_that_makes_no_sense_is_refused),
        cmocka_unit_test(rows_of_a_cache_lie_branch_by_branch),
        cmocka_unit_test(a_chunk_is_cut_where_segments_end),
        cmocka_unit_test(the_first_row_on_a_grid_is_the_next_one),
        cmocka_unit_test(what_is_kept_is_counted_from_the_segments_beginning),
    };
    test_device_choose(argc, argv);
    return test_device_result(cmocka_run_group_tests(tests, NULL, NULL));
}
