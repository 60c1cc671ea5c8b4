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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_says_what_a_document_is_for),
        cmocka_unit_test(contents_are_chosen_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
