#include "app/terminal/terminal_mouse.h"

#include <limits.h>
#include <string.h>

#include "app/terminal/terminal.h"

#define DOUBLE_SECONDS .4
#define NUMBER_MOST 99999 /* above any column */

enum { NUMBERS = 3 };

/* Flags of a button. */
enum { BUTTON_MASK = 3, BUTTON_MOVES = 32, BUTTON_WHEEL = 64, BUTTON_OTHERS = 128 };

void terminal_mouse_begin(struct terminal_mouse *m)
{
    m->reads = true;
    m->n = 0;
    memset(m->numbers, 0, sizeof m->numbers);
}

/* The second press of a place soon after the first; a third begins again. */
static bool is_double(struct terminal_mouse *m, int y, int x, double now)
{
    const bool again = m->pressed > 0 && now - m->pressed < DOUBLE_SECONDS && m->y == y && m->x == x;
    m->pressed = again ? 0 : now;
    m->y = y;
    m->x = x;
    return again;
}

void terminal_mouse_report(struct terminal_mouse *m, const unsigned numbers[3], bool releases, double now,
                           struct event *out)
{
    const unsigned button = numbers[0];
    if (button & (BUTTON_MOVES | BUTTON_OTHERS) || button > UCHAR_MAX || numbers[1] == 0 || numbers[2] == 0) return;
    const int y = (int)numbers[2] - 1, x = (int)numbers[1] - 1;
    enum mouse kind;
    if (button & BUTTON_WHEEL) {
        if ((button & BUTTON_MASK) > 1 || releases) return;
        kind = button & 1 ? MOUSE_WHEEL_DOWN : MOUSE_WHEEL_UP;
    } else if ((button & BUTTON_MASK) != 0) {
        return;
    } else if (releases) {
        kind = MOUSE_RELEASE;
    } else {
        kind = is_double(m, y, x, now) ? MOUSE_DOUBLE : MOUSE_PRESS;
    }
    *out = (struct event){.type = EVENT_MOUSE, .mouse = kind, .y = y, .x = x};
}

bool terminal_mouse_take(struct terminal_mouse *m, wint_t c, double now, struct event *out)
{
    if (c >= '0' && c <= '9') {
        unsigned *number = &m->numbers[m->n < NUMBERS ? m->n : NUMBERS - 1];
        if (*number <= NUMBER_MOST) *number = *number * 10 + (unsigned)(c - '0');
        return true;
    }
    if (c >= ' ' && c <= '?') { /* parts of a sequence; but for three numbers it is none that is known */
        m->n = c == ';' && m->n < NUMBERS ? m->n + 1 : NUMBERS;
        return true;
    }
    m->reads = false;
    if (c < '@' || c > '~') return false;
    if (m->n == NUMBERS - 1 && (c == 'M' || c == 'm')) terminal_mouse_report(m, m->numbers, c == 'm', now, out);
    return true;
}
