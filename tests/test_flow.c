/* Paragraphs out of marked-up text, letter by letter. */
#include "tests/test.h"

#include "app/text/convert/flow.h"

static struct convert_budget budget;
static struct converted out;
static struct flow f;
static struct error e;

static int enter(void **state)
{
    (void)state;
    budget = (struct convert_budget){.bytes = 1 << 20, .end = UINT64_MAX};
    out = (struct converted){.budget = &budget};
    f = (struct flow){.out = &out};
    return 0;
}

static int leave(void **state)
{
    (void)state;
    flow_free(&f);
    converted_free(&out);
    return 0;
}

static void say(const char *text)
{
    assert_ok(flow_text(&f, text, strlen(text), &e), e);
}

static void assert_text(const char *expected)
{
    assert_ok(flow_finish(&f, &e), e);
    assert_ok(converted_put(&out, "", 1, &e), e);
    assert_string_equal(out.text, expected);
}

static void white_space_is_one_blank(void **state)
{
    (void)state;
    say("  \n one\t\n two ");
    say("three");
    say(" \xC2\xA0"
        "four  ");
    assert_text("one two three four\n");
}

static void words_of_several_pieces_stay_together(void **state)
{
    (void)state;
    say("un");
    say("do");
    say("\xC2\xAD");         /* a soft hyphen */
    say("\xE2\x80\x8Bing "); /* a space of no width */
    assert_text("undoing\n");
}

static void the_widest_gap_counts(void **state)
{
    (void)state;
    flow_gap(&f, FLOW_PARAGRAPH); /* nothing before the first word */
    say("one");
    flow_gap(&f, FLOW_LINE);
    say(" \n");
    say("two");
    flow_gap(&f, FLOW_LINE);
    flow_gap(&f, FLOW_PARAGRAPH);
    flow_gap(&f, FLOW_LINE);
    say("three");
    flow_gap(&f, FLOW_PARAGRAPH);
    assert_text("one\ntwo\n\nthree\n");
}

static void inside_a_table_paragraphs_are_lines(void **state)
{
    (void)state;
    say("one");
    f.cells = 1;
    flow_gap(&f, FLOW_PARAGRAPH);
    say("two");
    f.cells = 0;
    flow_gap(&f, FLOW_PARAGRAPH);
    say("three");
    assert_text("one\ntwo\n\nthree\n");
}

static void a_prefix_stands_before_the_next_word_only(void **state)
{
    (void)state;
    flow_gap(&f, FLOW_LINE);
    flow_prefix(&f, "- ");
    say(" one two");
    flow_gap(&f, FLOW_LINE);
    flow_prefix(&f, "- ");
    flow_gap(&f, FLOW_LINE);
    say("three");
    flow_prefix(&f, " | "); /* a cell: no gap of its own */
    say("four");
    assert_text("- one two\n- three | four\n");
}

static void what_is_preformatted_keeps_its_lines(void **state)
{
    (void)state;
    say("one");
    flow_pre_open(&f);
    say("\n  a\n    b");
    flow_pre_open(&f); /* inside each other: one */
    flow_pre_close(&f);
    say("c\n\n");
    flow_pre_close(&f);
    say("two");
    flow_pre_close(&f); /* one too many closes nothing */
    assert_text("one\n\n  a\n    b\n\nc\n\ntwo\n");
}

static void headings_are_paragraphs_and_parts(void **state)
{
    (void)state;
    say("before");
    assert_ok(flow_heading_open(&f, 2, &e), e);
    say("The Door ");
    assert_ok(flow_heading_close(&f, &e), e);
    say("after");
    assert_ok(flow_heading_open(&f, 3, &e), e);
    assert_ok(flow_heading_close(&f, &e), e); /* an empty one is none */
    say("last");
    assert_ok(flow_heading_open(&f, 3, &e), e);
    assert_ok(flow_heading_close(&f, &e), e);
    assert_text("before\n\nThe Door\n\nafter\n\nlast\n");
    assert_int_equal(out.parts.n, 1);
    assert_int_equal(out.parts.items[0].offset, 8);
    assert_int_equal(out.parts.items[0].level, 2);
    assert_string_equal(parts_title(&out.parts, &out.parts.items[0]), "The Door");
}

static void a_mark_at_an_empty_heading_lies_in_the_text(void **state)
{
    (void)state;
    say("before");
    flow_mark(&f, 1, "The End");
    assert_ok(flow_heading_open(&f, 1, &e), e);
    assert_ok(flow_heading_close(&f, &e), e);
    assert_ok(flow_finish(&f, &e), e);
    assert_int_equal(out.parts.n, 1);
    assert_true(out.parts.items[0].offset <= out.size);
}

static void a_heading_that_repeats_its_mark_is_the_same(void **state)
{
    (void)state;
    flow_mark(&f, 1, "1. The Door");
    assert_ok(flow_heading_open(&f, 1, &e), e);
    say("The Door");
    assert_ok(flow_heading_close(&f, &e), e);
    flow_mark(&f, 1, "2. The Sea");
    assert_ok(flow_heading_open(&f, 1, &e), e);
    say("Waves");
    assert_ok(flow_heading_close(&f, &e), e);
    assert_text("The Door\n\nWaves\n");
    assert_int_equal(out.parts.n, 3);
    assert_string_equal(parts_title(&out.parts, &out.parts.items[1]), "2. The Sea");
    assert_string_equal(parts_title(&out.parts, &out.parts.items[2]), "Waves");
    assert_int_equal(out.parts.items[2].level, 2); /* inside the mark */
}

static void notes_come_after_their_paragraph(void **state)
{
    (void)state;
    say("one");
    assert_ok(flow_note(&f, "[1] first", &e), e);
    say("[1]");
    assert_ok(flow_note(&f, "[2] second", &e), e);
    say(" two[2]");
    assert_ok(flow_end_paragraph(&f, &e), e);
    say("three");
    assert_text("one[1] two[2]\n\n[1] first\n\n[2] second\n\nthree\n");
}

static void no_words_are_no_text(void **state)
{
    (void)state;
    say(" \n ");
    flow_gap(&f, FLOW_PARAGRAPH);
    flow_prefix(&f, "- ");
    assert_text("");
}

static void what_costs_too_much_is_an_error(void **state)
{
    (void)state;
    budget.bytes = 5;
    say("12345");
    assert_int_equal(flow_text(&f, "6", 1, &e), -1);
    assert_string_equal(e.text, "unpacks to far more than its size (a limit against archive bombs)");
    assert_int_equal(out.size, 5);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        CASE(white_space_is_one_blank),
        CASE(words_of_several_pieces_stay_together),
        CASE(the_widest_gap_counts),
        CASE(inside_a_table_paragraphs_are_lines),
        CASE(a_prefix_stands_before_the_next_word_only),
        CASE(what_is_preformatted_keeps_its_lines),
        CASE(headings_are_paragraphs_and_parts),
        CASE(a_mark_at_an_empty_heading_lies_in_the_text),
        CASE(a_heading_that_repeats_its_mark_is_the_same),
        CASE(notes_come_after_their_paragraph),
        CASE(no_words_are_no_text),
        CASE(what_costs_too_much_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
