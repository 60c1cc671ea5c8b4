#include "app/panes/pane_text.h"

#include <stdio.h>
#include <string.h>

#include "app/panes/heat_strip.h"
#include "app/text/figures.h"
#include "app/text/outline.h"
#include "app/panes/search.h"
#include "app/text/text_layout.h"

/* Columns of a chopped row: a line of more bytes than a row may have goes on in the next. */
#define CHOPPED 100000
#define SPANS_MAX 64

struct shape {
    int gutter, width; /* columns before and for the text */
    bool numbers;
};

static struct shape shape_of(const struct pane_text *p, const struct document *d)
{
    bool prose = outline_is_prose(d);
    struct shape s = {.gutter = 2, .numbers = p->numbers == LINE_NUMBERS_ON};
    if (p->numbers == LINE_NUMBERS_AUTO) s.numbers = !prose && p->width >= 40;
    if (s.numbers) {
        char digits[24];
        int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)d->n_lines);
        s.gutter = (n < 3 ? 3 : n) + 3;
    }
    s.width = p->width - s.gutter - 1; /* words do not touch the edge, where the strip of heat is */
    if (prose && s.width > p->prose_width) s.width = p->prose_width;
    if (s.width < 2) s.width = 2;
    if (p->chopped) s.width = CHOPPED;
    return s;
}

/* A row of the pane: a document's title, or text from an offset. */
struct row {
    size_t document;
    uint64_t offset;
    bool title;
};

static bool row_next(const struct pane_text *p, const struct atlas *a, struct row *r)
{
    const struct document *d = &a->corpus->documents[r->document];
    struct shape s = shape_of(p, d);
    uint64_t next = 0;
    if (!r->title) next = text_layout_row_end(d, r->offset, s.width, true);
    if (next < d->size) {
        *r = (struct row){r->document, next, false};
        return true;
    }
    if (r->document + 1 >= a->corpus->n_documents) return false;
    *r = (struct row){r->document + 1, 0, true};
    return true;
}

static bool row_previous(const struct pane_text *p, const struct atlas *a, struct row *r)
{
    if (!r->title && r->offset == 0) {
        r->title = true;
        return true;
    }
    if (r->title) {
        if (r->document == 0) return false;
        r->document--;
        r->offset = a->corpus->documents[r->document].size;
        r->title = r->offset == 0;
        if (r->title) return true;
    }
    const struct document *d = &a->corpus->documents[r->document];
    struct shape s = shape_of(p, d);
    r->title = false;
    r->offset = text_layout_row_start(d, r->offset - 1, s.width, true);
    return true;
}

static struct row top_row(const struct pane_text *p)
{
    return (struct row){p->top.document, p->top.offset, p->title};
}

static void set_top(struct pane_text *p, struct row r)
{
    p->top = (struct spot){r.document, r.title ? 0 : r.offset};
    p->title = r.title;
}

/* After the width has changed, the first row begins where a row begins. */
static void align_top(struct pane_text *p, const struct atlas *a)
{
    if (p->title) return;
    const struct document *d = &a->corpus->documents[p->top.document];
    struct shape s = shape_of(p, d);
    p->top.offset = text_layout_row_start(d, p->top.offset, s.width, true);
}

void pane_text_go(struct pane_text *p, const struct atlas *a, struct spot spot, uint64_t span)
{
    const struct document *d = &a->corpus->documents[spot.document];
    struct shape s = shape_of(p, d);
    struct row r = {spot.document, text_layout_row_start(d, spot.offset, s.width, true), false};
    /* A marked place has text before it for context; the start of a file, a chapter or a place come back to stands at
     * the top. */
    int above = span > 0 ? p->height / 3 : 0;
    r.title = spot.offset == 0 && span == 0;
    for (int i = 0; i < above && row_previous(p, a, &r); i++) {
    }
    set_top(p, r);
    p->spot = spot;
    p->span = span;
    p->went = true;
}

void pane_text_scroll(struct pane_text *p, const struct atlas *a, long rows)
{
    struct row r = top_row(p);
    long i = 0;
    for (; i < rows && row_next(p, a, &r); i++) {
    }
    for (; i > rows && row_previous(p, a, &r); i--) {
    }
    if (i == 0) return;
    set_top(p, r);
    p->spot = p->top;
    p->span = 0;
    p->went = false;
}

bool pane_text_at(const struct pane_text *p, const struct atlas *a, struct rect r, int y, struct spot *out)
{
    struct row row = top_row(p);
    if (y <= r.y || y >= r.y + r.h) return false;
    for (int i = r.y + 1; i < y; i++)
        if (!row_next(p, a, &row)) return false;
    *out = (struct spot){row.document, row.title ? 0 : row.offset};
    return true;
}

