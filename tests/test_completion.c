#include "tests/test.h"

#include "app/screen/completion.h"
#include "app/terminal/config.h"
#include "app/text/corpus.h"

/* "AT: WORD WORD (ALL), SHARED". */
static void assert_completed(const struct corpus *c, const char *line, const char *expected)
{
    struct completion found;
    char shown[400];
    completion_find(&found, line, c);
    int n = snprintf(shown, sizeof shown, "%zu:", found.at);
    for (size_t i = 0; i < found.n; i++) n += snprintf(shown + n, sizeof shown - (size_t)n, " %s", found.words[i]);
    snprintf(shown + n, sizeof shown - (size_t)n, " (%zu), %zu", found.all, found.shared);
    assert_string_equal(shown, expected);
}

static void commands_values_actions_and_files_are_completed(void **state)
{
    (void)state;
    struct corpus *c = NULL;
    struct error e = {0};
    static const char *const paths[] = {"src/lamp.c", "src/lantern.c", "README"};
    static const char *const texts[] = {"x", "x", "x"};
    static const size_t sizes[] = {1, 1, 1};
    assert_ok(corpus_open_memory(&c, paths, texts, sizes, 3, &e), e);
    assert_completed(c, "th", "0: theme (1), 5");
    assert_completed(c, "  t", "2: talk theme (2), 1");
    assert_completed(c, "theme l", "6: light (1), 5");
    assert_completed(c, "theme ", "6: auto dark light (3), 0");
    assert_completed(c, "f src/l", "2: src/lamp.c src/lantern.c (2), 6");
    assert_completed(c, "bind x edit-k", "7: edit-kill-word edit-kill-word-right edit-kill-end edit-kill-home (4), 10");
    assert_completed(c, "bind x", "0: (0), 0");
    assert_completed(c, "zzz", "0: (0), 0");
    assert_completed(c, "export a", "7: (0), 0");
    corpus_close(c);
}

/* 日 and 旦 begin with the same two bytes: half of a character is nothing that could be put into the line. */
static void what_is_shared_ends_with_a_whole_character(void **state)
{
    (void)state;
    struct corpus *c = NULL;
    struct error e = {0};
    static const char *const paths[] = {"a\xE6\x97\xA5.txt", "a\xE6\x97\xA6.txt", "b\xC3\xA9", "b\xC3\xA9t"};
    static const char *const texts[] = {"x", "x", "x", "x"};
    static const size_t sizes[] = {1, 1, 1, 1};
    assert_ok(corpus_open_memory(&c, paths, texts, sizes, 4, &e), e);
    assert_completed(c, "f a", "2: a\xE6\x97\xA5.txt a\xE6\x97\xA6.txt (2), 1");
    assert_completed(c, "f b", "2: b\xC3\xA9 b\xC3\xA9t (2), 3");
    assert_completed(c, "f b\xC3\xA9t", "2: b\xC3\xA9t (1), 4");
    assert_completed(c, "f ", "2: a\xE6\x97\xA5.txt a\xE6\x97\xA6.txt b\xC3\xA9 b\xC3\xA9t (4), 0");
    corpus_close(c);
}

/* One table: what is completed is taken, in the file and when it is typed. */
static void every_setting_and_each_of_its_values_is_completed_and_taken(void **state)
{
    (void)state;
    struct corpus *c = NULL;
    struct error e = {0};
    const char *const paths[] = {"a"}, *const texts[] = {"x"};
    const size_t sizes[] = {1};
    size_t n, commands = 0;
    struct config config;
    struct completion found;
    assert_ok(corpus_open_memory(&c, paths, texts, sizes, 1, &e), e);
    config_init(&config);
    const struct config_setting *settings = config_settings(&n);
    for (size_t i = 0; i < n; i++) {
        char line[64];
        size_t k = 0;
        for (; k < 4 && settings[i].values[k] != NULL; k++) {
            snprintf(line, sizeof line, "%s %s", settings[i].name, settings[i].values[k]);
            assert_ok(config_line(&config, line, &e), e);
            completion_find(&found, line, c);
            assert_int_equal(found.all, 1);
            assert_string_equal(found.words[0], settings[i].values[k]);
        }
        snprintf(line, sizeof line, "%s no-such-value", settings[i].name);
        assert_int_equal(config_line(&config, line, &e), -1);
        assert_null(strstr(e.text, "no such setting"));
    }
    for (const char *name; (name = completion_command(commands)) != NULL; commands++) {
        completion_find(&found, name, c);
        assert_true(found.all > 0 && strncmp(found.words[0], name, strlen(name)) == 0);
    }
    assert_int_equal(commands, n + 6);
    corpus_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_values_actions_and_files_are_completed),
        cmocka_unit_test(every_setting_and_each_of_its_values_is_completed_and_taken),
        cmocka_unit_test(what_is_shared_ends_with_a_whole_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
