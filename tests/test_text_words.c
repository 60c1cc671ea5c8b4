/* Which words a text has, and where, letter by letter: whole ones first, then their parts. */
#include "tests/test.h"

#include "app/text/words.h"

struct list {
    const char *text;
    char words[512];
};

static void note(void *context, uint64_t hash, size_t begin, size_t end)
{
    struct list *l = context;
    assert_true(hash == words_hash(l->text + begin, end - begin));
    if (*l->words) strcat(l->words, " ");
    strncat(l->words, l->text + begin, end - begin);
}

static void assert_words(const char *text, const char *expected)
{
    struct list l = {.text = text};
    words_find(text, strlen(text), note, &l);
    assert_string_equal(l.words, expected);
}

static void words_are_runs_of_letters_and_digits(void **state)
{
    (void)state;
    assert_words("", "");
    assert_words(" -- ", "");
    assert_words("The cat, the dog.", "The cat the dog");
    assert_words("it's", "it s");
    assert_words("3 4.5", "3 4 5");
}

static void a_word_of_several_cases_counts_in_parts_too(void **state)
{
    (void)state;
    assert_words("readFile2", "readFile2 read File 2");
    assert_words("HTTPServer", "HTTPServer HTTP Server");
    assert_words("Reader", "Reader");
    assert_words("ABC", "ABC");
    assert_words("aB", "aB a B");
    assert_words("XYz", "XYz X Yz");
    assert_words("x86", "x86 x 86");
    assert_words("86x", "86x 86 x");
}

static void underscores_part_what_is_one_word(void **state)
{
    (void)state;
    assert_words("max_file", "max_file max file");
    assert_words("__init__", "__init__");
    assert_words("_a", "_a");
    assert_words("a__b", "a__b a b");
    assert_words("_", "_");
}

static void equal_words_are_those_that_differ_in_case_or_composition(void **state)
{
    (void)state;
#define SAME(a, b) assert_true(words_hash(a, strlen(a)) == words_hash(b, strlen(b)))
#define DIFFERENT(a, b) assert_true(words_hash(a, strlen(a)) != words_hash(b, strlen(b)))
    SAME("Reader", "rEADER");
    SAME("\xC3\x89t\xC3\xA9", "e\xCC\x81TE\xCC\x81");                                     /* composed or not */
    SAME("\xEF\xBC\xA1\xEF\xBC\x91", "a1");                                               /* full width */
    SAME("Stra\xC3\x9F\x65", "STRASSE");                                                  /* folded */
    SAME("\xD9\x83\xD9\x90\xD8\xAA\xD8\xA7\xD8\xA8", "\xD9\x83\xD8\xAA\xD8\xA7\xD8\xA8"); /* Arabic with a vowel mark */
    DIFFERENT("reader", "readers");
    DIFFERENT("\xC3\xA9", "e");
    DIFFERENT("ab", "ba");
    DIFFERENT("a", "");
}

static void scripts_without_spaces_are_found_by_pairs(void **state)
{
    (void)state;
    assert_words("\xE6\x97\xA5", "\xE6\x97\xA5");
    assert_words("\xE6\x97\xA5\xE6\x9C\xAC", "\xE6\x97\xA5\xE6\x9C\xAC");
    assert_words("\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", "\xE6\x97\xA5\xE6\x9C\xAC \xE6\x9C\xAC\xE8\xAA\x9E");
    assert_words("a\xE6\x97\xA5\x62", "a \xE6\x97\xA5 b");
}

static void korean_words_count_whole_and_in_pairs(void **state)
{
    (void)state;
    assert_words("\xED\x95\x9C", "\xED\x95\x9C");
    assert_words("\xED\x95\x9C\xEA\xB5\xAD", "\xED\x95\x9C\xEA\xB5\xAD");
    assert_words("\xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4",
                 "\xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4 \xED\x95\x9C\xEA\xB5\xAD "
                 "\xEA\xB5\xAD\xEC\x96\xB4");
}

/* Six letters of a Cyrillic word: the first five stand for its forms. */
static void inflected_words_count_by_their_beginning_too(void **state)
{
    (void)state;
#define FIVE "\xD0\xBA\xD0\xBD\xD0\xB8\xD0\xB3\xD0\xB0"
    assert_words(FIVE, FIVE);
    assert_words(FIVE "\xD0\xBC", FIVE "\xD0\xBC " FIVE);
    assert_words("letter", "letter"); /* Latin is not cut */
}

static void bytes_that_are_no_text_part_words(void **state)
{
    (void)state;
    assert_words("a\xFF\x62", "a b");
    assert_words("\xE6\x97", "");
    assert_words("ab\xC3", "ab");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_runs_of_letters_and_digits),
        cmocka_unit_test(a_word_of_several_cases_counts_in_parts_too),
        cmocka_unit_test(underscores_part_what_is_one_word),
        cmocka_unit_test(equal_words_are_those_that_differ_in_case_or_composition),
        cmocka_unit_test(scripts_without_spaces_are_found_by_pairs),
        cmocka_unit_test(korean_words_count_whole_and_in_pairs),
        cmocka_unit_test(inflected_words_count_by_their_beginning_too),
        cmocka_unit_test(bytes_that_are_no_text_part_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
