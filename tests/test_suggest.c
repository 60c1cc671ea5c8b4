#include "tests/test.h"

#include "app/text/suggest.h"

static void a_mistyped_name_is_recognised_and_another_word_is_not(void **state)
{
    (void)state;
    static const char *const names[] = {"ask", "read", "eval", "state", "question", "no-state", "line-numbers"};
    static const struct {
        const char *word, *meant; /* "": none */
    } cases[] = {
        {"aks", "ask"},
        {"as", "ask"},
        {"reed", "read"},
        {"raed", "read"},
        {"red", "read"},
        {"vale", ""},
        {"qestoin", "question"},
        {"questions", "question"},
        {"no-satte", "no-state"},
        {"state", "state"},
        {"stat", "state"},
        {"line-number", "line-numbers"},
        {"book", ""},
        {"x", ""},
        {"", ""},
        {"line-numbers-are-too-long-for-this", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct suggest s = suggest_for(cases[i].word, strlen(cases[i].word));
        char words[64], expected[64];
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) suggest_try(&s, names[k]);
        expected[0] = '\0';
        if (*cases[i].meant) snprintf(expected, sizeof expected, "; did you mean --%s?", cases[i].meant);
        assert_string_equal(suggest_words(&s, "--", words), expected);
    }
}

static void only_the_named_part_of_the_word_counts(void **state)
{
    (void)state;
    struct suggest s = suggest_for("jsno=yes", 4);
    char words[64];
    suggest_try(&s, "json");
    assert_string_equal(suggest_words(&s, "--", words), "; did you mean --json?");
}

static const char *meant(const char *word, const char *name)
{
    struct suggest s = suggest_for(word, strlen(word));
    suggest_try(&s, name);
    return s.nearest ? s.nearest : "";
}

static void a_long_name_may_be_wrong_twice_and_a_short_one_once(void **state)
{
    (void)state;
    assert_string_equal(meant("threds", "threads"), "threads");
    assert_string_equal(meant("thrds", "threads"), "threads"); /* seven letters */
    assert_string_equal(meant("thrs", "threads"), "");
    assert_string_equal(meant("promt", "prompt"), "prompt");
    assert_string_equal(meant("promx", "prompt"), ""); /* six */
    assert_string_equal(meant("ab", "ba"), "ba");      /* swapped: one mistake */
    assert_string_equal(meant("abc", "cab"), "");
    assert_string_equal(meant("a", "ab"), ""); /* too short to tell */
    assert_string_equal(meant("ab", "a"), "");
}

static void the_longest_names_are_compared_to_their_last_letter(void **state)
{
    (void)state;
    static const char longest[] = "abcdefghijklmnopqrstuvwxyz12345";
    assert_int_equal(strlen(longest), 31);
    assert_string_equal(meant("abcdefghijklmnopqrstuvwxyz1234x", longest), longest);
    assert_string_equal(meant("abcdefghijklmnopqrstuvwxyz123", longest), longest);
    assert_string_equal(meant("abcdefghijklmnopqrstuvwxyz123456", longest), ""); /* 32 */
}

static void of_names_as_near_the_first_is_meant(void **state)
{
    (void)state;
    struct suggest s = suggest_for("reat", 4);
    suggest_try(&s, "read");
    suggest_try(&s, "real");
    assert_string_equal(s.nearest, "read");
    assert_int_equal(s.distance, 1);
    suggest_try(&s, "reat");
    assert_string_equal(s.nearest, "reat");
    assert_int_equal(s.distance, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistyped_name_is_recognised_and_another_word_is_not),
        cmocka_unit_test(only_the_named_part_of_the_word_counts),
        cmocka_unit_test(a_long_name_may_be_wrong_twice_and_a_short_one_once),
        cmocka_unit_test(the_longest_names_are_compared_to_their_last_letter),
        cmocka_unit_test(of_names_as_near_the_first_is_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
