/* Questions and answers one below the other: what is shown of each, and which row is whose. */
#include "tests/view_fixture.h"

#include "app/panes/pane_chat.h"

static struct view_fixture f;
static struct transcript t;

static void open_text(void)
{
    static const char *const paths[] = {"a.txt"}, *const texts[] = {"0123456789abcdefghij0123456789abcdefghij"};
    view_fixture_open(&f, paths, texts, 1);
    t = (struct transcript){0};
}

static void ask(const char *question, const char *words)
{
    view_fixture_ask(&f, question);
    if (words == NULL) return;
    view_fixture_find(&f, 2);
    view_fixture_word(&f, words);
    view_fixture_end(&f);
}

/* Asked, worded in several lines, with references. */
static void open_asked(void)
{
    open_text();
    ask("Who lit the lamp of the house?", "Abel did [1], every evening.\n\nHe said so [2].");
    ask("And why?", "");
    ask("When was it?", "In winter [1].");
}

static struct transcript_rows draw(int rows, int cols, int scroll)
{
    const struct rect r = view_fixture_canvas(&f, rows, cols);
    return transcript_draw(&t, &f.canvas, r, scroll, &f.view);
}

static void the_one_that_is_looked_at_is_whole_and_others_are_folded(void **state)
{
    (void)state;
    open_asked();
    const struct transcript_rows rows = draw(9, 24, 0);
    assert_canvas(&f.canvas, "? Who lit the lamp of …\n"
                             "  Abel did [1], every …\n"
                             "? And why?\n"
                             "  No words for an …\n"
                             "? When was it?\n"
                             "  In winter [1].\n\n\n\n");
    assert_styles(&f.canvas, "d.ddddddddddddddddddddd.\n"
                             "..dddddddddrrrddddddddd.\n"
                             "d.dddddddd..............\n"
                             "..ddddddddddddddddd.....\n"
                             "q.qqqqqqqqqqqq..........\n"
                             "............rrr.........\n"
                             "........................\n........................\n........................\n");
    assert_int_equal(rows.all, 6);
    assert_int_equal(rows.begin, 4);
    assert_int_equal(rows.end, 6);
    view_fixture_close(&f);
}

static void unfolded_all_are_whole(void **state)
{
    (void)state;
    open_asked();
    t.unfolded = true;
    f.conversation.current = 0;
    const struct transcript_rows rows = draw(12, 24, 0);
    assert_canvas(&f.canvas, "? Who lit the lamp of\n"
                             "  the house?\n"
                             "  Abel did [1], every\n"
                             "  evening.\n"
                             "\n"
                             "  He said so [2].\n"
                             "? And why?\n"
                             "  No words for an\n"
                             "  answer: see the\n"
                             "  evidence.\n"
                             "? When was it?\n"
                             "  In winter [1].\n");
    assert_int_equal(rows.all, 12);
    assert_int_equal(rows.begin, 0);
    assert_int_equal(rows.end, 6);
    view_fixture_close(&f);
}

/* Drawn from any row on, and where nothing is drawn: the same rows, and each is the question's whose it shows. */
static void rows_are_the_same_however_they_are_scrolled(void **state)
{
    (void)state;
    open_asked();
    static const size_t of_row[] = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2};
    t.unfolded = true;
    draw(12, 24, 0);
    char *all = canvas_text(&f.canvas);
    for (int scroll = -2; scroll <= 12; scroll++) {
        const struct transcript_rows rows = draw(5, 24, scroll);
        assert_int_equal(rows.all, 12);
        assert_int_equal(rows.begin, 10);
        char *part = canvas_text(&f.canvas), *at = all, *of = part;
        for (int i = 0; i < scroll; i++) at = strchr(at, '\n') + 1;
        for (int i = scroll; i < 0; i++) of = strchr(of, '\n') + 1;
        assert_memory_equal(of, at, strlen(of) < strlen(at) ? strlen(of) - (strlen(of) > 0) : strlen(at));
        free(part);
    }
    for (int row = -1; row < 14; row++)
        assert_int_equal(transcript_at(&t, 24, row, &f.view), row < 0 || row >= 12 ? SIZE_MAX : of_row[row]);
    assert_int_equal(transcript_draw(&t, NULL, (struct rect){0, 0, 0, 24}, 0, &f.view).all, 12);
    free(all);
    view_fixture_close(&f);
}

static void any_width_can_be_drawn(void **state)
{
    (void)state;
    open_asked();
    for (int unfolded = 0; unfolded < 2; unfolded++)
        for (int cols = 0; cols < 40; cols++) {
            t.unfolded = unfolded;
            const struct transcript_rows rows = draw(8, cols, 0);
            assert_true(rows.all >= 3 && rows.begin < rows.end && rows.end == rows.all);
            int n = 0;
            while (transcript_at(&t, cols, n, &f.view) != SIZE_MAX) n++;
            assert_int_equal(n, rows.all);
        }
    view_fixture_close(&f);
}

