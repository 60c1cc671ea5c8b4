#include "tests/test.h"

#include "app/terminal/canvas.h"
#include "app/terminal/theme.h"
#include "app/text/figures.h"

static struct canvas canvas_of(int rows, int cols)
{
    struct canvas c = {0};
    struct error e = {0};
    assert_ok(canvas_resize(&c, rows, cols, &e), e);
    return c;
}

static void assert_shows(struct canvas *c, const char *expected)
{
    char *text = canvas_text(c);
    assert_string_equal(text, expected);
    free(text);
    canvas_close(c);
}

static const struct rect all = {0, 0, 100, 100};

static void text_is_cut_at_the_edge_of_its_rectangle(void **state)
{
    (void)state;
    struct canvas c = canvas_of(2, 10);
    const struct rect r = {0, 2, 1, 4};
    assert_int_equal(canvas_puts(&c, r, 0, 0, style(ROLE_TEXT), "abcdef"), 4);
    assert_int_equal(canvas_puts(&c, r, 1, 0, style(ROLE_TEXT), "below"), 0);
    assert_shows(&c, "  abcd\n\n");
}

static void a_wide_character_is_never_cut_in_half(void **state)
{
    (void)state;
    struct canvas c = canvas_of(1, 5);
    assert_int_equal(canvas_puts(&c, all, 0, 0, style(ROLE_TEXT), "日本語"), 4);
    assert_shows(&c, "日本\n");
}

static void overwriting_half_a_wide_character_blanks_the_other_half(void **state)
{
    (void)state;
    struct canvas c = canvas_of(1, 6);
    canvas_puts(&c, all, 0, 0, style(ROLE_TEXT), "日本");
    canvas_puts(&c, all, 0, 1, style(ROLE_TEXT), "x");
    canvas_puts(&c, all, 0, 2, style(ROLE_TEXT), "y");
    assert_shows(&c, " xy\n");
}

static void combining_marks_join_the_cell_before_and_a_storm_stays_in_it(void **state)
{
    (void)state;
    struct canvas c = canvas_of(1, 4);
    canvas_puts(&c, all, 0, 0, style(ROLE_TEXT), "e\xCC\x81");
    for (int i = 0; i < 100; i++) canvas_puts(&c, all, 0, 1, style(ROLE_TEXT), "\xCC\x81");
    canvas_puts(&c, all, 0, 1, style(ROLE_TEXT), "x");
    assert_int_equal(strncmp(c.cells[0].text, "e\xCC\x81\xCC\x81", 5), 0);
    assert_true(strlen(c.cells[0].text) < sizeof c.cells[0].text);
    assert_string_equal(c.cells[1].text, "x");
    canvas_close(&c);
}

static void escape_sequences_are_drawn_as_notations(void **state)
{
    (void)state;
    struct canvas c = canvas_of(1, 12);
    canvas_puts(&c, all, 0, 0, style(ROLE_TEXT), "a\x1b[2J\tb");
    char *styles = canvas_styles(&c);
    assert_string_equal(styles, ".nn...nn....\n");
    free(styles);
    assert_shows(&c, "a^[[2J^Ib\n");
}

static void a_long_path_loses_its_beginning(void **state)
{
    (void)state;
    struct canvas c = canvas_of(2, 12);
    const char *path = "src/deep/file.c:10";
    assert_int_equal(canvas_put_tail(&c, all, 0, 2, 12, style(ROLE_TEXT), path, strlen(path)), 2);
    assert_int_equal(canvas_put_tail(&c, all, 1, 2, 12, style(ROLE_TEXT), "a.c", 3), 9);
    assert_shows(&c, "  …file.c:10\n         a.c\n");
}

static void drawing_outside_the_canvas_changes_nothing(void **state)
{
    (void)state;
    struct canvas c = canvas_of(1, 3);
    canvas_puts(&c, all, -1, 0, style(ROLE_TEXT), "x");
    canvas_puts(&c, all, 5, 0, style(ROLE_TEXT), "x");
    canvas_puts(&c, (struct rect){-1, -1, 3, 9}, 0, 0, style(ROLE_TEXT), "x");
    canvas_role(&c, (struct rect){-5, -5, 20, 20}, ROLE_DIM);
    char *styles = canvas_styles(&c);
    assert_string_equal(styles, "ddd\n");
    free(styles);
    assert_shows(&c, "\n");
}

static void every_role_and_heat_has_a_look_at_every_depth(void **state)
{
    (void)state;
    for (enum depth d = DEPTH_MONO; d <= DEPTH_TRUE; d++) {
        int32_t most = d == DEPTH_MONO ? -1 : d == DEPTH_8 ? 7 : d == DEPTH_16 ? 15 : d == DEPTH_256 ? 255 : 0xFFFFFF;
        for (uint8_t role = 0; role < ROLE_COUNT; role++) {
            for (uint8_t heat = 0; heat < FIGURES_HEAT; heat++) {
                struct look dark = theme_look(THEME_DARK, d, (struct style){role, heat});
                struct look light = theme_look(THEME_LIGHT, d, (struct style){role, heat});
                assert_in_range(dark.foreground + 1, 0, (uintmax_t)(most + 1));
                assert_in_range(dark.background + 1, 0, (uintmax_t)(most + 1));
                assert_in_range(light.foreground + 1, 0, (uintmax_t)(most + 1));
            }
        }
    }
    struct look hot = theme_look(THEME_DARK, DEPTH_MONO, (struct style){ROLE_TEXT, 8});
    assert_true(hot.reverse);
    assert_int_equal(theme_look(THEME_DARK, DEPTH_TRUE, (struct style){ROLE_TEXT, 8}).background, 0xf9d057);
}