void pane_text_select(struct pane_text *p, const struct atlas *a)
{
    const uint64_t size = a->corpus->documents[p->spot.document].size, at = p->spot.offset;
    const uint64_t end = p->span > 0 && at + p->span <= size ? at + p->span - 1 : at;
    p->selection = (struct text_selection){true, p->spot.document, at, end};
}

void pane_text_select_on(struct pane_text *p, const struct atlas *a, long rows)
{
    struct text_selection *t = &p->selection;
    const struct document *d = &a->corpus->documents[t->document];
    struct row r = {t->document, text_layout_row_start(d, t->head, shape_of(p, d).width, true), false}, next = r;
    for (long i = 0; i != rows; i += rows > 0 ? 1 : -1) {
        if (!(rows > 0 ? row_next : row_previous)(p, a, &next) || next.document != t->document || next.title) break;
        r = next;
    }
    t->head = r.offset;
    const struct text_shown *shown = &p->shown[0];
    const bool above = p->n_shown == 0 || shown->document != t->document || t->head < shown->begin;
    if (above) set_top(p, r);
    if (above || t->head < shown->end) return;
    for (int i = 0; i + 1 < p->height && row_previous(p, a, &r); i++) {
    }
    set_top(p, r);
}

void pane_text_selected(const struct pane_text *p, const struct atlas *a, uint64_t *first, uint64_t *last)
{
    const struct text_selection *t = &p->selection;
    const struct document *d = &a->corpus->documents[t->document];
    *first = corpus_document_line(d, t->anchor < t->head ? t->anchor : t->head);
    *last = corpus_document_line(d, t->anchor < t->head ? t->head : t->anchor);
}

bool pane_text_shift(struct pane_text *p, int columns)
{
    if (!p->chopped) return false;
    p->column = p->column + columns > 0 ? p->column + columns : 0;
    return true;
}

void pane_text_end(struct pane_text *p, const struct atlas *a)
{
    size_t last = a->corpus->n_documents - 1;
    struct row r = {last, a->corpus->documents[last].size, false};
    for (int i = 0; i < p->height - 1 && row_previous(p, a, &r); i++) {
    }
    set_top(p, r);
    p->spot = p->top;
    p->span = 0;
    p->went = false;
}

void pane_text_tokens(const struct pane_text *p, const struct atlas *a, uint64_t *begin, uint64_t *end)
{
    *begin = *end = 0;
    struct spot from = {p->top.document, p->top.offset}, to = from;
    struct row r = top_row(p);
    for (int i = 0; i < p->height && row_next(p, a, &r) && r.document == from.document; i++) to.offset = r.offset;
    size_t first = atlas_segment_at(a, from), last = atlas_segment_at(a, to);
    if (last == SIZE_MAX || first == SIZE_MAX || from.document >= a->n_documents) return;
    const struct reader_document *d = &a->documents[from.document];
    *begin = a->segments[first].first_token > d->text_token ? a->segments[first].first_token : d->text_token;
    *end = a->segments[last].end_token < d->end_token ? a->segments[last].end_token : d->end_token;
    if (*begin > *end) *begin = *end;
}

/* What is drawn over the text: heat of tokens, matches of a search, the marked span. */
struct tint {
    const struct pane_text *p;
    const struct view *v;
    const struct message_shares *shares; /* of this document, or NULL */
    size_t at;                           /* token in shares */
    struct search_span spans[SPANS_MAX];
    size_t n_spans;
    uint64_t selected, selected_end; /* bytes of the selection's document; none: alike */
};

static int token_heat(struct tint *t, uint64_t offset)
{
    const struct message_shares *s = t->shares;
    if (s == NULL || s->n == 0 || offset < s->offsets[0] || offset >= s->offsets[s->n]) return 0;
    while (t->at > 0 && s->offsets[t->at] > offset) t->at--;
    while (t->at + 1 < s->n && s->offsets[t->at + 1] <= offset) t->at++;
    return figures_heat((double)s->share[t->at], (double)t->v->exchange->token_peak, t->v->logarithmic);
}

/* The words that the second reading picked. */
static bool is_answer(const struct exchange *x, size_t document, uint64_t offset)
{
    const struct finding *f = x ? x->finding : NULL;
    if (!f || !f->judged || !f->found || f->says != REREAD_WORDS) return false;
    for (size_t i = 0; i < f->n_spans; i++) {
        const struct finding_span *s = &f->spans[i];
        if (document == f->items[s->item].document && offset >= s->begin && offset < s->end) return true;
    }
    return false;
}

