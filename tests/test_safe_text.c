#include "tests/test.h"

#include "app/text/safe_text.h"

static void assert_shows(const char *bytes, size_t size, enum safe_mode mode, const char *expected)
{
    char out[256];
    size_t n = safe_text_render(out, sizeof out, bytes, size, mode);
    assert_string_equal(out, expected);
    assert_int_equal(n, strlen(expected));
}

#define SHOWS(text, expected) assert_shows(text, sizeof(text) - 1, SAFE_LINE, expected)

static void plain_text_stays_as_it_is(void **state)
{
    (void)state;
    SHOWS("", "");
    SHOWS("int main(void) { return 0; }", "int main(void) { return 0; }");
    SHOWS("caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x90\x8D",
          "caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x90\x8D");
}

static void escape_sequences_become_visible(void **state)
{
    (void)state;
    SHOWS("\x1b[31mred\x1b]0;title\x07", "^[[31mred^[]0;title^G");
    SHOWS("a\0b\x7f\r\n\t", "a^@b^?^M^J^I");
    SHOWS("\xC2\x9b"
          "31m\xC2\x80\xC2\x85",
          "\\x9b31m\\x80\\x85");
}

static void bidi_controls_and_invisible_characters_are_marked(void **state)
{
    (void)state;
    SHOWS("a\xE2\x80\xAE"
          "b\xE2\x81\xA6",
          "a<U+202E>b<U+2066>");
    SHOWS("\xE2\x80\x8E\xE2\x80\x8F\xD8\x9C", "<U+200E><U+200F><U+061C>");
    SHOWS("\xE2\x80\x8B\xEF\xBB\xBF\xF3\xA0\x81\x81", "<U+200B><U+FEFF><U+E0041>");
    SHOWS("\xE2\x80\xA8\xE3\x85\xA4\xEE\x80\x80", "<U+2028><U+3164><U+E000>");
    SHOWS("un\xC2\xAD"
          "til",
          "un-til");
}

static void joiners_and_variation_selectors_are_left_out(void **state)
{
    (void)state;
    SHOWS("\xE2\x9D\xA4\xEF\xB8\x8F", "\xE2\x9D\xA4");
    SHOWS("\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB", "\xF0\x9F\x91\xA9\xF0\x9F\x92\xBB");
}

static void invalid_bytes_become_replacement_characters(void **state)
{
    (void)state;
    SHOWS("\xff\x9b", "\xEF\xBF\xBD\xEF\xBF\xBD");
    SHOWS("a\xE2\x82", "a\xEF\xBF\xBD\xEF\xBF\xBD");
    SHOWS("\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD");
    SHOWS("\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void a_block_keeps_its_lines(void **state)
{
    (void)state;
    static const char text[] = "one\r\ntwo\tthree\n\rfour\x1b";
    assert_shows(text, sizeof text - 1, SAFE_BLOCK, "one\ntwo\tthree\n^Mfour^[");
}

static void a_rendering_is_cut_at_a_whole_glyph(void **state)
{
    (void)state;
    char out[7];
    assert_int_equal(safe_text_render(out, sizeof out,
                                      "ab\x1b\xE6\x97\xA5"
                                      "cd",
                                      8, SAFE_LINE),
                     9);
    assert_string_equal(out, "ab^[");
    assert_int_equal(safe_text_render(out, 1, "ab", 2, SAFE_LINE), 2);
    assert_string_equal(out, "");
}

static void widths_are_columns(void **state)
{
    (void)state;
    assert_int_equal(safe_text_width("abc", 3), 3);
    assert_int_equal(safe_text_width("\xE6\x97\xA5", 3), 2);
    assert_int_equal(safe_text_width("e\xCC\x81", 3), 1);
    assert_int_equal(safe_text_width("\x1b", 1), 2);
    assert_int_equal(safe_text_width("\xE2\x80\xAE", 3), 8);
}

static void a_character_in_two_pieces_is_held_back(void **state)
{
    (void)state;
    assert_int_equal(safe_text_whole("", 0), 0);
    assert_int_equal(safe_text_whole("ab", 2), 2);
    assert_int_equal(safe_text_whole("a\xE6\x97", 3), 1);
    assert_int_equal(safe_text_whole("a\xE6\x97\xA5", 4), 4);
    assert_int_equal(safe_text_whole("\xF0\x9F\x90", 3), 0);
    assert_int_equal(safe_text_whole("\x80\x80\x80\x80", 4), 4);
}

/* Any bytes give something that a terminal prints and does not obey. */
static void no_bytes_reach_the_terminal_as_controls(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int round = 0; round < 2000; round++) {
        char bytes[32], out[512];
        for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)(test_random(&seed) >> 56);
        size_t n = safe_text_render(out, sizeof out, bytes, sizeof bytes, SAFE_LINE);
        assert_true(n < sizeof out);
        for (size_t i = 0; i < n; i++) {
            unsigned char c = (unsigned char)out[i];
            assert_true(c >= 0x20 && c != 0x7F);
            if (c == 0xC2) assert_true((unsigned char)out[i + 1] >= 0xA0);
        }
    }
}

