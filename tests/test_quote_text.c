/* What quoting sees in a text: where sentences end, what a question asks for, what a line of code is. */
#include "tests/test.h"

#include "app/answer/quote_text.h"

/* Every sentence of the text ends where a "~" stands in it. */
static void assert_sentences(const char *marked)
{
    char text[256], shown[256] = "";
    size_t size = 0;
    for (const char *p = marked; *p; p++)
        if (*p != '~') text[size++] = *p;
    for (size_t at = 0, end; at < size; at = end) {
        end = quote_text_sentence_end(text, at, size);
        assert_in_range(end, at + 1, size);
        strncat(shown, text + at, end - at);
        if (end < size) strcat(shown, "~");
    }
    assert_string_equal(shown, marked);
}

static void sentences_end_at_stops_before_white_space(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "One.~ Two!~ Three?~ Four",
        "He said \"Go.\"~ (She went.)~ So.",
        "Really?!~ Yes...~ No",
        "It is 3.14 or a.c or x.",
        "Mr. Hyde and Dr. Jekyll.~ Prof. X.",
        "By J. R. Smith.~ By \xC3\x89. Zola.", /* initials of any alphabet */
        "See Fig. 3, e.g. this, i.e. that.",
        "(Mr. Hyde) and \"St. Ives\".",
        "\"Stop!\" he said.~ He did.", /* a small letter goes on */
        "\"Halt!\" \xC3\xA9tait le mot.",
        "A line\ngoes on.~ Here",
        "A title\n~\nA text.",
        "A list:\n~- one\n~- two\n~* three\n~> four",
        "A rule\n~-- or\n~## this",
        "A hyphen\n-not an item",
        "Row\n~| a | b",
        "\xE4\xBB\x96\xE8\xB5\xB0\xE4\xBA\x86\xE3\x80\x82~\xE5\xA5\xB9\xE6\x9D\xA5\xE4\xBA\x86\xE3\x80\x82",
        "「行く。」と言った。~次。", /* speech before "he said" */
        "「行く。」~次。",
        "वह गया।~ वह आया।",
        "   .~ X",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) assert_sentences(texts[i]);
}

static void a_question_asks_for_a_kind_of_thing(void **state)
{
    (void)state;
    static const struct {
        const char *question;
        enum quote_kind kind;
    } questions[] = {
        {"Who left?", QUOTE_PERSON},
        {"For whom?", QUOTE_PERSON},
        {"whose hat", QUOTE_PERSON},
        {"WHERE is it", QUOTE_PLACE},
        {"In what city?", QUOTE_PLACE},
        {"When did he", QUOTE_TIME},
        {"since when?", QUOTE_TIME},
        {"Which year was it", QUOTE_TIME},
        {"How many are there", QUOTE_NUMBER},
        {"how old, then", QUOTE_NUMBER},
        {"Why?", QUOTE_REASON},
        {"What is it", QUOTE_ANY},
        {"whole", QUOTE_ANY},
        {"somewhere else", QUOTE_ANY},
        {"the WHO-list", QUOTE_ANY},
        {"how manyfold", QUOTE_ANY},
        {"how  many", QUOTE_ANY},
        {"who's there", QUOTE_PERSON},
        {"when and how many", QUOTE_NUMBER}, /* the first of the list */
        {"", QUOTE_ANY},
    };
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        struct quote_question q;
        quote_text_read_question(&q, questions[i].question);
        if (q.kind != questions[i].kind) fail_msg("%s asks for %d", questions[i].question, (int)q.kind);
    }
}

