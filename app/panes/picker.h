/* Anything that has a name, found by typing some of it: marks, questions, files, chapters and definitions. The names
 * are gone through a slice at a time, between keys. */
#ifndef LECTERN_PICKER_H
#define LECTERN_PICKER_H

#include "app/panes/jumps.h"
#include "app/panes/pane.h"
#include "app/terminal/line_edit.h"

#define PICKER_MOST 200

enum picker_kind { PICKER_MARK, PICKER_QUESTION, PICKER_FILE, PICKER_HEADING };

struct picker_item {
    enum picker_kind kind;
    size_t index; /* the mark's letter, the question, the document, the heading */
    int score;
};

struct picker {
    struct line_edit line;
    struct picker_item items[PICKER_MOST]; /* the best, best first */
    size_t n, selected, first;
    size_t at; /* how many names were looked at */
    int height;
};

/* Begins again with all that has a name; the line stays. */
void picker_update(struct picker *p);

/* Looks at names for about so many milliseconds; false when all were looked at. */
bool picker_step(struct picker *p, const struct view *v, const struct jumps *j, int milliseconds);
void picker_move(struct picker *p, long by);

/* The item that is selected; NULL where there is none. */
const struct picker_item *picker_selected(const struct picker *p);

/* The place of an item; false for a question without evidence. `span` gets the bytes to mark. */
bool picker_spot(const struct picker_item *item, const struct view *v, const struct jumps *j, struct spot *spot,
                 uint64_t *span);

void picker_draw(struct picker *p, struct canvas *c, struct rect r, const struct view *v, const struct jumps *j);

/* The item drawn at a row of the rectangle; SIZE_MAX where there is none. */
size_t picker_at(const struct picker *p, int row);

#endif
