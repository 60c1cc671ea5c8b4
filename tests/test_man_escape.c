#include "tests/test.h"

#include "app/text/convert/man_escape.h"

/* Escapes of many pages, as they are written in C: each backslash twice. */
static void assert_words(const char *source, const char *expected)
{
    char out[MAN_ESCAPE_ROOM(128)];
    assert_true(strlen(source) <= 128);
    const size_t n = man_escape(out, source, strlen(source));
    out[n] = '\0';
    assert_string_equal(out, expected);
}

static void fonts_sizes_and_places_say_nothing(void **state)
{
    (void)state;
    assert_words("\\fBls\\fR [\\fIFILE\\fP]", "ls [FILE]");
    assert_words("\\f(CWcode\\fP \\f[B]bold\\f[]", "code bold");
    assert_words("\\s-1SMALL\\s0 \\s+2big\\s(10x \\s+(12y", "SMALL bigx y");
    assert_words("a\\h'2n'b\\v'1'c\\w'x'd", "abcd");
    assert_words("a\\&b\\|c\\:d\\%e", "abcde");
    assert_words("\\n(.lx\\m[red]y\\M[]z", "xyz");
}

static void signs_stand_for_themselves(void **state)
{
    (void)state;
    assert_words("\\-\\-all", "--all");
    assert_words("C:\\\\path \\e", "C:\\path \\");
    assert_words("a\\ b\\~c\\0d", "a b c d");
    assert_words("\\'x\\`", "'x`");
    assert_words("plain", "plain");
}

static void names_stand_for_characters(void **state)
{
    (void)state;
    assert_words("\\(em \\[em] \\C'x", "\xE2\x80\x94 \xE2\x80\x94 x");
    assert_words("\\*(lqword\\*(rq", "\xE2\x80\x9Cword\xE2\x80\x9D");
    assert_words("\\(co 1999", "\xC2\xA9 1999");
    assert_words("\\*R", "\xC2\xAE");
    assert_words("a\\(zzb", "ab"); /* no such one */
    assert_words("\\[u00E9]\\[u1F600]", "\xC3\xA9\xF0\x9F\x98\x80");
    assert_words("\\[uD800]\\[u12]\\[u00G1]", ""); /* half a pair, too short, no number */
}

static void accents_are_composed_with_their_letters(void **state)
{
    (void)state;
    assert_words("\\('e\\[`a]\\(^o\\[:u]\\(~n", "\xC3\xA9\xC3\xA0\xC3\xB4\xC3\xBC\xC3\xB1");
}

static void what_ends_too_early_is_left_out(void **state)
{
    (void)state;
    assert_words("a\\", "a");
    assert_words("a\\f", "a");
    assert_words("a\\(e", "ae");
    assert_words("a\\[em", "aem");
    assert_words("a\\h'2n", "a");
    assert_words("a\\s-", "a");
    assert_words("a\\*", "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fonts_sizes_and_places_say_nothing), cmocka_unit_test(signs_stand_for_themselves),
        cmocka_unit_test(names_stand_for_characters),         cmocka_unit_test(accents_are_composed_with_their_letters),
        cmocka_unit_test(what_ends_too_early_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
