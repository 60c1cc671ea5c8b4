/* The evidence of the shown question: ranked places, the share of attention of each, and how its text begins. */
#ifndef LECTERN_PANE_EVIDENCE_H
#define LECTERN_PANE_EVIDENCE_H

#include "app/panes/pane.h"

struct pane_evidence {
    size_t first; /* item at the top */
    int height;
};

void pane_evidence_draw(struct pane_evidence *p, struct canvas *c, struct rect r, bool focused, const struct view *v);

/* The item shown at a row (0: the title); SIZE_MAX where there is none. */
size_t pane_evidence_at(const struct pane_evidence *p, const struct view *v, int row);

#endif
