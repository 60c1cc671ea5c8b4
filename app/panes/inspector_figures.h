/* The figures of the attention inspector: tables and bars of what branches, heads and tokens get. Every function draws
 * from row y, or from the top, of a rectangle; those that give back a number say how many rows they took. */
#ifndef LECTERN_INSPECTOR_FIGURES_H
#define LECTERN_INSPECTOR_FIGURES_H

#include "app/panes/pane.h"

struct inspected;
struct model;

/* Below so many columns only what matters most is drawn. */
#define INSPECTOR_NARROW 60

/* Exact to a hundredth of a percent, so that columns of shares can be added up. */
const char *inspector_figures_percent(char out[16], double share);

/* What all figures are the mean of; what the text and the question's own tokens get. */
void inspector_figures_mean(struct canvas *c, struct rect r, int y, const struct inspected *i);
void inspector_figures_masses(struct canvas *c, struct rect r, int y, const struct inspected *i,
                              const struct exchange *x);

/* The branches that any of the tokens is on the grid of, the picked one in any case, and how many there are besides. */
int inspector_figures_branches(struct canvas *c, struct rect r, const struct model *m, const struct inspected *i,
                               const struct view *v);

/* The positions of the text on the grid of the picked branch, spelled out; and where the picked token stands. */
void inspector_figures_grid(struct canvas *c, struct rect r, int y, const struct model *m, const struct inspected *i,
                            const struct view *v);

/* Layers down, heads across: what each gives to the text. */
int inspector_figures_heads(struct canvas *c, struct rect r, const struct model *m, const struct inspected *i,
                            const struct view *v);
int inspector_figures_heads_width(const struct model *m);

/* What the columns mean, where there is room to say it. */
void inspector_figures_legend(struct canvas *c, struct rect r, int y);

/* Of the evidence attention, the weights of the question's tokens: all, or the larger ones where there is no room for
 * all. */
int inspector_figures_gates(struct canvas *c, struct rect r, const struct exchange *x, bool logarithmic);

#endif
