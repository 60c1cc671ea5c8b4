#include "tests/test.h"

#include "app/text/corpus.h"
#include "app/text/text_layout.h"

static struct corpus *corpus_of(const char *text, size_t size)
{
    static const char *const paths[] = {"a.txt"};
    struct corpus *c = NULL;
    struct error e = {0};
    assert_ok(corpus_open_memory(&c, paths, &text, &size, 1, &e), e);
    return c;
}

/* Rows joined by '|'. */
static void assert_rows(const char *text, int width, bool words, const char *expected)
{
    struct corpus *c = corpus_of(text, strlen(text));
    const struct document *d = &c->documents[0];
    char shown[512] = "";
    for (uint64_t at = 0; at < d->size;) {
        uint64_t end = text_layout_row_end(d, at, width, words);
        assert_true(end > at);
        strncat(shown, d->text + at, (size_t)(end - at));
        strcat(shown, "|");
        at = end;
    }
    assert_string_equal(shown, expected);
    corpus_close(c);
}

static void prose_breaks_at_blanks_and_code_anywhere(void **state)
{
    (void)state;
    assert_rows("Call me Ishmael.\nSome", 8, true, "Call me |Ishmael.\n|Some|");
    assert_rows("Call me Ishmael.\nSome", 8, false, "Call me |Ishmael.\n|Some|");
    assert_rows("abc defghij", 6, true, "abc |defghi|j|");
    assert_rows("abc defghij", 6, false, "abc de|fghij|");
    assert_rows("\n\na\n", 6, true, "\n|\n|a\n|");
}

static void wide_characters_and_tabs_count_their_columns(void **state)
{
    (void)state;
    assert_rows("日本語です", 5, false, "日本|語で|す|");
    assert_rows("a\tb\tc", 10, false, "a\tb|\tc|");
    assert_rows("\x1b[2J", 3, false, "\x1b[|2J|");
}

static void a_row_narrower_than_a_character_still_moves_on(void **state)
{
    (void)state;
    assert_rows("日本", 1, false, "日|本|");
    assert_rows("\xE2\x80\xAE"
                "a",
                2, false, "\xE2\x80\xAE|a|");
}

/* From any place in hostile text the row that holds it is one of the rows seen from the beginning, and no row is long.
 */
static void rows_are_the_same_from_any_place(void **state)
{
    (void)state;
    uint64_t seed = 5;
    size_t size = 60000;
    char *text = malloc(size);
    for (size_t i = 0; i < size; i++) {
        uint64_t r = test_random(&seed) >> 32;
        text[i] = i < 20000 ? (char)r : i < 40000 ? (r % 8 ? 'a' : ' ') : (i % 2 ? '\x81' : '\xCC');
        if (i >= 20000 && text[i] == '\n') text[i] = 'x';
    }
    struct corpus *c = corpus_of(text, size);
    const struct document *d = &c->documents[0];
    for (int words = 0; words < 2; words++) {
        for (uint64_t at = 0; at < d->size;) {
            uint64_t end = text_layout_row_end(d, at, 40, words);
            assert_in_range(end - at, 1, 2100);
            assert_int_equal(text_layout_row_start(d, at, 40, words), at);
            assert_int_equal(text_layout_row_start(d, at + (test_random(&seed) >> 32) % (end - at), 40, words), at);
            at = end;
        }
    }
    corpus_close(c);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prose_breaks_at_blanks_and_code_anywhere),
        cmocka_unit_test(wide_characters_and_tabs_count_their_columns),
        cmocka_unit_test(a_row_narrower_than_a_character_still_moves_on),
        cmocka_unit_test(rows_are_the_same_from_any_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
