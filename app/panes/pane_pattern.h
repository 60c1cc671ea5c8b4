/* The pattern of the reader's attention, drawn as the paper's figures do: a row is a span of queries, a column a span
 * of keys, a colour a branch. Below it, what the token at the place in the text can see. */
#ifndef LECTERN_PANE_PATTERN_H
#define LECTERN_PANE_PATTERN_H

#include "app/panes/pane.h"

struct model;

struct pane_pattern {
    int zoom;   /* length shown: first segment length times 4 to this power */
    int head;   /* -1: all heads together */
    int branch; /* -1: all */
};

/* Next or previous of the heads and of the branches, "all" among them; longer or shorter. */
void pane_pattern_head(struct pane_pattern *p, const struct model *m, int by);
void pane_pattern_branch(struct pane_pattern *p, const struct model *m, int by);
void pane_pattern_zoom(struct pane_pattern *p, int by);

void pane_pattern_draw(const struct pane_pattern *p, struct canvas *c, struct rect r, const struct model *m,
                       const struct view *v);

#endif
