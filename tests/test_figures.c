/* Figures as they stand on the screen and in exports, letter by letter. */
#include "tests/test.h"

#include <math.h>

#include "app/text/figures.h"

static void counts_take_few_characters(void **state)
{
    (void)state;
    const struct {
        double n;
        const char *text;
    } cases[] = {{0, "0"}, {7, "7"}, {950, "950"}, {12300, "12.3k"}, {4.0e6, "4.0M"}, {1.2e9, "1.2G"}};
    char out[16];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(figures_count(out, cases[i].n), cases[i].text);
}

static void bytes_have_their_unit(void **state)
{
    (void)state;
    char out[16];
    assert_string_equal(figures_bytes(out, 950), "950 B");
    assert_string_equal(figures_bytes(out, 12300), "12.3 kB");
    assert_string_equal(figures_bytes(out, 4e9), "4.0 GB");
}

static void shares_say_that_they_are_small(void **state)
{
    (void)state;
    char out[16];
    assert_string_equal(figures_share(out, 0.31), "31%");
    assert_string_equal(figures_share(out, 0.042), "4.2%");
    assert_string_equal(figures_share(out, 0.0003), "0.03%");
    assert_string_equal(figures_share(out, 0.00001), "<0.01%");
    assert_string_equal(figures_share(out, 1), "100%");
}

static void times_grow_from_minutes_to_days(void **state)
{
    (void)state;
    char out[16];
    assert_string_equal(figures_time(out, 7), "0:07");
    assert_string_equal(figures_time(out, 12 * 60 + 34), "12:34");
    assert_string_equal(figures_time(out, 3 * 3600 + 21 * 60), "3:21:00");
    assert_string_equal(figures_time(out, 4 * 86400 + 11 * 3600), "4d 11h");
}

/* Linear heat is in proportion, logarithmic heat spreads the last three decades; both are 0 for nothing only. */
static void heat_is_nothing_for_nothing_and_full_at_the_peak(void **state)
{
    (void)state;
    for (int log = 0; log < 2; log++) {
        assert_int_equal(figures_heat(0, 1, log), 0);
        assert_int_equal(figures_heat(0, 0, log), 0);
        assert_int_equal(figures_heat(0.5, 0.5, log), FIGURES_HEAT - 1);
        for (double share = 1e-9, before = 0; share <= 1; share *= 1.5) {
            int heat = figures_heat(share, 1, log);
            assert_true(heat >= before && heat < FIGURES_HEAT);
            before = heat;
        }
    }
    assert_true(figures_heat(0.01, 1, true) > figures_heat(0.01, 1, false));
}

static void a_unit_begins_where_its_figures_do(void **state)
{
    (void)state;
    const struct {
        double n;
        const char *text;
    } cases[] = {{999.4, "999"},   {999.5, "1.0k"},    {99900, "99.9k"}, {99960, "100k"}, {999499, "999k"},
                 {999500, "1.0M"}, {9.995e14, "1.0P"}, {1e18, "1000P"},  {-3, "-3"}};
    char out[16];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(figures_count(out, cases[i].n), cases[i].text);
}

static void sizes_are_read_with_letters_of_either_case(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t size;
    } cases[] = {{"0", 0},
                 {"17", 17},
                 {"3K", 3072},
                 {"3k", 3072},
                 {"5M", 5 << 20},
                 {"5m", 5 << 20},
                 {"2G", UINT64_C(2) << 30},
                 {"2g", UINT64_C(2) << 30},
                 {"17179869183G", UINT64_C(17179869183) << 30},
                 {"18446744073709551615", UINT64_MAX}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t size = 9;
        assert_int_equal(figures_size(&size, cases[i].text), 0);
        assert_true(size == cases[i].size);
    }
}

static void what_is_no_size_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "", "K", "-1", "-0", " -1", " 1", "+1", "1T", "1KB", "1 K", "1.5", "17179869184G", "18446744073709551616"};
    uint64_t size = 9;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (figures_size(&size, wrong[i]) != -1) fail_msg("\"%s\" is %llu", wrong[i], (unsigned long long)size);
    assert_int_equal(size, 9);
}

static void a_share_has_more_figures_the_smaller_it_is(void **state)
{
    (void)state;
    char out[16];
    assert_string_equal(figures_share(out, 0), "0%");
    assert_string_equal(figures_share(out, -0.1), "0%");
    assert_string_equal(figures_share(out, 0.0001), "0.01%");
    assert_string_equal(figures_share(out, 0.000099), "<0.01%");
    assert_string_equal(figures_share(out, 0.001), "0.1%");
    assert_string_equal(figures_share(out, 0.000999), "0.10%");
    assert_string_equal(figures_share(out, 0.0994), "9.9%");
    assert_string_equal(figures_share(out, 0.0995), "10%");
}

static void a_time_is_rounded_to_the_second_and_has_days_from_two_on(void **state)
{
    (void)state;
    char out[16];
    assert_string_equal(figures_time(out, -1), "0:00");
    assert_string_equal(figures_time(out, 0.4), "0:00");
    assert_string_equal(figures_time(out, 0.5), "0:01");
    assert_string_equal(figures_time(out, 59.5), "1:00");
    assert_string_equal(figures_time(out, 3599), "59:59");
    assert_string_equal(figures_time(out, 3600), "1:00:00");
    assert_string_equal(figures_time(out, 172799), "47:59:59");
    assert_string_equal(figures_time(out, 172800), "2d 0h");
}

/* Eight levels above nothing: each is an eighth of the peak, or three eighths of a decade. */
static void heat_goes_up_in_eighths(void **state)
{
    (void)state;
    for (int level = 1; level <= 8; level++) {
        assert_int_equal(figures_heat(level / 8.0, 1, false), level);
        if (level < 8) assert_int_equal(figures_heat(level / 8.0 + 0.001, 1, false), level + 1);
        assert_int_equal(figures_heat(pow(10, 3 * (level / 8.0 - 1) - 0.001), 1, true), level);
    }
    assert_int_equal(figures_heat(3, 1, false), 8); /* above the peak */
    assert_int_equal(figures_heat(1, 1000, true), 0);
    assert_int_equal(figures_heat(1, 990, true), 1);
    assert_int_equal(figures_heat(NAN, 1, false), 0);
    assert_int_equal(figures_heat(1, NAN, false), 0);
    assert_int_equal(figures_heat(-1, 1, false), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_take_few_characters),
        cmocka_unit_test(bytes_have_their_unit),
        cmocka_unit_test(shares_say_that_they_are_small),
        cmocka_unit_test(times_grow_from_minutes_to_days),
        cmocka_unit_test(heat_is_nothing_for_nothing_and_full_at_the_peak),
        cmocka_unit_test(a_unit_begins_where_its_figures_do),
        cmocka_unit_test(sizes_are_read_with_letters_of_either_case),
        cmocka_unit_test(what_is_no_size_is_refused),
        cmocka_unit_test(a_share_has_more_figures_the_smaller_it_is),
        cmocka_unit_test(a_time_is_rounded_to_the_second_and_has_days_from_two_on),
        cmocka_unit_test(heat_goes_up_in_eighths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
