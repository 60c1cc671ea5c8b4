#include "tests/test.h"

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
    write_file("exclude", "*.swp\n*.log2\n");
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
        {"sub/a~", false, true},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stars_stop_at_slashes_only_in_whole_paths),
        cmocka_unit_test(a_hostile_pattern_ends),
        cmocka_unit_test(the_last_rule_of_the_nearest_file_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
