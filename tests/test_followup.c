#include "tests/test.h"

#include "app/answer/followup.h"
#include "app/text/leaning.h"

static void questions_lean_by_pronouns_without_a_name_and_by_their_beginnings(void **state)
{
    (void)state;
    static const char *const leaning[] = {"When was he born?",    "And the lawyer?", "why?",
                                          "What about the door?", "Where is it?",    "what did they do to her house"};
    static const char *const alone[] = {"Who is Hyde?",     "Why did Jekyll hide?", "When did Utterson say he left?",
                                        "what is a heron?", "Which item was sold?", ""};
    static const char *const standing_for_nothing[] = {
        "Is it true that the others stay behind?", "was it possible to open the door", "What does it say about keys?",
        "how long does it take to row out", "\"Is it known who sent the letter?\""};
    static const char *const standing_for_something[] = {"Is it true?", "was it right",
                                                         "did it sink when the storm came", "does he say so",
                                                         "who gave it to the doctor"};
    static const char *const of_its_own_thing[] = {"What was painted on the hound to make it glow?",
                                                   "where did the captain hide when he was ill",
                                                   "who are the man and his wife", "what did a guest say that she saw"};
    static const char *const of_another[] = {"What did the doctor say about it?", "why did the man go to her house",
                                             "when she came, who opened the door", "who wrote to the doctor for him"};
    for (size_t i = 0; i < 4; i++) assert_false(leaning_is(of_its_own_thing[i]));
    for (size_t i = 0; i < 4; i++) assert_true(leaning_is(of_another[i]));
    for (size_t i = 0; i < sizeof leaning / sizeof *leaning; i++) assert_true(leaning_is(leaning[i]));
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) assert_false(leaning_is(alone[i]));
    for (size_t i = 0; i < 5; i++) assert_false(leaning_is(standing_for_nothing[i]));
    for (size_t i = 0; i < 5; i++) assert_true(leaning_is(standing_for_something[i]));
}

static void expect(const struct followup *f, const char *question, const char *expected)
{
    struct error e;
    char *resolved;
    assert_ok(followup_resolve(f, question, NULL, NULL, NULL, &resolved, &e), e);
    assert_string_equal(resolved, expected);
    free(resolved);
}

static void a_leaning_question_gets_the_last_one_that_stood_alone(void **state)
{
    (void)state;
    struct error e;
    struct followup f = {0};
    expect(&f, "When was he born?", "When was he born?");
    assert_ok(followup_remember(&f, "Who is Hyde?", "A man.", &e), e);
    expect(&f, "Where does he live?", "Who is Hyde? Where does he live?");
    assert_ok(followup_remember(&f, "Where does he live?", "In Soho.", &e), e);
    expect(&f, "And why?", "Who is Hyde? And why?");
    expect(&f, "Who is Poole?", "Who is Poole?");
    assert_ok(followup_remember(&f, "Who is Poole?", "The butler.", &e), e);
    expect(&f, "And why?", "Who is Poole? And why?");
    followup_free(&f);
}

static void what_a_question_follows_up_can_be_told(void **state)
{
    (void)state;
    struct error e;
    struct followup f = {0};
    assert_ok(followup_remember(&f, "Who is Hyde?", "A man.", &e), e);
    assert_ok(followup_tell(&f, NULL, &e), e);
    expect(&f, "When was he born?", "When was he born?");
    assert_ok(followup_tell(&f, "Who is Poole?", &e), e);
    expect(&f, "Which street?", "Who is Poole? Which street?");
    followup_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_lean_by_pronouns_without_a_name_and_by_their_beginnings),
        cmocka_unit_test(what_a_question_follows_up_can_be_told),
        cmocka_unit_test(a_leaning_question_gets_the_last_one_that_stood_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
