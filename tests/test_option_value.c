#include "tests/test.h"

#include <math.h>

#include "app/measure/scale.h"
#include "app/option_value.h"

static void assert_refused(int result, const struct error *e, const char *text)
{
    assert_int_equal(result, -1);
    assert_int_equal(e->kind, ERROR_USAGE);
    assert_string_equal(e->text, text);
}

static void a_size_has_a_letter_of_1024(void **state)
{
    (void)state;
    struct error e;
    uint64_t n = 7;
    assert_ok(option_value_size(&n, "memory", "3", &e), e);
    assert_int_equal(n, 3);
    assert_ok(option_value_size(&n, "memory", "2K", &e), e);
    assert_int_equal(n, 2048);
    assert_ok(option_value_size(&n, "memory", "5G", &e), e);
    assert_int_equal(n, UINT64_C(5) << 30);
    assert_refused(option_value_size(&n, "memory", "5X", &e), &e, "--memory 5X: not a size (a number, with K, M or G)");
    assert_refused(option_value_size(&n, "memory", "", &e), &e, "--memory : not a size (a number, with K, M or G)");
    assert_int_equal(n, UINT64_C(5) << 30); /* untouched */
}

static void both_ends_of_a_range_belong_to_it(void **state)
{
    (void)state;
    struct error e;
    uint64_t n = 7;
    assert_ok(option_value_within(&n, "ratio", "2", 2, 1024, &e), e);
    assert_ok(option_value_within(&n, "ratio", "1K", 2, 1024, &e), e);
    assert_int_equal(n, 1024);
    assert_refused(option_value_within(&n, "ratio", "1", 2, 1024, &e), &e, "--ratio 1: not from 2 to 1024");
    assert_refused(option_value_within(&n, "ratio", "1025", 2, 1024, &e), &e, "--ratio 1025: not from 2 to 1024");
    assert_int_equal(n, 1024);
    uint32_t count = 3;
    assert_ok(option_value_up_to(&count, "heads", "16", 16, &e), e);
    assert_int_equal(count, 16);
    assert_refused(option_value_up_to(&count, "heads", "0", 16, &e), &e, "--heads 0: not from 1 to 16");
    assert_refused(option_value_up_to(&count, "heads", "17", 16, &e), &e, "--heads 17: not from 1 to 16");
    assert_int_equal(count, 16);
}

static void threads_are_as_many_as_a_pool_can_have(void **state)
{
    (void)state;
    struct error e;
    unsigned n = 5;
    assert_ok(option_value_threads(&n, "threads", "1", &e), e);
    assert_int_equal(n, 1);
    assert_ok(option_value_threads(&n, "threads", "256", &e), e);
    assert_int_equal(n, 256);
    static const char *const wrong[] = {"0", "257", "-1", "2x", "", "1K", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[80];
        snprintf(text, sizeof text, "--threads %s: not a number from 1 to 256", wrong[i]);
        assert_refused(option_value_threads(&n, "threads", wrong[i], &e), &e, text);
    }
    assert_int_equal(n, 256);
}

static void a_real_number_lies_between_its_bounds(void **state)
{
    (void)state;
    struct error e;
    float x = 7;
    assert_ok(option_value_real(&x, "temperature", "0", 0, 5, &e), e);
    assert_true(x == 0);
    assert_ok(option_value_real(&x, "temperature", "5", 0, 5, &e), e);
    assert_ok(option_value_real(&x, "temperature", "0.25", 0, 5, &e), e);
    static const char *const wrong[] = {"5.01", "-0.1", "nan", "inf", "", "1,5", "0.5 "};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[80];
        snprintf(text, sizeof text, "--temperature %s: not a number from 0 to 5", wrong[i]);
        assert_refused(option_value_real(&x, "temperature", wrong[i], 0, 5, &e), &e, text);
    }
    assert_true(x == 0.25f);
}

static void lengths_have_commas_between_them(void **state)
{
    (void)state;
    struct error e;
    struct scale_options s = {.n_tokens = 9};
    assert_ok(option_value_lengths(&s, "8K", &e), e);
    assert_int_equal(s.n_tokens, 1);
    assert_int_equal(s.tokens[0], 8192);
    assert_ok(option_value_lengths(&s, "1,2M,3G", &e), e);
    assert_int_equal(s.n_tokens, 3);
    assert_int_equal(s.tokens[0], 1);
    assert_int_equal(s.tokens[1], 2 << 20);
    assert_int_equal(s.tokens[2], UINT64_C(3) << 30);
    static const char *const wrong[] = {"", "1,", ",1", "1,,2", "0", "1 2"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(option_value_lengths(&s, wrong[i], &e), -1);
        assert_int_equal(e.kind, ERROR_USAGE);
    }
}

static void there_are_at_most_so_many_lengths(void **state)
{
    (void)state;
    struct error e;
    struct scale_options s;
    char text[2 * SCALE_MAX_LENGTHS + 4] = "1";
    for (int i = 1; i < SCALE_MAX_LENGTHS; i++) strcat(text, ",1");
    assert_ok(option_value_lengths(&s, text, &e), e);
    assert_int_equal(s.n_tokens, SCALE_MAX_LENGTHS);
    strcat(text, ",1");
    assert_refused(option_value_lengths(&s, text, &e), &e, "--tokens: more than 64 lengths");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_size_has_a_letter_of_1024),
        cmocka_unit_test(both_ends_of_a_range_belong_to_it),
        cmocka_unit_test(threads_are_as_many_as_a_pool_can_have),
        cmocka_unit_test(a_real_number_lies_between_its_bounds),
        cmocka_unit_test(lengths_have_commas_between_them),
        cmocka_unit_test(there_are_at_most_so_many_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
