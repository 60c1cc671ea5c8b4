#include "tests/test.h"

#include <stdbool.h>

#include "app/reader/scope_words.h"
#include "app/text/gitignore.h"
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
    assert_false(holds("**/a.c", "src/aa.c")); /* a whole name */
    assert_true(holds("a**/b", "ax/y/b"));
    assert_false(holds("a**/b", "ab"));
}

static void many_stars_take_no_time(void **state)
{
    (void)state;
    assert_false(
        holds("a*a*a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

/* Of random globs: a path matches where git's wildmatch says so of it or of a folder that it lies in; a glob without a
 * slash, where it says so of the last name. */
static bool holds_by_wildmatch(const char *glob, const char *path)
{
    char part[64];
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    for (const char *end = path; *end; end++) {
        if (end[1] != '/' && end[1] != '\0') continue;
        snprintf(part, sizeof part, "%.*s", (int)(end + 1 - path), path);
        if (gitignore_wildmatch(glob, part, GITIGNORE_WHOLE_PATH)) return true;
    }
    return !strchr(glob, '/') && gitignore_wildmatch(glob, name, GITIGNORE_WHOLE_PATH);
}

static void globs_match_as_those_of_git(void **state)
{
    (void)state;
    static const char *const pieces[] = {"a", "b", "*", "?", "/", "a*", "*b", "/**/", "/**/a", "/*/"};
    uint64_t seed = 41;
    size_t n_held = 0;
    for (int round = 0; round < 40000; round++) {
        char glob[64] = "a", path[32] = "a";
        if (test_random(&seed) % 4 == 0) strcpy(glob, "**/a");
        for (uint64_t n = (test_random(&seed) >> 32) % 5; n > 0; n--) {
            const char *piece = pieces[(test_random(&seed) >> 32) % 10], last = glob[strlen(glob) - 1];
            if (!(last == '/' && *piece == '/') && !(last == '*' && *piece == '*')) strcat(glob, piece);
        }
        if (glob[strlen(glob) - 1] == '/') strcat(glob, "b");
        for (uint64_t n = (test_random(&seed) >> 32) % 9; n > 0; n--) {
            const char c = "aab/"[(test_random(&seed) >> 32) % 4];
            if (c != '/' || path[strlen(path) - 1] != '/') strncat(path, &c, 1);
        }
        if (path[strlen(path) - 1] == '/') path[strlen(path) - 1] = '\0';
        const bool expected = holds_by_wildmatch(glob, path);
        n_held += expected;
        if (holds(glob, path) != expected) fail_msg("%s of %s: not %d", glob, path, expected);
    }
    assert_true(n_held > 4000);
}

static void a_star_after_a_deep_one_does_not_hide_it(void **state)
{
    (void)state;
    assert_true(holds("src/**/test_*.c", "src/test_data/x/test_a.c"));
    assert_true(holds("**/a*/c", "ab/x/ac/c"));
    assert_true(holds("**/a/*/c", "a/b/x/a/b/c"));
    assert_false(holds("src/**/test_*.c", "src/test_data/x/a.c"));
    assert_false(holds("**/a*/c", "ab/x/bc/c"));
}

static void ranges_touch_where_they_share_a_byte(void **state)
{
    (void)state;
    const struct scope_range ranges[] = {{.document = 1, .begin = 10, .end = 20},
                                         {.document = 1, .begin = 40, .end = 41}};
    const struct scope s = {.ranges = ranges, .n_ranges = 2};
    static const struct {
        size_t document;
        uint64_t begin, end;
        bool touches;
    } cases[] = {{1, 0, 10, false}, {1, 0, 11, true},   {1, 19, 30, true}, {1, 20, 40, false}, {1, 20, 41, true},
                 {1, 40, 41, true}, {1, 41, 50, false}, {1, 0, 100, true}, {0, 10, 20, false}, {2, 10, 20, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(scope_touches(&s, cases[i].document, cases[i].begin, cases[i].end), cases[i].touches);
    assert_false(scope_holds(&s, "a")); /* no whole document is in it */
    assert_false(scope_is_all(&s));
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
    assert_split("in:\"a\"in:\"b\"in:c", "in:\"b\"in:c | in:\"a\"");
    assert_split("in:\"a\" in:b", " | in:\"a\" in:b");
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

/* The range that some words mean, as "document begin end", or why they mean none. */
static void assert_lines(size_t n, const char *within, const char *expected)
{
    static const char *const paths[] = {"src/a b.c", "b.txt"};
    static const char *const texts[] = {"one\ntwo\nthree", "1\n2\n"};
    const size_t sizes[] = {strlen(texts[0]), strlen(texts[1])};
    struct corpus *c = NULL;
    struct error e = {0};
    struct scope s;
    char shown[128];
    assert_ok(corpus_open_memory(&c, paths, texts, sizes, n, &e), e);
    if (scope_words_resolve(&s, within, c, NULL, &e) != 0) {
        assert_string_equal(e.text, expected);
    } else {
        assert_int_equal(s.n_ranges, 1);
        snprintf(shown, sizeof shown, "%zu %llu %llu", s.ranges[0].document, (unsigned long long)s.ranges[0].begin,
                 (unsigned long long)s.ranges[0].end);
        assert_string_equal(shown, expected);
        scope_free(&s);
    }
    corpus_close(c);
}

static void lines_of_a_file_are_a_range(void **state)
{
    (void)state;
    assert_lines(2, "in:\"src/a b.c:2-2\"", "0 4 8");
    assert_lines(2, "in:b.txt:1-2", "1 0 4");
    assert_lines(2, "in:\"src/a b.c:2-900\"", "0 4 13"); /* to its end */
    assert_lines(1, "in:1-2", "0 0 8");
    assert_lines(2, "in:1-2", "no path and no chapter is called 1-2"); /* of which? */
    assert_lines(2, "in:b.txt:0-2", "b.txt has lines 1 to 2");
    assert_lines(2, "in:b.txt:2-1", "b.txt has lines 1 to 2");
    assert_lines(2, "in:b.txt:9-12", "b.txt has lines 1 to 2");
    assert_lines(2, "in:c.txt:1-2", "no path and no chapter is called c.txt:1-2");
    assert_lines(2, "in:b.txt:1-2x", "no path and no chapter is called b.txt:1-2x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_glob_matches_paths_names_and_folders),
        cmocka_unit_test(many_stars_take_no_time),
        cmocka_unit_test(globs_match_as_those_of_git),
        cmocka_unit_test(a_star_after_a_deep_one_does_not_hide_it),
        cmocka_unit_test(ranges_touch_where_they_share_a_byte),
        cmocka_unit_test(kinds_and_globs_both_hold),
        cmocka_unit_test(a_question_says_what_it_is_asked_of),
        cmocka_unit_test(what_it_says_is_found_in_the_text),
        cmocka_unit_test(lines_of_a_file_are_a_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
