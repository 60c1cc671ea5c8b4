#include "tests/test.h"

#include "app/options.h"

/* Parses a command line given as words, the program's name left out. */
static int parse(struct options *o, struct error *e, int n, char **words)
{
    static char *argv[16];
    argv[0] = (char *)"lectern";
    for (int i = 0; i < n; i++) argv[i + 1] = words[i];
    argv[n + 1] = NULL;
    return options_parse(o, n + 1, argv, e);
}

#define WORDS(...)                                                                                                     \
    (int)(sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)), (char *[])                                                \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

static void a_path_alone_opens_the_screen(void **state)
{
    (void)state;
    struct options o;
    struct error e;
    assert_ok(parse(&o, &e, WORDS("book.txt", "src")), e);
    assert_int_equal(o.command, COMMAND_SCREEN);
    assert_int_equal(o.n_paths, 2);
    assert_string_equal(o.paths[1], "src");
    assert_string_equal(o.device, "auto/auto");
    assert_int_equal(o.max_file, 8 << 20);
}

static void ask_takes_a_question_and_paths_in_any_order(void **state)
{
    (void)state;
    struct options o;
    struct error e;
    assert_ok(parse(&o, &e, WORDS("ask", "book.txt", "-q", "Who?", "--json", "--threads=2", "--rank", "attention")), e);
    assert_int_equal(o.command, COMMAND_ASK);
    assert_string_equal(o.question, "Who?");
    assert_true(o.json);
    assert_int_equal(o.rank, FINDING_ATTENTION);
    assert_int_equal(o.n_threads, 2);
    assert_int_equal(o.n_paths, 1);
    assert_string_equal(o.paths[0], "book.txt");
}

