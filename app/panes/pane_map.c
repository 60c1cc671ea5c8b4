#include "app/panes/pane_map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/reader/inspected.h"
#include "app/text/figures.h"
#include "app/text/safe_text.h"

static uint64_t total_tokens(const struct atlas *a)
{
    uint64_t tokens = atlas_total_tokens(a);
    return tokens ? tokens : 1;
}

uint64_t pane_map_span(const struct pane_map *p, const struct atlas *a)
{
    uint64_t all = total_tokens(a), least = p->width > 0 ? (uint64_t)p->width : 1;
    uint64_t span = p->zoom < 32 ? all >> (2 * p->zoom) : 0;
    if (span < least) span = least;
    return span < all ? span : all;
}

static uint64_t first_token(const struct pane_map *p, const struct atlas *a)
{
    uint64_t all = total_tokens(a), span = pane_map_span(p, a);
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
    return p->own_cursor ? p->cursor : atlas_token(v->atlas, v->spot);
}

int pane_map_column(const struct pane_map *p, int x)
{
    if (p->second > 0 && x >= p->second) x -= p->second;
    return x < p->width ? x : p->width - 1;
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
    uint64_t at = pane_map_cursor(p, v), by = cell * (uint64_t)abs(columns), last = total_tokens(v->atlas) - 1;
    if (columns < 0)
        at = at > by ? at - by : 0;
    else
        at = at + by < last ? at + by : last;
    p->cursor = at;
    p->own_cursor = true;
    if (column_of(p, v->atlas, at) < 0) center(p, v, at);
}

/* What one map shows: an exchange, in one of the two attentions. */
struct lane {
    const struct exchange *exchange;   /* NULL: no question yet */
    const struct inspected *inspected; /* of the dilated attention; NULL: it has not come */
    bool dilated;
    double peak; /* the largest share of a column, of all maps that are drawn */
};

static struct lane lane_of(const struct view *v, const struct exchange *x)
{
    return (struct lane){
        .exchange = x, .inspected = v->dilated ? exchange_inspected(x, &v->choice) : NULL, .dilated = v->dilated};
}

static double share_of(const struct pane_map *p, const struct view *v, const struct lane *l, int column)
{
    uint64_t begin = pane_map_token(p, v->atlas, column), end = pane_map_token(p, v->atlas, column + 1);
    if (end <= begin) end = begin + 1;
    if (!l->dilated) return exchange_share(l->exchange, v->atlas, begin, end);
    if (l->inspected == NULL) return 0;
    return inspected_share(l->inspected, begin, end < l->inspected->in->n_text ? end : l->inspected->in->n_text);
}

static double peak_of(const struct pane_map *p, const struct view *v, const struct lane *l, int *column)
{
    double peak = 0;
    for (int i = 0; i < p->width; i++) {
        double share = share_of(p, v, l, i);
        if (share <= peak) continue;
        peak = share;
        if (column != NULL) *column = i;
    }
    return peak;
}

/* Where the evidence attention is largest in [begin, end): a segment's first token. */
static uint64_t hottest_segment(const struct view *v, uint64_t begin, uint64_t end)
{
    size_t best = SIZE_MAX;
    const struct lens lens = exchange_lens(v->exchange);
    for (size_t i = atlas_segment_of_token(v->atlas, begin); i < lens.n_segments; i++) {
        if (v->atlas->segments[i].first_token >= end) break;
        if (best == SIZE_MAX || lens.share[i] > lens.share[best]) best = i;
    }
    return best != SIZE_MAX && v->atlas->segments[best].first_token >= begin ? v->atlas->segments[best].first_token
                                                                             : begin + (end - begin) / 2;
}

