/* The attention inspector: which positions each branch has on its grid for the question, how much of the softmax each
 * branch and each head gives to them, and the places with the most of it, for the layers, heads, branches and the token
 * of the question that are picked; or the same of the evidence attention, which has one head and no branches. */
#ifndef LECTERN_PANE_INSPECT_H
#define LECTERN_PANE_INSPECT_H

#include "app/panes/pane.h"

struct model;

enum inspect_field { INSPECT_ATTENTION, INSPECT_LAYER, INSPECT_HEAD, INSPECT_BRANCH, INSPECT_TOKEN, INSPECT_FIELDS };

struct pane_inspect {
    enum inspect_field field; /* that is picked */
    size_t selected, first;   /* place under the cursor; first one shown */
    struct rect rows;         /* where they were drawn last */
};

/* The next or previous field that there is in the attention shown. */
void pane_inspect_pick(struct pane_inspect *p, bool dilated, int by);

/* Places in the list: tokens in the dilated attention, segments in the evidence attention. */
size_t pane_inspect_places(const struct view *v);

/* The text of a place; false for a token of a header, which has none. */
bool pane_inspect_place(const struct view *v, size_t place, uint64_t *token, struct spot *spot, uint64_t *size);

/* The place drawn at a row of the screen; SIZE_MAX: none. */
size_t pane_inspect_at(const struct pane_inspect *p, const struct view *v, int y, int x);

void pane_inspect_draw(struct pane_inspect *p, struct canvas *c, struct rect r, const struct model *m,
                       const struct view *v);

#endif
