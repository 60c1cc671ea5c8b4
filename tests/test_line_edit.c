#include "tests/test.h"

#include "app/terminal/line_edit.h"

/* Types text and runs actions; '|' in what is expected is the cursor. */
static void assert_line(const struct line_edit *l, const char *expected)
{
    char shown[512];
    snprintf(shown, sizeof shown, "%.*s|%s", (int)l->cursor, line_edit_text(l), line_edit_text(l) + l->cursor);
    assert_string_equal(shown, expected);
}

static void type(struct line_edit *l, const char *text)
{
    assert_true(line_edit_insert(l, text, strlen(text)));
}

static void words_are_moved_over_and_cut_as_in_a_shell(void **state)
{
    (void)state;
    struct line_edit l = {0};
    type(&l, "who is captain ahab");
    line_edit_act(&l, EDIT_WORD_LEFT);
    assert_line(&l, "who is captain |ahab");
    line_edit_act(&l, EDIT_KILL_WORD);
    assert_line(&l, "who is |ahab");
    line_edit_act(&l, EDIT_KILL_END);
    assert_line(&l, "who is |");
    line_edit_act(&l, EDIT_HOME);
    line_edit_act(&l, EDIT_YANK);
    assert_line(&l, "ahab|who is ");
    line_edit_act(&l, EDIT_WORD_RIGHT);
    assert_line(&l, "ahabwho| is ");
    line_edit_act(&l, EDIT_KILL_HOME);
    assert_line(&l, "| is ");
    line_edit_act(&l, EDIT_KILL_WORD_RIGHT);
    assert_line(&l, "| ");
    line_edit_close(&l);
}

static void characters_are_removed_whole(void **state)
{
    (void)state;
    struct line_edit l = {0};
    type(&l, "a日e\xCC\x81");
    line_edit_act(&l, EDIT_BACKSPACE);
    assert_line(&l, "a日|");
    line_edit_act(&l, EDIT_LEFT);
    assert_line(&l, "a|日");
    line_edit_act(&l, EDIT_TRANSPOSE);
    assert_line(&l, "日a|");
    line_edit_act(&l, EDIT_HOME);
    line_edit_act(&l, EDIT_DELETE);
    assert_line(&l, "|a");
    line_edit_close(&l);
}

static void commands_on_an_empty_line_do_nothing(void **state)
{
    (void)state;
    struct line_edit l = {0};
    for (enum action c = EDIT_LEFT; c <= EDIT_NEXT; c++) assert_true(line_edit_act(&l, c));
    assert_line(&l, "|");
    assert_false(line_edit_act(&l, EDIT_ACCEPT));
    line_edit_close(&l);
}

static void pasted_controls_become_blanks_and_lines_stay(void **state)
{
    (void)state;
    struct line_edit l = {0};
    assert_true(line_edit_insert(&l, "a\x1b[31mb\r\nc\rd\xff\te", 15));
    assert_line(&l, "a [31mb\nc\nd e|");
    line_edit_close(&l);
}

static void up_and_down_move_between_lines_and_then_through_the_history(void **state)
{
    (void)state;
    struct line_edit l = {0};
    type(&l, "first");
    line_edit_accept(&l);
    type(&l, "second");
    line_edit_accept(&l);
    line_edit_accept(&l);
    assert_int_equal(l.n_history, 2);
    type(&l, "one\ntwo");
    line_edit_act(&l, EDIT_PREVIOUS);
    assert_line(&l, "one|\ntwo");
    line_edit_act(&l, EDIT_PREVIOUS);
    assert_line(&l, "second|");
    line_edit_act(&l, EDIT_PREVIOUS);
    line_edit_act(&l, EDIT_PREVIOUS);
    assert_line(&l, "first|");
    line_edit_act(&l, EDIT_NEXT);
    line_edit_act(&l, EDIT_NEXT);
    assert_line(&l, "one\ntwo|");
    line_edit_close(&l);
}

static void a_line_has_a_greatest_length(void **state)
{
    (void)state;
    struct line_edit l = {0};
    char *text = malloc(LINE_EDIT_MAX + 10);
    memset(text, 'x', LINE_EDIT_MAX + 10);
    assert_true(line_edit_insert(&l, text, LINE_EDIT_MAX + 10));
    assert_int_equal(l.size, LINE_EDIT_MAX);
    free(text);
    line_edit_close(&l);
}

/* Any keys leave valid text with the cursor at a character. */
static void any_keys_leave_whole_characters(void **state)
{
    (void)state;
    uint64_t seed = 11;
    struct line_edit l = {0};
    static const uint32_t characters[] = {'a', ' ', 0xE9, 0x65E5, 0x301, 0x1F40D, '\n'};
    for (int i = 0; i < 20000; i++) {
        uint64_t r = test_random(&seed);
        if (r % 2)
            assert_true(line_edit_key(&l, characters[(r >> 8) % 7]));
        else
            line_edit_act(&l, (enum action)(EDIT_LEFT + (r >> 8) % (EDIT_ACCEPT - EDIT_LEFT)));
        if (r % 97 == 0) line_edit_accept(&l);
        assert_true(l.cursor <= l.size);
        if (l.size > 0) {
            assert_int_equal(strlen(l.text), l.size);
            assert_true(((unsigned char)l.text[l.cursor] & 0xC0) != 0x80);
            assert_true(((unsigned char)l.text[0] & 0xC0) != 0x80);
        }
    }
    line_edit_close(&l);
}

