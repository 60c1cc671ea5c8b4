/* Which words of a model's answer are the text's own. */
#include "tests/test.h"

#include "app/answer/answer.h"
#include "app/answer/own_words.h"
#include "app/text/corpus.h"

static const char *const paths[] = {"book.txt", "src/lamp.c"};
static const char *const texts[] = {
    "He was silent. The murdered man was\nSir Danvers  Carew, an “old” member. Nobody knew "
    "why.\n老人每天晚上爬上灯塔。",
    "int lamp_burn(int hours)\n{\n    return hours * 3 - 2 + 1;\n}\n",
};

/* The runs that are found in an answer, each in brackets. */
static void expect(const char *answerer, const char *answer, const char *marked)
{
    struct corpus *c;
    struct error e = {0};
    const size_t sizes[] = {strlen(texts[0]), strlen(texts[1])};
    struct finding_item items[] = {{.document = 0, .size = (uint32_t)sizes[0]},
                                   {.document = 1, .size = (uint32_t)sizes[1]}};
    const struct finding f = {.items = items, .n_items = 2};
    struct own_words *own = NULL;
    size_t n = 0, size = 0, at = 0;
    char shown[512];
    assert_ok(corpus_open_memory(&c, paths, texts, sizes, 2, &e), e);
    assert_ok(own_words_find(&own, &n, answerer, answer, strlen(answer), &f, c, &e), e);
    for (size_t i = 0; i < n; i++) {
        const char *there = texts[own[i].item] + own[i].offset;
        assert_true(own[i].begin >= at && own[i].end > own[i].begin);
        assert_int_equal(*there, answer[own[i].begin]);
        assert_int_equal(texts[own[i].item][own[i].text_end - 1], answer[own[i].end - 1]);
        size += (size_t)snprintf(shown + size, sizeof shown - size, "%.*s{%.*s}", (int)(own[i].begin - at), answer + at,
                                 (int)(own[i].end - own[i].begin), answer + own[i].begin);
        at = own[i].end;
    }
    snprintf(shown + size, sizeof shown - size, "%s", answer + at);
    assert_string_equal(shown, marked);
    free(own);
    corpus_close(c);
}

static void runs_of_three_words_are_the_texts_own(void **state)
{
    (void)state;
    expect("m", "It says that the murdered man was found [1].", "It says that the {murdered man was} found [1].");
    expect("m", "He was an old member, and the man is dead [1].", "He was an old member, and the man is dead [1].");
    expect("m", "It is return hours * 3 [2].", "It is {return hours * 3} [2].");
}

static void names_and_numbers_need_no_company(void **state)
{
    (void)state;
    expect("m", "It is Sir Danvers Carew [1].", "It is {Sir Danvers Carew} [1].");
    expect("m", "Carew died [1].", "{Carew} died [1]."); /* in the text no sentence begins there */
    expect("m", "Nobody is here [1].", "Nobody is here [1].");
    expect("m", "The function lamp_burn does it, 3 times [2].", "The function {lamp_burn} does it, {3} times [2].");
    expect("m", "silent [1]", "{silent} [1]"); /* all of the sentence */
    expect("m", "It is 4 [2]. [2][1]", "It is 4 [2]. [2][1]");
    expect("m", "It is 3 [2], not 1 [1].", "It is {3} [2], not {1} [1].");
}

static void white_space_is_no_difference_and_a_paragraph_is(void **state)
{
    (void)state;
    expect("m", "the murdered man was Sir\nDanvers Carew [1]", "the {murdered man was Sir\nDanvers Carew} [1]");
    expect("m", "murdered man\n\nwas killed [1]", "murdered man\n\nwas killed [1]");
    expect("m", "an “old” member [1]", "{an “old” member} [1]");
}

static void only_places_that_are_cited_count(void **state)
{
    (void)state;
    expect("m", "The murdered man was Carew.", "The murdered man was Carew.");
    expect("m", "The murdered man was Carew [2].", "The murdered man was Carew [2].");
    expect("m", "The murdered man was Carew [3].", "The murdered man was Carew [3].");
    expect("m", "The murdered man was Carew [2], [1].", "{The murdered man was} {Carew} [2], [1].");
    expect("m", "", "");
}

static void scripts_without_spaces_are_compared_by_pairs(void **state)
{
    (void)state;
    expect("m", "他说老人每天晚上睡觉 [1]", "他说{老人每天晚上}睡觉 [1]");
}

static void without_a_model_nothing_is_told_apart(void **state)
{
    (void)state;
    expect(ANSWER_SPANS, "The murdered man was Carew [1]", "The murdered man was Carew [1]");
    expect(ANSWER_QUOTES, "The murdered man was Carew [1]", "The murdered man was Carew [1]");
    expect(ANSWER_DOUBTED "m was not to be believed", "The murdered man was Carew [1]",
           "The murdered man was Carew [1]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_of_three_words_are_the_texts_own),
        cmocka_unit_test(names_and_numbers_need_no_company),
        cmocka_unit_test(white_space_is_no_difference_and_a_paragraph_is),
        cmocka_unit_test(only_places_that_are_cited_count),
        cmocka_unit_test(scripts_without_spaces_are_compared_by_pairs),
        cmocka_unit_test(without_a_model_nothing_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
