#include "tests/test.h"

#include <unistd.h>

#include "app/terminal/config.h"
#include "app/terminal/config_page.h"
#include "app/terminal/palette.h"

static void settings_and_keys_are_taken(void **state)
{
    (void)state;
    static const char text[] =
        "# colours\ntheme light\n\n  mouse off # never\r\nline-numbers on\nscale log\nstate-limit 2G\nbind w "
        "ask\nbind # help\nbind ^Left edit-home\nunbind q\n";
    struct config c;
    struct error e = {0};
    config_init(&c);
    assert_ok(config_parse(&c, "config", text, sizeof text - 1, &e), e);
    assert_int_equal(c.theme, THEME_LIGHT);
    assert_false(c.mouse);
    assert_true(c.logarithmic);
    assert_int_equal(c.state_limit, UINT64_C(2) << 30);
    assert_int_equal(c.numbers, LINE_NUMBERS_ON);
    assert_int_equal(keymap_find(&c.keymap, 'w', false), ACTION_ASK);
    assert_int_equal(keymap_find(&c.keymap, '#', false), ACTION_HELP);
    assert_int_equal(keymap_find(&c.keymap, KEYS_CTRL | KEYS_LEFT, true), EDIT_HOME);
    assert_int_equal(keymap_find(&c.keymap, 'q', false), ACTION_NONE);
}

static void long_lines_and_prose_have_settings(void **state)
{
    (void)state;
    struct config c;
    struct error e = {0};
    config_init(&c);
    assert_false(c.chopped);
    assert_int_equal(c.prose_width, 92);
    assert_ok(config_line(&c, "wrap off", &e), e);
    assert_ok(config_line(&c, "colour match bright-blue 236 # of what is found", &e), e);
    assert_int_equal(c.palette.ink[ROLE_MATCH], 12);
    assert_int_equal(c.palette.ground[ROLE_MATCH], 236);
    assert_int_equal(config_line(&c, "colour match red blue green", &e), -1);
    assert_ok(config_line(&c, "prose-width 72", &e), e);
    assert_true(c.chopped);
    assert_int_equal(c.prose_width, 72);
    assert_int_equal(config_line(&c, "prose-width 5", &e), -1);
    assert_string_equal(e.text, "prose-width is a number of columns from 20 to 1000, not \"5\"");
    assert_int_equal(config_line(&c, "prose-width 72x", &e), -1);
    assert_int_equal(config_line(&c, "prose-width 99999999999", &e), -1);
}

static void what_is_bound_while_typing_is_not_bound_elsewhere(void **state)
{
    (void)state;
    struct config c;
    struct error e = {0};
    config_init(&c);
    assert_ok(config_line(&c, "bind M-q edit-help", &e), e);
    assert_int_equal(keymap_find(&c.keymap, KEYS_ALT | 'q', true), ACTION_HELP);
    assert_int_equal(keymap_find(&c.keymap, KEYS_ALT | 'q', false), ACTION_NONE);
    assert_ok(config_line(&c, "bind M-q help", &e), e);
    assert_int_equal(keymap_find(&c.keymap, KEYS_ALT | 'q', false), ACTION_HELP);
}

static void what_is_wrong_is_named_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"theme blue", "c:1: theme is auto, dark, light, not \"blue\""},
        {"\nmouse yes", "c:2: mouse is off, on, not \"yes\""},
        {"sounding loud", "c:1: no such setting: sounding (theme, mouse, line-numbers, scale, wrap, prose-width, "
                          "state-limit, colour, bind, unbind)"},
        {"colour match", "c:1: colour PART COLOUR [GROUND]"},
        {"colour match bleu", "c:1: no such colour: bleu; did you mean blue?"},
        {"colour match brightblue", "c:1: no such colour: brightblue; did you mean bright-blue?"},
        {"colour match 256", "c:1: no such colour: 256 (black, red, green, yellow, blue, magenta, cyan, white, "
                             "bright-red, ..., own; 0 to 255)"},
        {"colour mtach red", "c:1: no such part of the screen: mtach; did you mean match?"},
        {"state-limit much", "c:1: state-limit is a size (a number, with K, M or G), not \"much\""},
        {"state-limit 0", "c:1: state-limit is a size (a number, with K, M or G), not \"0\""},
        {"bind a", "c:1: bind KEY ACTION"},
        {"bind nokey ask", "c:1: no such key: nokey (a, ^A, M-a, Tab, F1, PgDn, ...)"},
        {"bind a dance", "c:1: no such action: dance"},
        {"bind w zoom-inn", "c:1: no such action: zoom-inn; did you mean zoom-in?"},
        {"thmee dark", "c:1: no such setting: thmee; did you mean theme?"},
        {"theme", "c:1: a setting is a word and a value: theme"},
        {"unbind", "c:1: unbind KEY"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct config c, before;
        struct error e = {0};
        config_init(&c);
        c.state_limit = 1;
        memcpy(&before, &c, sizeof c);
        assert_int_equal(config_parse(&c, "c", cases[i].text, strlen(cases[i].text), &e), -1);
        assert_string_equal(e.text, cases[i].words);
        assert_memory_equal(&c, &before, sizeof c);
    }
}

