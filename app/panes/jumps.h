/* Jumps between places of the text: back and forth as in a browser, and marks that have letters. */
#ifndef LECTERN_JUMPS_H
#define LECTERN_JUMPS_H

#include <stdbool.h>

#include "app/panes/atlas.h"

#define JUMPS_MAX 200

struct jumps {
    struct spot visited[JUMPS_MAX];
    size_t n, at; /* visited[0..at) lie behind, [at..n) ahead */
    struct spot marks[128];
    bool marked[128];
};

/* A jump leaves `from`; what lay ahead is forgotten. */
void jumps_leave(struct jumps *j, struct spot from);

/* The place before, or after, when the user is at `here`; false where there is none. */
bool jumps_back(struct jumps *j, struct spot here, struct spot *out);
bool jumps_forward(struct jumps *j, struct spot here, struct spot *out);

/* Marks are letters and digits; '\'' is the place that the last jump left. */
bool jumps_mark(struct jumps *j, uint32_t letter, struct spot here);
bool jumps_marked(const struct jumps *j, uint32_t letter, struct spot *out);

#endif
