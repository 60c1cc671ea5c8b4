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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_take_few_characters),
        cmocka_unit_test(bytes_have_their_unit),
        cmocka_unit_test(shares_say_that_they_are_small),
        cmocka_unit_test(times_grow_from_minutes_to_days),
        cmocka_unit_test(heat_is_nothing_for_nothing_and_full_at_the_peak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