/* With every # of a setting taken away it says what is so without it. */
static void the_page_to_begin_from_says_the_defaults(void **state)
{
    (void)state;
    char *page, plain[32768];
    size_t size, n = 0, n_actions;
    FILE *f = open_memstream(&page, &size);
    assert_int_equal(config_page_write(f), 0);
    fclose(f);
    for (size_t i = 0; i < size; i++) {
        const bool begins = (i == 0 || page[i - 1] == '\n') && page[i] == '#' && page[i + 1] != ' ';
        if (!begins) plain[n++] = page[i];
        assert_true(n < sizeof plain);
    }
    struct config c, usual;
    struct error e = {0};
    config_init(&usual);
    config_init(&c);
    c.keymap.n = 0;
    for (size_t i = 0; i < usual.keymap.n; i++) /* those of no action that has a name to bind */
        if (usual.keymap.bindings[i].edit && usual.keymap.bindings[i].action < EDIT_LEFT)
            c.keymap.bindings[c.keymap.n++] = usual.keymap.bindings[i];
    assert_ok(config_parse(&c, "page", plain, n, &e), e);
    assert_int_equal(c.keymap.n, usual.keymap.n);
    for (size_t i = 0; i < usual.keymap.n; i++)
        assert_int_equal(keymap_find(&c.keymap, usual.keymap.bindings[i].key, usual.keymap.bindings[i].edit),
                         usual.keymap.bindings[i].action);
    assert_int_equal(c.theme, usual.theme);
    assert_int_equal(c.mouse, usual.mouse);
    assert_int_equal(c.numbers, usual.numbers);
    assert_int_equal(c.logarithmic, usual.logarithmic);
    assert_int_equal(c.state_limit, UINT64_C(16) << 30);
    for (const char *const *part = palette_parts(); *part != NULL; part++) assert_non_null(strstr(page, *part));
    const struct actions_entry *table = actions_table(&n_actions);
    for (size_t i = 0; i < n_actions; i++)
        if (table[i].help != NULL && strstr(page, table[i].name) == NULL) fail_msg("%s is not there", table[i].name);
    free(page);
}

static void a_file_that_was_named_must_exist_and_the_usual_one_need_not(void **state)
{
    (void)state;
    struct config c;
    struct error e = {0};
    config_init(&c);
    assert_int_equal(config_read(&c, "/no/such/config", &e), -1);
    assert_string_equal(e.text, "/no/such/config: No such file or directory");
    setenv("XDG_CONFIG_HOME", "/no/such", 1);
    assert_ok(config_read(&c, NULL, &e), e);
    char path[] = "/tmp/lectern_config_XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "theme dark\n", 11), 11);
    close(fd);
    assert_ok(config_read(&c, path, &e), e);
    assert_int_equal(c.theme, THEME_DARK);
    unlink(path);
}

/* Random bytes and random words of the format: nothing but an error may come of them. */
static void any_text_is_settings_or_an_error(void **state)
{
    (void)state;
    static const char *const words[] = {"bind", "unbind", "theme", " ",    "\n",   "^",    "M-",
                                        "a",    "#",      "ask",   "\xff", "\x1b", "dark", "F1"};
    uint64_t seed = 8;
    for (int round = 0; round < 3000; round++) {
        char text[400] = "";
        for (int i = 0; i < 30; i++) strcat(text, words[(test_random(&seed) >> 32) % 14]);
        struct config c;
        struct error e = {0};
        config_init(&c);
        if (config_parse(&c, "c", text, strlen(text), &e) != 0) assert_true(e.text[0] == 'c');
        assert_true(c.keymap.n <= 256);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_and_keys_are_taken),
        cmocka_unit_test(long_lines_and_prose_have_settings),
        cmocka_unit_test(what_is_bound_while_typing_is_not_bound_elsewhere),
        cmocka_unit_test(what_is_wrong_is_named_with_its_line),
        cmocka_unit_test(the_page_to_begin_from_says_the_defaults),
        cmocka_unit_test(a_file_that_was_named_must_exist_and_the_usual_one_need_not),
        cmocka_unit_test(any_text_is_settings_or_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
