#include "app/terminal/canvas.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/text/safe_text.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* Characters that combine in one cell beyond this many bytes are not drawn: a storm of accents stays in its cell. */
#define CELL_BYTES (sizeof((struct cell *)0)->text)

int canvas_resize(struct canvas *c, int rows, int cols, struct error *e)
{
    assert(rows >= 0 && cols >= 0);
    size_t n, bytes;
    struct cell *cells = NULL;
    if (bytes_multiply(&n, (size_t)rows, (size_t)cols) && bytes_multiply(&bytes, n, sizeof *cells))
        cells = malloc(bytes ? bytes : 1);
    if (cells == NULL) return error_set_kind(e, ERROR_MEMORY, "no memory for a screen of %d x %d", cols, rows);
    free(c->cells);
    c->rows = rows;
    c->cols = cols;
    c->cells = cells;
    canvas_clear(c);
    return 0;
}

void canvas_close(struct canvas *c)
{
    free(c->cells);
    *c = (struct canvas){0};
}

static struct cell *cell_at(const struct canvas *c, int y, int x)
{
    return &c->cells[(size_t)y * (size_t)c->cols + (size_t)x];
}

static void blank(struct cell *cell)
{
    memcpy(cell->text, " ", 2);
    cell->width = 1;
}

void canvas_clear(struct canvas *c)
{
    for (size_t i = 0; i < (size_t)c->rows * (size_t)c->cols; i++) {
        blank(&c->cells[i]);
        c->cells[i].style = style(ROLE_TEXT);
    }
    c->cursor_y = c->cursor_x = -1;
}

/* A wide character that loses one half loses the other too. */
static void release_halves(struct canvas *c, int y, int x)
{
    struct cell *cell = cell_at(c, y, x);
    if (cell->width == 0 && x > 0) blank(cell_at(c, y, x - 1));
    if (cell->width == 2 && x + 1 < c->cols) blank(cell_at(c, y, x + 1));
}

static void combine(struct canvas *c, struct rect clip, int y, int x, const struct safe_glyph *g)
{
    if (x <= 0) return;
    struct cell *cell = cell_at(c, clip.y + y, clip.x + x - 1);
    if (cell->width == 0 && x > 1) cell--;
    size_t size = strlen(cell->text);
    if (size + g->size < CELL_BYTES) memcpy(cell->text + size, g->text, (size_t)g->size + 1);
}

/* ASCII, notations and tabs among it: one cell a byte. */
static int put_narrow(struct canvas *c, struct rect clip, int y, int x, struct style s, const struct safe_glyph *g)
{
    for (int i = 0; i < g->size; i++, x++) {
        release_halves(c, clip.y + y, clip.x + x);
        struct cell *cell = cell_at(c, clip.y + y, clip.x + x);
        *cell = (struct cell){.text = {g->text[i]}, .width = 1, .style = s};
    }
    return x;
}

static bool inside(const struct canvas *c, struct rect clip, int y, int x, int width)
{
    return y >= 0 && y < clip.h && x >= 0 && x + width <= clip.w && clip.y + y >= 0 && clip.y + y < c->rows &&
           clip.x + x >= 0 && clip.x + x + width <= c->cols;
}

int canvas_glyph(struct canvas *c, struct rect clip, int y, int x, struct style s, const struct safe_glyph *g)
{
    if (!inside(c, clip, y, x, g->width)) return -1;
    if (g->notation && s.role == ROLE_TEXT) s.role = ROLE_NOTATION;
    if (g->width == 0) {
        if (g->size != 0) combine(c, clip, y, x, g);
        return x;
    }
    if (g->width == g->size) return put_narrow(c, clip, y, x, s, g);
    for (int i = 0; i < g->width; i++) release_halves(c, clip.y + y, clip.x + x + i);
    struct cell *cell = cell_at(c, clip.y + y, clip.x + x);
    *cell = (struct cell){.width = g->width, .style = s};
    memcpy(cell->text, g->text, g->size);
    if (g->width == 2) cell[1] = (struct cell){.style = s};
    return x + g->width;
}