static struct style style_at(struct tint *t, size_t document, uint64_t offset)
{
    if (document == t->p->selection.document && offset >= t->selected && offset < t->selected_end)
        return style(ROLE_SELECTED);
    for (size_t i = 0; i < t->n_spans; i++) {
        if (offset >= t->spans[i].begin && offset < t->spans[i].end) return style(ROLE_MATCH);
    }
    if (is_answer(t->v->exchange, document, offset)) return style(ROLE_MATCH);
    const struct pane_text *p = t->p;
    bool marked = document == p->spot.document && offset >= p->spot.offset && offset - p->spot.offset < p->span;
    struct style s = marked ? style(ROLE_MARKED) : pane_code(t->v, style(ROLE_TEXT), document, offset);
    int heat = token_heat(t, offset);
    /* The faintest tokens, nearly all of them, stay plain: what stands out should be little. */
    if (heat > 2) s.heat = (uint8_t)heat;
    return s;
}

static void draw_text(struct tint *t, struct canvas *c, struct rect line, const struct row *r, uint64_t end)
{
    const struct document *d = &t->v->atlas->corpus->documents[r->document];
    const int left = t->p->chopped ? t->p->column : 0;
    int x = 0;
    for (uint64_t i = r->offset; i < end && x - left < line.w;) {
        struct safe_glyph g;
        text_layout_glyph(d->text + i, (size_t)(end - i), x, &g);
        struct style s = style_at(t, r->document, i);
        if (x >= left) (void)canvas_glyph(c, line, 0, x - left, s, &g);
        x += g.width;
        i += g.taken;
    }
}

/* The bar of heat: how much of the attention is in the segment of this row. */
static void draw_gutter(const struct tint *t, struct canvas *c, struct rect line, const struct row *r, uint64_t end,
                        const struct shape *s)
{
    const struct view *v = t->v;
    const struct document *d = &v->atlas->corpus->documents[r->document];
    if (s->numbers) {
        uint64_t number = corpus_document_line(d, r->offset);
        if (d->lines[number - 1] == r->offset)
            canvas_printf(c, line, 0, 0, style(ROLE_DIM), "%*llu", s->gutter - 3, (unsigned long long)number);
    }
    const struct pane_text *p = t->p;
    bool framed =
        p->span > 0 && r->document == p->spot.document && end > p->spot.offset && r->offset < p->spot.offset + p->span;
    int heat = 0;
    const struct lens lens = exchange_lens(v->exchange);
    size_t segment = lens.n_segments ? atlas_segment_at(v->atlas, (struct spot){r->document, r->offset}) : SIZE_MAX;
    if (segment < lens.n_segments) heat = figures_heat((double)lens.share[segment], (double)lens.peak, v->logarithmic);
    if (heat > 0)
        canvas_puts(c, line, 0, s->gutter - 2, (struct style){ROLE_HEAT, (uint8_t)heat}, framed ? "█" : "▌");
    else if (framed)
        canvas_puts(c, line, 0, s->gutter - 2, style(ROLE_LINE), "█");
}

static void draw_title_row(const struct view *v, struct canvas *c, struct rect line, size_t document)
{
    const struct document *d = &v->atlas->corpus->documents[document];
    size_t size = strlen(d->path);
    if (safe_text_width(d->path, size) > (size_t)line.w) {
        canvas_put_tail(c, line, 0, 0, line.w, style(ROLE_HEADING), d->path, size);
        return;
    }
    int x = canvas_put(c, line, 0, 0, style(ROLE_HEADING), d->path, size);
    char bytes[16];
    if (x + 12 < line.w)
        x = canvas_printf(c, line, 0, x, style(ROLE_DIM), "  %s", figures_bytes(bytes, (double)d->file_size));
    if (x + 2 < line.w) canvas_fill(c, (struct rect){line.y, line.x + x + 1, 1, line.w - x - 1}, style(ROLE_LINE), "╌");
}

static void set_tint(struct tint *t, size_t document)
{
    const struct exchange *x = t->v->exchange;
    t->shares = x != NULL && x->shares.n > 0 && x->shares.document == document && x->shares.token == x->token
                    ? &x->shares
                    : NULL;
    t->at = 0;
}

/* The bytes of the lines that are selected. */
static void set_selected(struct tint *t)
{
    const struct document *d = &t->v->atlas->corpus->documents[t->p->selection.document];
    uint64_t first, last;
    if (!t->p->selection.on) return;
    pane_text_selected(t->p, t->v->atlas, &first, &last);
    t->selected = d->lines[first - 1];
    t->selected_end = last < d->n_lines ? d->lines[last] : d->size;
}

