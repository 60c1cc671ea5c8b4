/* The list of everything that has a name, by some of its letters. */
#include "tests/view_fixture.h"

#include "app/panes/picker.h"

static struct view_fixture f;
static struct jumps jumps;
static struct picker p;

static void open_picker(size_t n_files)
{
    static const char *const paths[] = {"book/tale.txt", "src/lamp.c"},
                             *const texts[] = {"CHAPTER I. Dawn\n\nOil.\n\nCHAPTER II. Dusk\n\nNight.\n",
                                               "int lamp;\nint oil;\n"};
    view_fixture_open(&f, paths, texts, n_files);
    jumps = (struct jumps){0};
    p = (struct picker){0};
}

static void close_picker(void)
{
    line_edit_close(&p.line);
    view_fixture_close(&f);
}

static void look(const char *letters)
{
    line_edit_set(&p.line, letters);
    picker_update(&p);
    while (picker_step(&p, &f.view, &jumps, 50)) {
    }
}

static void draw(int rows, int cols)
{
    const struct rect r = view_fixture_canvas(&f, rows, cols);
    picker_draw(&p, &f.canvas, r, &f.view, &jumps);
}

static void everything_that_has_a_name_is_listed(void **state)
{
    (void)state;
    open_picker(2);
    view_fixture_ask(&f, "Who lit it?");
    view_fixture_ask(&f, "And when?");
    assert_true(jumps_mark(&jumps, 'k', (struct spot){1, 10}));
    jumps_leave(&jumps, (struct spot){0, 5}); /* where the last jump left is no mark of a name */
    look("");
    draw(10, 44);
    assert_canvas(&f.canvas, "─ Open  7 found ────────────────────────────\n"
                             "›  some letters of a file, a chapter, a ques\n"
                             " mark  k  src/lamp.c:2\n"
                             " asked And when?\n"
                             " asked Who lit it?\n"
                             " file  book/tale.txt\n"
                             " file  src/lamp.c\n"
                             " part  book/tale.txt: CHAPTER I. Dawn\n"
                             " part  book/tale.txt: CHAPTER II. Dusk\n"
                             "\n");
    close_picker();
}

static void of_the_only_file_parts_need_no_path(void **state)
{
    (void)state;
    open_picker(1);
    look("dusk");
    draw(4, 40);
    assert_canvas(&f.canvas, "─ Open  1 found ────────────────────────\n"
                             "› dusk\n"
                             " part  CHAPTER II. Dusk\n"
                             "\n");
    struct spot to;
    uint64_t span;
    assert_true(picker_spot(picker_selected(&p), &f.view, &jumps, &to, &span));
    assert_memory_equal(f.corpus->documents[0].text + to.offset, "CHAPTER II", 10);
    assert_int_equal(span, 0);
    look("dusks");
    assert_null(picker_selected(&p));
    close_picker();
}

static void an_item_leads_to_its_place(void **state)
{
    (void)state;
    open_picker(2);
    struct spot to;
    uint64_t span;
    view_fixture_ask(&f, "zebra?");
    look("zebra");
    assert_false(picker_spot(picker_selected(&p), &f.view, &jumps, &to, &span)); /* no evidence yet */
    view_fixture_find(&f, 3);
    f.conversation.items[0]->selected = 2;
    assert_true(picker_spot(picker_selected(&p), &f.view, &jumps, &to, &span));
    assert_int_equal(to.document, f.items[2].document);
    assert_int_equal(to.offset, f.items[2].offset);
    assert_int_equal(span, f.items[2].size);
    look("lamp.c");
    assert_true(picker_spot(picker_selected(&p), &f.view, &jumps, &to, &span));
    assert_true(to.document == 1 && to.offset == 0);
    assert_int_equal(span, 0);
    assert_true(jumps_mark(&jumps, 'z', (struct spot){1, 12}));
    look("z lamp");
    assert_int_equal(picker_selected(&p)->kind, PICKER_MARK);
    assert_true(picker_spot(picker_selected(&p), &f.view, &jumps, &to, &span));
    assert_true(to.document == 1 && to.offset == 12);
    close_picker();
}

