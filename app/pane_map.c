#include "app/pane_map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t total(const struct atlas *a)
{
    uint64_t tokens = atlas_total_tokens(a);
    return tokens ? tokens : 1;
}

uint64_t pane_map_span(const struct pane_map *p, const struct atlas *a)
{
    uint64_t all = total(a), least = p->width > 0 ? (uint64_t)p->width : 1;
    uint64_t span = p->zoom < 32 ? all >> (2 * p->zoom) : 0;
    if (span < least) span = least;
    return span < all ? span : all;
}

static uint64_t first_token(const struct pane_map *p, const struct atlas *a)
{
    uint64_t all = total(a), span = pane_map_span(p, a);
    return p->begin + span <= all ? p->begin : all - span;
}

uint64_t pane_map_token(const struct pane_map *p, const struct atlas *a, int column)
{
    uint64_t span = pane_map_span(p, a), width = p->width > 0 ? (uint64_t)p->width : 1;
    uint64_t at = (uint64_t)column;
    /* span * at may pass 2^64 only beyond 2^50 tokens. */
    return first_token(p, a) + span / width * at + span % width * at / width;
}

uint64_t pane_map_cursor(const struct pane_map *p, const struct view *v)
{
    return p->own_cursor ? p->cursor : atlas_token(v->atlas, v->place);
}

/* The column of a token, or -1. */
static int column_of(const struct pane_map *p, const struct atlas *a, uint64_t token)
{
    uint64_t begin = first_token(p, a), span = pane_map_span(p, a);
    if (token < begin || token >= begin + span) return -1;
    int column = (int)((double)(token - begin) / (double)span * p->width);
    while (column > 0 && pane_map_token(p, a, column) > token) column--;
    while (column + 1 < p->width && pane_map_token(p, a, column + 1) <= token) column++;
    return column;
}

static void center(struct pane_map *p, const struct view *v, uint64_t token)
{
    uint64_t half = pane_map_span(p, v->atlas) / 2;
    p->begin = token > half ? token - half : 0;
    p->begin = first_token(p, v->atlas);
}

void pane_map_zoom(struct pane_map *p, const struct view *v, int by)
{
    uint64_t token = pane_map_cursor(p, v);
    if (by < 0 && p->zoom > 0) p->zoom--;
    if (by > 0 && pane_map_span(p, v->atlas) > (uint64_t)(p->width > 0 ? p->width : 1)) p->zoom++;
    center(p, v, token);
}

void pane_map_all(struct pane_map *p)
{
    p->zoom = 0;
    p->begin = 0;
}

void pane_map_move(struct pane_map *p, const struct view *v, int columns)
{
    uint64_t cell = pane_map_span(p, v->atlas) / (uint64_t)(p->width > 0 ? p->width : 1);
    if (cell == 0) cell = 1;
    uint64_t at = pane_map_cursor(p, v), by = cell * (uint64_t)abs(columns), last = total(v->atlas) - 1;
    if (columns < 0)
        at = at > by ? at - by : 0;
    else
        at = at + by < last ? at + by : last;
    p->cursor = at;
    p->own_cursor = true;
    if (column_of(p, v->atlas, at) < 0) center(p, v, at);
}

static double share_of(const struct pane_map *p, const struct view *v, const struct exchange *x, int column)
{
    uint64_t begin = pane_map_token(p, v->atlas, column), end = pane_map_token(p, v->atlas, column + 1);
    return exchange_share(x, v->atlas, begin, end > begin ? end : begin + 1);
}

static double peak_of(const struct pane_map *p, const struct view *v, const struct exchange *x, int *column)
{
    double peak = 0;
    for (int i = 0; i < p->width; i++) {
        double share = share_of(p, v, x, i);
        if (share <= peak) continue;
        peak = share;
        if (column != NULL) *column = i;
    }
    return peak;
}

bool pane_map_hottest(const struct pane_map *p, const struct view *v, uint64_t *token)
{
    int column = -1;
    if (v->exchange == NULL || peak_of(p, v, v->exchange, &column) <= 0 || column < 0) return false;
    uint64_t begin = pane_map_token(p, v->atlas, column), end = pane_map_token(p, v->atlas, column + 1);
    /* Inside a wide column the place is its hottest segment. */
    size_t best = SIZE_MAX;
    const struct lens lens = exchange_lens(v->exchange);
    for (size_t i = atlas_segment_of_token(v->atlas, begin); i < lens.n_segments; i++) {
        if (v->atlas->segments[i].first_token >= end) break;
        if (best == SIZE_MAX || lens.share[i] > lens.share[best]) best = i;
    }
    *token = best != SIZE_MAX && v->atlas->segments[best].first_token >= begin ? v->atlas->segments[best].first_token
                                                                               : begin + (end - begin) / 2;
    return true;
}

/* Height of a cell in eighths of a row: 1 to 8 * rows, 0 without attention. */
static int height_of(double share, double peak, bool logarithmic, int rows)
{
    if (!(share > 0) || !(peak > 0)) return 0;
    double v = logarithmic ? 1 + log10(share / peak) / 3 : share / peak;
    int height = v <= 0 ? 0 : (int)ceil(v * 8 * rows);
    return height < 1 ? 1 : height > 8 * rows ? 8 * rows : height;
}

