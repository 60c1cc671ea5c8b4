/* The questions and answers, and the line where the next question is typed. */
#ifndef LECTERN_PANE_CHAT_H
#define LECTERN_PANE_CHAT_H

#include "app/terminal/line_edit.h"
#include "app/panes/pane.h"
#include "app/panes/transcript.h"

struct pane_chat {
    struct line_edit line;
    struct transcript talk;
    int scroll;      /* rows of it above the pane */
    bool held;       /* it was scrolled by hand, so it does not follow what comes */
    int rows, shown; /* rows of all questions, and of the one that is looked at, as drawn last */
    bool last;       /* which is the last one */
    int height;
};

void pane_chat_close(struct pane_chat *p);

/* `typing`: the cursor is in the line, and this is to be said of the question there; NULL: it is not. */
void pane_chat_draw(struct pane_chat *p, struct canvas *c, struct rect r, bool focused, const char *typing,
                    const struct view *v);
void pane_chat_scroll(struct pane_chat *p, int rows);

/* The question that is looked at is brought into sight. */
void pane_chat_follow(struct pane_chat *p);

/* The question drawn at a row of the pane's rectangle; SIZE_MAX where there is none. */
size_t pane_chat_at(const struct pane_chat *p, struct rect r, int y, const struct view *v);

/* Draws text being typed, with its cursor, on at most r.h rows; the last rows where it is longer. */
void pane_chat_line(struct canvas *c, struct rect r, const char *prompt, const struct line_edit *l, bool cursor);

#endif