int canvas_put(struct canvas *c, struct rect clip, int y, int x, struct style s, const char *bytes, size_t size)
{
    struct safe_glyph g;
    for (size_t i = 0; i < size; i += g.taken) {
        safe_text_next(bytes + i, size - i, &g);
        int next = canvas_glyph(c, clip, y, x, s, &g);
        if (next < 0) break;
        x = next;
    }
    return x;
}

int canvas_puts(struct canvas *c, struct rect clip, int y, int x, struct style s, const char *text)
{
    return canvas_put(c, clip, y, x, s, text, strlen(text));
}

int canvas_printf(struct canvas *c, struct rect clip, int y, int x, struct style s, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0) return x;
    size_t size = (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    return canvas_put(c, clip, y, x, s, text, safe_text_whole(text, size));
}

int canvas_put_tail(struct canvas *c, struct rect clip, int y, int least, int end, struct style s, const char *bytes,
                    size_t size)
{
    size_t width = safe_text_width(bytes, size);
    if (end > clip.w) end = clip.w;
    if (end <= least) return end;
    if (width <= (size_t)(end - least)) {
        int x = end - (int)width;
        canvas_put(c, clip, y, x, s, bytes, size);
        return x;
    }
    struct safe_glyph g;
    size_t i = 0;
    while (width + 1 > (size_t)(end - least)) {
        safe_text_next(bytes + i, size - i, &g);
        width -= g.width;
        i += g.taken;
    }
    int x = end - (int)width - 1;
    canvas_puts(c, clip, y, x, s, "…");
    canvas_put(c, clip, y, x + 1, s, bytes + i, size - i);
    return x;
}

int canvas_put_head(struct canvas *c, struct rect clip, int y, int x, struct style s, const char *bytes, size_t size)
{
    size_t width = safe_text_width(bytes, size), i = 0;
    int room = clip.w - x;
    if (room <= 0 || width <= (size_t)room) return canvas_put(c, clip, y, x, s, bytes, size);
    for (struct safe_glyph g; i < size; i += g.taken) {
        safe_text_next(bytes + i, size - i, &g);
        if (g.width + 1 > room) break;
        room -= g.width;
    }
    x = canvas_put(c, clip, y, x, s, bytes, i);
    return canvas_puts(c, clip, y, x, s, "…");
}

void canvas_fill(struct canvas *c, struct rect r, struct style s, const char *glyph)
{
    for (int y = 0; y < r.h; y++) {
        for (int x = 0; x < r.w; x++) canvas_puts(c, r, y, x, s, glyph);
    }
}

void canvas_role(struct canvas *c, struct rect r, enum role role)
{
    for (int y = r.y; y < r.y + r.h; y++) {
        for (int x = r.x; x < r.x + r.w; x++) {
            if (y >= 0 && y < c->rows && x >= 0 && x < c->cols) cell_at(c, y, x)->style.role = (uint8_t)role;
        }
    }
}

char *canvas_text(const struct canvas *c)
{
    char *text = malloc((size_t)c->rows * ((size_t)c->cols * CELL_BYTES + 1) + 1);
    if (text == NULL) return NULL;
    size_t size = 0;
    for (int y = 0; y < c->rows; y++) {
        size_t end = size;
        for (int x = 0; x < c->cols; x++) {
            const struct cell *cell = cell_at(c, y, x);
            size_t n = strlen(cell->text);
            memcpy(text + size, cell->text, n);
            size += n;
            if (cell->width != 0 && strcmp(cell->text, " ") != 0) end = size;
        }
        size = end;
        text[size++] = '\n';
    }
    text[size] = '\0';
    return text;
}

char *canvas_styles(const struct canvas *c)
{
    static const char letters[ROLE_COUNT + 1] = ".dthflsmxnrqegkuowABCDEFGHcvyTNPU";
    char *text = malloc((size_t)c->rows * ((size_t)c->cols + 1) + 1);
    if (text == NULL) return NULL;
    size_t size = 0;
    for (int y = 0; y < c->rows; y++) {
        for (int x = 0; x < c->cols; x++) {
            struct style s = cell_at(c, y, x)->style;
            text[size++] = s.heat ? (char)('0' + s.heat) : letters[s.role];
        }
        text[size++] = '\n';
    }
    text[size] = '\0';
    return text;
}
