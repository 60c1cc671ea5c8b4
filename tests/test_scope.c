#include "tests/test.h"

#include <stdbool.h>

#include "app/reader/scope.h"
#include "app/text/content.h"

static bool holds(const char *glob, const char *path)
{
    struct scope s = {.globs = &glob, .n_globs = 1};
    return scope_holds(&s, path);
}

static void a_glob_matches_paths_names_and_folders(void **state)
{
    (void)state;
    assert_true(holds("src/a.c", "src/a.c"));
    assert_true(holds("./src/a.c", "src/a.c"));
    assert_true(holds("src", "src/deep/a.c"));
    assert_true(holds("src/", "src/deep/a.c"));
    assert_true(holds("*.c", "src/deep/a.c"));
    assert_true(holds("src/*", "src/a.c"));
    assert_true(holds("src/*", "src/deep/a.c")); /* it lies in a folder that matches */
    assert_true(holds("src/**", "src/deep/a.c"));
    assert_true(holds("**/a.c", "a.c"));
    assert_true(holds("**/a.c", "src/deep/a.c"));
    assert_true(holds("src/**/a.c", "src/a.c"));
    assert_true(holds("a?c", "src/abc"));
    assert_true(holds("*", "src/a.c"));
    assert_false(holds("src", "srcs/a.c"));
    assert_false(holds("src/*.c", "src/deep/a.c"));
    assert_false(holds("*.c", "src/a.cc"));
    assert_false(holds("a?c", "a/c"));
    assert_false(holds("", "a.c"));
    assert_false(holds("src/a.c", "src/a.cc"));
    assert_false(holds("lib/**", "src/lib/a.c"));
}

static void many_stars_take_no_time(void **state)
{
    (void)state;
    assert_false(
        holds("a*a*a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void kinds_and_globs_both_hold(void **state)
{
    const char *globs[] = {"lib", "src"};
    struct scope s = {.globs = globs, .n_globs = 2, .contents = 1U << CONTENT_CODE};
    (void)state;
    assert_true(scope_holds(&s, "src/a.c"));
    assert_true(scope_holds(&s, "lib/a.c"));
    assert_false(scope_holds(&s, "src/a.md"));
    assert_false(scope_holds(&s, "a.c"));
    assert_false(scope_is_all(&s));
    assert_true(scope_is_all(&(struct scope){.n_globs = 0}));
    assert_true(scope_holds(&(struct scope){.n_globs = 0}, "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_glob_matches_paths_names_and_folders),
        cmocka_unit_test(many_stars_take_no_time),
        cmocka_unit_test(kinds_and_globs_both_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
