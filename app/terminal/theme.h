/* What roles and heat look like: colours for dark and light backgrounds, and for terminals with 16 million, 256, 16, 8
 * or no colours. */
#ifndef LECTERN_THEME_H
#define LECTERN_THEME_H

#include <stdbool.h>
#include <stdint.h>

#include "app/terminal/style.h"

enum theme { THEME_AUTO, THEME_DARK, THEME_LIGHT };

/* How many colours a terminal has. */
enum depth { DEPTH_MONO, DEPTH_8, DEPTH_16, DEPTH_256, DEPTH_TRUE };

/* Colours are -1 (the terminal's own), 0xRRGGBB at DEPTH_TRUE, else a number of the palette. */
struct look {
    int32_t foreground, background;
    bool bold, dim, underline, reverse;
};

struct look theme_look(enum theme t, enum depth d, struct style s);

/* The heat ramp as 0xRRGGBB, levels 0 (the background) to 8: for pictures. */
uint32_t theme_heat(enum theme t, int level);

/* What COLORFGBG says about the background; dark where it says nothing. */
enum theme theme_guess(const char *colorfgbg);

#endif
