/* Where the panes are, as pictures of the screen: a letter a pane, one character a cell. */
#include "tests/test.h"

#include "app/screen/screen_parts.h"

enum { MOST = 4096 };

/* M map, C contents, T text, E evidence, Q questions, = title, - progress, _ status; # where two overlap. */
static void draw(const struct layout *l, int rows, int cols, char *out)
{
    static const char letters[] = {
        [FOCUS_TEXT] = 'T', [FOCUS_EVIDENCE] = 'E', [FOCUS_CHAT] = 'Q', [FOCUS_CONTENTS] = 'C', [FOCUS_MAP] = 'M'};
    memset(out, '.', (size_t)(rows * cols));
    for (int i = 0; i < FOCUS_COUNT + 3; i++) {
        const struct rect r =
            i < FOCUS_COUNT ? l->panes[i] : (struct rect[]){l->title, l->progress, l->status}[i - FOCUS_COUNT];
        const char letter = i < FOCUS_COUNT ? letters[i] : "=-_"[i - FOCUS_COUNT];
        for (int y = r.y; y < r.y + r.h; y++)
            for (int x = r.x; x < r.x + r.w; x++) {
                assert_true(y >= 0 && y < rows && x >= 0 && x < cols);
                char *cell = &out[y * cols + x];
                *cell = *cell == '.' ? letter : '#';
            }
    }
}

/* Rows that are alike are written once with their number, columns likewise: "1 = 80" is one row of 80 titles. */
static void expect(const struct screen *s, int rows, int cols, const char *expected)
{
    char cells[MOST], got[2000] = "";
    assert_true(rows * cols <= MOST);
    struct layout l;
    screen_layout(s, rows, cols, &l);
    draw(&l, rows, cols, cells);
    size_t used = 0;
    for (int y = 0, same; y < rows; y += same) {
        for (same = 1; y + same < rows && memcmp(cells + y * cols, cells + (y + same) * cols, (size_t)cols) == 0;)
            same++;
        used += (size_t)snprintf(got + used, sizeof got - used, "%d:", same);
        for (int x = 0, n; x < cols; x += n) {
            for (n = 1; x + n < cols && cells[y * cols + x + n] == cells[y * cols + x];) n++;
            used += (size_t)snprintf(got + used, sizeof got - used, " %c%d", cells[y * cols + x], n);
        }
        used += (size_t)snprintf(got + used, sizeof got - used, "\n");
    }
    assert_string_equal(got, expected);
}

static struct screen reading(void)
{
    struct screen s = {.reading = READING_DONE};
    s.conversation.compared = SIZE_MAX;
    return s;
}

static void before_a_question_the_text_stands_beside_the_contents(void **state)
{
    (void)state;
    struct screen s = reading();
    s.contents.n_rows = 5;
    expect(&s, 24, 80,
           "1: =80\n"
           "3: M80\n"
           "17: C32 .1 T47\n"
           "2: Q80\n"
           "1: _80\n");
    s.reading = READING_READS;
    expect(&s, 24, 80,
           "1: =80\n"
           "3: M80\n"
           "16: C32 .1 T47\n"
           "2: Q80\n"
           "1: -80\n"
           "1: _80\n");
}

static void a_wide_window_has_three_columns(void **state)
{
    (void)state;
    struct screen s = reading();
    expect(&s, 26, 140,
           "1: =140\n"
           "3: M140\n"
           "19: C28 .1 T68 .1 E42\n"
           "2: Q140\n"
           "1: _140\n");
}

static void after_a_question_the_evidence_stands_beside_the_text(void **state)
{
    (void)state;
    struct exchange x = {0}, *items[] = {&x};
    struct screen s = reading();
    s.conversation.items = items;
    s.conversation.n = 1;
    s.focus = FOCUS_EVIDENCE;
    expect(&s, 24, 80,
           "1: =80\n"
           "3: M80\n"
           "13: E32 .1 T47\n"
           "6: Q80\n"
           "1: _80\n");
    s.focus = FOCUS_CHAT; /* long answers may take up to half of the screen then */
    s.chat.shown = 40;
    expect(&s, 24, 80,
           "1: =80\n"
           "3: M80\n"
           "7: E32 .1 T47\n"
           "12: Q80\n"
           "1: _80\n");
}