static void a_sentence_holds_what_is_asked_for_where_the_question_does_not_name_it(void **state)
{
    (void)state;
    static const struct {
        const char *question, *text;
        int kind;
        size_t n_words, n_asked;
    } looks[] = {
        {"Who left the house?", "In the house was Poole", 1, 5, 1},
        {"Who left the house?", "Poole was in the house", 0, 5, 1}, /* every first word has a capital */
        {"Who left the house?", "then \xC3\x89va left", 1, 3, 1},
        {"Who left the house?", "then \xC3\xA9va left", 0, 3, 1},
        {"Who left the house?", "then I left", 0, 3, 1}, /* one letter names nobody */
        {"Who left the house?", "then \xC3\x89 left", 0, 3, 1},
        {"Who saw Poole?", "there stood Poole", 0, 3, 1}, /* the question has that name */
        {"When did it burn?", "it burnt in 1846", 1, 4, 0},
        {"When did it burn?", "it burnt in May", 1, 4, 0},
        {"When did it burn?", "it may burn", 0, 3, 1}, /* that is no month */
        {"When did it burn?", "in march or MARCH", 1, 4, 0},
        {"When did it burn?", "on a Monday it burnt", 1, 5, 0},
        {"How many lamps?", "two lamps", 1, 2, 1},
        {"How many lamps?", "lamps 12", 1, 2, 1},
        {"How many lamps?", "some lamps", 0, 2, 1},
        {"Where is it kept?", "under the stairs", 1, 3, 0},
        {"Why did it sink?", "because of ice", 1, 3, 0},
        {"What is it?", "Because Poole 12", 0, 3, 0},
        {"lamp lamp oil", "oil lamp lamp oil", 0, 4, 2},
        {"what is", "what it is", 0, 3, 2}, /* stop words alone are asked for */
        {"x", "", 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        struct quote_question q;
        struct quote_terms asked;
        size_t n_words, n_asked = 0;
        float kind;
        quote_text_read_question(&q, looks[i].question);
        quote_text_look(&q, looks[i].text, strlen(looks[i].text), &asked, &n_words, &kind);
        for (size_t k = 0; k < q.n_terms; k++) n_asked += quote_terms_hold(&asked, k);
        if ((int)kind != looks[i].kind || n_words != looks[i].n_words || n_asked != looks[i].n_asked)
            fail_msg("%s: kind %d, %zu words, %zu asked for", looks[i].text, (int)kind, n_words, n_asked);
    }
}

static void lines_of_code_define_comment_or_neither(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool defines, comments;
    } lines[] = {
        {"def f(x):", true, false}, {"class A", true, false},     {"int(x)", true, false},
        {"func\tf()", true, false}, {"#define X 1", true, false}, {"defer f()", false, false},
        {"classes", false, false},  {"def", false, false},        {"x = def y", false, false},
        {"// a", false, true},      {"/* a", false, true},        {" // a", false, false},
        {"* a", false, true},       {"-- a", false, true},        {";; a", false, true},
        {"; a", false, false},      {"# a", false, true},         {"#!x", false, true},
        {"#if X", false, false},    {"#", false, false},          {"\"\"\"Doc", false, true},
        {"\"\"", false, false},     {"'''", false, true},         {"", false, false},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const size_t n = strlen(lines[i].line);
        if (quote_text_is_definition(lines[i].line, n) != lines[i].defines) fail_msg("defines: %s", lines[i].line);
        if (quote_text_is_comment(lines[i].line, n) != lines[i].comments) fail_msg("comments: %s", lines[i].line);
    }
    assert_true(quote_text_is_code("a/b.c") && quote_text_is_code("x.test.PY"));
    assert_false(quote_text_is_code("a.c/b") || quote_text_is_code("c") || quote_text_is_code("a.md"));
    assert_int_equal(quote_text_line_end("ab\ncd", 0, 5), 3);
    assert_int_equal(quote_text_line_end("ab\ncd", 3, 5), 5);
}

static void white_space_of_any_script_is_trimmed(void **state)
{
    (void)state;
    static const char *const texts[][2] = {{" a b\n", "a b"}, {"\xE3\x80\x80 a\t\xE3\x80\x80", "a"},
                                           {"a", "a"},        {" \xE3\x80\x80\n", ""},
                                           {"", ""},          {"\xE3\x80", "\xE3\x80"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t begin = 0, end = strlen(texts[i][0]);
        quote_text_trim(texts[i][0], &begin, &end);
        assert_int_equal(end - begin, strlen(texts[i][1]));
        assert_memory_equal(texts[i][0] + begin, texts[i][1], end - begin);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentences_end_at_stops_before_white_space),
        cmocka_unit_test(a_question_asks_for_a_kind_of_thing),
        cmocka_unit_test(a_sentence_holds_what_is_asked_for_where_the_question_does_not_name_it),
        cmocka_unit_test(lines_of_code_define_comment_or_neither),
        cmocka_unit_test(white_space_of_any_script_is_trimmed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