static void assert_state(enum exchange_state state, const char *problem, bool reading, const char *expected)
{
    struct exchange *x = conversation_current(&f.conversation);
    x->state = state;
    free(x->problem);
    x->problem = problem ? strdup(problem) : NULL;
    t.reading = reading;
    draw(3, 72, 0);
    char *text = canvas_text(&f.canvas), *second = strchr(text, '\n') + 1;
    second[strcspn(second, "\n")] = '\0';
    assert_string_equal(second, expected);
    assert_int_equal(f.canvas.cells[72 + 2].style.role, *expected == '\0' ? ROLE_TEXT
                                                        : problem         ? ROLE_ERROR
                                                                          : ROLE_DIM);
    free(text);
}

static void without_words_it_is_said_what_is_waited_for(void **state)
{
    (void)state;
    open_text();
    ask("Who?", NULL);
    assert_state(EXCHANGE_WAITS, NULL, true, "  Waits its turn. Ctrl-C pauses reading and answers from what has been");
    assert_state(EXCHANGE_WAITS, NULL, false, "  Waits its turn.");
    assert_state(EXCHANGE_ANSWERING, NULL, false, "  Looking through the text ...");
    assert_state(EXCHANGE_STOPPED, NULL, false, "  (stopped)");
    assert_state(EXCHANGE_FAILED, NULL, false, "  It failed.");
    assert_state(EXCHANGE_FAILED, "no memory", false, "  no memory");
    view_fixture_find(&f, 2);
    assert_state(EXCHANGE_ANSWERING, NULL, false,
                 "  The evidence is there; the words are on their way. Ctrl-C stops them.");
    assert_state(EXCHANGE_ANSWERED, NULL, false, "  No words for an answer: see the evidence.");
    f.finding.read_share = 0.5;
    assert_state(EXCHANGE_ANSWERED, NULL, false, "  No words for an answer: see the evidence.");
    f.finding.n_segments = 0; /* by words alone */
    assert_state(EXCHANGE_ANSWERED, NULL, false,
                 "  Found by words while the text is read; it is answered again when the");
    f.finding.n_segments = f.atlas->n_segments;
    view_fixture_close(&f);
}

static void references_are_marked_whole_and_lead_to_their_number(void **state)
{
    (void)state;
    open_text();
    ask("Q", "[1] and [23] [x] [] [4567] [12");
    draw(3, 40, 0);
    assert_canvas(&f.canvas, "? Q\n  [1] and [23] [x] [] [4567] [12\n\n");
    const struct rect all = {0, 0, 3, 40};
    for (int x = 0; x < 40; x++) {
        const unsigned wanted = x >= 2 && x < 5 ? 1 : x >= 10 && x < 14 ? 23 : 0;
        assert_int_equal(transcript_reference(&f.canvas, all, 1, x), wanted);
        assert_int_equal(transcript_reference(&f.canvas, all, 0, x), 0);
    }
    assert_int_equal(transcript_reference(&f.canvas, all, 1, -1), 0);
    assert_int_equal(transcript_reference(&f.canvas, (struct rect){0, 0, 9, 60}, 5, 50), 0);
    assert_int_equal(transcript_reference(&f.canvas, (struct rect){2, 0, 1, 40}, 1, 3), 0);
    view_fixture_close(&f);
}

/* A reference that is torn by the edge is marked on every row, but its part is no number. */
static void a_torn_reference_is_marked_and_leads_nowhere(void **state)
{
    (void)state;
    open_text();
    ask("Q", "abcd [12]");
    for (int cols = 3; cols < 14; cols++) {
        draw(12, cols, 0);
        int marked = 0;
        for (int i = 0; i < 12 * cols; i++) marked += f.canvas.cells[i].style.role == ROLE_REFERENCE;
        assert_int_equal(marked, 4);
        const struct rect all = {0, 0, 12, cols};
        for (int y = 0; y < 12; y++)
            for (int x = 0; x < cols; x++) {
                const unsigned number = transcript_reference(&f.canvas, all, y, x);
                assert_true(number == 12 ||
                            (number == 0 && (cols < 6 || f.canvas.cells[y * cols + x].style.role != ROLE_REFERENCE)));
            }
    }
    view_fixture_close(&f);
}

