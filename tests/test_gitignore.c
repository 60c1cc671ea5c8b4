#include "tests/test.h"

#include <fnmatch.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/text/gitignore.h"

static void stars_stop_at_slashes_only_in_whole_paths(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool in_path, in_name;
    } cases[] = {
        {"foo", "foo", true, true},
        {"foo", "fool", false, false},
        {"*.c", "a.c", true, true},
        {"*.c", "d/a.c", false, true},
        {"d/*", "d/a/b", false, true},
        {"**/b", "b", true, false},
        {"**/b", "a/x/b", true, true},
        {"a/**", "a/x/y", true, true},
        {"a/**", "a", false, false},
        {"a/**/b", "a/b", true, false},
        {"a/**/b", "a/x/y/b", true, true},
        {"a**b", "axb", true, true},
        {"a**b", "ax/b", false, true},
        {"?", "/", false, true},
        {"[!a]", "b", true, true},
        {"[^a]", "a", false, false},
        {"[a-c]x", "bx", true, true},
        {"[]a]", "]", true, true},
        {"[a", "[a", false, false},
        {"[[:digit:]]*", "7x", true, true},
        {"[[:digit:]]", "x", false, false},
        {"\\*", "*", true, true},
        {"\\*", "x", false, false},
        {"a[/]b", "a/b", false, true},
        {"", "", true, true},
        {"*", "", true, true},
        {"[\\]]", "]", true, true},
        {"[a-", "a", false, false},
        {"\\", "\\", true, true},
        {"**", "a/b", true, true},
        {"x**/b", "xa/b", true, true},
        {"x**/b", "xa/c/b", false, true}, /* it crosses where it is all between two slashes */
        {"a/**b", "a/x/b", false, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool in_path = gitignore_wildmatch(cases[i].pattern, cases[i].text, GITIGNORE_WHOLE_PATH);
        bool in_name = gitignore_wildmatch(cases[i].pattern, cases[i].text, 0);
        if (in_path != cases[i].in_path || in_name != cases[i].in_name)
            fail_msg("%s against %s: %d as a path, %d as a name", cases[i].pattern, cases[i].text, in_path, in_name);
    }
}

static void a_hostile_pattern_ends(void **state)
{
    (void)state;
    char text[4001], pattern[201];
    memset(text, 'a', 4000);
    text[4000] = '\0';
    for (size_t i = 0; i < 200; i++) pattern[i] = i % 2 ? 'a' : '*';
    strcpy(pattern + 198, "b");
    assert_false(gitignore_wildmatch(pattern, text, GITIGNORE_WHOLE_PATH));
    /* One that matches behind a part which there are a billion ways to try. */
    memset(text, 'a', 100);
    strcpy(text + 100, "/aaaaaaaaac");
    assert_true(gitignore_wildmatch("**/*a*a*a*a*a*a*a*a*ac", text, GITIGNORE_WHOLE_PATH));
}

/* Of well-formed patterns without two stars in a row git's rules are those of the C library. */
static void single_stars_and_brackets_are_those_of_fnmatch(void **state)
{
    (void)state;
    static const char *const pieces[] = {"a",    "b",    "/",     "?",   "*",   "[ab]",
                                         "[!a]", "[^/]", "[a-c]", "\\*", "\\b", "[]b]"};
    uint64_t seed = 77;
    size_t n_matched = 0;
    for (int round = 0; round < 40000; round++) {
        char pattern[64] = "", text[16] = "";
        for (uint64_t n = (test_random(&seed) >> 32) % 6; n > 0; n--) {
            const char *piece = pieces[(test_random(&seed) >> 32) % (sizeof pieces / sizeof *pieces)];
            const size_t size = strlen(pattern);
            if (!(*piece == '*' && size > 0 && pattern[size - 1] == '*')) strcat(pattern, piece);
        }
        for (uint64_t n = (test_random(&seed) >> 32) % 7; n > 0; n--)
            strncat(text, &"aabbc/*]"[(test_random(&seed) >> 32) % 8], 1);
        const bool path = fnmatch(pattern, text, FNM_PATHNAME) == 0, name = fnmatch(pattern, text, 0) == 0;
        n_matched += path;
        if (gitignore_wildmatch(pattern, text, GITIGNORE_WHOLE_PATH) != path) fail_msg("%s of path %s", pattern, text);
        if (gitignore_wildmatch(pattern, text, 0) != name) fail_msg("%s of name %s", pattern, text);
    }
    assert_true(n_matched > 1000);
}