static void up_and_down_keep_the_column(void **state)
{
    (void)state;
    struct line_edit l = {0};
    type(&l, "first one\nlast");
    line_edit_act(&l, EDIT_LEFT);
    assert_line(&l, "first one\nlas|t");
    line_edit_act(&l, EDIT_PREVIOUS);
    assert_line(&l, "fir|st one\nlast");
    line_edit_act(&l, EDIT_END);
    assert_line(&l, "first one|\nlast");
    line_edit_act(&l, EDIT_NEXT); /* the other one is shorter */
    assert_line(&l, "first one\nlast|");
    line_edit_close(&l);
}

static void a_column_inside_a_character_is_before_it(void **state)
{
    (void)state;
    struct line_edit l = {0};
    type(&l, "x\xE6\x97\xA5y\nabcd");
    line_edit_act(&l, EDIT_LEFT);
    line_edit_act(&l, EDIT_PREVIOUS);
    assert_line(&l, "x|\xE6\x97\xA5y\nabcd");
    line_edit_close(&l);
}

static void home_and_end_are_those_of_the_line(void **state)
{
    (void)state;
    struct line_edit l = {0};
    type(&l, "one\ntwo\nthree");
    line_edit_act(&l, EDIT_PREVIOUS);
    line_edit_act(&l, EDIT_HOME);
    assert_line(&l, "one\n|two\nthree");
    line_edit_act(&l, EDIT_KILL_END);
    assert_line(&l, "one\n|\nthree");
    line_edit_act(&l, EDIT_YANK);
    line_edit_act(&l, EDIT_YANK);
    assert_line(&l, "one\ntwotwo|\nthree");
    line_edit_act(&l, EDIT_KILL_HOME);
    assert_line(&l, "one\n|\nthree");
    line_edit_close(&l);
}

static void letters_digits_and_all_beyond_ascii_make_words(void **state)
{
    (void)state;
    struct line_edit l = {0};
    type(&l, "a0.z9-\xC3\xA9t\xC3\xA9_Z");
    static const char *const stops[] = {"a0.z9-\xC3\xA9t\xC3\xA9_|Z", "a0.z9-|\xC3\xA9t\xC3\xA9_Z",
                                        "a0.|z9-\xC3\xA9t\xC3\xA9_Z", "|a0.z9-\xC3\xA9t\xC3\xA9_Z",
                                        "|a0.z9-\xC3\xA9t\xC3\xA9_Z"};
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        line_edit_act(&l, EDIT_WORD_LEFT);
        assert_line(&l, stops[i]);
    }
    line_edit_act(&l, EDIT_WORD_RIGHT);
    assert_line(&l, "a0|.z9-\xC3\xA9t\xC3\xA9_Z");
    line_edit_close(&l);
}

static void characters_are_swapped_where_the_cursor_is(void **state)
{
    (void)state;
    struct line_edit l = {0};
    type(&l, "abcd");
    line_edit_act(&l, EDIT_LEFT);
    line_edit_act(&l, EDIT_TRANSPOSE);
    assert_line(&l, "abdc|");
    line_edit_act(&l, EDIT_HOME);
    line_edit_act(&l, EDIT_TRANSPOSE); /* nothing stands before it */
    assert_line(&l, "|abdc");
    line_edit_act(&l, EDIT_RIGHT);
    line_edit_act(&l, EDIT_TRANSPOSE);
    assert_line(&l, "ba|dc");
    line_edit_close(&l);
}

static void the_history_keeps_the_last_500(void **state)
{
    (void)state;
    struct line_edit l = {0};
    char text[24];
    for (int i = 0; i < 502; i++) {
        snprintf(text, sizeof text, "line %d", i);
        line_edit_set(&l, text);
        line_edit_accept(&l);
    }
    assert_int_equal(l.n_history, 500);
    assert_string_equal(l.history[0], "line 2");
    assert_string_equal(l.history[499], "line 501");
    line_edit_set(&l, "line 501"); /* the same again is not kept again */
    line_edit_accept(&l);
    assert_int_equal(l.n_history, 500);
    assert_string_equal(l.history[0], "line 2");
    line_edit_act(&l, EDIT_PREVIOUS);
    assert_line(&l, "line 501|");
    line_edit_close(&l);
}

static void what_was_typed_is_there_again_behind_the_history(void **state)
{
    (void)state;
    struct line_edit l = {0};
    type(&l, "kept");
    line_edit_accept(&l);
    type(&l, "draft");
    line_edit_act(&l, EDIT_PREVIOUS);
    assert_line(&l, "kept|");
    type(&l, " and changed"); /* what is shown, not what is kept */
    line_edit_act(&l, EDIT_NEXT);
    assert_line(&l, "draft|");
    line_edit_act(&l, EDIT_NEXT);
    assert_line(&l, "draft|");
    line_edit_act(&l, EDIT_PREVIOUS);
    assert_line(&l, "kept|");
    line_edit_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_moved_over_and_cut_as_in_a_shell),
        cmocka_unit_test(characters_are_removed_whole),
        cmocka_unit_test(commands_on_an_empty_line_do_nothing),
        cmocka_unit_test(pasted_controls_become_blanks_and_lines_stay),
        cmocka_unit_test(up_and_down_move_between_lines_and_then_through_the_history),
        cmocka_unit_test(a_line_has_a_greatest_length),
        cmocka_unit_test(any_keys_leave_whole_characters),
        cmocka_unit_test(up_and_down_keep_the_column),
        cmocka_unit_test(a_column_inside_a_character_is_before_it),
        cmocka_unit_test(home_and_end_are_those_of_the_line),
        cmocka_unit_test(letters_digits_and_all_beyond_ascii_make_words),
        cmocka_unit_test(characters_are_swapped_where_the_cursor_is),
        cmocka_unit_test(the_history_keeps_the_last_500),
        cmocka_unit_test(what_was_typed_is_there_again_behind_the_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
