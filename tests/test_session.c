/* A session against the model's definition (models/FORMAT.md) in double precision, and against itself: however a text
 * is cut, marked, rewound, saved or loaded, the logits are the same. Logits here are of order 5; TOLERANCE is for
 * float32 sums in another order. */
#include "tests/test.h"

#include <math.h>

#include "compute/backend.h"
#include "compute/session.h"
#include "tests/model_definition.h"
#include "tests/synthetic_model.h"
#include "tests/test_device.h"

#define TOLERANCE test_tolerance(3e-5, 5e-2)

enum { V = SYNTHETIC_VOCAB, N = 210 };

static void random_ids(int32_t *ids, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) ids[i] = (int32_t)(test_random(&seed) % V);
}

static struct session *open_session(const struct model *m)
{
    struct error e = {0};
    struct session *s;
    assert_ok(session_open(&s, m, test_backend, &e), e);
    return s;
}

static void prefill(struct session *s, const int32_t *ids, size_t n, float *logits)
{
    struct error e = {0};
    assert_ok(session_prefill(s, ids, n, &(struct session_outputs){.logits = logits}, &e), e);
}

static void expect_close(const float *got, const float *expected, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - (double)expected[i]) <= TOLERANCE))
            fail_msg("token %zu, logit %zu: %.8g, expected %.8g", i / V, i % V, (double)got[i], (double)expected[i]);
}

static void expect_defined(const float *got, const double *expected, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - expected[i]) <= TOLERANCE))
            fail_msg("token %zu, logit %zu: %.8g, expected %.8g", i / V, i % V, (double)got[i], expected[i]);
}

/* ---- tests ---- */

static void prefill_equals_the_definition(void **state)
{
    (void)state;
    for (uint32_t kv = 1; kv <= 4; kv *= 2) {
        struct model m;
        synthetic_model_small(&m, 2, kv);
        int32_t ids[N];
        uint64_t positions[N];
        static float got[N * V];
        static double expected[N * V];
        random_ids(ids, N, 5);
        for (int i = 0; i < N; i++) positions[i] = (uint64_t)i;
        define(&m, ids, positions, N, NULL, NULL, expected);
        struct session *s = open_session(&m);
        prefill(s, ids, N, got);
        expect_defined(got, expected, N * V);
        assert_int_equal(session_position(s), N);
        session_close(s);
        synthetic_model_close(&m);
    }
}

static void skipped_positions_are_no_keys(void **state)
{
    (void)state;
    struct model m;
    synthetic_model_small(&m, 2, 4);
    struct error e = {0};
    int32_t ids[N];
    uint64_t positions[N];
    static float got[N * V];
    static double expected[N * V];
    random_ids(ids, N, 6);
    /* gaps inside segments of the far branches, and to far away */
    for (int i = 0; i < N; i++)
        positions[i] = (uint64_t)i + (i >= 21 ? 11 : 0) + (i >= 90 ? 70 : 0) + (i >= 150 ? UINT64_C(1) << 33 : 0);
    define(&m, ids, positions, N, NULL, NULL, expected);
    struct session *s = open_session(&m);
    const int cuts[] = {0, 21, 90, 150, N};
    for (int i = 0; i < 4; i++) {
        assert_ok(session_skip_to(s, positions[cuts[i]], &e), e);
        prefill(s, ids + cuts[i], (size_t)(cuts[i + 1] - cuts[i]), got + cuts[i] * V);
    }
    expect_defined(got, expected, N * V);
    assert_int_equal(session_skip_to(s, 5, &e), -1);
    session_close(s);
    synthetic_model_close(&m);
}

static void any_chunking_gives_the_same_logits(void **state)
{
    (void)state;
    struct model m;
    synthetic_model_small(&m, 2, 2);
    int32_t ids[N];
    static float whole[N * V], parts[N * V];
    random_ids(ids, N, 7);
    struct session *s = open_session(&m);
    prefill(s, ids, N, whole);
    session_close(s);
    uint64_t seed = 8;
    for (int turn = 0; turn < 12; turn++) {
        s = open_session(&m);
        for (size_t done = 0; done < N;) {
            size_t n = 1 + test_random(&seed) % (turn < 6 ? 9 : 120);
            if (n > N - done) n = N - done;
            prefill(s, ids + done, n, parts + done * V);
            done += n;
        }
        expect_close(parts, whole, N * V);
        session_close(s);
    }
    synthetic_model_close(&m);
}

