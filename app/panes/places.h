/* Places visited, back and forth as in a browser, and places marked with letters. */
#ifndef LECTERN_PLACES_H
#define LECTERN_PLACES_H

#include <stdbool.h>

#include "app/panes/atlas.h"

#define PLACES_MAX 200

struct places {
    struct spot visited[PLACES_MAX];
    size_t n, at; /* visited[0..at) lie behind, [at..n) ahead */
    struct spot marks[128];
    bool marked[128];
};

/* A jump leaves `from`; what lay ahead is forgotten. */
void places_leave(struct places *p, struct spot from);

/* The place before, or after, when the user is at `here`; false where there is none. */
bool places_back(struct places *p, struct spot here, struct spot *out);
bool places_forward(struct places *p, struct spot here, struct spot *out);

/* Marks are letters and digits; '\'' is the place that the last jump left. */
bool places_mark(struct places *p, uint32_t letter, struct spot here);
bool places_marked(const struct places *p, uint32_t letter, struct spot *out);

#endif
