/* States as they are kept: rounded they are nearly the same, and parts put together are what they were made of,
 * byte for byte. */
#include "tests/test.h"

#include <math.h>

#include "compute/backend.h"
#include "compute/kv_state.h"
#include "compute/session.h"
#include "tests/synthetic_model.h"
#include "tests/test_device.h"

enum { V = SYNTHETIC_VOCAB, N = 300 };

struct bytes {
    uint8_t *data;
    size_t size;
};

/* Branches that share rows, as those of real models do, and one that does not fit the others. */
static void make_model(struct model *m, int32_t ids[N])
{
    synthetic_model_small(m, 2, 2);
    const struct branch branches[] = {{8, 1}, {32, 4}, {128, 16}, {512, 64}, {1000, 3}};
    m->n_branch = 5;
    memcpy(m->branch, branches, sizeof branches);
    m->context_length = 512;
    uint64_t seed = 3;
    for (size_t i = 0; i < N; i++) ids[i] = (int32_t)(test_random(&seed) % V);
}

static struct bytes save(struct session *s)
{
    struct error e;
    struct bytes b = {.size = session_state_size(s)};
    b.data = malloc(b.size);
    assert_ok(session_state_save(s, b.data, b.size, &e), e);
    return b;
}

/* The shrunk states after each of n places. */
static void read_to(const struct model *m, const int32_t *ids, const size_t *places, size_t n, struct bytes *shrunk)
{
    struct error e;
    struct session *s;
    assert_ok(session_open(&s, m, test_backend, &e), e);
    for (size_t i = 0; i < n; i++) {
        size_t at = (size_t)session_position(s);
        assert_ok(session_prefill(s, ids + at, places[i] - at, NULL, &e), e);
        struct bytes whole = save(s);
        assert_ok(kv_state_shrink(&shrunk[i].data, &shrunk[i].size, whole.data, whole.size, &e), e);
        free(whole.data);
    }
    session_close(s);
}

/* Of the numbers behind what a state begins with: the squares of what rounding changes, to the squares of all. */
static double part_lost(const struct bytes *whole, const struct bytes *rounded, size_t begin)
{
    double lost = 0, all = 0;
    for (size_t at = begin; at < whole->size; at += sizeof(float)) {
        float was, is;
        memcpy(&was, whole->data + at, sizeof was);
        memcpy(&is, rounded->data + at, sizeof is);
        lost += ((double)is - (double)was) * ((double)is - (double)was);
        all += (double)was * (double)was;
    }
    return lost / all;
}

static void a_rounded_state_has_every_row_nearly_and_goes_on_from_it(void **state)
{
    (void)state;
    struct model m;
    struct error e;
    int32_t ids[N];
    static float right[N * V], rounded[N * V];
    make_model(&m, ids);
    struct session *s;
    assert_ok(session_open(&s, &m, test_backend, &e), e);
    assert_ok(session_prefill(s, ids, 200, NULL, &e), e);
    struct bytes whole = save(s), shrunk, again, twice;
    assert_ok(session_prefill(s, ids + 200, 60, &(struct session_outputs){.logits = right}, &e), e);
    assert_ok(kv_state_shrink(&shrunk.data, &shrunk.size, whole.data, whole.size, &e), e);
    assert_ok(kv_state_expand(&again.data, &again.size, shrunk.data, shrunk.size, &e), e);
    assert_int_equal(again.size, whole.size);
    assert_true(shrunk.size < whole.size);
    const size_t begin = sizeof(struct kv_state_header) + m.n_branch * m.n_head * sizeof(uint32_t);
    assert_memory_equal(again.data, whole.data, begin);
    assert_in_range((uint64_t)(1000 * part_lost(&whole, &again, begin)), 30, 150);
    assert_ok(kv_state_shrink(&twice.data, &twice.size, again.data, again.size, &e), e);
    assert_int_equal(twice.size, shrunk.size);
    assert_memory_equal(twice.data, shrunk.data, shrunk.size);
    assert_ok(session_state_load(s, again.data, again.size, &e), e);
    assert_ok(session_prefill(s, ids + 200, 60, &(struct session_outputs){.logits = rounded}, &e), e);
    double lost = 0, all = 0; /* random models look at few keys, and feel every one */
    for (size_t i = 0; i < 60 * V; i++) {
        lost += ((double)right[i] - (double)rounded[i]) * ((double)right[i] - (double)rounded[i]);
        all += (double)right[i] * (double)right[i];
    }
    assert_true(lost / all < 0.3 && lost > 0);
    free(whole.data);
    free(shrunk.data);
    free(again.data);
    free(twice.data);
    session_close(s);
    synthetic_model_close(&m);
}

