#include "tests/test.h"

#include <stdbool.h>

#include "app/reader/code_define.h"
#include "app/reader/code_rank.h"
#include "app/reader/sequence.h"
#include "app/text/corpus.h"

#define N 6

/* One segment a document, but for the last two, which share one. */
static struct corpus *open_repository(struct reader_segment segments[N])
{
    static const char *const paths[] = {"command.go", "command_test.go", "README.md", "args.go", "doc/man.go"};
    static const char *const texts[] = {"type Command struct {\n", "func TestCommand(t *testing.T) {\n",
                                        "A Command is run.\n", "func ExactArgs(n int) Command {\n",
                                        "// Command pages.\n// More of them.\n"};
    size_t sizes[N];
    struct error e;
    struct corpus *c = NULL;
    for (size_t i = 0; i < 5; i++) sizes[i] = strlen(texts[i]);
    assert_int_equal(corpus_open_memory(&c, paths, texts, sizes, 5, &e), 0);
    for (uint32_t i = 0; i < 5; i++) segments[i] = (struct reader_segment){.document = i, .size = (uint32_t)sizes[i]};
    segments[4].size = 18;
    segments[5] = (struct reader_segment){.document = 4, .offset = 18, .size = (uint32_t)sizes[4] - 18};
    return c;
}

static void rank(const char *question, float scores[N])
{
    struct reader_segment segments[N];
    struct corpus *c = open_repository(segments);
    struct error e;
    assert_int_equal(code_rank(c, segments, N, question, NULL, scores, &e), 0);
    corpus_close(c);
}

static void what_defines_a_name_is_before_what_uses_it(void **state)
{
    float scores[N] = {1, 1, 1, 1, 1, 1};
    (void)state;
    rank("Command", scores);
    for (size_t i = 1; i < N; i++) assert_true(scores[0] > 2 * scores[i]);
}

static void code_is_before_documentation_before_tests(void **state)
{
    float scores[N] = {1, 1, 1, 1, 1, 1};
    (void)state;
    rank("how is a thing run", scores);
    assert_true(scores[3] > scores[2]);
    assert_true(scores[2] > scores[1]);
    assert_true(scores[1] > 0);
}

static void a_file_named_as_asked_is_before_others(void **state)
{
    float scores[N] = {1, 1, 1, 1, 0, 0};
    (void)state;
    rank("where are args checked", scores);
    assert_true(scores[3] > scores[0]);
}

static void each_further_place_of_a_file_counts_half(void **state)
{
    float scores[N] = {0, 0, 0, 0, 1, 1};
    (void)state;
    rank("nothing known", scores);
    assert_true(scores[4] > scores[5]); /* of equals the first stands for the file */
    assert_float_equal(scores[5], 0.5, 1e-6);
}

static void nothing_found_stays_nothing(void **state)
{
    float scores[N] = {0};
    (void)state;
    rank("nothing known", scores);
    for (size_t i = 0; i < N; i++) assert_float_equal(scores[i], 0, 0);
}

static void a_second_reading_decides_between_what_is_close(void **state)
{
    (void)state;
    assert_true(code_rank_reread(0.9f, 5) > code_rank_reread(1, -5));
    assert_true(code_rank_reread(0.5f, 5) < code_rank_reread(1, -5));
}

static void only_repositories_are_ranked_so(void **state)
{
    static const char *const books[] = {"a.txt", "b.md", "c.txt"}, *const few[] = {"a.c", "b.c"};
    const size_t sizes[] = {1, 1, 1};
    struct reader_segment segments[N];
    struct corpus *c = open_repository(segments);
    struct error e;
    (void)state;
    assert_true(code_rank_applies(c));
    corpus_close(c);
    assert_int_equal(corpus_open_memory(&c, books, books, sizes, 3, &e), 0);
    assert_false(code_rank_applies(c));
    corpus_close(c);
    assert_int_equal(corpus_open_memory(&c, few, few, sizes, 2, &e), 0);
    assert_false(code_rank_applies(c));
    corpus_close(c);
}

static bool is_defined(const char *text, const char *name)
{
    struct code_name n = {name, strlen(name)};
    return code_define_found(text, strlen(text), &n);
}

