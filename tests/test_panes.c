/* The table of panes: each is drawn, gets the focus from a press, turns with the wheel, and closes where it covers. */
#include "tests/screen_fixture.h"

#include "app/screen/screen_panes.h"

#include <unistd.h>

static void open_screen(struct fixture *f)
{
    static char story[8000]; /* long enough to be zoomed into */
    static const char sentences[] = "The lamp was lit.\n\nThe keeper slept.\n\nThe lamp went out.\n\n";
    for (size_t i = 0; i < sizeof story - 1; i++) story[i] = sentences[i % (sizeof sentences - 1)];
    static const char *const paths[] = {"a.txt", "b.txt"}, *const texts[] = {story, story};
    static const size_t sizes[] = {sizeof story - 1, sizeof story - 1};
    fixture_open(f, paths, texts, sizes, 2);
    fixture_read(f, true);
    fixture_ask(f, "who lit the lamp?");
    fixture_answer(f);
    fixture_draw(f, 30, 140);
}

static void mouse(struct fixture *f, enum mouse kind, struct rect r, int y)
{
    const struct event event = {.type = EVENT_MOUSE, .mouse = kind, .y = r.y + y, .x = r.x + 3};
    screen_event(f->screen, &event);
}

static void every_pane_has_what_the_screen_calls(void **state)
{
    (void)state;
    for (enum focus i = FOCUS_TEXT; i < FOCUS_COUNT; i++) {
        const struct pane_ops *p = screen_panes_of(i);
        assert_true(p->draw && p->move && p->open && p->wheel && p->keys);
        bool searches = false;
        for (const struct pane_hint *k = p->keys; k->action != ACTION_NONE; k++) {
            assert_true(k->word && *k->word);
            searches = searches || k->action == ACTION_SEARCH;
        }
        assert_true(searches); /* the bar names what "/" does in every one */
    }
}

static void a_press_gives_the_focus(void **state)
{
    (void)state;
    struct fixture f;
    open_screen(&f);
    for (int i = 0; i < FOCUS_COUNT; i++) {
        const struct rect r = f.screen->layout.panes[i];
        assert_true(r.h > 0);
        mouse(&f, MOUSE_PRESS, r, 0);
        assert_int_equal(f.screen->focus, i);
        assert_int_equal(f.screen->mode, MODE_BROWSE);
    }
    fixture_close(&f);
}

static void the_last_row_of_the_chat_is_where_one_types(void **state)
{
    (void)state;
    struct fixture f;
    open_screen(&f);
    const struct rect chat = f.screen->layout.panes[FOCUS_CHAT];
    mouse(&f, MOUSE_PRESS, chat, chat.h - 1);
    assert_int_equal(f.screen->mode, MODE_ASK);
    mouse(&f, MOUSE_PRESS, f.screen->layout.panes[FOCUS_TEXT], 2);
    assert_int_equal(f.screen->mode, MODE_BROWSE);
    fixture_close(&f);
}

static void the_wheel_turns_what_is_under_it_and_leaves_the_focus(void **state)
{
    (void)state;
    struct fixture f;
    open_screen(&f);
    const enum focus before = f.screen->focus;
    struct exchange *x = f.screen->conversation.items[0];
    assert_true(exchange_lens(x).n_items > 1);
    mouse(&f, MOUSE_WHEEL_DOWN, f.screen->layout.panes[FOCUS_EVIDENCE], 1);
    assert_int_equal(x->selected, 1);
    mouse(&f, MOUSE_WHEEL_UP, f.screen->layout.panes[FOCUS_EVIDENCE], 1);
    assert_int_equal(x->selected, 0);
    const unsigned zoom = f.screen->map.zoom;
    mouse(&f, MOUSE_WHEEL_UP, f.screen->layout.panes[FOCUS_MAP], 0);
    assert_int_equal(f.screen->map.zoom, zoom + 1);
    mouse(&f, MOUSE_WHEEL_DOWN, f.screen->layout.panes[FOCUS_MAP], 0);
    assert_int_equal(f.screen->map.zoom, zoom);
    const size_t row = f.screen->contents.selected;
    mouse(&f, row ? MOUSE_WHEEL_UP : MOUSE_WHEEL_DOWN, f.screen->layout.panes[FOCUS_CONTENTS], 1);
    assert_true(f.screen->contents.selected != row);
    assert_int_equal(f.screen->focus, before);
    fixture_close(&f);
}

