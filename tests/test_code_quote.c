/* Which bytes of an answer are lines of code, and of which place. */
#include "tests/view_fixture.h"

#include "app/panes/code_quote.h"

static struct view_fixture f;

static const char code[] = "int oil = 2;\n\tif (oil)\n\t\tburn();\nint oil;\n", tale[] = "The oil burns.\nint oil;\n";

static void answer(const char *words)
{
    static const char *const paths[] = {"lamp.c", "tale.txt"}, *const texts[] = {code, tale};
    view_fixture_open(&f, paths, texts, 2);
    view_fixture_ask(&f, "what?");
    view_fixture_find(&f, 2);
    f.items[0] = (struct finding_item){.document = 0, .offset = 0, .size = sizeof code - 1};
    f.items[1] = (struct finding_item){.document = 1, .offset = 0, .size = sizeof tale - 1};
    view_fixture_word(&f, words);
}

/* The words of the piece that holds each byte, where they are a quote; and where they are from. */
static void assert_quote(const char *words, size_t at, const char *quoted, uint64_t offset)
{
    answer(words);
    const struct code_quote q = code_quote_at(f.view.exchange, f.corpus, at);
    char shown[100] = "";
    assert_true(q.next > at);
    snprintf(shown, sizeof shown, "%.*s", (int)(q.end - q.begin), words + q.begin);
    assert_string_equal(shown, quoted);
    if (*quoted != '\0') {
        assert_int_equal(q.document, 0);
        assert_int_equal(q.offset, offset);
        assert_memory_equal(code + q.offset, quoted, strlen(quoted));
    }
    view_fixture_close(&f);
}

static void a_line_before_a_reference_to_code_is_a_quote(void **state)
{
    (void)state;
    for (size_t at = 0; at < 12; at++) assert_quote("int oil = 2; [1]", at, "int oil = 2;", 0);
    assert_quote("if (oil) [1]", 3, "if (oil)", 14);
    assert_quote("burn(); [1]", 0, "burn();", 25);
    assert_quote("int oil [1]", 0, "int oil", 0);    /* the beginning of a line, of the first that begins so */
    assert_quote("int oil; [1]", 0, "int oil;", 33); /* which the first does not */
    assert_quote("   burn();   [1]", 5, "burn();", 25);
    assert_quote("oil = 2; [1]", 0, "", 0); /* the inside of a line is none */
    assert_quote("int oil = 2;\n\tif [1]", 0, "int oil = 2;", 0);
}

static void pieces_end_at_lines_and_references(void **state)
{
    (void)state;
    assert_quote("It says: [1] burn(); [1]", 15, "burn();", 25);
    assert_quote("It says: [1] burn(); [1]", 3, "", 0);
    assert_quote("It says:\nburn();\n[1]", 10, "burn();", 25);
    assert_quote("It says:\nburn(); [1]", 2, "", 0);
    answer("ab [1] cd\nef");
    assert_int_equal(code_quote_at(f.view.exchange, f.corpus, 0).next, 3);
    assert_int_equal(code_quote_at(f.view.exchange, f.corpus, 3).next, 4);
    assert_int_equal(code_quote_at(f.view.exchange, f.corpus, 6).next, 9);
    assert_int_equal(code_quote_at(f.view.exchange, f.corpus, 11).next, 12);
    view_fixture_close(&f);
}

static void only_what_its_own_reference_names_is_compared(void **state)
{
    (void)state;
    assert_quote("int oil; [2]", 0, "", 0);            /* prose */
    assert_quote("burn();", 0, "", 0);                 /* no reference */
    assert_quote("burn();\n\nIt burns [1]", 0, "", 0); /* the next paragraph's */
    assert_quote("burn(); [3]", 0, "", 0);             /* no such place */
    assert_quote("burn(); [0] and [1]", 0, "", 0);
    assert_quote("[1]", 0, "", 0);
    assert_quote("  [1]", 0, "", 0);
}

static void what_lies_outside_of_its_place_is_no_quote(void **state)
{
    (void)state;
    answer("burn(); [1]");
    f.items[0].size = 30; /* ends inside of "burn();" */
    struct code_quote q = code_quote_at(f.view.exchange, f.corpus, 0);
    assert_int_equal(q.begin, q.end);
    f.items[0].size = 32;
    q = code_quote_at(f.view.exchange, f.corpus, 0);
    assert_int_equal(q.end - q.begin, 7);
    f.items[0].offset = 26;
    f.items[0].size = 10;
    q = code_quote_at(f.view.exchange, f.corpus, 0);
    assert_int_equal(q.begin, q.end);
    conversation_current(&f.conversation)->finding = NULL; /* words that came before their evidence */
    q = code_quote_at(f.view.exchange, f.corpus, 0);
    assert_int_equal(q.begin, q.end);
    view_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_before_a_reference_to_code_is_a_quote),
        cmocka_unit_test(pieces_end_at_lines_and_references),
        cmocka_unit_test(only_what_its_own_reference_names_is_compared),
        cmocka_unit_test(what_lies_outside_of_its_place_is_no_quote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