static void decoding_gives_what_prefill_gives(void **state)
{
    (void)state;
    struct model m;
    synthetic_model_small(&m, 2, 4);
    struct error e = {0};
    int32_t ids[N];
    static float whole[N * V], one[V], last[V];
    random_ids(ids, N, 9);
    struct session *s = open_session(&m);
    assert_ok(session_prefill(s, ids, N, &(struct session_outputs){.logits = whole, .last_logits = last}, &e), e);
    expect_close(last, whole + (N - 1) * V, V);
    session_close(s);
    s = open_session(&m);
    for (int i = 0; i < N; i++) {
        assert_ok(session_decode(s, ids[i], one, &e), e);
        expect_close(one, whole + i * V, V);
    }
    session_close(s);
    synthetic_model_close(&m);
}

static void rewinding_forgets_everything_after_the_mark(void **state)
{
    (void)state;
    struct model m;
    synthetic_model_small(&m, 2, 4);
    struct error e = {0};
    int32_t ids[N], others[N];
    static float whole[N * V], again[N * V];
    random_ids(ids, N, 10);
    random_ids(others, N, 11);
    struct session *s = open_session(&m);
    prefill(s, ids, N, whole);
    session_close(s);
    const size_t marks[] = {1, 37, 64, 150};
    for (int i = 0; i < 4; i++) {
        s = open_session(&m);
        assert_int_equal(session_rewind(s, &e), -1);
        prefill(s, ids, marks[i], again);
        assert_ok(session_mark(s, &e), e);
        for (size_t n = 3; n < N; n += 90) { /* a little, past some segments, past most of them */
            prefill(s, others, n, again);
            assert_ok(session_skip_to(s, session_position(s) + n, &e), e);
            prefill(s, others, n, again);
            assert_ok(session_rewind(s, &e), e);
            assert_int_equal(session_position(s), marks[i]);
        }
        prefill(s, ids + marks[i], N - marks[i], again);
        expect_close(again, whole + marks[i] * V, (N - marks[i]) * V);
        session_close(s);
    }
    synthetic_model_close(&m);
}

static void a_dense_session_goes_back_anywhere_and_others_to_the_start(void **state)
{
    (void)state;
    struct model m;
    struct error e = {0};
    int32_t ids[N], others[N];
    static float whole[N * V], again[N * V];
    synthetic_model_small(&m, 2, 2);
    m.n_branch = 1;
    m.branch[0] = (struct branch){4 * N, 1};
    m.position_mode = POSITION_ROPE_ALL;
    random_ids(ids, N, 10);
    random_ids(others, N, 11);
    struct session *s = open_session(&m);
    prefill(s, ids, N, whole);
    const size_t places[] = {N - 1, 100, 7, 0};
    for (int i = 0; i < 4; i++) {
        prefill(s, others, 50, again);
        assert_ok(session_truncate(s, places[i], &e), e);
        assert_int_equal(session_position(s), places[i]);
        prefill(s, ids + places[i], N - places[i], again);
        expect_close(again, whole + places[i] * V, (N - places[i]) * V);
    }
    assert_int_equal(session_truncate(s, N + 1, &e), -1);
    session_close(s);
    synthetic_model_close(&m);
    synthetic_model_small(&m, 2, 4);
    s = open_session(&m);
    prefill(s, ids, N, whole);
    assert_int_equal(session_truncate(s, 5, &e), -1);
    assert_ok(session_truncate(s, 0, &e), e);
    prefill(s, ids, N, again);
    expect_close(again, whole, (size_t)N * V);
    session_close(s);
    synthetic_model_close(&m);
}

static void a_saved_state_goes_on_where_it_was(void **state)
{
    (void)state;
    struct model m;
    synthetic_model_small(&m, 2, 2);
    struct error e = {0};
    int32_t ids[N];
    static float whole[N * V], rest[N * V];
    random_ids(ids, N, 12);
    struct session *s = open_session(&m);
    prefill(s, ids, N, whole);
    session_close(s);
    for (size_t cut = 1; cut < N; cut += 49) {
        s = open_session(&m);
        prefill(s, ids, cut, rest);
        size_t size = session_state_size(s);
        uint8_t *bytes = malloc(size);
        assert_ok(session_state_save(s, bytes, size, &e), e);
        assert_int_equal(session_state_save(s, bytes, size - 1, &e), -1);
        session_close(s);
        s = open_session(&m);
        assert_int_equal(session_state_size_at(s, cut), size);
        prefill(s, ids + 5, 20, rest);
        assert_ok(session_state_load(s, bytes, size, &e), e);
        assert_int_equal(session_position(s), cut);
        prefill(s, ids + cut, N - cut, rest);
        expect_close(rest, whole + cut * V, (N - cut) * V);
        session_close(s);
        free(bytes);
    }
    synthetic_model_close(&m);
}

