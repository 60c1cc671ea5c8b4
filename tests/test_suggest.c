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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistyped_name_is_recognised_and_another_word_is_not),
        cmocka_unit_test(only_the_named_part_of_the_word_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
