/* The screen at the sizes where its layout changes, over text of wide and combining characters; what is pressed at any
 * of them, and what a change of size keeps. */
#include "tests/screen_fixture.h"

static const char tale[] =
    "# \xE7\x81\xAF\xE5\x8F\xB0\n\n"
    "The lamp \xE2\x80\x94 \xE7\x81\xAF \xE2\x80\x94 burned all night. Cafe\xCC\x81, nai\xCC\x88ve.\n\n"
    "\xE5\xAE\x88\xE7\x81\xAF\xE4\xBA\xBA\xE6\xAF\x8F\xE6\x99\x9A\xE7\x82\xB9\xE7\x81\xAF\xE3\x80\x82"
    "\xE4\xBB\x96\xE4\xBB\x8E\xE6\x9D\xA5\xE6\xB2\xA1\xE6\x9C\x89\xE7\xA6\xBB\xE5\xBC\x80\xE8\xBF\x87"
    "\xE9\x82\xA3\xE4\xB8\xAA\xE5\xB2\x9B\xE3\x80\x82\n\n"
    "# Dusk\n\nThe keeper of the lamp slept. \xF0\x9F\x90\x8B\xF0\x9F\x90\x8B\n";
static const char code[] = "int lamp = 1; /* \xE7\x81\xAF */\n\treturn lamp;\n";

static void open_asked(struct fixture *f)
{
    static const char *const paths[] = {"\xE6\x9B\xB8/tale.md", "lamp.c"}, *const texts[] = {tale, code};
    static const size_t sizes[] = {sizeof tale - 1, sizeof code - 1};
    fixture_open(f, paths, texts, sizes, 2);
    fixture_draw(f, 24, 80);
    fixture_read(f, true);
    fixture_ask(f, "who kept the lamp \xE7\x81\xAF?");
    fixture_answer(f);
}

/* Rows and columns: below them the next layout begins. */
static const int edges[][2] = {{60, 200}, {24, 130}, {24, 129}, {16, 60}, {16, 59}, {15, 60}, {6, 20}, {5, 18}};
enum { N_EDGES = sizeof edges / sizeof *edges };

static void every_layout_at_the_size_where_it_begins(void **state)
{
    (void)state;
    struct fixture f;
    open_asked(&f);
    for (int i = 0; i < N_EDGES; i++) {
        char name[40];
        snprintf(name, sizeof name, "size_%dx%d", edges[i][1], edges[i][0]);
        fixture_draw(&f, edges[i][0], edges[i][1]);
        assert_screen(&f.canvas, name, false);
    }
    fixture_close(&f);
}

/* No row is longer than the screen and no character is torn: the width of what stands in a row's cells is the row's. */
static void rows_have_their_width_at_every_size(void **state)
{
    (void)state;
    struct fixture f;
    open_asked(&f);
    for (int rows = 1; rows <= 40; rows += 3)
        for (int cols = 1; cols <= 140; cols += rows % 2 ? 7 : 5) {
            fixture_draw(&f, rows, cols);
            for (int y = 0; y < rows; y++) {
                int width = 0;
                for (int x = 0; x < cols; x++) {
                    const struct cell *cell = &f.canvas.cells[y * cols + x];
                    assert_true((cell->width == 0) == (cell->text[0] == '\0'));
                    if (cell->width == 2) assert_true(x + 1 < cols && cell[1].width == 0);
                    if (cell->width == 0) assert_true(x > 0 && cell[-1].width == 2);
                    width += cell->width;
                }
                assert_int_equal(width, cols);
            }
        }
    fixture_close(&f);
}

/* A press anywhere: the pane that is there gets the focus, and nothing is pressed where none is. */
static void a_press_on_any_cell_is_heard_by_the_pane_that_is_there(void **state)
{
    (void)state;
    struct fixture f;
    open_asked(&f);
    for (int i = 0; i < N_EDGES; i++)
        for (int y = 0; y < edges[i][0]; y += 2)
            for (int x = 0; x<edges[i][1]; x += edges[i][1]> 100 ? 9 : 4) {
                fixture_keys(&f, "Esc");
                fixture_draw(&f, edges[i][0], edges[i][1]);
                const struct layout l = f.screen->layout;
                enum focus there = FOCUS_COUNT;
                for (enum focus k = FOCUS_TEXT; k < FOCUS_COUNT; k++)
                    if (rect_holds(l.panes[k], y, x)) there = k;
                const enum focus before = f.screen->focus;
                const struct event press = {.type = EVENT_MOUSE, .mouse = MOUSE_PRESS, .y = y, .x = x},
                                   release = {.type = EVENT_MOUSE, .mouse = MOUSE_RELEASE, .y = y, .x = x};
                screen_event(f.screen, &press);
                screen_event(f.screen, &release);
                assert_false(f.screen->quit);
                if (there == FOCUS_COUNT || l.too_small) assert_int_equal(f.screen->focus, before);
            }
    fixture_close(&f);
}

/* What is looked at is still in sight when the window has been made small and large again, and nothing else moved. */
static void a_change_of_size_and_back_keeps_the_screen(void **state)
{
    (void)state;
    struct fixture f;
    open_asked(&f);
    fixture_draw(&f, 24, 80);
    char *before = canvas_text(&f.canvas);
    for (int i = 0; i < N_EDGES; i++) {
        fixture_draw(&f, edges[i][0], edges[i][1]);
        fixture_draw(&f, 24, 80);
        char *after = canvas_text(&f.canvas);
        screens_compare("after another size", before, after);
        free(after);
    }
    free(before);
    fixture_close(&f);
}

/* Lists that cover the panes keep what is selected in sight at any height, and a press opens the row that is shown. */
static void lists_keep_what_is_selected_in_sight_at_any_size(void **state)
{
    (void)state;
    struct fixture f;
    open_asked(&f);
    for (int rows = 6; rows <= 16; rows += 2) {
        fixture_draw(&f, rows, 44);
        fixture_keys(&f, "o");
        fixture_draw(&f, rows, 44);
        assert_int_equal(f.screen->mode, MODE_PICK);
        for (size_t i = 0; i + 1 < f.screen->picker.n; i++) {
            fixture_keys(&f, "Down");
            fixture_draw(&f, rows, 44);
            const struct picker *p = &f.screen->picker;
            assert_int_equal(p->selected, i + 1);
            assert_true(p->selected >= p->first && (p->height == 0 || p->selected < p->first + (size_t)p->height));
        }
        fixture_keys(&f, "Down Down");
        assert_int_equal(f.screen->picker.selected, f.screen->picker.n - 1);
        fixture_keys(&f, "Esc");
        assert_int_equal(f.screen->mode, MODE_BROWSE);
    }
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layout_at_the_size_where_it_begins),
        cmocka_unit_test(rows_have_their_width_at_every_size),
        cmocka_unit_test(a_press_on_any_cell_is_heard_by_the_pane_that_is_there),
        cmocka_unit_test(a_change_of_size_and_back_keeps_the_screen),
        cmocka_unit_test(lists_keep_what_is_selected_in_sight_at_any_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
