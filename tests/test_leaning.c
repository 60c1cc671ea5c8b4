/* Which questions lean on something said before, by their words alone. */
#include "tests/test.h"

#include "app/text/leaning.h"

static void assert_all(const char *const *questions, size_t n, bool lean)
{
    for (size_t i = 0; i < n; i++)
        if (leaning_is(questions[i]) != lean) fail_msg("\"%s\" %s", questions[i], lean ? "stands alone" : "leans");
}

#define LEAN(...) ALL(true, __VA_ARGS__)
#define STAND(...) ALL(false, __VA_ARGS__)
#define ALL(lean, ...)                                                                                                 \
    do {                                                                                                               \
        static const char *const questions[] = {__VA_ARGS__};                                                          \
        assert_all(questions, sizeof questions / sizeof *questions, lean);                                             \
    } while (0)

static void a_pronoun_without_a_name_before_it_leans(void **state)
{
    (void)state;
    LEAN("Where did he go?", "what is it called", "Who killed them?", "How old is she?", "What colour are their coats?",
         "Who made this?", "is that one of hers", "Does it hurt?", "he?", "  it");
    STAND("Where did Jekyll go?", "What did Hyde do to his cane?", "Who is Mr. Utterson?", "What is evidence attention",
          "how is the cache shared", "", "   ", "?!", "where is the item", "what is hit", "who wrote hymns");
}

static void a_name_is_a_capital_that_does_not_begin_the_question(void **state)
{
    (void)state;
    LEAN("Jekyll said it where?"); /* the first word is in capitals whatever it is */
    LEAN("When I saw it, what was broken?", "did I see him");
    STAND("When In saw it, what was broken?", "when A saw it, who ran?", "did J see him");
    LEAN("\"did she leave?\"", "- did she leave?");
    STAND("what did Éva do to her hat?", "where did Ødegård see it", "what did Юлия give her"); /* in any alphabet */
    LEAN("what does éva say of her", "wo 她 saw it"); /* no capital, or no case at all */
}

static void a_beginning_that_goes_on_leans(void **state)
{
    (void)state;
    LEAN("and then?", "And Poole?", "But why?", "So what happened", "Then who opened the door?", "what about Poole?",
         "How about the door", "what else", "Who else was there?", "and");
    STAND("android phones are where?", "Sophie is who?", "Thenardier lives where?", "Whatever happened in Soho",
          "What abouts", "butter costs what?");
}

static void a_why_leans_where_it_stands_alone(void **state)
{
    (void)state;
    LEAN("why", "Why?", "why??", " WHY?");
    STAND("Why did Jekyll drink?", "why is the sea salt", "why???", "whys?");
}

static void an_it_that_stands_for_nothing_does_not_lean(void **state)
{
    (void)state;
    STAND("Where does it say how the cache is kept?", "does it mention rain", "it seems what?",
          "When it rains, what rises", "is it true that the door was red", "Was it possible to leave?",
          "is it clear who left", "why is it important to wait", "how long does it take");
    LEAN("is it true?", "is it true, the story", "is it large that way", "does she say so", "it saysx",
         "is it possibly to");
}

static void a_thing_with_a_clause_about_it_does_not_lean(void **state)
{
    (void)state;
    STAND("What was painted on the hound to make it glow?", "what does the cache do when it is full",
          "who fed a dog before it ran", "what did the clerk say because he was tired");
    LEAN("who gave the key to her?",        /* this "to" opens no clause */
         "what made it glow on the hound?", /* the thing comes after it */
         "when was it painted",             /* there is no thing */
         "who saw the key under it");       /* there is no clause */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pronoun_without_a_name_before_it_leans),
        cmocka_unit_test(a_name_is_a_capital_that_does_not_begin_the_question),
        cmocka_unit_test(a_beginning_that_goes_on_leans),
        cmocka_unit_test(a_why_leans_where_it_stands_alone),
        cmocka_unit_test(an_it_that_stands_for_nothing_does_not_lean),
        cmocka_unit_test(a_thing_with_a_clause_about_it_does_not_lean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
