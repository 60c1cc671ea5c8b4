/* The definition of dilated attention against a worked example: N = 18, four heads, branches (4, 1), (8, 2), (16, 4).
 * With equal keys every logit is 0, so that a query's output is the mean of what it sees, a key counted once for each
 * branch that shows it. The golden cases (attention_golden --device definition) test it on real numbers. */
#include "tests/test.h"

#include <math.h>

#include "compute/attention.h"
#include "compute/definition.h"

enum { N = 18, HEADS = 4 };

/* q and k are zeros, v the position and 1. */
static bool read_example(const void *context, uint64_t position, uint32_t column, double *to)
{
    (void)context;
    const bool value = column >= 2 * HEADS * 2;
    to[0] = value ? (double)position : 0;
    to[1] = value ? 1 : 0;
    return position < N;
}

static struct attention example(enum offset_rule rule)
{
    return (struct attention){.n_head = HEADS,
                              .n_head_kv = HEADS,
                              .head_dim = 2,
                              .n_branch = 3,
                              .branch = {{4, 1}, {8, 2}, {16, 4}},
                              .offset_rule = rule};
}

/* `seen`: positions, each as often as it counts, ended by -1. */
struct row {
    enum offset_rule rule;
    uint64_t t;
    uint32_t head;
    int seen[16];
};

static void a_key_counts_once_for_each_branch_that_shows_it(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {OFFSET_PAPER, 3, 3, {0, 1, 1, 2, 3, 3, 3, -1}},
        {OFFSET_PAPER, 4, 0, {0, 0, 2, 4, 4, 4, -1}},
        {OFFSET_PAPER, 8, 1, {8, -1}},
        {OFFSET_PAPER, 12, 0, {0, 4, 8, 8, 10, 12, 12, 12, -1}},
        {OFFSET_PAPER, 15, 3, {3, 7, 9, 11, 11, 12, 13, 13, 14, 15, 15, 15, -1}},
        {OFFSET_PAPER, 16, 0, {16, 16, 16, -1}},
        {OFFSET_PAPER, 17, 1, {16, 17, 17, 17, -1}},
        {OFFSET_TORCHSCALE, 3, 1, {0, 1, 2, 3, -1}},
        {OFFSET_TORCHSCALE, 12, 1, {8, 10, 12, 12, -1}},
        {OFFSET_TORCHSCALE, 14, 2, {2, 6, 10, 12, 13, 14, 14, -1}},
        {OFFSET_TORCHSCALE, 15, 2, {9, 11, 12, 13, 13, 14, 15, 15, -1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct attention shape = example(rows[i].rule);
        const struct definition d = {&shape, 0, N, true, 0, read_example, NULL, 0};
        double out[2], lse, sum = 0, n = 0;
        definition_attend(&d, rows[i].head, rows[i].t, out, &lse);
        for (const int *p = rows[i].seen; *p >= 0; p++, n++) sum += *p;
        if (!(fabs(out[0] - sum / n) < 1e-12 && fabs(lse - log(n)) < 1e-12))
            fail_msg("t %d head %u: mean %.9g of %.9g keys, expected %.9g of %.9g", (int)rows[i].t, rows[i].head,
                     out[0], exp(lse), sum / n, n);
        assert_float_equal(out[1], 1, 1e-12);
    }
}

static void without_a_branch_that_covers_it_a_row_is_zero(void **state)
{
    (void)state;
    struct attention shape = example(OFFSET_PAPER);
    shape.branch[0] = shape.branch[2];
    shape.n_branch = 1;
    const struct definition d = {&shape, 0, N, true, 0, read_example, NULL, 0};
    double out[2] = {7, 7}, lse;
    definition_attend(&d, 1, 4, out, &lse);
    assert_true(out[0] == 0 && out[1] == 0 && lse == -INFINITY);
    assert_true(definition_logit(&d, 0, 1, 4, 1) == -INFINITY);
    assert_true(definition_logit(&d, 0, 1, 5, 1) == 0);
}

/* The second half of a segment whose first half was not read, and later tokens for what is not causal. */
static void only_positions_that_hold_tokens_are_keys(void **state)
{
    (void)state;
    const struct attention shape = {
        .n_head = HEADS, .n_head_kv = HEADS, .head_dim = 2, .n_branch = 1, .branch = {{16, 4}}};
    struct definition d = {&shape, 5, 15, false, 0, read_example, NULL, 0};
    double out[2], lse;
    definition_attend(&d, 2, 6, out, &lse); /* 6, 10, 14 */
    assert_float_equal(out[0], 10, 1e-12);
    d.causal = true;
    definition_attend(&d, 2, 10, out, &lse); /* 6, 10 */
    assert_float_equal(out[0], 8, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_counts_once_for_each_branch_that_shows_it),
        cmocka_unit_test(without_a_branch_that_covers_it_a_row_is_zero),
        cmocka_unit_test(only_positions_that_hold_tokens_are_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
