/* Reports of the mouse, character by character, and what two presses of one place are. */
#include "tests/test.h"

#include <string.h>

#include "app/terminal/terminal.h"
#include "app/terminal/terminal_mouse.h"

/* What a report (behind its beginning) says at `now`. */
static struct event reported(struct terminal_mouse *m, const char *report, double now)
{
    struct event e = {.type = EVENT_NONE};
    terminal_mouse_begin(m);
    for (size_t i = 0; report[i] && m->reads; i++) terminal_mouse_take(m, (unsigned char)report[i], now, &e);
    assert_false(m->reads);
    return e;
}

static void a_second_press_of_a_place_is_a_double_one(void **state)
{
    (void)state;
    static const struct {
        const char *report;
        double now;
        enum mouse kind;
    } presses[] = {{"0;5;3M", 1.0, MOUSE_PRESS},  {"0;5;3m", 1.1, MOUSE_RELEASE},
                   {"0;5;3M", 1.3, MOUSE_DOUBLE}, {"0;5;3M", 1.5, MOUSE_PRESS}, /* a third begins again */
                   {"0;6;3M", 1.6, MOUSE_PRESS},  {"0;6;4M", 1.7, MOUSE_PRESS},
                   {"0;6;4M", 2.2, MOUSE_PRESS},  {"4;6;4M", 2.3, MOUSE_DOUBLE}};
    struct terminal_mouse m = {.reads = false};
    for (size_t i = 0; i < sizeof presses / sizeof *presses; i++) {
        const struct event e = reported(&m, presses[i].report, presses[i].now);
        if (e.type != EVENT_MOUSE || e.mouse != presses[i].kind) fail_msg("%zu: %d", i, (int)e.mouse);
    }
}

static void what_is_no_press_of_the_first_button_says_nothing(void **state)
{
    (void)state;
    static const char *const reports[] = {"1;1;1M",   "2;1;1M",   "3;1;1M",          "32;1;1M", "66;1;1M", "64;1;1m",
                                          "128;1;1M", "256;1;1M", "0;0;1M",          "0;1;0M",  "0;1M",    "M",
                                          "0;1;1q",   ";;M",      "4294967296;1;1M", "0;;1M",   "0;1;;1M"};
    struct terminal_mouse m = {.reads = false};
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++)
        if (reported(&m, reports[i], 1).type != EVENT_NONE) fail_msg("%s", reports[i]);
}

static void what_belongs_to_no_report_ends_it_and_is_left(void **state)
{
    (void)state;
    struct terminal_mouse m = {.reads = false};
    struct event e = {.type = EVENT_NONE};
    terminal_mouse_begin(&m);
    assert_true(terminal_mouse_take(&m, '1', 1, &e));
    assert_false(terminal_mouse_take(&m, L'\u00e9', 1, &e));
    assert_false(m.reads);
    assert_int_equal(e.type, EVENT_NONE);
    /* numbers of any size are some number */
    terminal_mouse_begin(&m);
    for (int i = 0; i < 1000; i++) assert_true(terminal_mouse_take(&m, '9', 1, &e));
    assert_true(m.numbers[0] > 99999 && m.numbers[0] < 10000000);
    /* and so many numbers as there are end with their sequence */
    for (int i = 0; i < 1000; i++) assert_true(terminal_mouse_take(&m, i % 2 ? ';' : '1', 1, &e));
    assert_true(terminal_mouse_take(&m, 'M', 1, &e));
    assert_false(m.reads);
    assert_int_equal(e.type, EVENT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_press_of_a_place_is_a_double_one),
        cmocka_unit_test(what_is_no_press_of_the_first_button_says_nothing),
        cmocka_unit_test(what_belongs_to_no_report_ends_it_and_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