static void what_ask_prints_is_chosen_and_a_place_stands_for_a_question(void **state)
{
    (void)state;
    struct options o;
    struct error e;
    assert_ok(parse(&o, &e, WORDS("ask", "-q", "Who?", "--format", "vim", "--snippet-lines", "0", "--must-find", "a")),
              e);
    assert_int_equal(o.format, PLACES_VIM);
    assert_int_equal(o.snippet_lines, 0);
    assert_true(o.must_find && !o.places_only);
    assert_ok(parse(&o, &e, WORDS("ask", "-q", "Who?", "--json", "a")), e);
    assert_int_equal(o.format, PLACES_JSON);
    assert_int_equal(o.snippet_lines, -1);
    assert_ok(parse(&o, &e, WORDS("ask", "--similar", "a:3", "--format", "jsonl", "a")), e);
    assert_string_equal(o.similar, "a:3");
    static const struct {
        const char *option, *argument, *says;
    } wrong[] = {
        {"--format", "html", "--format html: neither text, json, jsonl, markdown, vim nor emacs"},
        {"--snippet-lines", "513", "--snippet-lines 513: not from 0 to 512"},
        {"--json", "--format=vim", "ask: --json is a --format of its own: only one of them"},
        {"--similar", "a:3", "ask: --similar gives places and answers nothing: not with --question"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(
            parse(&o, &e, WORDS("ask", "-q", "x", (char *)wrong[i].option, (char *)wrong[i].argument, "a")), -1);
        assert_string_equal(e.text, wrong[i].says);
        assert_int_equal(e.kind, ERROR_USAGE);
    }
    assert_int_equal(parse(&o, &e, WORDS("ask", "--similar", "a:3", "--must-find", "a")), -1);
    assert_string_equal(e.text, "ask: --similar gives places and answers nothing: not with --must-find");
}

static void a_file_named_like_a_command_is_reached_by_its_path(void **state)
{
    (void)state;
    struct options o;
    struct error e;
    assert_ok(parse(&o, &e, WORDS("./ask")), e);
    assert_int_equal(o.command, COMMAND_SCREEN);
    assert_string_equal(o.paths[0], "./ask");
}

static void a_precision_is_of_a_processor(void **state)
{
    (void)state;
    struct options o;
    struct error e;
    assert_ok(parse(&o, &e, WORDS("read", "--device", "cpu", "--precision", "bf16", "book.txt")), e);
    assert_string_equal(o.device, "cpu/bf16");
    assert_ok(parse(&o, &e, WORDS("read", "--precision", "fp32", "book.txt")), e);
    assert_string_equal(o.device, "auto/fp32");
    assert_int_equal(parse(&o, &e, WORDS("read", "--precision", "int4", "book.txt")), -1);
    assert_string_equal(e.text, "--precision int4: expected auto, int8, bf16 or fp32");
    assert_int_equal(parse(&o, &e, WORDS("read", "--device", "vulkan", "--precision", "int8", "book.txt")), -1);
    assert_int_equal(e.kind, ERROR_USAGE);
}

static void sizes_have_suffixes(void **state)
{
    (void)state;
    struct options o;
    struct error e;
    assert_ok(parse(&o, &e, WORDS("read", "--max-file", "2G", "--memory", "300M", ".")), e);
    assert_true(o.max_file == UINT64_C(2) << 30);
    assert_true(o.memory == UINT64_C(300) << 20);
}

static void a_question_may_be_of_some_documents(void **state)
{
    (void)state;
    struct options o;
    struct error e;
    assert_ok(parse(&o, &e, WORDS("ask", "-q", "Who?", "--in", "src/**", "--in=*.md", "--kind", "docs", ".")), e);
    assert_int_equal(o.n_in, 2);
    assert_string_equal(o.in[1], "*.md");
    assert_string_equal(o.kind, "docs");
}

static void wrong_usage_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *words[4], *expected;
    } cases[] = {
        {{"--frobnicate", "x"}, "--frobnicate: no such option"},
        {{"ask", "--quetsion=who", "x"}, "--quetsion=who: no such option; did you mean --question?"},
        {{"read", "--no-stat2", "x"}, "--no-stat2: no such option; did you mean --no-state?"},
        {{"read", "--quetsion", "x"}, "--quetsion: no such option"},
        {{"read", "--json=yes", "x"}, "--json=yes: it takes no argument"},
        {{"aks", "-q", "who", "x"}, "aks: no such file and no such command; did you mean lectern ask?"},
        {{"devcies"}, "devcies: no such file and no such command; did you mean lectern devices?"},
        {{"state", "lits"}, "state lits: neither list, show nor prune; did you mean list?"},
        {{"-z", "x"}, "-z: no such option"},
        {{"ask", "x"}, "ask: no question (-q QUESTION, or --similar PATH:LINE)"},
        {{"ask", "-q", "a", "-qb"},
         "ask: two questions; it answers one, and a second call finds the text read already"},
        {{"ask", "-q", " \n", "x"}, "ask: the question is empty"},
        {{"ask", "-q", "Who?"}, "ask: no PATH named"},
        {{"ask", "-q"}, "-q: the option wants an argument"},
        {{"read", "-q", "Who?", "x"}, "read: --question does not belong here"},
        {{"read", "--max-file", "12Q", "x"}, "--max-file 12Q: not a size (a number, with K, M or G)"},
        {{"read", "--max-file", "-1", "x"}, "--max-file -1: not a size (a number, with K, M or G)"},
        {{"read", "--max-file", "99999999999G", "x"}, "--max-file 99999999999G: not a size (a number, with K, M or G)"},
        {{"read", "--threads", "0", "x"}, "--threads 0: not a number from 1 to 256"},
        {{"read", "--threads", "257", "x"}, "--threads 257: not a number from 1 to 256"},
        {{"ask", "--temperature", "hot", "x"}, "--temperature hot: not a number from 0 to 5"},
        {{"read", "--answerer", "none", "x"}, "read: --answerer does not belong here"},
        {{"get-answerer", "x"}, "get-answerer: too many arguments (\"x\")"},
        {{"ask", "--rank", "luck", "x"}, "--rank luck: neither reread, fused nor attention"},
        {{"ask", "--kind", "prose", "x"}, "--kind prose: neither code, docs, tests nor all"},
        {{"ask", "--in", "", "x"}, "--in: the glob is empty"},
        {{"read", "--in", "*.c", "x"}, "read: --in does not belong here"},
        {{"devices", "x"}, "devices: too many arguments (\"x\")"},
        {{"eval"}, "eval: no TASKS.jsonl named"},
        {{"state"}, "state: no list, show or prune named"},
        {{"state", "foo"}, "state foo: neither list, show nor prune"},
        {{"state", "list", "x"}, "state list: too many arguments (\"x\")"},
        {{"state", "prune", "xyz"},
         "state prune xyz: neither a size (a number, with K, M or G) nor a name (of state list)"},
        {{"scale", "--what=model", "--heads", "2"},
         "scale: --heads is for --what attention: a model has its own shape"},
        {{"scale", "--ratio", "2", "--what=model"},
         "scale: --ratio is for --what attention: a model has its own shape"},
        {{"scale", "--what=attention", "--model", "x"}, "scale: --model is for --what model"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct options o;
        struct error e = {0};
        int n = 0;
        while (n < 4 && cases[i].words[n]) n++;
        assert_int_equal(parse(&o, &e, n, (char **)cases[i].words), -1);
        assert_string_equal(e.text, cases[i].expected);
    }
}

static void help_needs_nothing_else(void **state)
{
    (void)state;
    struct options o;
    struct error e;
    assert_ok(parse(&o, &e, WORDS("ask", "--help")), e);
    assert_true(o.help);
    assert_ok(parse(&o, &e, WORDS("--version")), e);
    assert_true(o.version);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_alone_opens_the_screen),
        cmocka_unit_test(ask_takes_a_question_and_paths_in_any_order),
        cmocka_unit_test(what_ask_prints_is_chosen_and_a_place_stands_for_a_question),
        cmocka_unit_test(a_file_named_like_a_command_is_reached_by_its_path),
        cmocka_unit_test(a_precision_is_of_a_processor),
        cmocka_unit_test(sizes_have_suffixes),
        cmocka_unit_test(a_question_may_be_of_some_documents),
        cmocka_unit_test(wrong_usage_is_named),
        cmocka_unit_test(help_needs_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