static void the_word_that_is_looked_at_is_marked_and_others_are_as_hot_as_they_weigh(void **state)
{
    (void)state;
    open_text();
    ask("Who lit?", "Abel.");
    static const struct finding_token tokens[] = {{0, 3, 0.125f}, {4, 6, 0.25f}, {6, 7, 0.5f}, {7, 8, 0.375f}};
    struct exchange *x = conversation_current(&f.conversation);
    x->tokens = malloc(sizeof tokens);
    memcpy(x->tokens, tokens, sizeof tokens);
    x->n_tokens = 4;
    x->token = 2; /* "t", a piece of "lit" */
    draw(2, 12, 0);
    assert_canvas(&f.canvas, "? Who lit?\n  Abel.\n");
    assert_styles(&f.canvas, "q.222ffff6..\n............\n");
    x->token = 0;
    draw(2, 12, 0);
    assert_styles(&f.canvas, "q.fff44486..\n............\n");
    view_fixture_close(&f);
}

/* Of a line that is typed, the rows around the cursor. */
static void a_line_that_is_typed_keeps_its_cursor_in_sight(void **state)
{
    (void)state;
    struct line_edit l = {0};
    line_edit_set(&l, "abcdefghijkl\nmn");
    const struct {
        size_t cursor;
        int y, x;
        const char *shown;
    } cases[] = {
        {0, 0, 2, "> abcde\n  fghij\n"}, {4, 0, 6, "> abcde\n  fghij\n"}, {5, 1, 2, "> abcde\n  fghij\n"},
        {9, 1, 6, "> abcde\n  fghij\n"}, {10, 1, 2, "> fghij\n  kl\n"},   {12, 1, 4, "> fghij\n  kl\n"},
        {13, 1, 2, "> kl\n  mn\n"},      {15, 1, 4, "> kl\n  mn\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct rect r = view_fixture_canvas(&f, 2, 8);
        l.cursor = cases[i].cursor;
        pane_chat_line(&f.canvas, r, "> ", &l, true);
        assert_canvas(&f.canvas, cases[i].shown);
        assert_int_equal(f.canvas.cursor_y, cases[i].y);
        assert_int_equal(f.canvas.cursor_x, cases[i].x);
        view_fixture_canvas(&f, 2, 8);
        pane_chat_line(&f.canvas, r, "> ", &l, false);
        assert_int_equal(f.canvas.cursor_y, -1);
    }
    line_edit_set(&l, "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E!"); /* wide: two of them have room in five columns */
    const struct rect r = view_fixture_canvas(&f, 2, 8);
    pane_chat_line(&f.canvas, r, "> ", &l, true);
    assert_canvas(&f.canvas, "> 日本\n  語!\n");
    assert_int_equal(f.canvas.cursor_x, 5);
    line_edit_set(&l, "abcde"); /* the cursor behind the last column of text has a column */
    view_fixture_canvas(&f, 2, 8);
    pane_chat_line(&f.canvas, r, "> ", &l, true);
    assert_int_equal(f.canvas.cursor_y, 0);
    assert_int_equal(f.canvas.cursor_x, 7);
    line_edit_close(&l);
    canvas_close(&f.canvas);
}

/* What is said of a question is cut between characters. */
static void the_part_that_is_asked_of_is_cut_whole(void **state)
{
    (void)state;
    open_text();
    ask("Who?", "Abel.");
    struct exchange *x = conversation_current(&f.conversation);
    char within[200] = "in:";
    for (int i = 0; i < 40; i++) strcat(within, "\xE6\x97\xA5");
    free(x->within);
    x->within = strdup(within);
    struct pane_chat p = {0};
    const struct rect r = view_fixture_canvas(&f, 5, 160);
    pane_chat_draw(&p, &f.canvas, r, true, NULL, &f.view);
    char *text = canvas_text(&f.canvas);
    assert_null(strstr(text, "\xEF\xBF\xBD"));
    assert_non_null(strstr(text, " in:日日日"));
    assert_non_null(strstr(text, "the text's own words, 0.25 s"));
    free(text);
    pane_chat_close(&p);
    view_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_one_that_is_looked_at_is_whole_and_others_are_folded),
        cmocka_unit_test(unfolded_all_are_whole),
        cmocka_unit_test(rows_are_the_same_however_they_are_scrolled),
        cmocka_unit_test(any_width_can_be_drawn),
        cmocka_unit_test(without_words_it_is_said_what_is_waited_for),
        cmocka_unit_test(references_are_marked_whole_and_lead_to_their_number),
        cmocka_unit_test(a_torn_reference_is_marked_and_leads_nowhere),
        cmocka_unit_test(the_word_that_is_looked_at_is_marked_and_others_are_as_hot_as_they_weigh),
        cmocka_unit_test(the_part_that_is_asked_of_is_cut_whole),
        cmocka_unit_test(a_line_that_is_typed_keeps_its_cursor_in_sight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
