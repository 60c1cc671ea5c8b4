/* Dilated attention alone, shared by any number of ranks: every row is that of its definition. Rank 0 runs the tests;
 * the others follow it. Started by mpirun with 2, 3 and 4 ranks, and without it as one, on the device of its argument.
 */
#include "tests/test.h"

#include <math.h>

#include "app/measure/scale_attention.h"
#include "app/measure/scale_stream.h"
#include "compute/attention.h"
#include "compute/comm.h"
#include "compute/ranks.h"
#include "tests/test_device.h"

enum { N_SHAPES = 4, N_HEAD = 4, HEAD_DIM = 8, PART = 64 };

static struct comm *comm;

/* Nested grids; both offset rules with r that divides neither w nor the heads; one branch of everything. */
static struct attention shape_of(int which)
{
    static const struct branch branches[N_SHAPES][4] = {
        {{8, 1}, {32, 4}, {128, 16}, {65536, 256}},
        {{16, 1}, {50, 3}, {700, 7}, {4096, 5}},
        {{16, 1}, {50, 3}, {700, 7}, {4096, 5}},
        {{4096, 1}},
    };
    struct error e;
    struct attention a = {.n_head = N_HEAD,
                          .n_head_kv = which == 1 ? 2 : N_HEAD,
                          .head_dim = HEAD_DIM,
                          .n_branch = which == 3 ? 1 : 4,
                          .offset_rule = which == 2 ? OFFSET_TORCHSCALE : OFFSET_PAPER};
    memcpy(a.branch, branches[which], sizeof branches[which]);
    assert_ok(attention_layout(&a, &e), e);
    return a;
}

static double tolerance(void)
{
    return test_tolerance(5e-6, 5e-3);
}

/* Reads `length` positions and checks all rows of [begin, end). */
static void expect_rows(const struct attention *a, uint64_t length, uint64_t begin, uint64_t end)
{
    const struct scale_watch watch = {.comm = comm};
    struct error e = {0};
    struct scale_stream *s;
    struct scale_result r;
    assert_ok(scale_stream_open(&s, test_backend, a, begin, end, &watch, &e), e);
    while (scale_stream_position(s) < length) assert_ok(scale_stream_step(s, length, true, &e), e);
    assert_true(scale_stream_sampled(s));
    assert_ok(scale_stream_check(s, &r, &e), e);
    scale_stream_close(s);
    assert_int_equal(r.checked_positions, end - begin);
    if (!(r.max_error <= tolerance()))
        fail_msg("%u ranks, rows %d to %d of %d: wrong by up to %g", comm_size(comm), (int)begin, (int)end, (int)length,
                 r.max_error);
}

static void rows_of_any_length_are_those_of_their_definition(void **state)
{
    (void)state;
    static const uint64_t lengths[] = {1, 15, 129, 512, 2001};
    struct error e;
    const uint64_t each = strcmp(test_device, "cpu") == 0 ? PART : 7 * PART; /* a software device takes minutes */
    for (int which = 0; which < N_SHAPES; which++) {
        const struct attention a = shape_of(which);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
            for (uint64_t begin = 0; begin < lengths[i]; begin += each)
                expect_rows(&a, lengths[i], begin, begin + PART < lengths[i] ? begin + PART : lengths[i]);
    }
    assert_ok(ranks_lead(comm, RANKS_END, 0, 0, &e), e);
}

