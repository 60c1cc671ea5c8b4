#include "app/panes/inspector_places.h"

#include <stdio.h>
#include <string.h>

#include "app/reader/inspected.h"
#include "app/panes/inspector_figures.h"
#include "app/text/safe_text.h"
#include "compute/dilation.h"

/* Blank for white space, up to n bytes, in the style. */
static int draw_text(struct canvas *c, struct rect r, int y, int x, struct style s, const char *text, size_t n)
{
    for (size_t i = 0; i < n && x < r.w;) {
        size_t run = 0;
        while (i + run < n && !strchr(" \t\r\n", text[i + run])) run++;
        x = canvas_put(c, r, y, x, s, text + i, run);
        i += run;
        if (i == n) break;
        while (i < n && strchr(" \t\r\n", text[i])) i++;
        x = canvas_puts(c, r, y, x, s, " ");
    }
    return x;
}

/* The token, marked, among what stands around it; all rows have it in the same column. */
static void draw_context(struct canvas *c, struct rect r, int y, int x, enum role role, const struct document *d,
                         const struct inspected_place *p)
{
    char before[512];
    const int middle = x + (r.w - x) * 2 / 5;
    size_t n = 0, begin = p->offset > sizeof before / 2 ? p->offset - sizeof before / 2 : 0;
    while (begin < p->offset && (d->text[begin] & 0xC0) == 0x80) begin++;
    for (size_t i = begin; i < p->offset; i++) {
        bool blank = strchr(" \t\r\n", d->text[i]) != NULL;
        if (!blank || n == 0 || before[n - 1] != ' ') before[n++] = blank ? ' ' : d->text[i];
    }
    canvas_put_tail(c, r, y, x, middle, style(role), before, n);
    x = canvas_put(c, r, y, middle, style(ROLE_MATCH), d->text + p->offset, p->size);
    size_t end = p->offset + p->size, after = (size_t)(r.w > x ? r.w - x : 0) * 4;
    draw_text(c, r, y, x, style(role), d->text + end, d->size - end < after ? d->size - end : after);
}

static void name_branches(uint32_t branches, char out[24])
{
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < DILATION_MAX_BRANCHES; i++) {
        if (!(branches >> i & 1)) continue;
        int n = snprintf(out + used, 24 - used, "%s%d", used ? "," : "", i + 1);
        used += n > 0 ? (size_t)n : 0;
        if (used >= 20) return;
    }
}

static int digits(uint64_t n)
{
    char out[24];
    return snprintf(out, sizeof out, "%llu", (unsigned long long)n);
}

/* Columns for the names of the places: a third, or what the longest path needs. */
static int names_width(const struct inspected *i, const struct view *v, int room)
{
    const struct corpus *corpus = v->atlas->corpus;
    int longest = 0;
    if (corpus->n_documents == 1) return room / 3;
    for (size_t k = 0; k < i->n_places; k++) {
        const struct document *d = &corpus->documents[i->places[k].document];
        int width =
            (int)safe_text_width(d->path, strlen(d->path)) + 1 + digits(corpus_document_line(d, i->places[k].offset));
        if (i->places[k].size > 0 && width > longest) longest = width;
    }
    return longest < room / 3 ? longest : room / 3;
}

static void draw_token_place(struct canvas *c, struct rect r, int y, size_t rank, bool selected, const struct view *v)
{
    const struct inspected *i = exchange_inspected(v->exchange, &v->choice);
    const struct inspected_place *p = &i->places[rank];
    const struct document *d = &v->atlas->corpus->documents[p->document];
    char share[16], branches[24];
    enum role role = selected ? ROLE_SELECTED : ROLE_TEXT;
    canvas_fill(c, (struct rect){r.y + y, r.x, 1, r.w}, style(role), " ");
    name_branches(p->branches, branches);
    int x = canvas_printf(c, r, y, 1, style(role), "%2zu %7s ", rank + 1, inspector_figures_percent(share, p->mass));
    if (r.w >= INSPECTOR_NARROW) x = canvas_printf(c, r, y, x, style(role), "%-9s ", branches);
    x = canvas_printf(c, r, y, x, style(role), "%*llu  ", digits(i->in->n_text), (unsigned long long)p->position);
    if (p->size == 0) {
        canvas_printf(c, r, y, x, style(selected ? role : ROLE_DIM), "in the header before %.*s",
                      safe_text_most(d->path, 200), d->path);
        return;
    }
    const bool many = v->atlas->corpus->n_documents > 1;
    if (r.w >= INSPECTOR_NARROW && !many && r.w < 100) {
        x = canvas_printf(c, r, y, x, style(selected ? role : ROLE_REFERENCE), "line %-*llu  ", digits(d->n_lines),
                          (unsigned long long)corpus_document_line(d, p->offset));
    } else if (r.w >= INSPECTOR_NARROW) {
        struct rect name = {r.y, r.x, r.h, x + names_width(i, v, r.w - x)};
        pane_place(c, name, y, x, style(selected ? role : ROLE_REFERENCE), v, p->document, p->offset);
        x = name.w + 2;
    }
    draw_context(c, r, y, x, selected ? role : ROLE_DIM, d, p);
}

static void draw_segment_place(struct canvas *c, struct rect r, int y, size_t rank, bool selected, const struct view *v)
{
    const struct finding_item *item = &exchange_lens(v->exchange).items[rank];
    char share[16];
    enum role role = selected ? ROLE_SELECTED : ROLE_TEXT;
    canvas_fill(c, (struct rect){r.y + y, r.x, 1, r.w}, style(role), " ");
    int x = canvas_printf(c, r, y, 1, style(role), "%2zu %7s ", rank + 1,
                          inspector_figures_percent(share, (double)item->share));
    x = pane_place(c, r, y, x, style(selected ? role : ROLE_REFERENCE), v, item->document, item->offset) + 2;
    draw_text(c, r, y, x, style(selected ? role : ROLE_DIM),
              v->atlas->corpus->documents[item->document].text + item->offset, item->size);
}

void inspector_places_draw(struct pane_inspect *p, struct canvas *c, struct rect r, const struct view *v)
{
    size_t n = pane_inspect_places(v);
    if (r.h < 2) return;
    canvas_puts(c, r, 0, 1, style(ROLE_HEADING),
                !v->dilated               ? "      share segment of the text, in the order of the evidence"
                : r.w >= INSPECTOR_NARROW ? "      mass branches  token of the text"
                                          : "      mass token of the text");
    struct rect rows = rect_inset(r, 1, 0, 0, 0);
    p->rows = rows;
    if (p->selected >= n) p->selected = n ? n - 1 : 0;
    if (p->selected < p->first) p->first = p->selected;
    if (p->selected >= p->first + (size_t)rows.h) p->first = p->selected - (size_t)rows.h + 1;
    for (size_t i = p->first; i < n && i < p->first + (size_t)rows.h; i++)
        (v->dilated ? draw_token_place : draw_segment_place)(c, rows, (int)(i - p->first), i, i == p->selected, v);
    if (n == 0) canvas_puts(c, rows, 0, 1, style(ROLE_DIM), "None of these tokens sees a position of the text here.");
}
