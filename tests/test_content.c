#include "tests/test.h"

#include "app/text/content.h"

static void a_path_says_what_a_document_is_for(void **state)
{
    static const struct {
        const char *path;
        enum content content;
    } cases[] = {
        {"command.go", CONTENT_CODE},
        {"src/unix/core.c", CONTENT_CODE},
        {"command_test.go", CONTENT_TESTS},
        {"tests/test_reader.c", CONTENT_TESTS},
        {"test/fixtures/a.json", CONTENT_TESTS},
        {"src/test/java/com/JsonReaderTest.java", CONTENT_TESTS},
        {"lib/a.spec.ts", CONTENT_TESTS},
        {"README.md", CONTENT_DOCS},
        {"site/content/completions/_index.md", CONTENT_DOCS},
        {"_examples/rest/main.go", CONTENT_EXAMPLES},
        {"vendor/github.com/x/y.go", CONTENT_EXAMPLES},
        {"latest.py", CONTENT_CODE}, /* ends in test, and is none */
        {"contest/a.c", CONTENT_CODE},
        {"package.json", CONTENT_OTHER},
        {"Makefile", CONTENT_OTHER},
        {".gitignore", CONTENT_OTHER},
        {"", CONTENT_OTHER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (content_of(cases[i].path) != cases[i].content) fail_msg("%s: %d", cases[i].path, content_of(cases[i].path));
    }
}

static void contents_are_chosen_by_name(void **state)
{
    (void)state;
    assert_int_equal(content_named("tests"), 1U << CONTENT_TESTS);
    assert_int_equal(content_named("code"), 1U << CONTENT_CODE | 1U << CONTENT_EXAMPLES);
    assert_true(content_named("all") >> CONTENT_OTHER & 1);
    assert_int_equal(content_named("Code"), 0);
    assert_int_equal(content_named(""), 0);
}

static void a_name_is_what_stands_behind_the_last_slash(void **state)
{
    (void)state;
    assert_string_equal(content_name("a/b/c.txt"), "c.txt");
    assert_string_equal(content_name("c.txt"), "c.txt");
    assert_string_equal(content_name("a/"), "");
    assert_int_equal(content_stem("c.txt"), 1);
    assert_int_equal(content_stem("c.tar.gz"), 5);
    assert_int_equal(content_stem("Makefile"), 8);
    assert_int_equal(content_stem(".gitignore"), 10); /* what begins with a dot has no ending */
    assert_int_equal(content_stem("a."), 1);
    assert_int_equal(content_stem(""), 0);
}

static void every_way_to_name_a_test_is_known(void **state)
{
    (void)state;
    static const char *const tests[] = {"test_a.py",  "test-a.js",   "a_test.go",      "a_tests.rs",  "a_spec.rb",
                                        "a.test.ts",  "a.tests.ts",  "a.spec.ts",      "a-test.js",   "a-spec.js",
                                        "ATest.java", "ATests.java", "ATestCase.java", "ASpec.scala", "ASuite.scala"};
    static const char *const none[] = {"test.py",  "Test.java", "tester.py", "atest.go",
                                       "aspec.rb", "testing.c", "_test.go"};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        if (content_of(tests[i]) != CONTENT_TESTS) fail_msg("%s", tests[i]);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (content_of(none[i]) != CONTENT_CODE) fail_msg("%s: %d", none[i], content_of(none[i]));
    assert_int_equal(content_of("test_a.md"), CONTENT_DOCS); /* only code is a test by its name */
}

static void a_folder_decides_only_as_a_whole_and_wherever_it_is(void **state)
{
    (void)state;
    assert_int_equal(content_of("a/b/tests/c/d.c"), CONTENT_TESTS);
    assert_int_equal(content_of("a/mytests/d.c"), CONTENT_CODE);
    assert_int_equal(content_of("tests"), CONTENT_OTHER); /* a file of this name */
    assert_int_equal(content_of("examples/tests/a.c"), CONTENT_TESTS);
    assert_int_equal(content_of("a/docs_src/d.py"), CONTENT_EXAMPLES);
    assert_int_equal(content_of("a/docs/d.py"), CONTENT_CODE);
    assert_int_equal(content_of("third_party/LICENSE"), CONTENT_EXAMPLES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_says_what_a_document_is_for),
        cmocka_unit_test(contents_are_chosen_by_name),
        cmocka_unit_test(a_name_is_what_stands_behind_the_last_slash),
        cmocka_unit_test(every_way_to_name_a_test_is_known),
        cmocka_unit_test(a_folder_decides_only_as_a_whole_and_wherever_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
