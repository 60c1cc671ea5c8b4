#include "tests/test.h"

#include <stdbool.h>

#include "app/reader/scope_words.h"
#include "app/text/outline.h"
#include "compute/error.h"
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

/* "question | words", or what is wrong. */
static void assert_split(const char *asked, const char *expected)
{
    struct scope_words w;
    struct error e = {0};
    char shown[256];
    assert_ok(scope_words_split(&w, asked, &e), e);
    snprintf(shown, sizeof shown, "%s | %s", w.question, w.within);
    assert_string_equal(shown, expected);
    scope_words_free(&w);
}

static void a_question_says_what_it_is_asked_of(void **state)
{
    (void)state;
    assert_split("where is it?", "where is it? | ");
    assert_split("in:src/ where is it?", "where is it? | in:src/");
    assert_split("where is it? kind:docs in:\"Book I > Chapter 3\"",
                 "where is it? | kind:docs in:\"Book I > Chapter 3\"");
    assert_split("what does main(in:x) do in: there", "what does main(in:x) do in: there | ");
    assert_split("in:\"no end", " | in:\"no end");
}

static void what_it_says_is_found_in_the_text(void **state)
{
    (void)state;
    static const char *const paths[] = {"src/a.c", "README.md", "book.txt"};
    static const char *const texts[] = {"int x;\n", "# Use\n\nx\n\n## Chapter 1\n\nx\n",
                                        "BOOK I\n\nCHAPTER I\n\nx\n\nCHAPTER II\n\nx\n"};
    const size_t sizes[] = {strlen(texts[0]), strlen(texts[1]), strlen(texts[2])};
    struct corpus *c = NULL;
    struct outline *o = NULL;
    struct error e = {0};
    struct scope s;
    assert_ok(corpus_open_memory(&c, paths, texts, sizes, 3, &e), e);
    assert_ok(outline_open(&o, c, &e), e);
    while (outline_step(o, 1000)) {
    }
    assert_ok(scope_words_resolve(&s, "in:src/ kind:code", c, o, &e), e);
    assert_int_equal(s.n_globs + 10 * s.n_ranges, 1);
    assert_true(scope_holds(&s, "src/a.c"));
    assert_false(scope_holds(&s, "README.md"));
    scope_free(&s);
    assert_ok(scope_words_resolve(&s, "in:\"chapter i\"", c, o, &e), e);
    assert_int_equal(s.n_ranges, 1); /* and not the second one */
    assert_false(scope_holds(&s, "src/a.c"));
    assert_true(scope_touches(&s, 2, 10, 12));
    assert_false(scope_touches(&s, 2, s.ranges[0].end, s.ranges[0].end + 1));
    assert_false(scope_touches(&s, 1, 10, 12));
    struct scope copy;
    assert_true(scope_copy(&copy, &s));
    assert_true(scope_touches(&copy, 2, 10, 12));
    scope_free(&copy);
    scope_free(&s);
    assert_ok(scope_words_resolve(&s, "in:chapter", c, o, &e), e);
    assert_int_equal(s.n_ranges, 3);
    scope_free(&s);
    assert_int_equal(scope_words_resolve(&s, "in:nowhere", c, o, &e), -1);
    assert_string_equal(e.text, "no path and no chapter is called nowhere");
    assert_int_equal(scope_words_resolve(&s, "kind:x", c, o, &e), -1);
    outline_close(o);
    corpus_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_glob_matches_paths_names_and_folders),
        cmocka_unit_test(many_stars_take_no_time),
        cmocka_unit_test(kinds_and_globs_both_hold),
        cmocka_unit_test(a_question_says_what_it_is_asked_of),
        cmocka_unit_test(what_it_says_is_found_in_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
