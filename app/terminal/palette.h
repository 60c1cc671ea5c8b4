/* Colours that the user gives to parts of the screen in place of the theme's. */
#ifndef LECTERN_PALETTE_H
#define LECTERN_PALETTE_H

#include <stdint.h>

#include "app/terminal/theme.h"

struct error;

/* Numbers of the 256 colours, -1 for the terminal's own, or PALETTE_THEME: as the theme has it. */
#define PALETTE_THEME (-2)

struct palette {
    int16_t ink[ROLE_COUNT], ground[ROLE_COUNT];
};

void palette_init(struct palette *p);

/* Gives a part ("match", "comment") its colours, by name ("bright-blue", "own") or number; `ground` may be NULL: as the
 * theme has it. -1 where one of them is not known, with what may be meant. */
int palette_set(struct palette *p, const char *part, const char *ink, const char *ground, struct error *e);

/* What the theme says, changed by the palette (NULL: by none). Nothing is without colours; what a terminal does not
 * have stays the theme's, and so does heat. */
struct look palette_look(const struct palette *p, enum theme t, enum depth d, struct style s);

/* The names of all parts; ends with NULL. */
const char *const *palette_parts(void);

#endif
