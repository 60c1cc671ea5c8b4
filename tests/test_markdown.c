/* Untrusted text in Markdown: what its characters would do is taken from them, and nothing else is changed. */
#include "tests/test.h"

#include "app/output/markdown.h"

static char *written(void (*write)(FILE *f, const char *text, size_t size), const char *text, size_t size)
{
    char *out = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&out, &n);
    assert_non_null(f);
    write(f, text, size);
    assert_int_equal(fclose(f), 0);
    return out;
}

static void block(FILE *f, const char *text, size_t size)
{
    markdown_text(f, text, size, SAFE_BLOCK);
}

static void code(FILE *f, const char *text, size_t size)
{
    markdown_code(f, "  ", text, size);
}

static void assert_written(void (*write)(FILE *f, const char *text, size_t size), const char *text,
                           const char *expected)
{
    char *out = written(write, text, strlen(text));
    assert_string_equal(out, expected);
    free(out);
}

static void every_mark_has_a_backslash_and_no_other_character(void **state)
{
    (void)state;
    for (int c = 0x20; c < 0x7f; c++) {
        const char text[] = {'a', (char)c, 'b', '\0'}, marked[] = {'a', '\\', (char)c, 'b', '\0'};
        assert_written(block, text, strchr("\\`*_[]<>#|~&$", c) ? marked : text);
    }
    assert_written(block, "**", "\\*\\*");
    assert_written(block, "", "");
    assert_written(block, "x*", "x\\*");
    assert_written(block, "[^1]: a", "\\[^1\\]: a");
    assert_written(block, "![x](javascript:y)", "!\\[x\\](javascript:y)");
}

static void a_line_makes_no_list_and_no_underline(void **state)
{
    (void)state;
    assert_written(block, "- a\n+ b\n-\n* c", "\\- a\n\\+ b\n\\-\n\\* c");
    assert_written(block, "1. a\n20) b\n3.\n4", "1\\. a\n20\\) b\n3\\.\n4");
    assert_written(block, "Title\n=====\nOther\n--\n", "Title\n\\=====\nOther\n\\--\n");
    assert_written(block, "  - a\n\t1. b", "  \\- a\n\t1\\. b");
    assert_written(block, "- - -", "\\- - -");
    assert_written(block, "\xC2\xAD a", "\\- a"); /* a soft hyphen is shown as a minus */
    /* what only looks like it, and what stands inside of a line */
    assert_written(block, "a - b + c = 1. d", "a - b + c = 1. d");
    assert_written(block, ".a\n) b\n(1) c", ".a\n) b\n(1) c");
}

static void a_line_has_one_blank_between_words(void **state)
{
    (void)state;
    assert_written(markdown_line, "  a \t b\r\n\r\nc  ", "a b c");
    assert_written(markdown_line, " \n\t ", "");
    assert_written(markdown_line, "- a\n- b 1. c", "\\- a - b 1. c");
    assert_written(markdown_line, "\n1. a", "1\\. a");
    assert_written(markdown_line, "<b> #x", "\\<b\\> \\#x");
}

static void nothing_is_left_that_a_terminal_obeys(void **state)
{
    (void)state;
    assert_written(block, "\x1b]0;x\x07\n", "^\\[\\]0;x^G\n");
    assert_written(block, "a\r\nb\rc\td", "a\nb^Mc\td");
    assert_written(markdown_line, "a\x1b[2Jb \xE2\x80\xAE", "a^\\[\\[2Jb \\<U+202E\\>");
    assert_written(code, "a\x1b[2J", "  ```\n  a^[[2J\n  ```\n");
}

static void code_lies_between_fences_that_it_does_not_close(void **state)
{
    (void)state;
    assert_written(code, "a\n\tb*\n", "  ```\n  a\n  \tb*\n  ```\n");
    assert_written(code, "a", "  ```\n  a\n  ```\n");
    assert_written(code, "a\r\nb\r\n", "  ```\n  a\n  b\n  ```\n");
    assert_written(code, "\n\r\na", "  ```\n  \n  \n  a\n  ```\n");
    assert_written(code, "", "  ```\n  ```\n");
    assert_written(code, "```\n", "  ````\n  ```\n  ````\n");
    assert_written(code, "`` ````` ``", "  ``````\n  `` ````` ``\n  ``````\n");
    assert_written(code, "``\n``", "  ```\n  ``\n  ``\n  ```\n");
}

/* Notations of control characters have brackets and a backslash, which are not to be those of a link or take away the
 * backslash before what follows. */
static void control_characters_make_no_markup(void **state)
{
    (void)state;
    assert_written(block, "\x1bx\x1d(javascript:y)", "^\\[x^\\](javascript:y)");
    assert_written(block, "\x1c*x\x1c*", "^\\\\\\*x^\\\\\\*");
    assert_written(markdown_line, "\x1fx\x1f", "^\\_x^\\_");
    assert_written(block, "\xff<", "\xEF\xBF\xBD\\<");
}

/* Whatever is written: without its backslashes it is what safe_text shows, and no mark stands there bare. */
static void without_backslashes_it_is_the_text(void **state)
{
    (void)state;
    static const char alphabet[] = "a1 .-+=)\n\\`*_[]<>#|~&$!\t\x1b\x1c\x1d";
    char text[24], plain[200], bare[400];
    uint64_t seed = 23;
    for (int turn = 0; turn < 5000; turn++) {
        const size_t size = test_random(&seed) % sizeof text;
        for (size_t i = 0; i < size; i++) text[i] = alphabet[test_random(&seed) % (sizeof alphabet - 1)];
        char *out = written(block, text, size), *to = bare;
        for (const char *at = out; *at != '\0'; at++) {
            if (*at == '\\') at++;
            assert_true(*at != '\0');
            assert_true(at > out || strchr("`*_[]<>#|~&$", *at) == NULL);
            *to++ = *at;
        }
        *to = '\0';
        safe_text_render(plain, sizeof plain, text, size, SAFE_BLOCK);
        assert_string_equal(bare, plain);
        free(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mark_has_a_backslash_and_no_other_character),
        cmocka_unit_test(a_line_makes_no_list_and_no_underline),
        cmocka_unit_test(a_line_has_one_blank_between_words),
        cmocka_unit_test(nothing_is_left_that_a_terminal_obeys),
        cmocka_unit_test(code_lies_between_fences_that_it_does_not_close),
        cmocka_unit_test(control_characters_make_no_markup),
        cmocka_unit_test(without_backslashes_it_is_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