static void what_is_selected_stays_in_sight(void **state)
{
    (void)state;
    open_picker(2);
    char question[16];
    for (int i = 9; i > 0; i--) {
        snprintf(question, sizeof question, "why %d?", i);
        view_fixture_ask(&f, question);
    }
    look("why");
    assert_int_equal(p.n, 9);
    draw(5, 20); /* three rows of them */
    picker_move(&p, 3);
    draw(5, 20);
    assert_canvas(&f.canvas, "─ Open  9 found ────\n› why\n asked why 2?\n asked why 3?\n asked why 4?\n");
    assert_int_equal(picker_at(&p, 1), SIZE_MAX);
    assert_int_equal(picker_at(&p, 2), 1);
    assert_int_equal(picker_at(&p, 4), 3);
    assert_int_equal(picker_at(&p, 5), SIZE_MAX);
    assert_int_equal(f.canvas.cells[4 * 20].style.role, ROLE_SELECTED);
    picker_move(&p, 100);
    assert_int_equal(p.selected, 8);
    picker_move(&p, -2);
    draw(5, 20);
    assert_int_equal(p.first, 4);
    picker_move(&p, -100);
    assert_int_equal(p.selected, 0);
    draw(5, 20);
    assert_int_equal(p.first, 0);
    draw(20, 20);
    assert_int_equal(picker_at(&p, 2 + 8), 8);
    assert_int_equal(picker_at(&p, 2 + 9), SIZE_MAX); /* below the last one */
    close_picker();
}

/* The best come first; among those that are as good what was named first. */
static void the_best_are_kept_in_order(void **state)
{
    (void)state;
    open_picker(1);
    for (int i = 0; i < PICKER_MOST + 30; i++) view_fixture_ask(&f, "lamp");
    view_fixture_ask(&f, "is it a lamp or no?"); /* the newest, but further from what is typed */
    look("lamp");
    assert_int_equal(p.n, PICKER_MOST);
    for (size_t i = 1; i < p.n; i++) {
        assert_true(p.items[i - 1].score >= p.items[i].score);
        assert_int_equal(p.items[i].index, p.items[i - 1].index - 1);
    }
    assert_int_equal(p.items[0].index, PICKER_MOST + 29);
    draw(3, 40);
    assert_canvas(&f.canvas, "─ Open  the best 200 ───────────────────\n› lamp\n asked lamp\n");
    look("or no");
    assert_int_equal(p.n, 1);
    assert_int_equal(p.items[0].index, PICKER_MOST + 30);
    close_picker();
}

static void names_that_have_no_room_lose_what_says_least(void **state)
{
    (void)state;
    static const char *const paths[] = {"some/long/way/to/the/lighthouse.txt"}, *const texts[] = {"Oil.\n"};
    view_fixture_open(&f, paths, texts, 1);
    jumps = (struct jumps){0};
    p = (struct picker){0};
    view_fixture_ask(&f, "Who lit the lamp of the house\xE6\x97\xA5\xE6\x9C\xAC?");
    look("");
    draw(4, 28);
    assert_canvas(&f.canvas, "─ Open  2 found ────────────\n"
                             "›  some letters of a file, a\n"
                             " asked Who lit the lamp of …\n"
                             " file  …o/the/lighthouse.txt\n");
    draw(1, 28);
    assert_int_equal(picker_at(&p, 2), SIZE_MAX);
    draw(2, 8);
    assert_canvas(&f.canvas, "─ Open ─\n›  some\n");
    close_picker();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_that_has_a_name_is_listed),
        cmocka_unit_test(of_the_only_file_parts_need_no_path),
        cmocka_unit_test(an_item_leads_to_its_place),
        cmocka_unit_test(what_is_selected_stays_in_sight),
        cmocka_unit_test(the_best_are_kept_in_order),
        cmocka_unit_test(names_that_have_no_room_lose_what_says_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
