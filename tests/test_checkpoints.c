#include "tests/test.h"

#include <stdio.h>

#include "app/reader/checkpoints.h"

static void round_places_are_an_eighth_to_a_sixteenth_of_a_text_apart(void **test)
{
    (void)test;
    assert_int_equal(checkpoints_begin(0).grain, 512);
    assert_int_equal(checkpoints_begin(16 << 10).grain, 512); /* about 4096 tokens */
    assert_int_equal(checkpoints_begin(200000).grain, 4096);  /* about 50 thousand */
    assert_int_equal(checkpoints_begin((uint64_t)4 << 30).grain, 1 << 27);
}

static void a_chunk_that_passes_a_round_place_is_cut_there(void **test)
{
    (void)test;
    const struct checkpoints c = {.grain = 8192};
    assert_int_equal(checkpoints_cut(&c, 0, 1024), 1024);
    assert_int_equal(checkpoints_cut(&c, 7900, 1024), 292);
    assert_int_equal(checkpoints_cut(&c, 8192, 1024), 1024);
    assert_int_equal(checkpoints_cut(&c, 10, 65536), 65526); /* the roundest one it passes */
    assert_int_equal(checkpoints_cut(&c, 8192, 16384), 8192);
    assert_int_equal(checkpoints_cut(&c, 16384, 16384), 16384);
}

static void a_chunk_that_passes_no_round_place_has_none(void **test)
{
    (void)test;
    const struct checkpoints c = {.grain = 8192};
    assert_false(checkpoints_is_due(&c, 8192, 16383));
    assert_true(checkpoints_is_due(&c, 16383, 16390));
}

static void a_text_of_more_tokens_than_expected_has_not_many_more(void **test)
{
    (void)test;
    struct checkpoints c = checkpoints_begin(1 << 20);
    size_t n = 0;
    assert_int_equal(c.grain, 32768);
    for (uint64_t at = 512; at <= 1 << 24; at += 512) {
        if (!checkpoints_is_due(&c, at - 512, at)) continue;
        checkpoints_made(&c);
        n++;
    }
    assert_in_range(n, 32, 64); /* 512 at the first grain */
}

static void assert_stay(const uint64_t *places, size_t n, size_t most, const char *expected)
{
    bool stays[32];
    char made[256] = "";
    checkpoints_stay(stays, places, n, most);
    for (size_t i = 0; i < n; i++)
        if (stays[i]) snprintf(made + strlen(made), sizeof made - strlen(made), " %d", (int)places[i]);
    assert_string_equal(made, expected);
}

static void the_roundest_places_stay_and_the_end(void **test)
{
    (void)test;
    const uint64_t places[] = {1024, 2048, 3072, 3333, 4096, 5120, 6144, 7168, 7777};
    assert_stay(places, 9, 9, " 1024 2048 3072 3333 4096 5120 6144 7168 7777");
    assert_stay(places, 9, 8, " 1024 2048 3072 4096 5120 6144 7168 7777");
    assert_stay(places, 9, 4, " 2048 4096 6144 7777");
    assert_stay(places, 9, 1, " 7777");
    assert_stay(places, 1, 8, " 1024");
}

static void of_places_that_are_as_round_those_far_apart_stay(void **test)
{
    (void)test;
    const uint64_t places[] = {1, 101, 103, 201, 301};
    assert_stay(places, 5, 4, " 1 101 201 301");
    assert_stay(places + 1, 4, 3, " 101 201 301");
}

/* The first gap is that from the beginning of the text. */
static void the_beginning_of_the_text_counts_as_a_place(void **test)
{
    (void)test;
    const uint64_t near[] = {1, 51, 101, 201}, far[] = {51, 101, 103, 201};
    assert_stay(near, 4, 3, " 51 101 201");
    assert_stay(near, 4, 2, " 101 201");
    assert_stay(far, 4, 3, " 51 103 201");
}

static void of_places_that_lie_as_far_apart_the_later_one_stays(void **test)
{
    (void)test;
    const uint64_t places[] = {101, 201, 301, 401};
    assert_stay(places, 4, 3, " 101 301 401");
    assert_stay(places, 4, 2, " 101 401");
}

static void a_text_just_past_a_power_of_two_has_its_places_twice_as_far_apart(void **test)
{
    (void)test;
    assert_int_equal(checkpoints_begin(32767).grain, 512); /* four bytes a token, sixteen places */
    assert_int_equal(checkpoints_begin(32768).grain, 1024);
    assert_int_equal(checkpoints_begin(65535).grain, 1024);
    assert_int_equal(checkpoints_begin(65536).grain, 2048);
}

static void the_sixteenth_place_doubles_what_lies_between_them(void **test)
{
    (void)test;
    struct checkpoints c = {.grain = 1024};
    for (int i = 0; i < 15; i++) checkpoints_made(&c);
    assert_int_equal(c.grain, 1024);
    checkpoints_made(&c);
    assert_int_equal(c.grain, 2048);
    for (int i = 0; i < 7; i++) checkpoints_made(&c); /* eight of the sixteen are round still */
    assert_int_equal(c.grain, 2048);
    checkpoints_made(&c);
    assert_int_equal(c.grain, 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_places_are_an_eighth_to_a_sixteenth_of_a_text_apart),
        cmocka_unit_test(a_chunk_that_passes_a_round_place_is_cut_there),
        cmocka_unit_test(a_chunk_that_passes_no_round_place_has_none),
        cmocka_unit_test(a_text_of_more_tokens_than_expected_has_not_many_more),
        cmocka_unit_test(the_roundest_places_stay_and_the_end),
        cmocka_unit_test(of_places_that_are_as_round_those_far_apart_stay),
        cmocka_unit_test(the_beginning_of_the_text_counts_as_a_place),
        cmocka_unit_test(of_places_that_lie_as_far_apart_the_later_one_stays),
        cmocka_unit_test(a_text_just_past_a_power_of_two_has_its_places_twice_as_far_apart),
        cmocka_unit_test(the_sixteenth_place_doubles_what_lies_between_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
