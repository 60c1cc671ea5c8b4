#include "tests/test.h"

#include <stdio.h>

#include "app/reader/checkpoints.h"

static void round_places_are_closer_in_shorter_texts(void **test)
{
    (void)test;
    assert_int_equal(checkpoints_begin(0).grain, 512);
    assert_int_equal(checkpoints_begin(16 << 10).grain, 1024); /* about 4096 tokens */
    assert_int_equal(checkpoints_begin(200000).grain, 8192);
    assert_int_equal(checkpoints_begin((uint64_t)4 << 30).grain, 8192);
}

static void a_chunk_that_passes_a_round_place_is_cut_there(void **test)
{
    (void)test;
    const struct checkpoints c = checkpoints_begin(1 << 20);
    assert_int_equal(checkpoints_cut(&c, 0, 1024), 1024);
    assert_int_equal(checkpoints_cut(&c, 7900, 1024), 292);
    assert_int_equal(checkpoints_cut(&c, 8192, 1024), 1024);
    assert_int_equal(checkpoints_cut(&c, 10, 65536), 65526); /* the last one it passes */
}

/* Goes through a text of n chunks of 8192 tokens, each read in `seconds`, with sessions of `bytes` written in `writing`
 * seconds. Puts the chunks after which there is a checkpoint into `made`. */
static void go(char made[256], int n, double seconds, uint64_t bytes, double writing)
{
    const uint64_t chunk_bytes = (uint64_t)4 * 8192;
    struct checkpoints c = checkpoints_begin(chunk_bytes * (uint64_t)n);
    *made = '\0';
    for (int i = 1; i <= n; i++) {
        uint64_t end = 8192 * (uint64_t)i;
        if (!checkpoints_is_due(&c, end - 8192, end, chunk_bytes * (uint64_t)i, seconds * i)) continue;
        checkpoints_made(&c, bytes, writing);
        snprintf(made + strlen(made), 256 - strlen(made), " %d", i);
    }
}

static void small_sessions_are_kept_at_every_round_place(void **test)
{
    (void)test;
    char made[256];
    go(made, 12, 0.0009, 1 << 20, 1); /* neither the device nor the disk decides */
    assert_string_equal(made, " 1 2 3 4 5 6 7 8 9 10 11 12");
}

static void on_a_fast_device_they_are_spread_over_the_text(void **test)
{
    (void)test;
    char made[256];
    go(made, 40, 0.0009, 4 << 20, 0.02); /* a few in a text that takes 36 ms */
    assert_string_equal(made, " 1 10 20 30 40");
}

static void where_there_is_time_bytes_decide_and_rounder_places_come_first(void **test)
{
    (void)test;
    char made[256];
    go(made, 24, 0.5, 12 << 20, 0); /* 1.7 MB a chunk where it is rounder, else 1.2 */
    assert_string_equal(made, " 1 8 16 24");
}

static void they_take_a_hundredth_of_the_time(void **test)
{
    (void)test;
    char made[256];
    go(made, 24, 0.5, 10 << 20, 0.06); /* 1 % is 5 ms a chunk */
    assert_string_equal(made, " 1 12 24");
}

static void a_chunk_that_passes_no_round_place_has_none(void **test)
{
    (void)test;
    const struct checkpoints c = checkpoints_begin(1 << 20);
    assert_false(checkpoints_is_due(&c, 8192, 16383, 1000, 100));
    assert_true(checkpoints_is_due(&c, 16383, 16390, 1000, 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_places_are_closer_in_shorter_texts),
        cmocka_unit_test(a_chunk_that_passes_a_round_place_is_cut_there),
        cmocka_unit_test(small_sessions_are_kept_at_every_round_place),
        cmocka_unit_test(on_a_fast_device_they_are_spread_over_the_text),
        cmocka_unit_test(where_there_is_time_bytes_decide_and_rounder_places_come_first),
        cmocka_unit_test(they_take_a_hundredth_of_the_time),
        cmocka_unit_test(a_chunk_that_passes_no_round_place_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
