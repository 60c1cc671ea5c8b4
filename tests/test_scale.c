/* `lectern scale`: its inputs, and that its checks see a wrong key. */
#include "tests/test.h"

#include <math.h>

#include "app/measure/scale.h"
#include "app/measure/scale_attention.h"
#include "app/measure/scale_check.h"
#include "app/measure/scale_input.h"
#include "app/measure/scale_model.h"
#include "compute/attention.h"
#include "compute/backend.h"
#include "tests/synthetic_model.h"

static struct backend *backend;
static const struct scale_watch no_watch;

static int open_backend(void **state)
{
    (void)state;
    struct error e;
    return backend_open(&backend, "cpu", 2, &e);
}

static int close_backend(void **state)
{
    (void)state;
    backend_close(backend);
    return 0;
}

static void any_input_is_made_by_itself(void **state)
{
    (void)state;
    float all[96], some[7];
    const uint64_t far = UINT64_C(1) << 40;
    scale_input_row(all, 5, far + 3, 0, 96);
    scale_input_row(some, 5, far + 3, 64, 7);
    assert_memory_equal(some, all + 64, sizeof some);
    const double expected[] = {-0.2360155, -1.4350772, -0.9369456, 0.3376949};
    for (unsigned i = 0; i < 4; i++) assert_float_equal(all[i], expected[i], 1e-6);
    assert_int_equal(scale_input_id(6, 0, 16384), 12121);
    assert_int_equal(scale_input_id(6, far, 16384), 2298);
}

static void a_sequence_takes_its_rows_in_runs_from_few_places(void **state)
{
    (void)state;
    const uint64_t far = UINT64_C(1) << 40;
    assert_int_equal(scale_input_place(5, 0), 25347);
    assert_int_equal(scale_input_place(5, far + 4095), 52802);
    assert_int_equal(scale_input_place(5, far + 4096), 60767);
    for (uint64_t p = far; p < far + UINT64_C(300) * SCALE_INPUT_RUN; p++) {
        const uint64_t place = scale_input_place(5, p);
        assert_true(place < SCALE_INPUT_PLACES);
        if (p % SCALE_INPUT_RUN > 0) assert_int_equal(place, scale_input_place(5, p - 1) + 1);
    }
}

static void inputs_have_variance_one_and_no_pattern(void **state)
{
    (void)state;
    enum { ROWS = 4096, COLS = 8 };
    double mean = 0, square = 0, next_column = 0, next_row = 0;
    float before[COLS] = {0}, row[COLS];
    for (uint64_t p = 0; p < ROWS; p++) {
        scale_input_row(row, 1, p, 0, COLS);
        for (int i = 0; i < COLS; i++) {
            assert_true(fabsf(row[i]) <= 1.7320509f);
            mean += (double)row[i];
            square += (double)row[i] * (double)row[i];
            next_column += (double)row[i] * (double)row[(i + 1) % COLS];
            next_row += (double)row[i] * (double)before[i];
        }
        memcpy(before, row, sizeof row);
    }
    const double n = ROWS * COLS;
    assert_true(fabs(mean / n) < 0.02);
    assert_true(fabs(square / n - 1) < 0.02);
    assert_true(fabs(next_column / n) < 0.02);
    assert_true(fabs(next_row / n) < 0.02);
}

static void the_ladder_ends_past_the_length(void **state)
{
    (void)state;
    struct error e;
    struct attention a;
    assert_ok(scale_attention_ladder(&a, 1, 32, 256, 4, 1000000000, &e), e);
    assert_int_equal(a.n_branch, 12);
    assert_int_equal(a.branch[11].segment_length, 1073741824);
    assert_int_equal(a.branch[11].dilation_rate, 4194304);
    assert_int_equal(a.cache_rows, 12 * 256);
    assert_ok(scale_attention_ladder(&a, 3, 8, 256, 4, 255, &e), e);
    assert_int_equal(a.n_branch, 1);
    assert_int_equal(scale_attention_ladder(&a, 1, 32, 1, 2, UINT64_C(1) << 40, &e), -1);
    assert_ok(scale_attention_dense(&a, 1, 32, 5000, &e), e);
    assert_int_equal(a.n_branch, 1);
    assert_int_equal(a.branch[0].segment_length, 5000);
    assert_int_equal(a.branch[0].dilation_rate, 1);
}

static bool holds(const uint64_t *positions, size_t n, uint64_t p)
{
    for (size_t i = 0; i < n; i++)
        if (positions[i] == p) return true;
    return false;
}

