#include "app/panes/pane_evidence.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/panes/code_tint.h"
#include "app/text/figures.h"
#include "app/text/safe_text.h"
#include "app/text/segment.h"
#include "app/text/text_layout.h"

#define ITEM_ROWS 3

/* The text of a segment on a few rows, runs of white space as one blank; code in its colours. */
static void draw_snippet(struct canvas *c, struct rect r, const struct view *v, const struct finding_item *item)
{
    const char *text = v->atlas->corpus->documents[item->document].text + item->offset;
    char line[SEGMENT_MAX_BYTES];
    uint64_t from[SEGMENT_MAX_BYTES]; /* where each byte of it stands */
    size_t n = 0;
    for (size_t i = 0; i < item->size && n < sizeof line; i++) {
        bool blank = text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r';
        if (blank && (n == 0 || line[n - 1] == ' ')) continue;
        from[n] = item->offset + i;
        line[n++] = blank ? ' ' : text[i];
    }
    size_t at = 0;
    for (int y = 0; y < r.h && at < n && r.w > 0; y++) {
        const size_t end = at + text_layout_break(line + at, n - at, r.w, true);
        for (int x = 0; at < end && x >= 0;) {
            struct safe_glyph g;
            safe_text_next(line + at, end - at, &g);
            x = canvas_glyph(c, r, y, x, pane_code(v, style(ROLE_DIM), item->document, from[at]), &g);
            at += g.taken;
        }
        at = end;
    }
    if (at > 0) code_tint_want(v->code, item->document, item->offset, from[at - 1] + 1);
}

/* What the second reading says of a place, and where it moved it from; where there is room. */
static void draw_why(struct canvas *c, struct rect line, int left, enum role role, size_t rank,
                     const struct finding_item *item)
{
    char why[64];
    if (isnan(item->reread)) return;
    int n = snprintf(why, sizeof why, "%s", item->reread > 0 ? "answers" : "less likely");
    if (item->was == 0)
        snprintf(why + n, sizeof why - (size_t)n, ", new");
    else if (item->was != rank + 1)
        snprintf(why + n, sizeof why - (size_t)n, ", was %u", (unsigned)item->was);
    if (left + 2 + (int)strlen(why) > line.w) return;
    canvas_puts(c, line, 0, left + 2, style(role == ROLE_TEXT ? ROLE_DIM : role), why);
}

static void draw_item(struct canvas *c, struct rect r, size_t rank, bool focused, const struct view *v)
{
    const struct exchange *x = v->exchange;
    const struct lens lens = exchange_lens(x);
    const struct finding_item *item = &lens.items[rank];
    bool selected = rank == x->selected;
    enum role role = selected ? focused ? ROLE_SELECTED : ROLE_MARKED : ROLE_TEXT;
    struct rect line = {r.y, r.x, r.h < 1 ? r.h : 1, r.w};
    canvas_fill(c, line, style(role), " ");
    int heat = figures_heat((double)item->share, (double)lens.peak, v->logarithmic);
    canvas_puts(c, line, 0, 0, (struct style){ROLE_HEAT, (uint8_t)heat}, "█");
    char share[16];
    int left = canvas_printf(c, line, 0, 1, style(selected ? role : ROLE_REFERENCE), "%2zu ", rank + 1);
    left = canvas_printf(c, line, 0, left, style(role), "%5s ",
                         isnan(item->share) ? "-" : figures_share(share, (double)item->share));
    left = pane_place(c, line, 0, left, style(role), v, item->document, item->offset);
    if (x->token < 0) draw_why(c, line, left, role, rank, item);
    draw_snippet(c, rect_inset(r, 1, 0, 0, 4), v, item);
}

static int item_rows(const struct pane_evidence *p)
{
    return p->height >= 12 ? ITEM_ROWS : p->height >= 6 ? 2 : 1;
}

static void keep_in_sight(struct pane_evidence *p, const struct exchange *x)
{
    size_t fits = (size_t)(p->height / item_rows(p));
    if (fits < 1) fits = 1;
    if (x->selected < p->first) p->first = x->selected;
    if (x->selected >= p->first + fits) p->first = x->selected - fits + 1;
}

static const char *nothing_yet(const struct exchange *x)
{
    if (x == NULL) return "Ask a question: the places in the text that were attended to are listed here.";
    switch (x->state) {
    case EXCHANGE_WAITS:
        return "The question waits.";
    case EXCHANGE_ANSWERING:
        return "Looking ...";
    case EXCHANGE_STOPPED:
        return "Stopped.";
    default:
        return "No evidence.";
    }
}

/* Why the order is not that of the numbers, below the last place where there is room. */
static void draw_order(struct canvas *c, struct rect body, int y, const struct exchange *x)
{
    static const char *const why[] = {
        [FINDING_REREAD] =
            "In the order of a second reading, which reads these places with the question. The number is "
            "a place's part of the attention, which looks at all of the text.",
        [FINDING_FUSED] = "In the order of attention and shared words together; the number is the attention's part.",
        [FINDING_ATTENTION] = NULL,
        [FINDING_WORDS] = "In the order of shared words: the attention comes when the text is read."};
    const char *words = x->token < 0 ? why[x->finding->rank_by] : NULL;
    if (words == NULL || y + 3 > body.h) return;
    pane_wrapped(c, rect_inset(body, 0, 1, 0, 1), y + 1, style(ROLE_DIM), words);
}

void pane_evidence_draw(struct pane_evidence *p, struct canvas *c, struct rect r, bool focused, const struct view *v)
{
    const struct exchange *x = v->exchange;
    static const char *const by[] = {", read again", ", by attention and shared words", ", % of attention",
                                     ", by shared words"};
    char detail[64] = "";
    size_t n = exchange_lens(x).n_items;
    if (n > 0)
        snprintf(detail, sizeof detail, "%zu place%s%s", n, n == 1 ? "" : "s",
                 x->token >= 0 ? ", one word's" : by[x->finding->rank_by]);
    struct rect body = pane_title(c, r, focused, "Evidence", detail);
    p->height = body.h;
    if (n == 0) {
        pane_wrapped(c, rect_inset(body, 0, 1, 0, 1), 0, style(ROLE_DIM), nothing_yet(x));
        return;
    }
    keep_in_sight(p, x);
    int rows = item_rows(p);
    for (size_t i = p->first; i < n; i++) {
        int y = (int)(i - p->first) * rows;
        if (y >= body.h) break;
        struct rect item = {body.y + y, body.x, y + rows <= body.h ? rows : body.h - y, body.w};
        draw_item(c, item, i, focused, v);
    }
    draw_order(c, body, (int)(n - p->first) * rows, x);
}

size_t pane_evidence_at(const struct pane_evidence *p, const struct view *v, int row)
{
    if (row < 1 || row > p->height) return SIZE_MAX;
    size_t i = p->first + (size_t)((row - 1) / item_rows(p));
    return i < exchange_lens(v->exchange).n_items ? i : SIZE_MAX;
}