static void a_state_that_does_not_fit_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    struct model m, other;
    synthetic_model_small(&m, 2, 4);
    synthetic_model_small(&other, 2, 2);
    struct error e = {0};
    int32_t ids[40];
    random_ids(ids, 40, 13);
    float logits[40 * V], before[V], after[V];
    struct session *s = open_session(&m), *t = open_session(&other);
    prefill(s, ids, 40, logits);
    assert_ok(session_mark(s, &e), e);
    assert_ok(session_decode(s, 7, before, &e), e);
    assert_ok(session_rewind(s, &e), e);
    size_t size = session_state_size(s);
    uint8_t *bytes = malloc(size);
    assert_ok(session_state_save(s, bytes, size, &e), e);
    assert_int_equal(session_state_load(t, bytes, size, &e), -1);
    assert_string_equal(e.text, "state: made by another model or program");
    assert_int_equal(session_state_load(s, bytes, size - 1, &e), -1);
    assert_int_equal(session_state_load(s, bytes, 10, &e), -1);
    assert_string_equal(e.text, "state: 10 bytes are too few");
    bytes[15] ^= 0x40; /* position */
    assert_int_equal(session_state_load(s, bytes, size, &e), -1);
    bytes[15] ^= 0x40;
    enum { COUNTS = 40 + DILATION_MAX_BRANCHES * 16 }; /* where the counts of kept keys begin */
    int refused = 0;
    for (size_t i = 0; i < 5 * 4; i++) {
        bytes[COUNTS + 4 * i + 3] ^= 0x10;
        refused += session_state_load(s, bytes, size, &e) == -1;
        bytes[COUNTS + 4 * i + 3] ^= 0x10;
    }
    assert_int_equal(refused, 20);
    assert_int_equal(session_position(s), 40);
    assert_ok(session_decode(s, 7, after, &e), e);
    expect_close(after, before, V);
    free(bytes);
    session_close(s);
    session_close(t);
    synthetic_model_close(&m);
    synthetic_model_close(&other);
}

static void memory_is_flat_in_the_length(void **state)
{
    (void)state;
    struct model m;
    synthetic_model_small(&m, 2, 4);
    struct error e = {0};
    enum { LONG = 5000 };
    int32_t *ids = malloc(LONG * sizeof *ids);
    random_ids(ids, LONG, 14);
    struct session *s = open_session(&m);
    assert_ok(session_prefill(s, ids, LONG / 10, NULL, &e), e); /* weights are packed when they are first wanted */
    size_t at_start = session_memory(s);
    assert_ok(session_prefill(s, ids + LONG / 10, LONG - LONG / 10, NULL, &e), e);
    assert_int_equal(session_memory(s), at_start);
    session_close(s);
    free(ids);
    synthetic_model_close(&m);
}

static void tokens_that_cannot_be_read_are_refused(void **state)
{
    (void)state;
    struct model m;
    synthetic_model_small(&m, 2, 4);
    struct error e = {0};
    struct session *s = open_session(&m);
    assert_int_equal(session_prefill(s, (int32_t[]){3, V}, 2, NULL, &e), -1);
    assert_string_equal(e.text, "token id 61, the model has 61");
    assert_int_equal(session_prefill(s, (int32_t[]){-1}, 1, NULL, &e), -1);
    assert_int_equal(session_position(s), 0);
    assert_ok(session_skip_to(s, (UINT64_C(1) << 40) - 1, &e), e);
    assert_int_equal(session_prefill(s, (int32_t[]){3, 4}, 2, NULL, &e), -1);
    assert_ok(session_prefill(s, (int32_t[]){3}, 1, NULL, &e), e);
    assert_int_equal(session_decode(s, 3, (float[V]){0}, &e), -1);
    assert_int_equal(session_skip_to(s, (UINT64_C(1) << 40) + 1, &e), -1);
    session_close(s);
    m.position_mode = POSITION_ROPE_ALL;
    assert_int_equal(session_open(&s, &m, test_backend, &e), -1);
    assert_string_equal(e.text, "synthetic model: position mode rope-all is for models with dilation rate 1 only");
    synthetic_model_close(&m);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefill_equals_the_definition),
        cmocka_unit_test(skipped_positions_are_no_keys),
        cmocka_unit_test(any_chunking_gives_the_same_logits),
        cmocka_unit_test(decoding_gives_what_prefill_gives),
        cmocka_unit_test(rewinding_forgets_everything_after_the_mark),
        cmocka_unit_test(a_dense_session_goes_back_anywhere_and_others_to_the_start),
        cmocka_unit_test(a_saved_state_goes_on_where_it_was),
        cmocka_unit_test(a_state_that_does_not_fit_is_refused_and_changes_nothing),
        cmocka_unit_test(memory_is_flat_in_the_length),
        cmocka_unit_test(tokens_that_cannot_be_read_are_refused),
    };
    test_device_choose(argc, argv);
    return test_device_result(cmocka_run_group_tests(tests, test_device_open, test_device_close));
}
