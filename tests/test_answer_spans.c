/* Answers in the text's own words, word for word. */
#include "tests/test.h"

#include "app/answer/answer.h"
#include "app/answer/answer_spans.h"
#include "app/text/corpus.h"

static const char *const paths[] = {"book.txt", "src/lamp.c"};
static const char *const texts[] = {
    "He was silent. The murdered man was\nSir Danvers  Carew, an old member. Nobody knew why.\n",
    "/* The lamp. */\nint lamp_burn(int hours)\n{\n    return hours * 3;\n}\n",
};

struct fixture {
    struct corpus *corpus;
    struct finding_item items[2];
    struct finding finding;
};

static void open_all(struct fixture *f)
{
    struct error e = {0};
    const size_t sizes[] = {strlen(texts[0]), strlen(texts[1])};
    *f = (struct fixture){
        .items = {{.document = 0, .size = (uint32_t)sizes[0]}, {.document = 1, .size = (uint32_t)sizes[1]}}};
    assert_ok(corpus_open_memory(&f->corpus, paths, texts, sizes, 2, &e), e);
    f->finding = (struct finding){.items = f->items, .n_items = 2, .judged = true, .found = true, .confidence = 0.9f};
}

/* Adds a span: these words of an item's document. */
static void add_span(struct fixture *f, size_t item, const char *words)
{
    const char *at = strstr(texts[item], words);
    assert_non_null(at);
    const uint64_t begin = (uint64_t)(at - texts[item]);
    f->finding.spans[f->finding.n_spans++] = (struct finding_span){item, begin, begin + strlen(words)};
}

static void expect(struct fixture *f, const char *words, const char *rest)
{
    struct answer a = {.finding = &f->finding};
    struct error e = {0};
    char expected[1024];
    snprintf(expected, sizeof expected, "%s%s", words, rest);
    assert_ok(answer_spans(&a, f->corpus, &e), e);
    assert_string_equal(a.text, expected);
    assert_int_equal(a.worded, strlen(words));
    free(a.text);
    corpus_close(f->corpus);
}

static void words_come_with_their_place_how_sure_and_their_sentence(void **state)
{
    (void)state;
    struct fixture f;
    open_all(&f);
    add_span(&f, 0, "Sir Danvers  Carew");
    expect(&f, "Sir Danvers Carew [1]", " (sure)\n\nThe murdered man was Sir Danvers Carew, an old member. [1]");
    open_all(&f);
    add_span(&f, 0, "silent");
    f.finding.confidence = 0.6f;
    expect(&f, "silent [1]", " (likely)\n\nHe was silent. [1]");
    open_all(&f);
    add_span(&f, 0, "silent");
    f.finding.confidence = 0.2f;
    expect(&f, "silent [1]", " (a guess)\n\nHe was silent. [1]");
}

static void several_words_share_a_sentence(void **state)
{
    (void)state;
    struct fixture f;
    open_all(&f);
    add_span(&f, 0, "murdered man");
    add_span(&f, 0, "old member");
    add_span(&f, 1, "hours * 3");
    f.finding.confidence = 0.3f;
    expect(&f, "murdered man [1], old member [1], hours * 3 [2]",
           " (perhaps)\n\nThe murdered man was Sir Danvers Carew, an old member. [1] return hours * 3; [2]");
}

static void a_line_that_is_the_words_is_not_told_twice(void **state)
{
    (void)state;
    struct fixture f;
    open_all(&f);
    add_span(&f, 1, "int lamp_burn(int hours)");
    expect(&f, "int lamp_burn(int hours) [2]", " (sure)");
}

static void yes_and_no_stand_on_a_sentence(void **state)
{
    (void)state;
    struct fixture f;
    open_all(&f);
    add_span(&f, 0, "silent");
    f.finding.says = REREAD_NO;
    expect(&f, "No [1]", " (sure)\n\nHe was silent. [1]");
}

static char *composed(struct fixture *f, char answerer[128])
{
    struct answer a = {.finding = &f->finding};
    struct error e = {0};
    assert_ok(answer_compose(&a, f->corpus, false, &(struct answer_callbacks){0}, &e), e);
    snprintf(answerer, 128, "%s", a.answerer);
    return a.text;
}

static void where_no_place_answers_the_nearest_sentences_are_quoted(void **state)
{
    (void)state;
    struct fixture f;
    char answerer[128];
    open_all(&f);
    f.finding.question = (char *)(uintptr_t) "Who was the murdered man?";
    f.finding.found = false;
    add_span(&f, 0, "Nobody knew why.");
    char *text = composed(&f, answerer);
    assert_string_equal(answerer, ANSWER_SPANS);
    assert_memory_equal(text, ANSWER_SPANS_NOTHING "\n\n", sizeof ANSWER_SPANS_NOTHING + 1);
    assert_non_null(strstr(text, "The murdered man was Sir Danvers Carew, an old member. [1]"));
    free(text);
    f.finding.n_items = 0;
    f.finding.n_spans = 0;
    text = composed(&f, answerer);
    assert_string_equal(text, ANSWER_SPANS_NOTHING);
    free(text);
    corpus_close(f.corpus);
}

static void a_guess_at_words_of_code_gives_way_to_lines(void **state)
{
    (void)state;
    struct fixture f;
    char answerer[128];
    open_all(&f);
    f.finding.question = (char *)(uintptr_t) "What does lamp_burn return?";
    add_span(&f, 1, "hours)");
    char *likely = composed(&f, answerer);
    assert_string_equal(answerer, ANSWER_SPANS);
    assert_string_equal(likely, "hours) [2] (sure)\n\nint lamp_burn(int hours) [2]");
    f.finding.n_spans = 0;
    add_span(&f, 1, "lamp_burn");
    char *echo = composed(&f, answerer);
    assert_string_equal(answerer, ANSWER_QUOTES);
    assert_non_null(strstr(echo, "int lamp_burn(int hours) [2]"));
    f.finding.n_spans = 0;
    add_span(&f, 1, "hours)");
    f.finding.confidence = 0.4f;
    char *guess = composed(&f, answerer);
    assert_string_equal(answerer, ANSWER_QUOTES);
    assert_non_null(strstr(guess, "int lamp_burn(int hours) [2]"));
    assert_null(strstr(guess, "perhaps"));
    free(likely);
    free(echo);
    free(guess);
    corpus_close(f.corpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_come_with_their_place_how_sure_and_their_sentence),
        cmocka_unit_test(several_words_share_a_sentence),
        cmocka_unit_test(a_line_that_is_the_words_is_not_told_twice),
        cmocka_unit_test(yes_and_no_stand_on_a_sentence),
        cmocka_unit_test(where_no_place_answers_the_nearest_sentences_are_quoted),
        cmocka_unit_test(a_guess_at_words_of_code_gives_way_to_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
