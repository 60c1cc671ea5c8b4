/* The attention of a whole document as a strip beside its text, from top to bottom, with the part that is shown. */
#ifndef LECTERN_HEAT_STRIP_H
#define LECTERN_HEAT_STRIP_H

#include "app/panes/pane.h"

/* Whether there is one: the question that is shown has its attention, and the document is read. */
bool heat_strip_is(const struct view *v, size_t document);

/* Draws it in a column; bytes [begin, end) of the document are shown beside it. */
void heat_strip_draw(struct canvas *c, struct rect column, size_t document, uint64_t begin, uint64_t end,
                     const struct view *v);

/* The place that a row of the column stands for. */
struct spot heat_strip_spot(struct rect column, int y, size_t document, const struct view *v);

#endif