static void parts_in_a_row_give_every_state_back(void **state)
{
    (void)state;
    struct model m;
    struct error e;
    int32_t ids[N];
    const size_t places[] = {1, 5, 64, 128, 131, 192, 256, 299, 300};
    enum { PLACES = sizeof places / sizeof *places };
    struct bytes shrunk[PLACES], before = {NULL, 0};
    size_t parts = 0, all = 0;
    make_model(&m, ids);
    read_to(&m, ids, places, PLACES, shrunk);
    struct session *s;
    assert_ok(session_open(&s, &m, test_backend, &e), e);
    for (size_t i = 0; i < PLACES; i++) {
        struct bytes part, whole;
        assert_ok(kv_state_part(&part.data, &part.size, shrunk[i].data, shrunk[i].size, before.data, before.size, &e),
                  e);
        assert_int_equal(part.size, session_state_part_size_at(s, places[i], i ? places[i - 1] : 0));
        assert_ok(kv_state_whole(&whole.data, &whole.size, part.data, part.size, before.data, before.size, &e), e);
        assert_int_equal(whole.size, shrunk[i].size);
        assert_memory_equal(whole.data, shrunk[i].data, whole.size);
        assert_int_equal(
            kv_state_whole(&whole.data, &whole.size, part.data, part.size - 1, before.data, before.size, &e), -1);
        parts += part.size;
        all += shrunk[i].size;
        free(part.data);
        free(before.data);
        before = whole;
    }
    assert_true(parts < all * 2 / 3);
    free(before.data);
    for (size_t i = 0; i < PLACES; i++) free(shrunk[i].data);
    session_close(s);
    synthetic_model_close(&m);
}

static void a_part_without_the_state_before_it_is_refused(void **state)
{
    (void)state;
    struct model m;
    struct error e;
    int32_t ids[N];
    const size_t places[] = {100, 120, 200};
    struct bytes shrunk[3], part, whole;
    make_model(&m, ids);
    read_to(&m, ids, places, 3, shrunk);
    assert_ok(kv_state_part(&part.data, &part.size, shrunk[1].data, shrunk[1].size, shrunk[0].data, shrunk[0].size, &e),
              e);
    assert_int_equal(kv_state_whole(&whole.data, &whole.size, part.data, part.size, NULL, 0, &e), -1);
    assert_int_equal(kv_state_whole(&whole.data, &whole.size, part.data, part.size, shrunk[2].data, shrunk[2].size, &e),
                     -1);
    assert_string_equal(e.text, "state: the one before it is of another shape or comes later");
    assert_int_equal(kv_state_expand(&whole.data, &whole.size, part.data, part.size, &e), -1);
    assert_string_equal(e.text, "state: of another kind");
    free(part.data);
    for (size_t i = 0; i < 3; i++) free(shrunk[i].data);
    synthetic_model_close(&m);
}

static void no_flipped_byte_is_read_out_of_bounds(void **state)
{
    (void)state;
    struct model m;
    struct error e;
    int32_t ids[N];
    struct bytes shrunk[1], part, out;
    make_model(&m, ids);
    read_to(&m, ids, (const size_t[]){150}, 1, shrunk);
    assert_ok(kv_state_part(&part.data, &part.size, shrunk[0].data, shrunk[0].size, NULL, 0, &e), e);
    const size_t head = sizeof(struct kv_state_header) + 200;
    for (size_t at = 0; at < head; at++) {
        part.data[at] ^= (uint8_t)(1u << at % 8);
        if (kv_state_whole(&out.data, &out.size, part.data, part.size, NULL, 0, &e) == 0) free(out.data);
        part.data[at] ^= (uint8_t)(1u << at % 8);
        shrunk[0].data[at] ^= (uint8_t)(1u << at % 8);
        if (kv_state_expand(&out.data, &out.size, shrunk[0].data, shrunk[0].size, &e) == 0) free(out.data);
        shrunk[0].data[at] ^= (uint8_t)(1u << at % 8);
    }
    free(part.data);
    free(shrunk[0].data);
    synthetic_model_close(&m);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rounded_state_has_every_row_nearly_and_goes_on_from_it),
        cmocka_unit_test(parts_in_a_row_give_every_state_back),
        cmocka_unit_test(a_part_without_the_state_before_it_is_refused),
        cmocka_unit_test(no_flipped_byte_is_read_out_of_bounds),
    };
    test_device_choose(argc, argv);
    return test_device_result(cmocka_run_group_tests(tests, test_device_open, test_device_close));
}