static void samples_stand_around_the_boundaries_of_every_branch(void **state)
{
    (void)state;
    struct error e;
    struct attention a;
    uint64_t p[SCALE_MAX_SAMPLES];
    const uint64_t length = 1000000000;
    assert_ok(scale_attention_ladder(&a, 1, 32, 256, 4, length, &e), e);
    size_t n = scale_check_sample(p, &a, 0, length);
    assert_true(n >= 64);
    for (size_t i = 1; i < n; i++) assert_true(p[i - 1] < p[i]);
    assert_int_equal(p[n - 1], length - 1);
    for (uint32_t i = 0; i < a.n_branch - 1; i++) {
        uint64_t w = a.branch[i].segment_length, last = (length - 1) / w * w;
        assert_true(holds(p, n, last));
        assert_true(holds(p, n, last - 1));
        assert_true(holds(p, n, last - a.branch[i].dilation_rate));
        if (last + a.branch[i].dilation_rate < length) assert_true(holds(p, n, last + a.branch[i].dilation_rate));
    }
    assert_int_equal(scale_check_sample(p, &a, 0, 64), 64);
    assert_int_equal(scale_check_sample(p, &a, 1000, 1003), 3);
    assert_int_equal(p[0], 1000);
    assert_int_equal(p[2], 1002);
    assert_true(scale_check_sample(p, &a, 0, 70) >= 64);
}

static void reading_agrees_with_the_definition_in_flat_memory(void **state)
{
    (void)state;
    struct error e;
    struct attention a;
    struct scale_result shorter, longer;
    assert_ok(scale_attention_ladder(&a, 2, 16, 64, 4, 100000, &e), e);
    assert_ok(scale_attention_read(&shorter, backend, &a, 3001, &no_watch, &e), e);
    assert_ok(scale_attention_read(&longer, backend, &a, 100000, &no_watch, &e), e);
    assert_int_equal(shorter.tokens, 3001);
    assert_int_equal(longer.tokens, 100000);
    assert_int_equal(longer.live_bytes, shorter.live_bytes);
    assert_true(shorter.checked_positions >= 64 && longer.checked_positions >= 64);
    assert_true(shorter.max_error < 5e-6 && longer.max_error < 5e-6);
    assert_true(longer.max_error > 0);
    assert_true(longer.seconds > 0 && longer.input_seconds > 0 && longer.input_seconds < longer.seconds);
}

static void reading_starts_anywhere(void **state)
{
    (void)state;
    static const uint64_t positions[] = {0, 1000003, UINT64_C(4294967295), (UINT64_C(1) << 40) + 12345};
    struct error e;
    struct attention a;
    for (unsigned i = 0; i < sizeof positions / sizeof *positions; i++) {
        struct scale_result at;
        assert_ok(scale_attention_ladder(&a, 2, 16, 64, 4, positions[i], &e), e);
        assert_ok(scale_attention_at(&at, backend, &a, positions[i], &no_watch, &e), e);
        assert_true(at.checked_positions >= 64);
        assert_true(at.max_error < 5e-6);
        assert_true(at.tokens > 64);
    }
}

/* A back end whose attention overlooks one kept key. */
static const struct backend_ops *whole_ops;

static void forgetful_attend(const struct attend *op)
{
    uint32_t kept[64];
    struct attend wrong = *op;
    memcpy(kept, op->kept, op->shape->n_branch * op->shape->n_head * sizeof *kept);
    if (kept[1] > 0) kept[1]--;
    wrong.kept = kept;
    whole_ops->attend(&wrong);
}

static int count_row(void *context, const struct scale_row *row, struct error *e)
{
    (void)row;
    (void)e;
    ++*(unsigned *)context;
    return 0;
}

static void ignore_begin(void *context, const char *what, uint64_t tokens)
{
    (void)context;
    (void)what;
    (void)tokens;
}

static void a_device_that_forgets_one_key_fails_the_check(void **state)
{
    (void)state;
    struct error e;
    struct backend_ops ops = *backend->ops;
    struct scale_options o = SCALE_DEFAULTS;
    unsigned n_rows = 0;
    struct scale_callbacks callbacks = {.begin = ignore_begin, .row = count_row, .context = &n_rows};
    o.n_tokens = 1;
    o.tokens[0] = 100000;
    whole_ops = backend->ops;
    ops.attend = forgetful_attend;
    backend->ops = &ops;
    int status = scale_measure(&o, backend, NULL, &callbacks, &e);
    backend->ops = whole_ops;
    assert_int_equal(status, -1);
    assert_non_null(strstr(e.text, "positions checked, wrong by up to"));
    assert_int_equal(n_rows, 1);
    assert_ok(scale_measure(&o, backend, NULL, &callbacks, &e), e);
    assert_int_equal(n_rows, 2);
}