static void the_background_is_guessed_from_the_environment(void **state)
{
    (void)state;
    assert_int_equal(theme_guess(NULL), THEME_DARK);
    assert_int_equal(theme_guess("15;0"), THEME_DARK);
    assert_int_equal(theme_guess("0;15"), THEME_LIGHT);
    assert_int_equal(theme_guess("0;default;7"), THEME_LIGHT);
}

static void a_wide_character_needs_both_its_columns(void **state)
{
    (void)state;
    struct canvas c = canvas_of(2, 4);
    const struct rect three = {0, 0, 2, 3};
    assert_int_equal(canvas_puts(&c, three, 0, 0, style(ROLE_TEXT), "a日b"), 3);
    assert_int_equal(canvas_puts(&c, three, 1, 0, style(ROLE_TEXT), "ab日"), 2);
    assert_shows(&c, "a日\nab\n");
}

static void a_wide_character_in_the_last_columns_is_blanked_whole(void **state)
{
    (void)state;
    struct canvas c = canvas_of(2, 4);
    canvas_puts(&c, all, 0, 2, style(ROLE_TEXT), "日");
    canvas_puts(&c, all, 0, 2, style(ROLE_TEXT), "x"); /* its left half */
    assert_int_equal(c.cells[3].width, 1);
    assert_string_equal(c.cells[3].text, " ");
    canvas_puts(&c, all, 1, 2, style(ROLE_TEXT), "日");
    canvas_puts(&c, all, 1, 3, style(ROLE_TEXT), "y"); /* its right half */
    assert_int_equal(c.cells[6].width, 1);
    assert_shows(&c, "  x\n   y\n");
}

static void a_mark_behind_a_wide_character_joins_it(void **state)
{
    (void)state;
    struct canvas c = canvas_of(1, 4);
    canvas_puts(&c, all, 0, 0, style(ROLE_TEXT), "日\xCC\x81x");
    assert_string_equal(c.cells[0].text, "日\xCC\x81");
    assert_string_equal(c.cells[2].text, "x");
    canvas_clear(&c);
    canvas_puts(&c, all, 0, 0, style(ROLE_TEXT), "\xCC\x81x"); /* nothing stands before it */
    assert_string_equal(c.cells[0].text, "x");
    canvas_close(&c);
}

static void what_just_has_room_is_not_cut(void **state)
{
    (void)state;
    struct canvas c = canvas_of(6, 8);
    assert_int_equal(canvas_put_tail(&c, all, 0, 2, 7, style(ROLE_TEXT), "abcde", 5), 2);
    assert_int_equal(canvas_put_tail(&c, all, 1, 2, 7, style(ROLE_TEXT), "abcdef", 6), 2);
    assert_int_equal(canvas_put_tail(&c, all, 2, 7, 7, style(ROLE_TEXT), "abcdef", 6), 7); /* no room at all */
    const struct rect r = {0, 0, 6, 7};
    assert_int_equal(canvas_put_head(&c, r, 3, 2, style(ROLE_TEXT), "abcde", 5), 7);
    assert_int_equal(canvas_put_head(&c, r, 4, 2, style(ROLE_TEXT), "abcdef", 6), 7);
    assert_int_equal(canvas_put_head(&c, r, 5, 7, style(ROLE_TEXT), "abcdef", 6), 7);
    assert_shows(&c, "  abcde\n  …cdef\n\n  abcde\n  abcd…\n\n");
}

static void wide_characters_are_cut_whole_at_both_ends(void **state)
{
    (void)state;
    struct canvas c = canvas_of(2, 6);
    assert_int_equal(canvas_put_tail(&c, all, 0, 0, 6, style(ROLE_TEXT), "日本語語", 12), 1);
    const struct rect r = {0, 0, 2, 6};
    assert_int_equal(canvas_put_head(&c, r, 1, 0, style(ROLE_TEXT), "日本語語", 12), 5);
    assert_shows(&c, " …語語\n日本…\n");
}

static void a_rectangle_holds_its_first_and_not_its_end(void **state)
{
    (void)state;
    const struct rect r = {2, 3, 4, 5};
    assert_true(rect_holds(r, 2, 3));
    assert_true(rect_holds(r, 5, 7));
    assert_false(rect_holds(r, 1, 3));
    assert_false(rect_holds(r, 6, 3));
    assert_false(rect_holds(r, 2, 2));
    assert_false(rect_holds(r, 2, 8));
    const struct rect inner = rect_inset(r, 1, 1, 1, 2), none = rect_inset(r, 3, 3, 3, 3);
    assert_int_equal(inner.y * 1000 + inner.x * 100 + inner.h * 10 + inner.w, 3522);
    assert_int_equal(none.h + none.w, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_cut_at_the_edge_of_its_rectangle),
        cmocka_unit_test(a_wide_character_is_never_cut_in_half),
        cmocka_unit_test(overwriting_half_a_wide_character_blanks_the_other_half),
        cmocka_unit_test(combining_marks_join_the_cell_before_and_a_storm_stays_in_it),
        cmocka_unit_test(escape_sequences_are_drawn_as_notations),
        cmocka_unit_test(a_long_path_loses_its_beginning),
        cmocka_unit_test(drawing_outside_the_canvas_changes_nothing),
        cmocka_unit_test(every_role_and_heat_has_a_look_at_every_depth),
        cmocka_unit_test(the_background_is_guessed_from_the_environment),
        cmocka_unit_test(a_wide_character_needs_both_its_columns),
        cmocka_unit_test(a_wide_character_in_the_last_columns_is_blanked_whole),
        cmocka_unit_test(a_mark_behind_a_wide_character_joins_it),
        cmocka_unit_test(what_just_has_room_is_not_cut),
        cmocka_unit_test(wide_characters_are_cut_whole_at_both_ends),
        cmocka_unit_test(a_rectangle_holds_its_first_and_not_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
