/* The terminal: the only file that knows ncurses. Puts a canvas on it, hears keys, mouse and signals, and leaves it as
 * it was. One at a time. */
#ifndef LECTERN_TERMINAL_H
#define LECTERN_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/terminal/palette.h"
#include "app/terminal/theme.h"

struct canvas;
struct error;
struct terminal;

enum event_type {
    EVENT_NONE,
    EVENT_KEY,
    EVENT_PASTE, /* bytes pasted as one */
    EVENT_MOUSE,
    EVENT_RESIZE,
    EVENT_INTERRUPT, /* SIGINT from outside: as Ctrl-C */
    EVENT_SUSPEND,   /* SIGTSTP */
    EVENT_QUIT,      /* SIGTERM, SIGHUP, or the terminal is gone */
};

enum mouse { MOUSE_PRESS, MOUSE_DOUBLE, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN, MOUSE_RELEASE };

struct event {
    enum event_type type;
    uint32_t key;     /* EVENT_KEY: keys.h */
    enum mouse mouse; /* EVENT_MOUSE */
    int y, x;
    const char *text; /* EVENT_PASTE: valid until the next call; untrusted */
    size_t size;
};

/* Can a screen be drawn here? Standard output must be a terminal that TERM describes and that can move its cursor; keys
 * come from standard input, or, where that is something else, from the controlling terminal. -1 with the reason. */
int terminal_check(struct error *e);

int terminal_open(struct terminal **out, enum theme theme, bool mouse, struct error *e);
void terminal_close(struct terminal *t);

/* The palette is borrowed; NULL: all as the theme says. */
void terminal_theme(struct terminal *t, enum theme theme, const struct palette *p);
void terminal_mouse(struct terminal *t, bool on);
void terminal_size(const struct terminal *t, int *rows, int *cols);

void terminal_draw(struct terminal *t, const struct canvas *c);

/* Draws everything again with the next terminal_draw. */
void terminal_refresh(struct terminal *t);

/* Waits up to `timeout_ms` (-1: for ever) for a key, a signal, or a byte on `wake`, which is read away. */
void terminal_wait(struct terminal *t, int wake, int timeout_ms);

/* The next thing that happened; EVENT_NONE where nothing has. */
void terminal_event(struct terminal *t, struct event *out);

/* Gives the terminal back, stops the process, and takes the terminal again when it goes on. */
void terminal_suspend(struct terminal *t);

/* Gives the terminal to `command` (a shell command line) and takes it back when it ends; its exit status, -1 where it
 * could not run. */
int terminal_run(struct terminal *t, const char *command);

/* Asks the terminal to take text into the clipboard (OSC 52). */
void terminal_copy(struct terminal *t, const char *text, size_t size);

#endif
