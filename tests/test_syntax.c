#include "tests/test.h"

#include <unistd.h>

#include "app/panes/code_tint.h"
#include "app/text/corpus.h"
#include "app/text/syntax.h"
#include "app/text/syntax_catalog.h"

/* Where Debian's libgtksourceview-4-common puts them. */
#define FOLDER "/usr/share/gtksourceview-4/language-specs"

/* A letter a byte: comment, string, keyword, type, constant (n), preprocessor, function. */
static void assert_kinds(const char *language, const char *text, const char *expected)
{
    static const char letters[SYNTAX_KINDS + 1] = ".csktnpf";
    struct syntax_catalog *c = NULL;
    struct syntax *s = NULL;
    struct error e = {0};
    struct syntax_state state = {0};
    char shown[600] = "";
    uint8_t kinds[200];
    assert_ok(syntax_catalog_open(&c, &e), e);
    assert_ok(syntax_open(&s, c, language, &e), e);
    for (size_t n = 0; *text != '\0'; text += n + (text[n] == '\n')) {
        n = strcspn(text, "\n");
        syntax_line(s, &state, text, n, shown[0] == '\0', kinds);
        size_t used = strlen(shown);
        for (size_t i = 0; i < n; i++) shown[used++] = letters[kinds[i]];
        shown[used] = '\n';
        shown[used + 1] = '\0';
    }
    assert_string_equal(shown, expected);
    syntax_close(s);
    syntax_catalog_close(c);
}

static void code_is_told_apart_by_the_descriptions(void **state)
{
    (void)state;
    if (access(FOLDER "/c.lang", R_OK) != 0) skip();
    assert_kinds(
        "c",
        "#define N 12 /* how\nmany */\nstatic int x = 0x1f; // all\nreturn \"a\\\"b\" + 'c';\n#include <stdio.h>\n",
        "pppppppppppppcccccc\nccccccc\ntttttt.ttt.....nnnn..cccccc\nkkkkkk.ssssss...sss.\npppppppppsssssssss\n");
}

static void a_file_finds_its_language_where_descriptions_are(void **state)
{
    (void)state;
    struct syntax_catalog *c = NULL;
    struct error e = {0};
    if (access(FOLDER "/c.lang", R_OK) != 0) skip();
    setenv("XDG_DATA_DIRS", "/nowhere:/usr/share", 1);
    assert_ok(syntax_catalog_open(&c, &e), e);
    assert_string_equal(syntax_catalog_file(c, "c"), FOLDER "/c.lang");
    assert_string_equal(syntax_catalog_find(c, "a.c"), "c");
    assert_string_equal(syntax_catalog_find(c, "a.py"), "python3");
    assert_string_equal(syntax_catalog_find(c, "Makefile"), "makefile");
    assert_null(syntax_catalog_find(c, "a.nothing"));
    syntax_catalog_close(c);
    setenv("XDG_DATA_DIRS", "/nowhere", 1);
    assert_ok(syntax_catalog_open(&c, &e), e);
    assert_null(syntax_catalog_find(c, "a.c"));
    syntax_catalog_close(c);
    unsetenv("XDG_DATA_DIRS");
}

/* All files that are found have a description that can be read, and hostile lines end. */
static void every_description_is_read_and_ends(void **state)
{
    (void)state;
    static const char *const lines[] = {"\"'`/*<!--$(", "((((((((((((((((((((((((((((((", "\\",
                                        "aaaaaaaaaaaaaaaaaaaaaaa", "\xff\x80 x"};
    static const char *const languages[] = {"c",       "cpp",      "python3", "rust", "go",    "js",   "typescript",
                                            "java",    "sh",       "sql",     "html", "xml",   "json", "css",
                                            "ruby",    "php",      "lua",     "perl", "cmake", "yaml", "makefile",
                                            "haskell", "markdown", "latex",   "diff"};
    struct syntax_catalog *c = NULL;
    struct syntax *none = NULL;
    struct error why = {0};
    if (access(FOLDER "/c.lang", R_OK) != 0) skip();
    assert_ok(syntax_catalog_open(&c, &why), why);
    for (size_t i = 0; i < sizeof languages / sizeof *languages; i++) {
        struct syntax *s = NULL;
        struct error e = {0};
        struct syntax_state at = {0};
        uint8_t kinds[200];
        assert_ok(syntax_open(&s, c, languages[i], &e), e);
        for (size_t k = 0; k < 20; k++) {
            const char *line = lines[k % (sizeof lines / sizeof *lines)];
            syntax_line(s, &at, line, strlen(line), k == 0, kinds);
            for (size_t j = 0; line[j] != '\0'; j++) assert_true(kinds[j] < SYNTAX_KINDS);
        }
        syntax_close(s);
    }
    assert_int_equal(syntax_open(&none, c, "no-such", &why), -1);
    assert_string_equal(why.text, "no-such: no such language");
    syntax_catalog_close(c);
}

