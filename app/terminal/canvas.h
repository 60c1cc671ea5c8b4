/* The screen in memory: cells of text with a role (style.h) and a heat (share of attention). Panes draw here,
 * terminal.c puts it on a terminal, tests compare it with literal screens. Every string goes through safe_text. */
#ifndef LECTERN_CANVAS_H
#define LECTERN_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/terminal/style.h"

struct error;
struct safe_glyph;

struct cell {
    char text[20]; /* one character and what combines with it; empty right of a wide one */
    uint8_t width; /* 0 right of a wide character */
    struct style style;
};

/* Rows and columns from 0; h and w may be 0. */
struct rect {
    int y, x, h, w;
};

struct canvas {
    int rows, cols;
    struct cell *cells;     /* owned, [rows][cols] */
    int cursor_y, cursor_x; /* where typed text goes; negative: no cursor */
};

/* A zeroed canvas may be resized; the content is blank afterwards. */
int canvas_resize(struct canvas *c, int rows, int cols, struct error *e);
void canvas_close(struct canvas *c);
void canvas_clear(struct canvas *c);

/* Draws from (y, x) of the clip rectangle to the right, cut at its edge; returns the column after the last one drawn.
 */
int canvas_put(struct canvas *c, struct rect clip, int y, int x, struct style s, const char *bytes, size_t size);
int canvas_puts(struct canvas *c, struct rect clip, int y, int x, struct style s, const char *text);
int canvas_printf(struct canvas *c, struct rect clip, int y, int x, struct style s, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* Ends at column `end` (exclusive) instead of starting at a given one; text that has no room loses its beginning, which
 * shows as an ellipsis. Returns the first column. `least`: columns before this one stay as they are. */
int canvas_put_tail(struct canvas *c, struct rect clip, int y, int least, int end, struct style s, const char *bytes,
                    size_t size);

/* Text that has no room loses its end instead, which shows as an ellipsis. Returns the column after the last one. */
int canvas_put_head(struct canvas *c, struct rect clip, int y, int x, struct style s, const char *bytes, size_t size);

/* One glyph; a combining one joins the cell before x. Returns the column after it, or -1 where it has no room. */
int canvas_glyph(struct canvas *c, struct rect clip, int y, int x, struct style s, const struct safe_glyph *g);

/* Fills with one glyph of width 1. */
void canvas_fill(struct canvas *c, struct rect r, struct style s, const char *glyph);

/* Gives the cells of a rectangle another role; text and heat stay. */
void canvas_role(struct canvas *c, struct rect r, enum role role);

/* The text of the canvas, a line a row, without blanks at the ends of lines; malloc'ed, NULL without memory. */
char *canvas_text(const struct canvas *c);

/* The same shape, a letter a cell for its role ('.' for plain text, a digit for heat where there is any). */
char *canvas_styles(const struct canvas *c);

static inline struct rect rect_inset(struct rect r, int top, int right, int bottom, int left)
{
    struct rect inner = {r.y + top, r.x + left, r.h - top - bottom, r.w - left - right};
    if (inner.h < 0) inner.h = 0;
    if (inner.w < 0) inner.w = 0;
    return inner;
}

static inline bool rect_holds(struct rect r, int y, int x)
{
    return y >= r.y && y < r.y + r.h && x >= r.x && x < r.x + r.w;
}

#endif
