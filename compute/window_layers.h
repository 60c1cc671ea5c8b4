/* The layers of a reader by windows (compute/layers.h, models/FORMAT.md, "Reader 2"): norms after the sums, a local
 * branch that looks both ways inside a window, in the last layers inside a segment. A chunk begins with a window; what
 * a window gives depends on nothing behind it. An id has TOKENS_SEGMENT where a segment begins. */
#ifndef LECTERN_WINDOW_LAYERS_H
#define LECTERN_WINDOW_LAYERS_H

struct backend;
struct error;
struct layers;
struct model;

/* Borrows both until it is closed. */
int window_layers_open(struct layers **out, const struct model *m, struct backend *b, struct error *e);

#endif
