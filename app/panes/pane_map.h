/* The document map: a strip of heat over the whole sequence, or a part of it; every column is a span of tokens, its
 * height the share that the evidence attention, or what is chosen of the dilated attention, gives to them. Two
 * questions that are compared have the same span and the same scale. */
#ifndef LECTERN_PANE_MAP_H
#define LECTERN_PANE_MAP_H

#include "app/panes/pane.h"

struct pane_map {
    unsigned zoom;   /* the map shows the whole sequence divided by 4 to this power */
    uint64_t begin;  /* first token shown */
    uint64_t cursor; /* token under the cursor, used while the map has the focus */
    bool own_cursor; /* the cursor was moved by hand; else it follows the text */
    int width;       /* columns of one map, as drawn last */
    int second;      /* column where a second map begins beside it; 0 if there is none */
};

/* From so many columns on two maps that are compared stand side by side, else one above the other. */
#define PANE_MAP_BESIDE 80

/* The map's column under a column of the pane. */
int pane_map_column(const struct pane_map *p, int x);

/* Tokens on the map, and the first token of a column (column `width`: the end). */
uint64_t pane_map_span(const struct pane_map *p, const struct atlas *a);
uint64_t pane_map_token(const struct pane_map *p, const struct atlas *a, int column);

/* Zooms in (by > 0) or out, around the cursor or the spot in the text. */
void pane_map_zoom(struct pane_map *p, const struct view *v, int by);
void pane_map_all(struct pane_map *p);

/* Moves the cursor by columns; the map follows at its ends. */
void pane_map_move(struct pane_map *p, const struct view *v, int columns);

/* The hottest place of the hottest column; false without an answer. */
bool pane_map_hottest(const struct pane_map *p, const struct view *v, uint64_t *token);

/* Where the cursor is. */
uint64_t pane_map_cursor(const struct pane_map *p, const struct view *v);

/* `compact`: the strip alone, without title and ruler. */
void pane_map_draw(struct pane_map *p, struct canvas *c, struct rect r, bool focused, bool compact,
                   const struct view *v);

#endif
