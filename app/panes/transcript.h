/* All questions with their answers, one below the other, the newest last. The one that is looked at is whole; of the
 * others the first rows are shown, or all where they are unfolded. */
#ifndef LECTERN_TRANSCRIPT_H
#define LECTERN_TRANSCRIPT_H

#include "app/panes/pane.h"

struct transcript {
    bool unfolded;
    bool reading; /* the text is not read to its end */
};

/* Rows of all questions, and of the one that is looked at. */
struct transcript_rows {
    int all, begin, end;
};

/* Draws from row -`scroll` of the rectangle on, which may have no rows: then they are counted. */
struct transcript_rows transcript_draw(const struct transcript *t, struct canvas *c, struct rect r, int scroll,
                                       const struct view *v);

/* The question that has a row in this width; SIZE_MAX where none has. */
size_t transcript_at(const struct transcript *t, int width, int row, const struct view *v);

/* The reference [n] drawn at a cell of the rectangle, 0 where there is none. */
unsigned transcript_reference(const struct canvas *c, struct rect r, int y, int x);

#endif