static void what_is_sent_a_token_does_not_grow_with_the_length(void **state)
{
    (void)state;
    static const uint64_t lengths[] = {30000, 300000};
    const struct scale_watch watch = {.comm = comm};
    struct error e;
    struct attention a;
    struct scale_result r[2], at;
    for (int i = 0; i < 2; i++) {
        assert_ok(scale_attention_ladder(&a, 2, 16, 64, 4, lengths[1], &e), e);
        assert_ok(scale_attention_read(&r[i], test_backend, &a, lengths[i], &watch, &e), e);
        assert_int_equal(r[i].tokens, lengths[i]);
        assert_int_equal(r[i].ranks, comm ? comm_size(comm) : 0);
        assert_true(r[i].checked_positions >= 64 && r[i].max_error < tolerance());
        assert_true(r[i].input_seconds > 0 && r[i].exchange_seconds >= 0);
        if (comm_size(comm) == 1) /* of several, rank 0 has ended while others are still at their last share */
            assert_true(r[i].sent <= 0 && r[i].input_seconds + r[i].exchange_seconds < r[i].seconds);
        else
            assert_true(r[i].sent > 0);
    }
    /* Of ten times the length; a slow moment makes chunks short, for which more orders are given. */
    assert_true(r[1].sent < 2 * r[0].sent + 8);
    assert_ok(scale_attention_ladder(&a, 2, 16, 64, 4, UINT64_C(1) << 33, &e), e);
    assert_ok(scale_attention_at(&at, test_backend, &a, (UINT64_C(1) << 33) + 12345, &watch, &e), e);
    assert_true(at.checked_positions >= 64 && at.max_error < tolerance());
    assert_ok(ranks_lead(comm, RANKS_END, 0, 0, &e), e);
}

/* A back end whose attention overlooks one kept key. */
static const struct backend_ops *whole_ops;
static struct backend_ops forgetful_ops;

static void forgetful_attend(const struct attend *op)
{
    uint32_t kept[64];
    struct attend wrong = *op;
    memcpy(kept, op->kept, op->shape->n_branch * op->shape->n_head * sizeof *kept);
    if (kept[0] > 0) kept[0]--;
    wrong.kept = kept;
    whole_ops->attend(&wrong);
}

static void become_forgetful(void)
{
    whole_ops = test_backend->ops;
    forgetful_ops = *whole_ops;
    forgetful_ops.attend = forgetful_attend;
    test_backend->ops = &forgetful_ops;
}

/* The last rank, and no other. */
static void a_rank_that_forgets_one_key_fails_the_check_of_all(void **state)
{
    (void)state;
    const struct scale_watch watch = {.comm = comm};
    const struct attention a = shape_of(3);
    struct error e;
    struct scale_result r;
    if (comm_size(comm) == 1) become_forgetful();
    assert_ok(scale_attention_read(&r, test_backend, &a, 3000, &watch, &e), e);
    if (comm_size(comm) == 1) test_backend->ops = whole_ops;
    assert_true(r.max_error > 1e-3);
    assert_ok(ranks_lead(comm, RANKS_END, 0, 0, &e), e);
}

/* The other ranks: one ranks_follow for every RANKS_END of the tests. */
static int follow(struct error *e)
{
    int status = 0;
    for (int i = 0; i < 3 && status == 0; i++) {
        const bool forgets = i == 2 && comm_rank(comm) == comm_size(comm) - 1;
        if (forgets) become_forgetful();
        status = ranks_follow(comm, NULL, test_backend, scale_stream_follow, NULL, e);
        if (forgets) test_backend->ops = whole_ops;
    }
    return status;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_any_length_are_those_of_their_definition),
        cmocka_unit_test(what_is_sent_a_token_does_not_grow_with_the_length),
        cmocka_unit_test(a_rank_that_forgets_one_key_fails_the_check_of_all),
    };
    struct error e = {0};
    test_device_choose(argc, argv);
    int status = comm_open(&comm, NULL, &e);
    if (status == 0) status = backend_open(&test_backend, test_device, 1, &e);
    if (status == 0) status = comm_rank(comm) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : follow(&e);
    if (e.text[0]) fprintf(stderr, "rank %u: %s\n", comm_rank(comm), e.text);
    backend_close(test_backend);
    status = test_device_result(status);
    if (status != 0) comm_break(comm); /* the others wait for a test that will not come */
    comm_close(comm, status);
    return status != 0;
}