static void only_what_is_shown_is_gone_over(void **state)
{
    (void)state;
    enum { LINES = 20000 };
    char *text = malloc(LINES * 10 + 1);
    struct corpus *c = NULL;
    struct code_tint *t = NULL;
    struct error e = {0};
    if (access(FOLDER "/c.lang", R_OK) != 0) skip();
    for (int i = 0; i < LINES; i++)
        memcpy(text + 10 * i, i == 0 ? "/* no end\n" : i == 9 ? "no more*/\n" : "return 12\n", 10);
    const char *paths[62] = {"a.c", "b.txt"}, *texts[62] = {text, "return 12\n"};
    size_t sizes[62] = {LINES * 10, 10};
    char names[60][8];
    for (size_t i = 0; i < 60; i++) {
        snprintf(names[i], sizeof names[i], "c%02zu.c", i);
        paths[2 + i] = names[i];
        texts[2 + i] = texts[1];
        sizes[2 + i] = 10;
    }
    assert_ok(corpus_open_memory(&c, paths, texts, sizes, 62, &e), e);
    assert_ok(code_tint_open(&t, c, &e), e);
    code_tint_want(t, 0, 0, 400);
    assert_int_equal(code_tint_at(t, 0, 50), SYNTAX_PLAIN); /* not known yet */
    while (code_tint_step(t, 1)) {
    }
    assert_int_equal(code_tint_at(t, 0, 50), SYNTAX_COMMENT);
    assert_int_equal(code_tint_at(t, 0, 100), SYNTAX_KEYWORD);
    assert_int_equal(code_tint_at(t, 0, 107), SYNTAX_CONSTANT);
    assert_int_equal(code_tint_at(t, 0, 1000), SYNTAX_PLAIN); /* nobody looks there */
    code_tint_want(t, 0, 150000, 150400);
    while (code_tint_step(t, 1)) {
    }
    assert_int_equal(code_tint_at(t, 0, 150000), SYNTAX_KEYWORD);
    assert_int_equal(code_tint_at(t, 0, 100), SYNTAX_KEYWORD); /* as before */
    assert_int_equal(code_tint_at(t, 0, 60000), SYNTAX_PLAIN);
    /* More pieces than can be known at once: what is on the screen is not taken for others, and it comes to an end. */
    code_tint_draw(t);
    for (uint64_t i = 0; i < 2; i++) code_tint_want(t, 0, 199000, 199010);
    for (uint64_t i = 0; i < 60; i++) code_tint_want(t, 2 + (size_t)(59 - i), 0, 10);
    while (code_tint_step(t, 1)) {
    }
    assert_int_equal(code_tint_at(t, 0, 199000), SYNTAX_KEYWORD);
    assert_int_equal(code_tint_at(t, 61, 0), SYNTAX_KEYWORD);
    for (uint64_t i = 0; i < 60; i++) code_tint_want(t, 2 + (size_t)(59 - i), 0, 10);
    assert_false(code_tint_needs(t));
    code_tint_want(t, 1, 0, 10);
    assert_false(code_tint_needs(t)); /* prose */
    code_tint_close(t);
    corpus_close(c);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_is_told_apart_by_the_descriptions),
        cmocka_unit_test(a_file_finds_its_language_where_descriptions_are),
        cmocka_unit_test(every_description_is_read_and_ends),
        cmocka_unit_test(only_what_is_shown_is_gone_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
