/* All matches of a search under the files and chapters that they are in. */
#include "tests/view_fixture.h"

#include "app/panes/match_list.h"

static struct view_fixture f;
static struct match_list l;

static const char tale[] = "The oil before.\n\nCHAPTER I. Dawn\n\nOil and oil.\n\nCHAPTER II. Dusk\n\nNo oil.\n";
static const char code[] = "int oil;\n\treturn oil;\n";

static void open_list(size_t n_files, const char *pattern)
{
    static const char *const paths[] = {"tale.txt", "lamp.c"}, *const texts[] = {tale, code};
    view_fixture_open(&f, paths, texts, n_files);
    view_fixture_search(&f, pattern);
    l = (struct match_list){0};
    match_list_begin(&l, f.search, 0);
    assert_false(match_list_step(&l, &f.view, 50));
}

static void close_list(void)
{
    match_list_close(&l);
    view_fixture_close(&f);
}

static void draw(int rows, int cols)
{
    const struct rect r = view_fixture_canvas(&f, rows, cols);
    match_list_draw(&l, &f.canvas, r, &f.view);
}

static void matches_stand_under_their_chapters_with_counts(void **state)
{
    (void)state;
    open_list(2, "oil");
    assert_int_equal(l.n_groups, 4);
    draw(12, 40);
    assert_canvas(&f.canvas, "─ Matches  6 of oil, in 4 places ───────\n"
                             "tale.txt                               1\n"
                             "      1  The oil before.\n"
                             "tale.txt: CHAPTER I. Dawn              2\n"
                             "      5  Oil and oil.\n"
                             "      5  Oil and oil.\n"
                             "tale.txt: CHAPTER II. Dusk             1\n"
                             "      9  No oil.\n"
                             "lamp.c                                 2\n"
                             "      1  int oil;\n"
                             "      2  return oil;\n"
                             "\n");
    assert_styles(&f.canvas, "lfffffffffdddddddddddddddddddddddlllllll\n"
                             "hhhhhhhh...............................d\n"
                             "sssssssssssssxxxssssssssssssssssssssssss\n"
                             "hhhhhhhhhhhhhhhhhhhhhhhhh..............d\n"
                             "ddddddd..xxx............................\n"
                             "ddddddd..........xxx....................\n"
                             "hhhhhhhhhhhhhhhhhhhhhhhhhh.............d\n"
                             "ddddddd.....xxx.........................\n"
                             "hhhhhh.................................d\n"
                             "ddddddd......xxx........................\n"
                             "ddddddd.........xxx.....................\n"
                             "........................................\n");
    close_list();
}

static void of_the_only_file_chapters_need_no_path(void **state)
{
    (void)state;
    open_list(1, "No oil");
    draw(4, 40);
    assert_canvas(&f.canvas, "─ Matches  1 of No oil, in 1 place ─────\n"
                             "CHAPTER II. Dusk                       1\n"
                             "      9  No oil.\n"
                             "\n");
    close_list();
}

static void nothing_found_is_said_so(void **state)
{
    (void)state;
    open_list(1, "zebra");
    draw(3, 40);
    assert_canvas(&f.canvas, "─ Matches  0 of zebra, in 0 places ─────\n\n\n");
    assert_int_equal(match_list_at(&l, 1), SIZE_MAX);
    match_list_move(&l, &f.view, 1);
    match_list_move(&l, &f.view, -1);
    assert_int_equal(l.selected, 0);
    close_list();
}

static void it_begins_at_the_next_match_or_at_the_last_one(void **state)
{
    (void)state;
    open_list(2, "oil");
    match_list_begin(&l, f.search, 36); /* behind the O of the second */
    assert_int_equal(l.selected, 2);
    match_list_begin(&l, f.search, 4);
    assert_int_equal(l.selected, 0);
    match_list_begin(&l, f.search, sizeof tale + sizeof code);
    assert_int_equal(l.selected, 5);
    assert_int_equal(l.n_groups, 0);
    close_list();
}

