/* What terminals report of the mouse, read here and not by ncurses: 6.4 crashes where a report has
 * many numbers, which a paste may bring. */
#ifndef LECTERN_TERMINAL_MOUSE_H
#define LECTERN_TERMINAL_MOUSE_H

#include <stdbool.h>
#include <wchar.h>

struct event;

/* Presses, releases and the wheel are reported, as numbers where the terminal can (SGR, mode 1006). */
#define TERMINAL_MOUSE_ON "\033[?1000h\033[?1006h"
#define TERMINAL_MOUSE_OFF "\033[?1006l\033[?1000l"

/* What reports of either form begin with. */
#define TERMINAL_MOUSE_SGR "\033[<"
#define TERMINAL_MOUSE_OLD "\033[M"

/* All zero: nothing was reported yet. */
struct terminal_mouse {
    bool reads; /* a report has begun, whose end has not come */
    unsigned numbers[3];
    int n; /* of them that are whole; 3: it is no such report, and is read to its end */
    /* the last press */
    double pressed; /* seconds of clock.h; 0: none */
    int y, x;
};

void terminal_mouse_begin(struct terminal_mouse *m);

/* The next character of a report, at `now`; at its end `out` is the event, if it is one. A sequence that is none is
 * taken to its end too. False: the character is of no sequence, which ends there without an event. */
bool terminal_mouse_take(struct terminal_mouse *m, wint_t c, double now, struct event *out);

/* A whole report: the button with its flags, column and line from 1; `releases` a button. */
void terminal_mouse_report(struct terminal_mouse *m, const unsigned numbers[3], bool releases, double now,
                           struct event *out);

#endif
