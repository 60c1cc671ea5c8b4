/* The text of all documents, one after the other, each under a line with its path. Wrapped; code with line numbers.
 * Attention is shown as a bar of heat at the left, and on single words where it was looked up. */
#ifndef LECTERN_PANE_TEXT_H
#define LECTERN_PANE_TEXT_H

#include "app/terminal/config.h"
#include "app/panes/pane.h"

#define PANE_TEXT_SHOWN 3

/* Bytes of a document that are on the screen. */
struct text_shown {
    size_t document;
    uint64_t begin, end;
};

/* Whole lines of a document, from the one with a byte of it to the one with another. */
struct text_selection {
    bool on;
    size_t document;
    uint64_t anchor, head; /* the head moves */
};

struct pane_text {
    struct spot top; /* first row: the one that begins here, or above it the document's title line */
    bool title;
    struct spot spot;  /* where the user is: what was gone to, or the first row */
    uint64_t span;     /* how many bytes are marked from there on; 0 for none */
    bool went;         /* it was gone to and not scrolled since, so it stays in sight when the size changes */
    int height, width; /* as drawn last */
    enum line_numbers numbers;
    bool chopped;                             /* a line has one row, whatever its length */
    int column;                               /* of such lines, columns left of the pane */
    int prose_width;                          /* of a row of prose at most */
    struct text_shown shown[PANE_TEXT_SHOWN]; /* as drawn last */
    size_t n_shown;
    struct text_selection selection;
};

/* Shows a place: a third of the way down with `span` bytes marked from there, or at the top where span is 0. */
void pane_text_go(struct pane_text *p, const struct atlas *a, struct spot spot, uint64_t span);

/* Moves by rows. */
void pane_text_scroll(struct pane_text *p, const struct atlas *a, long rows);
/* Moves chopped lines by columns; false where lines are wrapped. */
bool pane_text_shift(struct pane_text *p, int columns);

/* Selects the lines of the place that was gone to, or the first on the screen; moves the end of what is selected by
 * rows and keeps it in sight; its first and last line, from 1. */
void pane_text_select(struct pane_text *p, const struct atlas *a);
void pane_text_select_on(struct pane_text *p, const struct atlas *a, long rows);
void pane_text_selected(const struct pane_text *p, const struct atlas *a, uint64_t *first, uint64_t *last);

/* Where the row begins that is shown at y, of a pane drawn in this rectangle; false where none is. */
bool pane_text_at(const struct pane_text *p, const struct atlas *a, struct rect r, int y, struct spot *out);

/* The strip of heat at the right of a pane drawn in this rectangle: the place of a cell of it, false for other cells.
 */
bool pane_text_strip(const struct pane_text *p, struct rect r, int y, int x, const struct view *v, struct spot *out);
void pane_text_end(struct pane_text *p, const struct atlas *a);
void pane_text_draw(struct pane_text *p, struct canvas *c, struct rect r, bool focused, const struct view *v);

/* Token range of the text on the screen in the document of its first row, for looking up single tokens; empty where it
 * is not read. */
void pane_text_tokens(const struct pane_text *p, const struct atlas *a, uint64_t *begin, uint64_t *end);

#endif
