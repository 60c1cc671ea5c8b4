/* All matches of a search that came to its end, under the files and chapters that they are in, with their counts. */
#ifndef LECTERN_MATCH_LIST_H
#define LECTERN_MATCH_LIST_H

#include "app/panes/pane.h"

/* Matches of one chapter, or of a file that has none. */
struct match_group {
    size_t document, heading; /* heading SIZE_MAX: none */
    size_t first, n;
};

struct match_list {
    struct match_group *groups; /* owned */
    size_t n_groups, capacity;
    size_t seen;     /* matches that are in groups */
    size_t selected; /* a match */
    size_t top;      /* the first row */
    int height;
};

void match_list_close(struct match_list *l);

/* Empties it, for another search; the match at or after a byte is selected. */
void match_list_begin(struct match_list *l, const struct search *s, uint64_t byte);

/* Puts matches into groups for about so many milliseconds; false when all are. */
bool match_list_step(struct match_list *l, const struct view *v, int milliseconds);
void match_list_move(struct match_list *l, const struct view *v, long by);
void match_list_draw(struct match_list *l, struct canvas *c, struct rect r, const struct view *v);

/* The match drawn at a row of the rectangle, the first of a group at its name; SIZE_MAX where there is none. */
size_t match_list_at(const struct match_list *l, int row);

#endif