static void a_stream_gets_the_same_rendering(void **state)
{
    (void)state;
    char *out = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&out, &size);
    assert_non_null(f);
    assert_int_equal(safe_text_write(f, "a\x1b[2J\n\xff", 7, SAFE_BLOCK), 0);
    assert_int_equal(fclose(f), 0);
    assert_string_equal(out, "a^[[2J\n\xEF\xBF\xBD");
    free(out);
}

static void a_block_that_ends_with_half_a_line_end_shows_it(void **state)
{
    (void)state;
    assert_shows("a\r", 2, SAFE_BLOCK, "a^M");
    assert_shows("a\r\n", 3, SAFE_BLOCK, "a\n");
    assert_shows("a\r\n", 2, SAFE_BLOCK, "a^M"); /* the newline is not part of it */
    assert_shows("\n\r\n\r", 4, SAFE_BLOCK, "\n\n^M");
}

static void the_first_and_last_of_ascii_stay_and_their_neighbours_do_not(void **state)
{
    (void)state;
    SHOWS("\x1f ~\x7f", "^_ ~^?");
    SHOWS("\xC2\x9f\xC2\xa0", "\\x9f\xC2\xa0"); /* the last control, and a blank that does not break */
    struct safe_glyph g;
    safe_text_next(" ", 1, &g);
    assert_int_equal(g.width, 1);
    assert_false(g.notation);
    safe_text_next("\x7f", 1, &g);
    assert_int_equal(g.width, 2);
    assert_true(g.notation);
}

static void bytes_behind_the_end_are_not_looked_at(void **state)
{
    (void)state;
    struct safe_glyph g;
    safe_text_next("\xE6\x97\xA5", 2, &g); /* a character of which a byte is missing */
    assert_int_equal(g.taken, 1);
    assert_true(g.notation);
    safe_text_next("\xE6\x97\xA5", 3, &g);
    assert_int_equal(g.taken, 3);
    assert_int_equal(g.width, 2);
    safe_text_next("\xF0\x9F\x90\x8Dxyz", 7, &g);
    assert_int_equal(g.taken, 4);
}

static void a_stream_of_whole_lines_keeps_them(void **state)
{
    (void)state;
    char *out = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&out, &size);
    assert_non_null(f);
    assert_int_equal(safe_text_write(f, "a\r\nb\tc\r", 7, SAFE_BLOCK), 0);
    assert_int_equal(safe_text_write(f, "d\ne", 3, SAFE_LINE), 0);
    assert_int_equal(fclose(f), 0);
    assert_string_equal(out, "a\nb\tc^Md^Je");
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_stays_as_it_is),
        cmocka_unit_test(escape_sequences_become_visible),
        cmocka_unit_test(bidi_controls_and_invisible_characters_are_marked),
        cmocka_unit_test(joiners_and_variation_selectors_are_left_out),
        cmocka_unit_test(invalid_bytes_become_replacement_characters),
        cmocka_unit_test(a_block_keeps_its_lines),
        cmocka_unit_test(a_rendering_is_cut_at_a_whole_glyph),
        cmocka_unit_test(widths_are_columns),
        cmocka_unit_test(a_character_in_two_pieces_is_held_back),
        cmocka_unit_test(no_bytes_reach_the_terminal_as_controls),
        cmocka_unit_test(a_stream_gets_the_same_rendering),
        cmocka_unit_test(a_block_that_ends_with_half_a_line_end_shows_it),
        cmocka_unit_test(the_first_and_last_of_ascii_stay_and_their_neighbours_do_not),
        cmocka_unit_test(bytes_behind_the_end_are_not_looked_at),
        cmocka_unit_test(a_stream_of_whole_lines_keeps_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
