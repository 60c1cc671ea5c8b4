/* The demonstration of length: `lectern scale` run live, rows and curves growing as they come: time per token and
 * memory against the length, dilated attention and, until it gives up, dense attention; and what a billion tokens would
 * take here, measured at that position. */
#ifndef LECTERN_PANE_SCALE_H
#define LECTERN_PANE_SCALE_H

#include "app/panes/pane.h"
#include "app/measure/scale.h"

#define PANE_SCALE_ROWS (2 * SCALE_MAX_LENGTHS + 1)

struct pane_scale {
    struct scale_row rows[PANE_SCALE_ROWS];
    size_t n_rows;
    bool running;
    bool rounds;      /* the model's products are in few bits: its logits differ from call to call */
    const char *what; /* being measured; static */
    uint64_t tokens, done, all;
    char note[300]; /* why something was left out, or failed; empty: nothing */
};

void pane_scale_draw(const struct pane_scale *p, struct canvas *c, struct rect r);

#endif