static void letter_case_may_not_matter(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool exact, folded;
    } cases[] = {
        {"Readme", "README", false, true}, {"README", "readme", false, true}, {"[a-c]", "B", false, true},
        {"[A-C]", "b", false, true},       {"[!a]", "A", true, true}, /* one of its cases is not a */
        {"[[:upper:]]", "a", false, true}, {"a", "b", false, false},          {"*.C", "x.c", false, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(gitignore_wildmatch(cases[i].pattern, cases[i].text, 0), cases[i].exact);
        assert_int_equal(gitignore_wildmatch(cases[i].pattern, cases[i].text, GITIGNORE_FOLD_CASE), cases[i].folded);
    }
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void the_last_rule_of_the_nearest_file_decides(void **state)
{
    (void)state;
    char top[] = "/tmp/test_gitignore.XXXXXX";
    assert_non_null(mkdtemp(top));
    assert_int_equal(chdir(top), 0);
    assert_int_equal(mkdir("sub", 0700), 0);
    write_file(".gitignore", "\xEF\xBB\xBF*.log\r\n# comment\n\\#file\n\\!file\ntrailing  \nkept\\ "
                             "\n/rooted\nbuild/\nx/y\n!important.log\n\n");
    write_file("sub/.gitignore", "!keep.log\nimportant.log\n");
    write_file("exclude", "*.swp\n*.log2\n!a~\n");
    write_file("user", "!*.swp\n*~\n");
    struct gitignore *g = gitignore_open(top, "exclude", "user", false);
    assert_non_null(g);
    static const struct {
        const char *path;
        bool directory, ignored;
    } cases[] = {
        {"a.log", false, true},
        {"sub/a.log", false, true},
        {"sub/keep.log", false, false},
        {"keep.log", false, true},
        {"important.log", false, false},
        {"sub/important.log", false, true},
        {"#file", false, true},
        {"!file", false, true},
        {"trailing", false, true},
        {"kept ", false, true},
        {"kept", false, false},
        {"rooted", false, true},
        {"sub/rooted", false, false},
        {"build", true, true},
        {"build", false, false},
        {"sub/build", true, true},
        {"sub/build/deep/a", false, true},
        {"build/important.log", false, true},
        {"x/y", false, true},
        {"sub/x/y", false, false},
        {"a.swp", false, true},
        {"sub/b~", false, true},
        {"sub/a~", false, false}, /* the repository's rule is nearer than the user's */
        {"# comment", false, false},
        {"sub/other", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (gitignore_matches(g, cases[i].path, cases[i].directory) != cases[i].ignored) fail_msg("%s", cases[i].path);
    gitignore_close(g);
    static const char *const files[] = {".gitignore", "sub/.gitignore", "exclude", "user"};
    for (size_t i = 0; i < 4; i++) unlink(files[i]);
    rmdir("sub");
    assert_int_equal(chdir("/"), 0);
    rmdir(top);
}

/* Folders whose names begin alike, asked about in turn: each has its own rules. */
static void neighbours_have_rules_of_their_own(void **state)
{
    (void)state;
    char top[] = "/tmp/test_gitignore.XXXXXX";
    static const char *const folders[] = {"a", "ab", "a/c", "a/c/d"};
    static const char *const files[] = {"a/.gitignore", "ab/.gitignore", "a/c/.gitignore"};
    static const char *const rules[] = {"x\n/c/y\n", "z\n", "!x\nd/\n"};
    assert_non_null(mkdtemp(top));
    assert_int_equal(chdir(top), 0);
    for (size_t i = 0; i < 4; i++) assert_int_equal(mkdir(folders[i], 0700), 0);
    for (size_t i = 0; i < 3; i++) write_file(files[i], rules[i]);
    static const struct {
        const char *path;
        bool ignored;
    } cases[] = {{"a/x", true},     {"ab/x", false}, {"a/z", false},    {"ab/z", true},    {"a/c/x", false},
                 {"a/c/y", true},   {"a/y", false},  {"ab/c/y", false}, {"a/c/d/x", true}, {"a/c/d/e/f", true},
                 {"a/c/de", false}, {"a/x/w", true}, {"x", false},      {"abx", false},    {"a/c/d", false}};
    struct gitignore *g = gitignore_open(top, NULL, NULL, false);
    assert_non_null(g);
    for (size_t i = 0, n = sizeof cases / sizeof *cases; i < 3 * n; i++) { /* in any order of asking */
        const size_t k = i < n ? i : i < 2 * n ? 2 * n - 1 - i : i * 7 % n;
        if (gitignore_matches(g, cases[k].path, false) != cases[k].ignored) fail_msg("%s", cases[k].path);
    }
    assert_true(gitignore_matches(g, "a/c/d", true));
    gitignore_close(g);
    for (size_t i = 0; i < 3; i++) unlink(files[i]);
    for (size_t i = 4; i-- > 0;) rmdir(folders[i]);
    assert_int_equal(chdir("/"), 0);
    rmdir(top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stars_stop_at_slashes_only_in_whole_paths),
        cmocka_unit_test(a_hostile_pattern_ends),
        cmocka_unit_test(single_stars_and_brackets_are_those_of_fnmatch),
        cmocka_unit_test(letter_case_may_not_matter),
        cmocka_unit_test(neighbours_have_rules_of_their_own),
        cmocka_unit_test(the_last_rule_of_the_nearest_file_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