static void what_covers_the_panes_opens_and_closes(void **state)
{
    (void)state;
    const struct {
        const char *key;
        enum mode mode;
    } covers[] = {{"?", MODE_HELP}, {"p", MODE_PATTERN}, {"S", MODE_SCALE}, {"!", MODE_NOTES}, {"A", MODE_INSPECT}};
    struct fixture f;
    open_screen(&f);
    for (size_t i = 0; i < sizeof covers / sizeof *covers; i++)
        for (int how = 0; how < 3; how++) {
            fixture_keys(&f, covers[i].key);
            assert_int_equal(f.screen->mode, covers[i].mode);
            assert_true(screen_panes_current(f.screen)->draw != screen_panes_of(f.screen->focus)->draw);
            fixture_draw(&f, 30, 140);
            fixture_keys(&f, how == 0 ? "Esc" : how == 1 ? "q" : covers[i].key);
            assert_int_equal(f.screen->mode, MODE_BROWSE);
            assert_false(f.screen->quit);
        }
    fixture_close(&f);
}

static void moving_stands_for_rows_by_the_height(void **state)
{
    (void)state;
    assert_int_equal(screen_panes_rows(ACTION_UP, 20), -1);
    assert_int_equal(screen_panes_rows(ACTION_DOWN, 20), 1);
    assert_int_equal(screen_panes_rows(ACTION_PAGE_DOWN, 20), 19);
    assert_int_equal(screen_panes_rows(ACTION_PAGE_UP, 20), -19);
    assert_int_equal(screen_panes_rows(ACTION_HALF_DOWN, 20), 10);
    assert_int_equal(screen_panes_rows(ACTION_HALF_UP, 20), -10);
    assert_int_equal(screen_panes_rows(ACTION_PAGE_DOWN, 1), 1);
    assert_int_equal(screen_panes_rows(ACTION_OPEN, 20), 0);
}

/* How the first row with this text is drawn. */
static void assert_row(const struct canvas *c, const char *row, const char *expected)
{
    char *text = canvas_text(c), *styles = canvas_styles(c), *found = strstr(text, row);
    size_t number = 0;
    assert_non_null(found);
    for (const char *p = text; p < found; p++) number += *p == '\n';
    styles[(number + 1) * ((size_t)c->cols + 1) - 1] = '\0';
    const char *shown = styles + number * ((size_t)c->cols + 1);
    if (strncmp(shown, expected, strlen(expected)) != 0) fail_msg("%s: %s", row, shown);
    free(text);
    free(styles);
}

static void code_has_its_colours_in_evidence_and_quotes_too(void **state)
{
    (void)state;
    static const char code[] = "/* The lamp. */\nstatic int oil = 112;\n",
                      words[] = "static int oil = 112; [1]\nIts static int oil [1] (sure)";
    const char *const paths[] = {"lamp.c"}, *const texts[] = {code};
    const size_t sizes[] = {sizeof code - 1};
    struct fixture f;
    if (access("/usr/share/gtksourceview-4/language-specs/c.lang", R_OK) != 0) skip();
    fixture_open(&f, paths, texts, sizes, 1);
    setenv("XDG_DATA_DIRS", "/usr/share", 1);
    fixture_read(&f, true);
    fixture_ask(&f, "how much oil?");
    fixture_find(&f, 0);
    struct message *m = message_new(MESSAGE_ANSWER_TEXT);
    assert_true(message_text(m, words, sizeof words - 1));
    screen_message(f.screen, m);
    do fixture_draw(&f, 24, 120);
    while (screen_work(f.screen));
    fixture_draw(&f, 24, 120);
    assert_row(&f.canvas, "  static int oil = 112; [1]", "..TTTTTT.TTT.......NNN..rrr...");
    assert_row(&f.canvas, "  Its static int oil [1] (sure)", "......uuuuuuuuuuuuuu.rrr.......");
    assert_row(&f.canvas, "    /* The lamp. */ static", "....cccccccccccccccdTTTTTTdTTTdddd");
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_has_its_colours_in_evidence_and_quotes_too),
        cmocka_unit_test(every_pane_has_what_the_screen_calls),
        cmocka_unit_test(a_press_gives_the_focus),
        cmocka_unit_test(the_last_row_of_the_chat_is_where_one_types),
        cmocka_unit_test(the_wheel_turns_what_is_under_it_and_leaves_the_focus),
        cmocka_unit_test(what_covers_the_panes_opens_and_closes),
        cmocka_unit_test(moving_stands_for_rows_by_the_height),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