static void draw_lane(const struct pane_map *p, struct canvas *c, struct rect r, const struct view *v,
                      const struct exchange *x)
{
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    uint64_t read = atlas_tokens(v->atlas);
    double peak = x ? peak_of(p, v, x, NULL) : 0;
    for (int i = 0; i < p->width; i++) {
        double share = share_of(p, v, x, i);
        int height = height_of(share, peak, v->logarithmic, r.h), heat = heat_level(share, peak, v->logarithmic);
        struct style s = {ROLE_HEAT, (uint8_t)heat};
        for (int y = 0; y < r.h; y++) {
            int filled = height - 8 * (r.h - 1 - y);
            filled = filled < 0 ? 0 : filled > 8 ? 8 : filled;
            if (filled > 0) canvas_puts(c, r, y, i, s, blocks[filled]);
        }
        if (height == 0) {
            bool unread = pane_map_token(p, v->atlas, i) >= read;
            canvas_puts(c, r, r.h - 1, i, style(ROLE_DIM), unread ? "·" : "▁");
        }
    }
}

static void draw_boundaries(const struct pane_map *p, struct canvas *c, struct rect r, const struct view *v)
{
    canvas_fill(c, r, style(ROLE_LINE), "─");
    const struct atlas *a = v->atlas;
    uint64_t begin = first_token(p, a), end = begin + pane_map_span(p, a);
    size_t low = 0, high = a->n_documents;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (a->documents[middle].end_token <= begin)
            low = middle + 1;
        else
            high = middle;
    }
    size_t shown = 0, first = low;
    while (first + shown < a->n_documents && a->documents[first + shown].first_token < end && shown <= (size_t)p->width)
        shown++;
    /* More files than half the columns: ticks would say nothing. */
    if (shown > (size_t)p->width / 2) return;
    for (size_t i = first; i < first + shown; i++) {
        int column = column_of(p, a, a->documents[i].first_token);
        if (column > 0) canvas_puts(c, r, 0, column, style(ROLE_LINE), "┴");
    }
}

static void draw_ruler(const struct pane_map *p, struct canvas *c, struct rect r, bool focused, const struct view *v)
{
    draw_boundaries(p, c, r, v);
    const struct exchange *x = v->exchange;
    const struct lens lens = exchange_lens(x);
    for (size_t i = lens.n_items; i-- > 0;) {
        const struct evidence_item *item = &lens.items[i];
        if (i >= 9 || item->segment >= v->atlas->n_segments) continue;
        int column = column_of(p, v->atlas, v->atlas->segments[item->segment].first_token);
        if (column >= 0)
            canvas_printf(c, r, 0, column, style(i == x->selected ? ROLE_FOCUS : ROLE_REFERENCE), "%zu", i + 1);
    }
    int column = column_of(p, v->atlas, pane_map_cursor(p, v));
    if (column >= 0) canvas_puts(c, r, 0, column, style(focused ? ROLE_SELECTED : ROLE_KEY), "▲");
}

static void describe(const struct pane_map *p, const struct view *v, bool focused, char *out, size_t size)
{
    const struct atlas *a = v->atlas;
    char first[16], last[16], cell[16], peak[16], at[16], share[16];
    uint64_t begin = first_token(p, a), span = pane_map_span(p, a);
    int n = snprintf(out, size, "tokens %s to %s, %s a column", pane_count(first, (double)begin),
                     pane_count(last, (double)(begin + span)),
                     pane_count(cell, (double)span / (p->width > 0 ? p->width : 1)));
    if (n < 0 || (size_t)n >= size || v->exchange == NULL || v->exchange->answer == NULL) return;
    size_t used = (size_t)n;
    if (focused) {
        int column = column_of(p, a, pane_map_cursor(p, v));
        n = snprintf(out + used, size - used, "  ▲ %s: %s", pane_count(at, (double)pane_map_cursor(p, v)),
                     pane_share(share, column < 0 ? 0 : share_of(p, v, v->exchange, column)));
        used += n > 0 ? (size_t)n : 0;
    }
    snprintf(out + used, size - used, "  █ %s %s", pane_share(peak, peak_of(p, v, v->exchange, NULL)),
             v->logarithmic ? "log" : "linear");
}

static void title_of(const struct view *v, char *out, size_t size)
{
    const struct conversation *all = v->conversation;
    if (v->exchange == NULL || v->exchange->answer == NULL)
        snprintf(out, size, "Map");
    else if (v->compared == NULL)
        snprintf(out, size, "Evidence attention");
    else
        snprintf(out, size, "Question %zu above, question %zu below", all->current + 1, all->compared + 1);
}

void pane_map_draw(struct pane_map *p, struct canvas *c, struct rect r, bool focused, bool compact,
                   const struct view *v)
{
    char title[80], detail[200];
    p->width = r.w;
    title_of(v, title, sizeof title);
    describe(p, v, focused, detail, sizeof detail);
    struct rect body = compact ? r : pane_title(c, r, focused, title, detail);
    struct rect strip = rect_inset(body, 0, 0, compact ? 0 : 1, 0);
    struct rect lane = strip;
    if (v->compared != NULL && strip.h >= 2) {
        lane.h = strip.h / 2;
        struct rect other = {strip.y + lane.h, strip.x, strip.h - lane.h, strip.w};
        draw_lane(p, c, other, v, v->compared);
    }
    draw_lane(p, c, lane, v, v->exchange);
    if (!compact) draw_ruler(p, c, (struct rect){body.y + body.h - 1, body.x, body.h > 0 ? 1 : 0, body.w}, focused, v);
}
