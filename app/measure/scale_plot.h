/* The rows of `lectern scale` as a picture (SVG): time per token and live memory against the length, both axes
 * logarithmic. */
#ifndef LECTERN_SCALE_PLOT_H
#define LECTERN_SCALE_PLOT_H

#include <stddef.h>
#include <stdio.h>

struct error;
struct scale_row;

/* `about`: one line under the title, any text. The plot of no rows is empty axes. */
int scale_plot(const struct scale_row *rows, size_t n_rows, const char *about, FILE *out, struct error *e);

#endif