bool pane_map_hottest(const struct pane_map *p, const struct view *v, uint64_t *token)
{
    const struct lane l = lane_of(v, v->exchange);
    int column = -1;
    if (v->exchange == NULL || peak_of(p, v, &l, &column) <= 0 || column < 0) return false;
    uint64_t begin = pane_map_token(p, v->atlas, column), end = pane_map_token(p, v->atlas, column + 1);
    if (end <= begin) end = begin + 1;
    if (l.inspected != NULL) return inspected_hottest(l.inspected, begin, end, token);
    *token = hottest_segment(v, begin, end);
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
                      const struct lane *l)
{
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    uint64_t read = atlas_tokens(v->atlas);
    for (int i = 0; i < p->width; i++) {
        double share = share_of(p, v, l, i);
        int height = height_of(share, l->peak, v->logarithmic, r.h),
            heat = figures_heat(share, l->peak, v->logarithmic);
        struct style s = {ROLE_HEAT, (uint8_t)heat};
        for (int y = 0; y < r.h; y++) {
            int filled = height - 8 * (r.h - 1 - y);
            filled = filled < 0 ? 0 : filled > 8 ? 8 : filled;
            if (filled > 0) canvas_puts(c, r, y, i, s, blocks[filled]);
        }
        if (height == 0) {
            bool unread = pane_map_token(p, v->atlas, i) >= read;
            canvas_puts(c, r, r.h - 1, i, style(ROLE_DIM), unread ? "·" : l->dilated ? " " : "▁");
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

/* Below the map: where documents begin, the first places of evidence by number, and the cursor, which marks the number
 * in its column. */
static void draw_ruler(const struct pane_map *p, struct canvas *c, struct rect r, bool focused, const struct view *v,
                       const struct exchange *x)
{
    draw_boundaries(p, c, r, v);
    const struct lens lens = exchange_lens(x);
    const int cursor = column_of(p, v->atlas, pane_map_cursor(p, v));
    if (cursor >= 0) canvas_puts(c, r, 0, cursor, style(focused ? ROLE_SELECTED : ROLE_KEY), "▲");
    for (size_t i = x ? lens.n_items : 0; i-- > 0;) {
        const struct finding_item *item = &lens.items[i];
        if (i >= 9 || item->segment >= v->atlas->n_segments) continue;
        int column = column_of(p, v->atlas, v->atlas->segments[item->segment].first_token);
        const enum role role = column == cursor ? ROLE_SELECTED : i == x->selected ? ROLE_FOCUS : ROLE_REFERENCE;
        if (column >= 0) canvas_printf(c, r, 0, column, style(role), "%zu", i + 1);
    }
}

/* The token of the question that is looked at, in quotes; "" for all. */
static void name_word(const struct exchange *x, bool dilated, char *out, size_t size)
{
    out[0] = '\0';
    if (x->token < 0) {
        if (dilated && x->marker) snprintf(out, size, " of <|question|>");
        return;
    }
    if (x->tokens == NULL || (size_t)x->token >= x->n_tokens) return;
    const struct finding_token *t = &x->tokens[x->token];
    char word[32];
    safe_text_render(word, sizeof word, x->question + t->begin, t->end - t->begin, SAFE_LINE);
    snprintf(out, size, " of \"%s\"", word + strspn(word, " "));
}

/* "all", or what is chosen of layers, heads and branches. */
static void name_choice(const struct inspected_choice *c, int width, char *out, size_t size)
{
    const struct {
        const char *name;
        int chosen;
    } parts[] = {{"layer", c->layer}, {"head", c->head}, {"branch", c->branch}};
    size_t used = 0;
    for (size_t i = 0; i < 3; i++) {
        if (parts[i].chosen < 0) continue;
        int n = snprintf(out + used, size - used, "%s%s %d", used ? ", " : "", parts[i].name, parts[i].chosen + 1);
        used += n > 0 ? (size_t)n : 0;
    }
    if (used == 0) snprintf(out, size, width >= 100 ? "all layers, heads and branches" : "all");
}

/* What a full bar stands for, or why there is none yet. */
static void describe_scale(const struct view *v, const struct lane *l, char *out, size_t size)
{
    char peak[16];
    const char *why = l->exchange->not_inspected ? l->exchange->not_inspected : "being computed ...";
    if (!l->dilated || l->inspected != NULL)
        snprintf(out, size, "█ %s %s", figures_share(peak, l->peak), v->logarithmic ? "log" : "linear");
    else
        snprintf(out, size, "%.*s", safe_text_most(why, 180), why);
}

/* What the heights mean comes first; `room`: columns, in which the last words are left out where they do not fit. */
static void describe_lane(const struct pane_map *p, const struct view *v, bool focused, const struct lane *l, int room,
                          char *out, size_t size)
{
    const struct atlas *a = v->atlas;
    char first[16], last[16], cell[16], at[16], share[16], parts[5][200] = {""};
    const uint64_t begin = first_token(p, a), span = pane_map_span(p, a);
    const double tokens = (double)span / (p->width > 0 ? p->width : 1);
    const bool answered = exchange_attended(l->exchange);
    if (answered) describe_scale(v, l, parts[0], sizeof parts[0]);
    if (answered && l->inspected != NULL)
        snprintf(parts[1], sizeof parts[1], "text %s", figures_share(share, l->inspected->on_text));
    if (answered && focused) {
        int column = column_of(p, a, pane_map_cursor(p, v));
        snprintf(parts[2], sizeof parts[2], "▲ %s: %s", figures_count(at, (double)pane_map_cursor(p, v)),
                 figures_share(share, column < 0 ? 0 : share_of(p, v, l, column)));
    }
    if (tokens < 10)
        snprintf(cell, sizeof cell, "%.1f", tokens);
    else
        figures_count(cell, tokens);
    snprintf(parts[3], sizeof parts[3], "%s tokens a column", cell);
    snprintf(parts[4], sizeof parts[4], "%s to %s", figures_count(first, (double)begin),
             figures_count(last, (double)(begin + span)));
    out[0] = '\0';
    for (size_t i = 0, n = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (n > 0 && (int)(safe_text_width(out, n) + safe_text_width(parts[i], strlen(parts[i])) + 2) > room) return;
        if (parts[i][0] != '\0') n += (size_t)snprintf(out + n, size - n, "%s%s", n ? "  " : "", parts[i]);
        if (n >= size) return;
    }
}

/* `number`: of the question, where two are compared; 0: one is shown. */
static void title_of(const struct view *v, const struct lane *l, size_t number, int width, char *out, size_t size)
{
    char word[64], which[64], kind[200], asked[160];
    if (!exchange_attended(l->exchange)) {
        snprintf(out, size, "Map");
        return;
    }
    name_word(l->exchange, v->dilated, word, sizeof word);
    name_choice(&v->choice, width, which, sizeof which);
    if (number == 0) {
        snprintf(out, size, v->dilated ? "Dilated attention (%s)%s" : "Evidence attention%.0s%s", which, word);
        return;
    }
    const bool all = v->choice.layer < 0 && v->choice.head < 0 && v->choice.branch < 0;
    if (v->dilated)
        snprintf(kind, sizeof kind, "dilated%s%s%s%s", all ? "" : " (", all ? "" : which, all ? "" : ")", word);
    else
        snprintf(kind, sizeof kind, "evidence%s", word);
    snprintf(out, size, "Question %zu, %s", number, kind);
    /* All of its words, or none: the beginning of a sentence is no title. */
    const char *text = l->exchange->question;
    const size_t n = safe_text_render(asked, sizeof asked, text, strlen(text), SAFE_LINE);
    if (n < sizeof asked && (int)(safe_text_width(out, strlen(out)) + safe_text_width(asked, n)) + 8 <= width)
        snprintf(out, size, "Question %zu, \"%s\", %s", number, asked, kind);
}

static void draw_title(const struct pane_map *p, struct canvas *c, struct rect r, bool focused, const struct view *v,
                       const struct lane *l, size_t number)
{
    char title[420], detail[400];
    title_of(v, l, number, r.w, title, sizeof title);
    describe_lane(p, v, focused, l, r.w - (int)safe_text_width(title, strlen(title)) - 7, detail, sizeof detail);
    pane_title(c, r, focused, title, detail);
}

/* One above the other: the lower one's question is named in the title of both. */
static void draw_above(const struct pane_map *p, struct canvas *c, struct rect r, bool focused, const struct view *v,
                       const struct lane lanes[2])
{
    char title[80], detail[400];
    const struct conversation *all = v->conversation;
    snprintf(title, sizeof title, "%s, question %zu above, %zu below", v->dilated ? "Dilated" : "Evidence",
             all->current + 1, all->compared + 1);
    describe_lane(p, v, focused, &lanes[0], r.w - (int)strlen(title) - 7, detail, sizeof detail);
    struct rect strip = rect_inset(pane_title(c, r, focused, title, detail), 0, 0, 1, 0);
    struct rect upper = {strip.y, strip.x, strip.h / 2, strip.w},
                lower = {strip.y + strip.h / 2, strip.x, strip.h - strip.h / 2, strip.w};
    draw_lane(p, c, upper, v, &lanes[0]);
    draw_lane(p, c, lower, v, &lanes[1]);
    draw_ruler(p, c, (struct rect){r.y + r.h - 1, r.x, 1, r.w}, focused, v, v->exchange);
}

static void draw_one(const struct pane_map *p, struct canvas *c, struct rect r, bool focused, const struct view *v,
                     const struct lane *l, size_t number)
{
    draw_title(p, c, r, focused, v, l, number);
    draw_lane(p, c, rect_inset(r, 1, 0, 1, 0), v, l);
    draw_ruler(p, c, (struct rect){r.y + r.h - 1, r.x, r.h > 1 ? 1 : 0, r.w}, focused, v, l->exchange);
}

void pane_map_draw(struct pane_map *p, struct canvas *c, struct rect r, bool focused, bool compact,
                   const struct view *v)
{
    const bool two = v->compared != NULL && (!compact || r.h > 1), beside = two && !compact && r.w >= PANE_MAP_BESIDE;
    p->width = beside ? (r.w - 1) / 2 : r.w;
    p->second = beside ? p->width + 1 : 0;
    struct lane lanes[2] = {lane_of(v, v->exchange), lane_of(v, two ? v->compared : NULL)};
    double peak = v->exchange ? peak_of(p, v, &lanes[0], NULL) : 0, other = two ? peak_of(p, v, &lanes[1], NULL) : 0;
    lanes[0].peak = lanes[1].peak = peak > other ? peak : other;
    if (compact) {
        const int first = two ? r.h / 2 : r.h;
        draw_lane(p, c, (struct rect){r.y, r.x, first, r.w}, v, &lanes[0]);
        if (two) draw_lane(p, c, (struct rect){r.y + first, r.x, r.h - first, r.w}, v, &lanes[1]);
    } else if (beside) {
        struct rect left = {r.y, r.x, r.h, p->width}, right = {r.y, r.x + p->second, r.h, p->width};
        draw_one(p, c, left, focused, v, &lanes[0], v->conversation->current + 1);
        draw_one(p, c, right, focused, v, &lanes[1], v->conversation->compared + 1);
        canvas_fill(c, (struct rect){r.y, r.x + p->width, r.h, 1}, style(ROLE_LINE), "│");
    } else if (two) {
        draw_above(p, c, r, focused, v, lanes);
    } else {
        draw_one(p, c, r, focused, v, &lanes[0], 0);
    }
}
