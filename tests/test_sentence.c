/* Where sentences end, mark by mark and script by script. */
#include "tests/test.h"

#include "app/text/sentence.h"

static void a_mark_of_its_own_ends_a_sentence_wherever_it_stands(void **state)
{
    (void)state;
    static const char *const stops[] = {"。", "！", "？", "｡", "．", "।", "॥", "؟", "۔", "።", "፧", "။", "។", "៕", "།"};
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        const size_t n = strlen(stops[i]);
        char text[16];
        snprintf(text, sizeof text, "a%sb", stops[i]);
        assert_int_equal(sentence_stop(text, 1, n + 2), n);
        assert_int_equal(sentence_stop(text, 1, n + 1), n); /* the text may end with it */
        assert_int_equal(sentence_stop(text, 1, n), 0);     /* but not inside it */
        assert_int_equal(sentence_stop(text, 2, n + 2), 0);
        assert_true(sentence_ends(text, n + 1, false));
        assert_false(sentence_ends(text, n, false));
        assert_false(sentence_ends(text, n + 2, true));
    }
}

static void others_end_none_by_themselves(void **state)
{
    (void)state;
    static const char *const others[] = {".", "!", "?", "、", "，", "：", "…", "·", "é", "x", "，"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(sentence_stop(others[i], 0, strlen(others[i])), 0);
        assert_false(sentence_ends(others[i], strlen(others[i]), false));
    }
}

static void quotation_marks_and_brackets_close(void **state)
{
    (void)state;
    static const char *const closings[] = {"\"", "'",  ")",  "]",  "}",  "’",  "”",  "»", "」", "』",
                                           "）", "】", "》", "〉", "］", "〕", "〗", "｣", "›"};
    static const char *const openings[] = {"(", "[", "{", "‘", "“", "«", "「", "『", "（", "【", "《", "‹", "x", " "};
    for (size_t i = 0; i < sizeof closings / sizeof *closings; i++)
        assert_int_equal(sentence_closing(closings[i], 0, strlen(closings[i])), strlen(closings[i]));
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++)
        assert_int_equal(sentence_closing(openings[i], 0, strlen(openings[i])), 0);
    assert_int_equal(sentence_closing("x)", 2, 2), 0); /* behind the text */
    assert_int_equal(sentence_closing("”", 0, 2), 0);  /* and not whole in it */
}

static void what_closes_belongs_to_the_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool alone, spaced; /* whether it ends a sentence; where white space follows */
    } texts[] = {
        {"He left.", false, true},
        {"He left!\"", false, true},
        {"(He left?)", false, true},
        {"(\"He left.\")]", false, true},
        {"He left.”", false, true},
        {"He left.’»", false, true},
        {"他走了。", true, true},
        {"「他走了。」", true, true},
        {"『「他走了？」』)", true, true},
        {"他走了」", false, false},
        {"(He left)", false, false},
        {"He left,\"", false, false},
        {"He left.x", false, false},
        {"He left. ", false, false},
        {".", false, true},
        {"。", true, true},
        {"\"", false, false},
        {"))))", false, false},
        {"", false, false},
        {"وصل؟", true, true},
        {"वह गया।", true, true},
        {"3.14", false, false},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const size_t n = strlen(texts[i].text);
        if (sentence_ends(texts[i].text, n, false) != texts[i].alone) fail_msg("%s alone", texts[i].text);
        if (sentence_ends(texts[i].text, n, true) != texts[i].spaced) fail_msg("%s before white space", texts[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_of_its_own_ends_a_sentence_wherever_it_stands),
        cmocka_unit_test(others_end_none_by_themselves),
        cmocka_unit_test(quotation_marks_and_brackets_close),
        cmocka_unit_test(what_closes_belongs_to_the_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