static void a_small_window_shows_one_pane_under_the_map(void **state)
{
    (void)state;
    struct screen s = reading();
    const struct {
        enum focus focus;
        char letter;
    } cases[] = {{FOCUS_TEXT, 'T'}, {FOCUS_EVIDENCE, 'E'}, {FOCUS_CHAT, 'Q'}, {FOCUS_CONTENTS, 'C'}, {FOCUS_MAP, 'T'}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[80];
        s.focus = cases[i].focus;
        snprintf(expected, sizeof expected, "1: =40\n1: M40\n9: %c40\n1: _40\n", cases[i].letter);
        expect(&s, 12, 40, expected);
    }
}

static void one_pane_alone_takes_all_between_the_bars(void **state)
{
    (void)state;
    struct screen s = reading();
    s.maximized = true;
    static const char letters[] = {
        [FOCUS_TEXT] = 'T', [FOCUS_EVIDENCE] = 'E', [FOCUS_CHAT] = 'Q', [FOCUS_CONTENTS] = 'C', [FOCUS_MAP] = 'M'};
    for (s.focus = FOCUS_TEXT; s.focus < FOCUS_COUNT; s.focus++) {
        char expected[80];
        snprintf(expected, sizeof expected, "1: =80\n22: %c80\n1: _80\n", letters[s.focus]);
        expect(&s, 24, 80, expected);
    }
}

static void two_maps_that_are_compared_have_their_lanes(void **state)
{
    (void)state;
    struct exchange x = {0}, *items[] = {&x, &x};
    struct screen s = reading();
    s.conversation.items = items;
    s.conversation.n = 2;
    s.conversation.compared = 1;
    expect(&s, 12, 40,
           "1: =40\n"
           "2: M40\n"
           "8: T40\n"
           "1: _40\n");
    struct layout beside, above;
    screen_layout(&s, 40, PANE_MAP_BESIDE, &beside);
    screen_layout(&s, 40, PANE_MAP_BESIDE - 1, &above);
    assert_int_equal(beside.panes[FOCUS_MAP].h, 4);
    assert_int_equal(above.panes[FOCUS_MAP].h, 6);
}

static void any_size_has_panes_that_do_not_overlap(void **state)
{
    (void)state;
    struct exchange x = {0}, *items[] = {&x};
    char cells[MOST];
    for (int questions = 0; questions < 2; questions++)
        for (enum focus focus = FOCUS_TEXT; focus < FOCUS_COUNT; focus++)
            for (int rows = 6; rows < 40; rows += 3)
                for (int cols = 20; rows * cols <= MOST && cols < 200; cols += 7) {
                    struct screen s = reading();
                    s.focus = focus;
                    s.conversation.items = items;
                    s.conversation.n = (size_t)questions;
                    s.contents.n_rows = 3;
                    struct layout l;
                    screen_layout(&s, rows, cols, &l);
                    draw(&l, rows, cols, cells);
                    if (memchr(cells, '#', (size_t)(rows * cols))) fail_msg("panes overlap at %d x %d", cols, rows);
                    assert_false(l.too_small);
                }
    struct screen s = reading();
    struct layout l;
    screen_layout(&s, 5, 80, &l);
    assert_true(l.too_small);
    screen_layout(&s, 24, 19, &l);
    assert_true(l.too_small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_a_question_the_text_stands_beside_the_contents),
        cmocka_unit_test(a_wide_window_has_three_columns),
        cmocka_unit_test(after_a_question_the_evidence_stands_beside_the_text),
        cmocka_unit_test(a_small_window_shows_one_pane_under_the_map),
        cmocka_unit_test(one_pane_alone_takes_all_between_the_bars),
        cmocka_unit_test(two_maps_that_are_compared_have_their_lanes),
        cmocka_unit_test(any_size_has_panes_that_do_not_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