/* Text on the screen, of a few documents at most. */
static void note_shown(struct pane_text *p, size_t document, uint64_t begin, uint64_t end)
{
    struct text_shown *last = p->n_shown > 0 ? &p->shown[p->n_shown - 1] : NULL;
    if (last != NULL && last->document == document)
        last->end = end;
    else if (p->n_shown < PANE_TEXT_SHOWN)
        p->shown[p->n_shown++] = (struct text_shown){document, begin, end};
}

static void draw_rows(struct pane_text *p, struct canvas *c, struct rect body, const struct view *v)
{
    struct row r = top_row(p);
    struct tint t = {.p = p, .v = v};
    set_selected(&t);
    p->n_shown = 0;
    for (int y = 0; y < body.h; y++) {
        struct rect line = {body.y + y, body.x, 1, body.w};
        const struct document *d = &v->atlas->corpus->documents[r.document];
        if (y == 0 || r.title) set_tint(&t, r.document);
        if (r.title) {
            draw_title_row(v, c, line, r.document);
        } else {
            struct shape s = shape_of(p, d);
            uint64_t end = text_layout_row_end(d, r.offset, s.width, true);
            t.n_spans = v->search ? search_spans(v->search, r.document, r.offset, end, t.spans, SPANS_MAX) : 0;
            note_shown(p, r.document, r.offset, end);
            draw_gutter(&t, c, line, &r, end, &s);
            draw_text(&t, c, rect_inset(line, 0, 1, 0, s.gutter), &r, end);
        }
        if (!row_next(p, v->atlas, &r)) break;
    }
}

/* What the place is called (a page, a section of a book) stands there whole or not at all: a part of a sentence says
 * nothing. `room`: columns. */
static void describe_place(const struct pane_text *p, const struct view *v, int room, char *out, size_t size)
{
    const struct document *d = &v->atlas->corpus->documents[p->spot.document];
    const uint64_t all = v->atlas->starts[v->atlas->corpus->n_documents];
    const double percent = all ? 100.0 * (double)atlas_byte(v->atlas, p->spot) / (double)all : 0;
    const int n =
        snprintf(out, size, "line %llu of %llu  %.0f%%", (unsigned long long)corpus_document_line(d, p->spot.offset),
                 (unsigned long long)d->n_lines, percent);
    if (p->selection.on) {
        uint64_t first, last;
        pane_text_selected(p, v->atlas, &first, &last);
        snprintf(out, size, "lines %llu to %llu selected", (unsigned long long)first, (unsigned long long)last);
        return;
    }
    const char *at = corpus_document_at(d, p->spot.offset);
    if (at == NULL || n + 2 + (int)safe_text_width(at, strlen(at)) > room) return;
    if ((size_t)n + 3 + strlen(at) <= size) snprintf(out + n, size - (size_t)n, "  %s", at);
}

void pane_text_draw(struct pane_text *p, struct canvas *c, struct rect r, bool focused, const struct view *v)
{
    const struct document *d = &v->atlas->corpus->documents[p->spot.document];
    char detail[320], title[64];
    const char *name = strrchr(d->path, '/') ? strrchr(d->path, '/') + 1 : d->path;
    size_t room = r.w / 2 < (int)sizeof title ? (size_t)(r.w / 2) : sizeof title - 1, size = strlen(name);
    size_t kept = size <= room ? size : safe_text_whole(name, room > 3 ? room - 3 : 0);
    memcpy(title, name, kept);
    memcpy(title + kept, "…", size > kept ? 4 : 1);
    if (size <= kept) title[kept] = '\0';
    describe_place(p, v, r.w - (int)safe_text_width(title, strlen(title)) - 6, detail, sizeof detail);
    struct rect body = pane_title(c, r, focused, title, detail);
    bool wider = p->width != body.w, taller = p->height != body.h;
    p->width = body.w;
    p->height = body.h;
    if ((wider || taller) && p->went)
        pane_text_go(p, v->atlas, p->spot, p->span);
    else if (wider)
        align_top(p, v->atlas);
    draw_rows(p, c, body, v);
    if (p->n_shown > 0 && heat_strip_is(v, p->shown[0].document))
        heat_strip_draw(c, (struct rect){body.y, body.x + body.w - 1, body.h, 1}, p->shown[0].document,
                        p->shown[0].begin, p->shown[0].end, v);
}

bool pane_text_strip(const struct pane_text *p, struct rect r, int y, int x, const struct view *v, struct spot *out)
{
    const struct rect column = {r.y + 1, r.x + r.w - 1, r.h - 1, 1};
    if (!rect_holds(column, y, x) || p->n_shown == 0 || !heat_strip_is(v, p->shown[0].document)) return false;
    *out = heat_strip_spot(column, y, p->shown[0].document, v);
    return true;
}
