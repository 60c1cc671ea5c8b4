/* The inspector's list of places: tokens of the text in the dilated attention, segments in the evidence attention. */
#ifndef LECTERN_INSPECTOR_PLACES_H
#define LECTERN_INSPECTOR_PLACES_H

#include "app/panes/pane_inspect.h"

void inspector_places_draw(struct pane_inspect *p, struct canvas *c, struct rect r, const struct view *v);

#endif