static void definitions_are_told_from_mentions(void **state)
{
    (void)state;
    assert_true(is_defined("class Reader:", "Reader"));
    assert_true(is_defined("  public class Gson {", "Gson"));
    assert_true(is_defined("func (c *Command) Execute() error {", "Execute"));
    assert_true(is_defined("defmodule Phoenix.Router do", "Router"));
    assert_true(is_defined("#define SIZE 4", "SIZE"));
    assert_true(is_defined("new Reader\nstruct Reader {", "Reader"));
    assert_false(is_defined("new Reader()", "Reader"));
    assert_false(is_defined("class ReaderTest", "Reader"));
    assert_false(is_defined("class MyReader", "Reader"));
    assert_false(is_defined("Reader", "Reader"));
    assert_false(is_defined("", "Reader"));
}

static void names_are_seen_in_questions(void **state)
{
    struct code_names names;
    (void)state;
    code_define_names("Rack::Response", &names);
    assert_true(names.whole);
    assert_int_equal(names.n, 1);
    assert_memory_equal(names.names[0].text, "Response", 8);
    code_define_names(" response ", &names);
    assert_true(names.whole);
    code_define_names("what calls parse_args before HandlerStack runs", &names);
    assert_false(names.whole);
    assert_int_equal(names.n, 2);
    assert_int_equal(names.names[0].size, strlen("parse_args"));
    code_define_names("how does it end?", &names);
    assert_int_equal(names.n, 0);
    code_define_names("", &names);
    assert_int_equal(names.n, 0);
    assert_true(code_rank_is_symbol("Command"));
    assert_false(code_rank_is_symbol("a command"));
}

static void a_files_name_may_differ_in_case_underscores_and_a_plural(void **state)
{
    struct code_name name = {"BodyProxies", 11}, one = {"Args", 4};
    (void)state;
    assert_true(code_define_is_named(&name, "body_proxies", 12));
    assert_true(code_define_is_named(&one, "arg", 3));
    assert_false(code_define_is_named(&one, "argv", 4));
    assert_false(code_define_is_named(&one, "", 0));
}

static void a_definition_is_seen_at_both_ends_of_the_text(void **state)
{
    (void)state;
    assert_true(is_defined("class Reader", "Reader")); /* nothing behind it */
    assert_true(is_defined("x Reader\nstruct\tReader", "Reader"));
    assert_true(is_defined("struct\r\nReader;", "Reader"));
    assert_false(is_defined("structReader", "Reader"));
    assert_false(is_defined("Reader class", "Reader"));
    assert_false(is_defined("class Rea", "Reader"));
}

static void a_receiver_lies_on_the_line_of_its_name(void **state)
{
    (void)state;
    assert_true(is_defined("func (r *Reader) Next() {", "Next"));
    assert_true(is_defined("func () Next() {", "Next"));
    assert_false(is_defined("func (r\n*Reader) Next() {", "Next"));
    assert_false(is_defined("call(x) Next() {", "Next"));
    assert_false(is_defined(") Next() {", "Next"));
}

static void the_last_part_of_a_qualified_name_is_defined(void **state)
{
    (void)state;
    assert_true(is_defined("void Reader::next() {", "next"));
    assert_true(is_defined("def Reader.next", "next"));
    assert_true(is_defined("fn a.b.c.next", "next"));
    assert_false(is_defined("Reader::next()", "next"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_defines_a_name_is_before_what_uses_it),
        cmocka_unit_test(code_is_before_documentation_before_tests),
        cmocka_unit_test(a_file_named_as_asked_is_before_others),
        cmocka_unit_test(each_further_place_of_a_file_counts_half),
        cmocka_unit_test(nothing_found_stays_nothing),
        cmocka_unit_test(a_second_reading_decides_between_what_is_close),
        cmocka_unit_test(only_repositories_are_ranked_so),
        cmocka_unit_test(definitions_are_told_from_mentions),
        cmocka_unit_test(names_are_seen_in_questions),
        cmocka_unit_test(a_files_name_may_differ_in_case_underscores_and_a_plural),
        cmocka_unit_test(a_definition_is_seen_at_both_ends_of_the_text),
        cmocka_unit_test(a_receiver_lies_on_the_line_of_its_name),
        cmocka_unit_test(the_last_part_of_a_qualified_name_is_defined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