/* The row of every match is found from it and leads to it, however far the list is moved. */
static void what_is_selected_is_in_sight_and_a_row_leads_to_its_match(void **state)
{
    (void)state;
    open_list(2, "oil");
    static const size_t of_row[] = {0, 0, 1, 1, 2, 3, 3, 4, 4, 5}; /* a name stands for its first match */
    static const size_t row_of[] = {1, 3, 4, 6, 8, 9};
    for (int height = 1; height <= 12; height++) {
        for (int step = 0; step < 10; step++) {
            match_list_move(&l, &f.view, step < 5 ? 1 : -1);
            draw(height + 1, 30);
            const size_t row = row_of[l.selected];
            assert_true(row >= l.top && row < l.top + (size_t)height);
            for (int y = 0; y <= height + 1; y++) {
                const bool shown = y >= 1 && y <= height && l.top + (size_t)y - 1 < 10;
                assert_int_equal(match_list_at(&l, y), shown ? of_row[l.top + (size_t)y - 1] : SIZE_MAX);
            }
        }
        assert_int_equal(l.selected, 0);
        assert_int_equal(l.top, height > 1 ? 0 : 1); /* the name of its chapter comes into sight with it */
    }
    match_list_move(&l, &f.view, 100);
    assert_int_equal(l.selected, 5);
    match_list_move(&l, &f.view, -100);
    assert_int_equal(l.selected, 0);
    close_list();
}

static void of_a_long_line_what_is_around_the_match_is_shown(void **state)
{
    (void)state;
    static const char *const paths[] = {"long.txt"},
                             *const texts[] = {"one two three four five six seven eight nine ten whale and more of it\n"
                                               "          whale behind blanks\n"
                                               "\xE6\x97\xA5\xE6\x9C\xAC whale \x1b[2J\n"};
    view_fixture_open(&f, paths, texts, 1);
    view_fixture_search(&f, "whale");
    l = (struct match_list){0};
    match_list_begin(&l, f.search, 0);
    assert_false(match_list_step(&l, &f.view, 50));
    draw(5, 30);
    assert_canvas(&f.canvas, "─ Matches  3 of whale ────────\n"
                             "long.txt                     3\n"
                             "      1  nine ten whale and mo\n"
                             "      2  whale behind blanks\n"
                             "      3  日本 whale ^[[2J\n");
    draw(5, 18); /* no room for what is before it */
    assert_canvas(&f.canvas, "─ Matches ────────\n"
                             "long.txt         3\n"
                             "      1  whale and\n"
                             "      2  whale beh\n"
                             "      3  whale ^[[\n");
    close_list();
}

/* A path of 300 bytes and more is cut, but no character of it. */
static void a_path_is_cut_between_characters(void **state)
{
    (void)state;
    char path[400] = "x";
    for (int i = 0; i < 120; i++) strcat(path, "\xE6\x97\xA5");
    const char *const paths[] = {path}, *const texts[] = {"whale\n"};
    view_fixture_open(&f, paths, texts, 1);
    view_fixture_search(&f, "whale");
    l = (struct match_list){0};
    match_list_begin(&l, f.search, 0);
    assert_false(match_list_step(&l, &f.view, 50));
    draw(2, 320);
    char *text = canvas_text(&f.canvas);
    assert_null(strstr(text, "\xEF\xBF\xBD"));
    free(text);
    close_list();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_stand_under_their_chapters_with_counts),
        cmocka_unit_test(of_the_only_file_chapters_need_no_path),
        cmocka_unit_test(nothing_found_is_said_so),
        cmocka_unit_test(it_begins_at_the_next_match_or_at_the_last_one),
        cmocka_unit_test(what_is_selected_is_in_sight_and_a_row_leads_to_its_match),
        cmocka_unit_test(a_path_is_cut_between_characters),
        cmocka_unit_test(of_a_long_line_what_is_around_the_match_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
