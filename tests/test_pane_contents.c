/* Files and chapters as a tree: what is shown, folded, narrowed, and what a row stands for. */
#include "tests/view_fixture.h"

#include "app/panes/pane_contents.h"

static struct view_fixture f;
static struct pane_contents p;

static const char tale[] = "# Dawn\n\nOil.\n\n## Wick\n\nLight.\n\n# Dusk\n\nNight.\n", code[] = "int lamp;\n";

static void open_contents(size_t n)
{
    static const char *const paths[] = {"book/tale.md", "src/deep/lamp.c", "src/oil.c"}, *const texts[] = {tale, code,
                                                                                                           code};
    struct error e = {0};
    view_fixture_open(&f, paths, texts, n);
    assert_ok(pane_contents_open(&p, f.corpus, &e), e);
    while (outline_step(p.outline, 50)) {
    }
    pane_contents_update(&p);
}

static void close_contents(void)
{
    pane_contents_close(&p);
    view_fixture_close(&f);
}

static void draw(int rows, int cols, bool focused, bool typing)
{
    const struct rect r = view_fixture_canvas(&f, rows, cols);
    pane_contents_draw(&p, &f.canvas, r, focused, typing, &f.view);
}

/* Opens or closes the selected row and goes on with the next. */
static void unfold_all(void)
{
    for (size_t i = 0; i < p.n_rows; i++) {
        p.selected = i;
        pane_contents_fold(&p, true);
    }
    p.selected = 0;
}

static void the_tree_has_what_is_open_with_tokens(void **state)
{
    (void)state;
    open_contents(3);
    unfold_all();
    draw(11, 30, true, false);
    assert_canvas(&f.canvas, "─ Contents  3 files ──────────\n"
                             "▾ book/                     16\n"
                             "  ▾ tale.md                 16\n"
                             "  ▾ Dawn                    11\n"
                             "      Wick                   5\n"
                             "    Dusk                     5\n"
                             "▾ src/                      10\n"
                             "  ▾ deep/                    5\n"
                             "      lamp.c                 5\n"
                             "    oil.c                    5\n"
                             "\n");
    close_contents();
}

static void one_file_has_chapters_and_one_of_them_is_one_chapter(void **state)
{
    (void)state;
    open_contents(1);
    draw(3, 30, true, false);
    assert_canvas(&f.canvas,
                  "─ Contents  3 chapters ───────\n▾ tale.md                   16\n▾ Dawn                      11\n");
    close_contents();
    static const char *const paths[] = {"a.md"}, *const texts[] = {"# Dawn\n\nOil.\n"};
    struct error e = {0};
    view_fixture_open(&f, paths, texts, 1);
    assert_ok(pane_contents_open(&p, f.corpus, &e), e);
    while (outline_step(p.outline, 50)) {
    }
    draw(3, 30, true, false);
    assert_canvas(&f.canvas,
                  "─ Contents  1 chapter ────────\n▾ a.md                       6\n  Dawn                       6\n");
    close_contents();
}

static void folding_stays_at_its_row_and_goes_out_where_nothing_is_open(void **state)
{
    (void)state;
    open_contents(3);
    unfold_all();
    struct spot at;
    pane_contents_move(&p, 3); /* Wick */
    assert_true(pane_contents_spot(&p, &at));
    assert_memory_equal(tale + at.offset, "## Wick", 7);
    assert_false(pane_contents_fold(&p, true)); /* nothing is inside */
    assert_true(pane_contents_fold(&p, false)); /* to Dawn */
    assert_int_equal(p.selected, 2);
    assert_true(pane_contents_fold(&p, false)); /* closes it */
    assert_int_equal(p.selected, 2);
    assert_int_equal(p.n_rows, 8);
    assert_true(pane_contents_fold(&p, false)); /* to the file */
    assert_int_equal(p.selected, 1);
    assert_true(pane_contents_fold(&p, false));
    assert_int_equal(p.n_rows, 6);
    assert_true(pane_contents_fold(&p, false)); /* to the folder */
    assert_int_equal(p.selected, 0);
    assert_true(pane_contents_fold(&p, false));
    assert_false(pane_contents_fold(&p, false)); /* nothing is around it */
    assert_int_equal(p.n_rows, 5);
    draw(7, 18, true, false);
    assert_canvas(&f.canvas, "─ Contents ───────\n▸ book/\n▾ src/\n  ▾ deep/\n      lamp.c\n    oil.c\n\n");
    close_contents();
}

