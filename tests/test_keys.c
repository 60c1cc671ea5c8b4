#include "tests/test.h"

#include "app/terminal/keymap.h"

static void keys_have_names_that_parse_back(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t key;
    } cases[] = {
        {"a", 'a'},
        {"^C", KEYS_CTRL | 'c'},
        {"M-x", KEYS_ALT | 'x'},
        {"Tab", KEYS_TAB},
        {"S-Tab", KEYS_BACKTAB},
        {"F1", KEYS_F1},
        {"F12", KEYS_F1 + 11},
        {"PgDn", KEYS_PAGE_DOWN},
        {"^Left", KEYS_CTRL | KEYS_LEFT},
        {"M-Enter", KEYS_ALT | KEYS_ENTER},
        {"é", 0xE9},
        {"Space", ' '},
        {"^", '^'},
        {"M-", 0},
    };
    for (size_t i = 0; i + 1 < sizeof cases / sizeof cases[0]; i++) {
        uint32_t key = 0;
        char name[24];
        assert_true(keys_parse(cases[i].name, &key));
        assert_int_equal(key, cases[i].key);
        keys_name(key, name);
        assert_string_equal(name, cases[i].name);
    }
}

static void a_name_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"", "ab", "F0", "F13", "F1x", "Tabs", "\x1b", "\xff", "^\x01"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint32_t key = 7;
        assert_false(keys_parse(names[i], &key));
        assert_int_equal(key, 7);
    }
}

static void every_default_key_runs_the_command_of_its_line(void **state)
{
    (void)state;
    struct keymap m;
    keymap_init(&m);
    size_t n;
    const struct actions_entry *actions = actions_table(&n);
    for (size_t i = 0; i < n; i++) {
        char keys[64];
        snprintf(keys, sizeof keys, "%s", actions[i].keys);
        for (char *name = strtok(keys, " "); name != NULL; name = strtok(NULL, " ")) {
            uint32_t key;
            assert_true(keys_parse(name, &key));
            if (keymap_find(&m, key, actions[i].edit) != actions[i].action)
                fail_msg("%s does not run %s", name, actions[i].name);
        }
    }
}

static void a_key_can_be_bound_to_another_command(void **state)
{
    (void)state;
    struct keymap m;
    keymap_init(&m);
    char names[80];
    assert_true(keymap_bind(&m, 'j', ACTION_UP, false));
    assert_int_equal(keymap_find(&m, 'j', false), ACTION_UP);
    assert_int_equal(keymap_find(&m, 'j', true), ACTION_NONE);
    assert_true(keymap_bind(&m, KEYS_F1 + 4, actions_entry_named("quit")->action, false));
    keymap_names(&m, ACTION_QUIT, names, sizeof names);
    assert_string_equal(names, "q F5");
    keymap_names(&m, ACTION_QUIT, names, 3);
    assert_string_equal(names, "q");
    assert_null(actions_entry_named("no-such"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_names_that_parse_back),
        cmocka_unit_test(a_name_that_is_none_is_refused),
        cmocka_unit_test(every_default_key_runs_the_command_of_its_line),
        cmocka_unit_test(a_key_can_be_bound_to_another_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
