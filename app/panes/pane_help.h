/* The keys, from the one table. */
#ifndef LECTERN_PANE_HELP_H
#define LECTERN_PANE_HELP_H

#include "app/terminal/canvas.h"
#include "app/terminal/keymap.h"

/* Draws from line `first` on; returns the number of lines there are. */
int pane_help_draw(struct canvas *c, struct rect r, const struct keymap *m, int first);

#endif
