/* What every pane is given to draw from, and the line above it. Panes hold where they are; they change nothing of what
 * they show. */
#ifndef LECTERN_PANE_H
#define LECTERN_PANE_H

#include <stdbool.h>

#include "app/panes/atlas.h"
#include "app/terminal/canvas.h"
#include "app/panes/conversation.h"

struct code_tint;
struct outline;
struct search;

struct view {
    const struct atlas *atlas;
    const struct conversation *conversation;
    const struct exchange *exchange; /* shown; NULL: no question yet */
    const struct exchange *compared; /* its map is shown too; NULL: none */
    bool dilated;                    /* the map shows the dilated attention, else the evidence attention */
    struct inspected_choice choice;  /* layers, heads and branches of it */
    const struct outline *outline;
    struct code_tint *code;      /* what the code that is shown is made of; panes say what they show */
    const struct search *search; /* NULL: nothing is searched for */
    struct spot spot;            /* in the text */
    bool logarithmic;            /* heat */
};

/* Draws the line above a pane, a title with a rule to its right, and gives back what is left below. `detail` may be
 * NULL. */
struct rect pane_title(struct canvas *c, struct rect r, bool focused, const char *title, const char *detail);

/* A style, in code that is shown its colour where it is plain otherwise. */
struct style pane_code(const struct view *v, struct style plain, size_t document, uint64_t offset);

/* Draws PATH:LINE, or in the only file the line and the chapter with what it is inside, from column x on: where there
 * is no room, the end of a path and the beginning of a chapter are kept. Returns the column after it. */
int pane_place(struct canvas *c, struct rect r, int y, int x, struct style s, const struct view *v, size_t document,
               uint64_t offset);

/* Wraps text at words from row y (which may lie above the rectangle) on; returns the row after it. */
int pane_wrapped(struct canvas *c, struct rect r, int y, struct style s, const char *text);

#endif
