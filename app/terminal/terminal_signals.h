/* Signals while the terminal is ours: they arrive through a pipe, so that handlers do nothing but write a byte, and a
 * crash puts the terminal back before the process dies. One terminal at a time. */
#ifndef LECTERN_TERMINAL_SIGNALS_H
#define LECTERN_TERMINAL_SIGNALS_H

#include <stdbool.h>

struct error;
struct event;

/* Remembers the terminal's modes and takes the signals; release gives them back. */
int terminal_signals_catch(struct error *e);
void terminal_signals_release(void);

/* What a crash writes to the terminal, added to what it writes already; NULL and terminfo's (char *)-1 add nothing. On
 * a crash it is written only while armed. */
void terminal_signals_restore(const char *bytes);
void terminal_signals_arm(bool armed);

/* Readable when a signal has come; the next one as an event, false where none has. */
int terminal_signals_fd(void);
bool terminal_signals_event(struct event *out);

/* In a child that runs another program. */
void terminal_signals_default(void);

#endif
