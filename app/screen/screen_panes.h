/* What each pane does with keys and the mouse. A new pane is one file that has such a table, and one line in
 * screen_panes.c. */
#ifndef LECTERN_SCREEN_PANES_H
#define LECTERN_SCREEN_PANES_H

#include "app/screen/screen_parts.h"

/* When a key is worth a hint at the bottom. */
enum pane_when {
    WHEN_ALWAYS,
    WHEN_ASKED,
    WHEN_ANSWERED,
    WHEN_SELECTED,
    WHEN_ATTENDED,
    WHEN_SEARCHING,
    WHEN_READING,
    WHEN_WAITING,
    WHEN_WORDS_COME,
    WHEN_PAUSED,
    WHEN_IDLE
};

struct pane_hint {
    enum action action; /* ACTION_NONE ends a list */
    const char *word;
    enum pane_when when;
};

/* Any but draw may be NULL. */
struct pane_ops {
    void (*draw)(struct screen *s, struct canvas *c, struct rect r, bool focused);

    /* An action that means something else here than elsewhere: false where it does not. */
    bool (*act)(struct screen *s, enum action action);

    /* For a pane in which something is typed: every key goes there. */
    void (*type)(struct screen *s, uint32_t key, enum action action);
    void (*move)(struct screen *s, enum action action); /* arrows, pages, top and bottom */
    void (*open)(struct screen *s);                     /* what is under the cursor */

    /* True where nothing more is to be done; else the press has given the focus, and browsing goes on. */
    bool (*press)(struct screen *s, const struct event *event, struct rect r);
    void (*wheel)(struct screen *s, long by); /* rows */
    void (*resize)(struct screen *s, int by); /* larger by so many steps */
    const struct pane_hint *keys;
};

extern const struct pane_ops screen_text_pane, screen_evidence_pane, screen_chat_pane, screen_contents_pane,
    screen_map_pane, screen_covers_help, screen_covers_pattern, screen_inspect_pane, screen_covers_scale,
    screen_covers_notes, screen_lists_picker, screen_lists_of_matches;

const struct pane_ops *screen_panes_of(enum focus focus);

/* The pane that keys go to: what covers the others, or the one with the focus. */
const struct pane_ops *screen_panes_current(const struct screen *s);

void screen_panes_move(struct screen *s, enum action action);
void screen_panes_open(struct screen *s);

/* A key that edits a line, or a character. */
void screen_panes_type(struct line_edit *l, uint32_t key, enum action action);

/* Rows that a moving action stands for in a pane of so many rows; 0 for other actions. */
long screen_panes_rows(enum action action, int height);

#endif