static void a_cancel_stops_and_a_limit_gives_up(void **state)
{
    (void)state;
    struct error e;
    struct attention a;
    struct scale_result result = {.tokens = 77};
    atomic_bool cancel = true;
    struct scale_watch cancelled = {.cancel = &cancel}, limited = {.limit = 1e-9};
    assert_ok(scale_attention_ladder(&a, 1, 32, 256, 4, 1000000000, &e), e);
    assert_int_equal(scale_attention_read(&result, backend, &a, 1000000000, &cancelled, &e), -1);
    assert_int_equal(e.kind, ERROR_CANCELLED);
    assert_int_equal(scale_attention_at(&result, backend, &a, 999999999, &cancelled, &e), -1);
    assert_int_equal(e.kind, ERROR_CANCELLED);
    assert_int_equal(result.tokens, 77);
    assert_ok(scale_attention_read(&result, backend, &a, 1000000000, &limited, &e), e);
    assert_true(result.gave_up);
}

static void chunks_grow_while_they_are_fast_and_shrink_when_they_are_not(void **state)
{
    (void)state;
    assert_int_equal(scale_run_rows(256, 16384, 256, 0.001), 512);
    assert_int_equal(scale_run_rows(16000, 16384, 16000, 0.001), 16384);
    assert_int_equal(scale_run_rows(1000, 16384, 1000, 0.8), 100);
    assert_int_equal(scale_run_rows(2, 16384, 2, 10), 1);
    assert_int_equal(scale_run_rows(1000, 16384, 3, 10), 1000); /* the end of the text */
    assert_int_equal(scale_run_rows(1000, 16384, 1000, 0), 2000);
}

static void small_model(struct model *m)
{
    *m = (struct model){.n_embd = 24,
                        .n_layer = 2,
                        .n_head = 4,
                        .n_head_kv = 4,
                        .head_dim = 6,
                        .n_ff = 40,
                        .n_vocab = 61,
                        .offset_rule = OFFSET_PAPER,
                        .n_branch = 4,
                        .branch = {{16, 1}, {128, 8}, {1024, 64}, {UINT64_C(1) << 40, UINT64_C(1) << 36}},
                        .evidence.width = 8};
    synthetic_model_fill(m, 3);
}

static void the_kept_positions_are_those_on_a_grid_of_a_current_segment(void **state)
{
    (void)state;
    struct model m;
    small_model(&m);
    const uint64_t position = 3000;
    uint64_t next = scale_model_kept(&m, position, 0);
    unsigned n = 0;
    for (uint64_t p = 0; p < position; p++) {
        bool kept = false;
        for (uint32_t i = 0; i < m.n_branch; i++)
            for (uint32_t head = 0; head < 4; head++) {
                uint64_t w = m.branch[i].segment_length, r = m.branch[i].dilation_rate;
                kept = kept || (p / w == position / w && p % w % r == head % r);
            }
        assert_int_equal(p == next, kept);
        n += kept;
        if (kept) next = scale_model_kept(&m, position, p + 1);
    }
    assert_int_equal(next, position);
    assert_int_equal(n, 92);
    synthetic_model_close(&m);
}

static void the_whole_reader_is_measured_and_its_chunking_checked(void **state)
{
    (void)state;
    struct error e;
    struct model m;
    struct scale_result read, at;
    small_model(&m);
    assert_ok(scale_model_read(&read, backend, &m, 5000, &no_watch, &e), e);
    assert_int_equal(read.tokens, 5000);
    assert_int_equal(read.checked_positions, 64);
    assert_true(read.max_error < 1e-3);
    assert_ok(scale_model_at(&at, backend, &m, UINT64_C(1) << 33, &no_watch, &e), e);
    assert_int_equal(at.checked_positions, 64);
    assert_true(at.max_error < 1e-3);
    assert_int_equal(at.live_bytes, read.live_bytes);
    assert_true(at.tokens > 64);
    assert_true(scale_model_disk(&m) == 9);
    assert_int_equal(scale_model_read(&read, backend, &m, (UINT64_C(1) << 40) + 1, &no_watch, &e), -1);
    assert_string_equal(e.text, "1099511627777 tokens do not fit the model's context of 1099511627776");
    assert_int_equal(scale_model_at(&at, backend, &m, UINT64_C(1) << 40, &no_watch, &e), -1);
    synthetic_model_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_input_is_made_by_itself),
        cmocka_unit_test(a_sequence_takes_its_rows_in_runs_from_few_places),
        cmocka_unit_test(inputs_have_variance_one_and_no_pattern),
        cmocka_unit_test(the_ladder_ends_past_the_length),
        cmocka_unit_test(samples_stand_around_the_boundaries_of_every_branch),
        cmocka_unit_test(reading_agrees_with_the_definition_in_flat_memory),
        cmocka_unit_test(reading_starts_anywhere),
        cmocka_unit_test(a_device_that_forgets_one_key_fails_the_check),
        cmocka_unit_test(a_cancel_stops_and_a_limit_gives_up),
        cmocka_unit_test(chunks_grow_while_they_are_fast_and_shrink_when_they_are_not),
        cmocka_unit_test(the_kept_positions_are_those_on_a_grid_of_a_current_segment),
        cmocka_unit_test(the_whole_reader_is_measured_and_its_chunking_checked),
    };
    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
