/* Files as a tree and chapters inside them, with their tokens and their share of the attention; narrowed by what is
 * typed as a filter. */
#ifndef LECTERN_PANE_CONTENTS_H
#define LECTERN_PANE_CONTENTS_H

#include "app/terminal/line_edit.h"
#include "app/text/outline.h"
#include "app/panes/pane.h"

/* A row: an entry of the outline, or a heading (entry: its file's). */
struct contents_row {
    size_t entry, heading; /* heading: SIZE_MAX for the entry itself */
};

struct pane_contents {
    struct outline *outline;   /* owned */
    struct contents_row *rows; /* owned */
    size_t n_rows, row_capacity;
    size_t selected, first;
    size_t entry, heading;   /* how far the rows are made; heading SIZE_MAX means before the entry itself */
    struct contents_row was; /* the row to select again when it has been made */
    size_t known;            /* files and chapters that were known when the rows were begun */
    bool moved;              /* moved by hand, so that it does not follow the text */
    int height;
    struct line_edit filter;
};

int pane_contents_open(struct pane_contents *p, const struct corpus *c, struct error *e);
void pane_contents_close(struct pane_contents *p);

/* Begins to make the rows again: after a change of the filter, or of what is open. A step makes some more of them, in
 * about a millisecond; false when there are no more. */
void pane_contents_update(struct pane_contents *p);
bool pane_contents_step(struct pane_contents *p);
void pane_contents_move(struct pane_contents *p, long by);

/* Opens (or closes) what is selected; false where it cannot be opened (closed): closing then goes to the folder around
 * it. */
bool pane_contents_fold(struct pane_contents *p, bool open);

/* The place of the selected row; false where there is none. */
bool pane_contents_spot(const struct pane_contents *p, struct spot *out);

/* What is selected as a question says it ("in:src/", in:"Book I > Chapter 3"); "" for all of the text. */
enum { PANE_CONTENTS_WITHIN = 600 };
void pane_contents_within(const struct pane_contents *p, char out[PANE_CONTENTS_WITHIN]);

/* The row shown at a row of the pane (0: its title); SIZE_MAX where there is none. */
size_t pane_contents_at(const struct pane_contents *p, int row);

/* `typing` says that the filter is being typed. */
void pane_contents_draw(struct pane_contents *p, struct canvas *c, struct rect r, bool focused, bool typing,
                        const struct view *v);

#endif
