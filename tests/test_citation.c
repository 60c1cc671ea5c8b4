#include "tests/test.h"

#include "app/answer/citation.h"

#define SPACES "                                " /* half of what is held back at most */

static void collect(void *context, const char *text, size_t size)
{
    strncat(context, text, size);
}

/* Feeds the answer in pieces of n bytes, with passages 1, 2 and 12 shown. What is emitted is what is kept. */
static void expect_in_pieces(const char *answer, size_t n, const char *expected, uint32_t cited)
{
    char emitted[512] = "";
    struct error e;
    struct citation_filter f = {.shown = 1 | 1 << 1 | 1 << 11, .emit = collect, .context = emitted};
    for (size_t at = 0, size = strlen(answer); at < size; at += n)
        assert_ok(citation_add(&f, answer + at, size - at < n ? size - at : n, &e), e);
    assert_ok(citation_finish(&f, &e), e);
    assert_string_equal(f.text, expected);
    assert_string_equal(emitted, expected);
    assert_int_equal(f.cited, cited);
    free(f.text);
}

static void references_to_passages_that_were_not_shown_are_taken_out(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *expected;
        uint32_t cited;
    } cases[] = {
        {"He died [1].", "He died [1].", 1},
        {"He died [3].", "He died.", 0},
        {"Both [1, 12] and [4,2]", "Both [1][12] and [2]", 1 | 1 << 11 | 1 << 1},
        {"[2] It is so. [99999999999999999999]", "[2] It is so.", 2},
        {"a[i] = b[12x] + [];", "a[i] = b[12x] + [];", 0},
        {"open [1", "open [1", 0},
        {"two  [1] [[2]] [0]", "two [1] [[2]]", 3},
        {"[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]",
         "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]", 0},
        {"far" SPACES SPACES "[3] off" SPACES SPACES "[1]", "far" SPACES " off" SPACES " [1]", 1},
        {"\n\n Text \n", "Text", 0},
        {"", "", 0},
        {"caf\xC3\xA9 \xE2\x82\xAC", "caf\xC3\xA9 \xE2\x82\xAC", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t n = 1; n < 9; n++) expect_in_pieces(cases[i].answer, n, cases[i].expected, cases[i].cited);
}

static size_t n_pieces;

static void check_whole(void *context, const char *text, size_t size)
{
    (void)context;
    n_pieces++;
    assert_true(size > 0 && ((unsigned char)text[0] & 0xC0) != 0x80);
}

static void characters_are_never_cut(void **state)
{
    (void)state;
    struct error e;
    struct citation_filter f = {.emit = check_whole};
    const char *text = "\xE2\x82\xAC\xC3\xA9\xF0\x9F\x98\x80!";
    n_pieces = 0;
    for (size_t i = 0; i < strlen(text); i++) assert_ok(citation_add(&f, text + i, 1, &e), e);
    assert_ok(citation_finish(&f, &e), e);
    assert_int_equal(n_pieces, 4);
    assert_string_equal(f.text, text);
    free(f.text);
}

static void numbers_are_read_to_their_end(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *expected;
        uint32_t cited;
    } cases[] = {
        {"ten [10] one [1]", "ten one [1]", 1}, /* a zero inside it: not passage 1 */
        {"[012]", "[12]", 1 << 11},
        {"[1][1]", "[1][1]", 1},
        {"a [33] b [32] c", "a b c", 0},
        {"x[1]y", "x[1]y", 1},
        {"a [ ] b", "a [ ] b", 0},
        {"a [,] b", "a [,] b", 0},
        {"end [", "end [", 0},
        {"end [1]  ", "end [1]", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t n = 1; n < 9; n++) expect_in_pieces(cases[i].answer, n, cases[i].expected, cases[i].cited);
}

static void passages_1_and_32_are_the_first_and_the_last(void **state)
{
    (void)state;
    struct error e;
    struct citation_filter f = {.shown = 1 | UINT32_C(1) << 31};
    assert_ok(citation_add(&f, "a [0] b [1] c [31] d [32] e [33]", 32, &e), e);
    assert_ok(citation_finish(&f, &e), e);
    assert_string_equal(f.text, "a b [1] c d [32] e");
    assert_true(f.cited == (1 | UINT32_C(1) << 31));
    free(f.text);
}

static void a_reference_is_up_to_three_digits_in_brackets(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t length;
    } cases[] = {{"[1]", 3}, {"[12] x", 4}, {"[123]", 5}, {"[1234]", 0}, {"[]", 0}, {"[x]", 0},
                 {"[1", 0},  {"(1)", 0},    {"", 0},      {"[1x]", 0},   {"[", 0},  {"[01]", 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(citation_reference(cases[i].text, strlen(cases[i].text)), cases[i].length);
    assert_int_equal(citation_reference("[12]", 3), 0); /* cut before its end */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_to_passages_that_were_not_shown_are_taken_out),
        cmocka_unit_test(characters_are_never_cut),
        cmocka_unit_test(numbers_are_read_to_their_end),
        cmocka_unit_test(passages_1_and_32_are_the_first_and_the_last),
        cmocka_unit_test(a_reference_is_up_to_three_digits_in_brackets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
