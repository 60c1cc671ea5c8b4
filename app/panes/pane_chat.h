/* The question, its answer as it comes, and the line where the next question is typed. */
#ifndef LECTERN_PANE_CHAT_H
#define LECTERN_PANE_CHAT_H

#include "app/terminal/line_edit.h"
#include "app/panes/pane.h"

struct pane_chat {
    struct line_edit line;
    int scroll; /* rows of the answer above the pane */
    bool held;  /* it was scrolled by hand, so it does not follow words that come */
    int rows;   /* rows of the answer and its question, as drawn last */
    int height;
};

void pane_chat_close(struct pane_chat *p);

/* `typing` says that the cursor is in the line, `reading` that the text is not read to its end. */
void pane_chat_draw(struct pane_chat *p, struct canvas *c, struct rect r, bool focused, bool typing, bool reading,
                    const struct view *v);
void pane_chat_scroll(struct pane_chat *p, int rows);
void pane_chat_top(struct pane_chat *p);

/* The reference [n] drawn at a cell of the pane, 0 where there is none. */
unsigned pane_chat_reference(const struct canvas *c, struct rect r, int y, int x);

/* Draws text being typed, with its cursor, on at most r.h rows; the last rows where it is longer. */
void pane_chat_line(struct canvas *c, struct rect r, const char *prompt, const struct line_edit *l, bool cursor);

#endif