static void a_filter_shows_files_and_chapters_flat(void **state)
{
    (void)state;
    open_contents(3);
    line_edit_set(&p.filter, "D");
    pane_contents_update(&p);
    draw(6, 30, true, true);
    assert_canvas(&f.canvas, "─ Contents  4 shown ──────────\n"
                             "filter: D\n"
                             "book/tale.md                16\n"
                             " Dawn                       11\n"
                             " Dusk                        5\n"
                             "src/deep/lamp.c              5\n");
    assert_int_equal(pane_contents_at(&p, 1), 0); /* rows below the line of the filter */
    assert_false(pane_contents_fold(&p, true));
    line_edit_set(&p.filter, "zebra");
    pane_contents_update(&p);
    struct spot at;
    assert_false(pane_contents_spot(&p, &at));
    pane_contents_move(&p, 1);
    pane_contents_move(&p, -1);
    assert_int_equal(p.selected, 0);
    draw(4, 12, true, false);
    assert_canvas(&f.canvas, "─ Contents ─\nfilter: ra\n\n\n");
    line_edit_set(&p.filter, "lamp");
    pane_contents_update(&p);
    draw(4, 12, true, false); /* a path without room loses its beginning */
    assert_canvas(&f.canvas, "─ Contents ─\nfilter: p\n…deep/lamp.c\n\n");
    close_contents();
}

static void it_follows_the_text_until_it_is_moved(void **state)
{
    (void)state;
    open_contents(3);
    unfold_all();
    f.view.spot = (struct spot){0, strlen("# Dawn\n\nOil.\n\n## Wick\n\nLi")};
    draw(11, 30, false, false);
    assert_int_equal(p.selected, 3);
    f.view.spot = (struct spot){1, 0};
    draw(11, 30, true, false);
    assert_int_equal(p.selected, 7);
    pane_contents_move(&p, -2);
    draw(11, 30, true, false);
    assert_int_equal(p.selected, 5);
    draw(3, 30, true, false); /* in sight in a small pane */
    assert_int_equal(p.first, 4);
    assert_int_equal(pane_contents_at(&p, 2), 5);
    assert_int_equal(pane_contents_at(&p, 3), SIZE_MAX);
    assert_int_equal(pane_contents_at(&p, 0), SIZE_MAX);
    draw(11, 30, false, false); /* without the focus it follows again */
    assert_int_equal(p.selected, 7);
    pane_contents_move(&p, 100);
    assert_int_equal(p.selected, 8);
    pane_contents_move(&p, -100);
    assert_int_equal(p.selected, 0);
    close_contents();
}

static void assert_within(size_t row, const char *expected)
{
    char within[PANE_CONTENTS_WITHIN];
    p.selected = row;
    pane_contents_within(&p, within);
    assert_string_equal(within, expected);
}

static void a_row_is_called_as_a_question_is_asked_of_it(void **state)
{
    (void)state;
    open_contents(3);
    unfold_all();
    static const char *const names[] = {
        "in:book/",           "in:book/tale.md", "in:Dawn", "in:\"Dawn > Wick\"", "in:Dusk", "in:src/", "in:src/deep/",
        "in:src/deep/lamp.c", "in:src/oil.c",    ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) assert_within(i, names[i]);
    close_contents();
    open_contents(1);
    assert_within(0, ""); /* all of the text */
    close_contents();
}

static void a_quote_in_a_title_ends_its_name(void **state)
{
    (void)state;
    static const char *const paths[] = {"a.md"}, *const texts[] = {"# The \"Dawn\"\n\nOil.\n\n# \"Dusk\"\n\nNight.\n"};
    struct error e = {0};
    view_fixture_open(&f, paths, texts, 1);
    assert_ok(pane_contents_open(&p, f.corpus, &e), e);
    while (outline_step(p.outline, 50)) {
    }
    pane_contents_update(&p);
    unfold_all();
    assert_within(1, "in:\"The \"");
    assert_within(2, ""); /* nothing of it is left: all of the text */
    close_contents();
}

static void shares_of_chapters_are_theirs_with_what_is_inside(void **state)
{
    (void)state;
    open_contents(3);
    unfold_all();
    view_fixture_ask(&f, "who?");
    view_fixture_find(&f, 2);
    draw(11, 34, false, false);
    assert_canvas(&f.canvas, "─ Contents  3 files ──────────────\n"
                             "▾ book/                    16  73%\n"
                             "  ▾ tale.md                16  73%\n"
                             "  ▾ Dawn                   11  45%\n"
                             "      Wick                  5  24%\n"
                             "    Dusk                    5  27%\n"
                             "▾ src/                     10  27%\n"
                             "  ▾ deep/                   5 9.1%\n"
                             "      lamp.c                5 9.1%\n"
                             "    oil.c                   5  18%\n\n");
    close_contents();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tree_has_what_is_open_with_tokens),
        cmocka_unit_test(one_file_has_chapters_and_one_of_them_is_one_chapter),
        cmocka_unit_test(folding_stays_at_its_row_and_goes_out_where_nothing_is_open),
        cmocka_unit_test(a_filter_shows_files_and_chapters_flat),
        cmocka_unit_test(it_follows_the_text_until_it_is_moved),
        cmocka_unit_test(a_row_is_called_as_a_question_is_asked_of_it),
        cmocka_unit_test(a_quote_in_a_title_ends_its_name),
        cmocka_unit_test(shares_of_chapters_are_theirs_with_what_is_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
