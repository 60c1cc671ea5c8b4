#include "app/panes/match_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/panes/search.h"
#include "app/text/figures.h"
#include "app/text/outline.h"
#include "app/text/safe_text.h"
#include "compute/bytes.h"
#include "compute/clock.h"

/* Matches between two looks at the clock. */
#define SLICE 1024
/* Of a match's line, bytes after it that are looked at. */
#define AFTER 200u

void match_list_close(struct match_list *l)
{
    free(l->groups);
    *l = (struct match_list){0};
}

void match_list_begin(struct match_list *l, const struct search *s, uint64_t byte)
{
    l->n_groups = l->seen = l->top = 0;
    l->selected = search_index(s, byte);
    if (l->selected > 0 && l->selected == search_listed(s)) l->selected--;
}

static bool add_group(struct match_list *l, struct match_group group)
{
    struct match_group *groups = bytes_reserve(l->groups, &l->capacity, l->n_groups + 1, sizeof *groups);
    if (groups == NULL) return false;
    l->groups = groups;
    groups[l->n_groups++] = group;
    return true;
}

bool match_list_step(struct match_list *l, const struct view *v, int milliseconds)
{
    const double end = clock_seconds() + milliseconds / 1000.0;
    const size_t all = search_listed(v->search);
    while (l->seen < all) {
        const struct spot at = atlas_spot(v->atlas, search_begin(v->search, l->seen));
        const struct outline_heading *h = outline_heading_at(v->outline, at.document, at.offset);
        const size_t heading = h ? (size_t)(h - v->outline->headings) : SIZE_MAX;
        struct match_group *last = l->n_groups > 0 ? &l->groups[l->n_groups - 1] : NULL;
        if (last != NULL && last->document == at.document && last->heading == heading)
            last->n++;
        else if (!add_group(l, (struct match_group){at.document, heading, l->seen, 1}))
            return false;
        if (++l->seen % SLICE == 0 && clock_seconds() >= end) return true;
    }
    return false;
}

/* The group of a row, whose name stands above its matches. */
static size_t group_of_row(const struct match_list *l, size_t row)
{
    size_t low = 0, high = l->n_groups;
    while (low + 1 < high) {
        const size_t middle = low + (high - low) / 2;
        if (l->groups[middle].first + middle <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static size_t row_of(const struct match_list *l, size_t match)
{
    size_t low = 0, high = l->n_groups;
    while (low + 1 < high) {
        const size_t middle = low + (high - low) / 2;
        if (l->groups[middle].first <= match)
            low = middle;
        else
            high = middle;
    }
    return match + low + 1;
}

void match_list_move(struct match_list *l, const struct view *v, long by)
{
    const size_t n = search_listed(v->search), last = n ? n - 1 : 0;
    if (by < 0)
        l->selected = l->selected > (size_t)-by ? l->selected - (size_t)-by : 0;
    else
        l->selected = l->selected + (size_t)by < last ? l->selected + (size_t)by : last;
}

static void draw_group(struct canvas *c, struct rect line, const struct match_group *g, const struct view *v)
{
    char name[512], count[16];
    const struct corpus *all = v->atlas->corpus;
    const char *path = all->documents[g->document].path;
    size_t n = 0;
    name[0] = '\0';
    if (all->n_documents > 1 || g->heading == SIZE_MAX)
        n = (size_t)snprintf(name, sizeof name, "%.*s%s", safe_text_most(path, 300), path,
                             g->heading == SIZE_MAX ? "" : ": ");
    if (g->heading != SIZE_MAX) outline_path(v->outline, g->heading, name + n, sizeof name - n);
    figures_count(count, (double)g->n);
    const int right = canvas_put_tail(c, line, 0, 0, line.w, style(ROLE_DIM), count, strlen(count));
    canvas_put_head(c, rect_inset(line, 0, line.w - right + 1, 0, 0), 0, 0, style(ROLE_HEADING), name, strlen(name));
}

/* The line of a match with the match marked; of a long line what is around it. */
static void draw_match(struct canvas *c, struct rect line, size_t match, bool selected, const struct view *v)
{
    const struct spot at = atlas_spot(v->atlas, search_begin(v->search, match));
    const struct document *d = &v->atlas->corpus->documents[at.document];
    const uint64_t number = corpus_document_line(d, at.offset), begin = d->lines[number - 1];
    struct search_span span = {at.offset, at.offset};
    search_spans(v->search, at.document, at.offset, at.offset + 1, &span, 1);
    const uint64_t before = line.w > 20 ? (uint64_t)line.w / 3 : 0; /* bytes that are shown before it */
    uint64_t from = at.offset - begin > before ? at.offset - before : begin, to = span.end + AFTER;
    if (to > d->size) to = d->size;
    const bool cut = from > begin;
    while (cut && from < at.offset && d->text[from] != ' ') from++; /* to a word's beginning */
    while (from < at.offset && (d->text[from] == ' ' || d->text[from] == '\t')) from++;
    const enum role role = selected ? ROLE_SELECTED : ROLE_TEXT;
    canvas_fill(c, line, style(role), " ");
    canvas_printf(c, line, 0, 0, style(selected ? role : ROLE_DIM), "%7llu", (unsigned long long)number);
    int x = 9;
    for (uint64_t i = from; i < to && d->text[i] != '\n' && x >= 0;) {
        struct safe_glyph g;
        safe_text_next(d->text + i, (size_t)(to - i), &g);
        const bool inside = i >= span.begin && i < span.end;
        x = canvas_glyph(c, line, 0, x, style(inside ? ROLE_MATCH : role), &g);
        i += g.taken;
    }
}

void match_list_draw(struct match_list *l, struct canvas *c, struct rect r, const struct view *v)
{
    char detail[100];
    const size_t n = search_listed(v->search);
    if (search_done(v->search))
        snprintf(detail, sizeof detail, "%zu of %s, in %zu place%s", n, search_pattern(v->search), l->n_groups,
                 l->n_groups == 1 ? "" : "s");
    else
        snprintf(detail, sizeof detail, "searching ...");
    const struct rect body = pane_title(c, r, true, "Matches", detail);
    l->height = body.h;
    if (l->seen == 0) return;
    const size_t row = row_of(l, l->selected), rows = l->seen + l->n_groups;
    if (row <= l->top) l->top = row - 1; /* with its group's name, where it is the first */
    if (body.h > 0 && row >= l->top + (size_t)body.h) l->top = row - (size_t)body.h + 1;
    for (int y = 0; y < body.h && l->top + (size_t)y < rows; y++) {
        const size_t at = l->top + (size_t)y, group = group_of_row(l, at);
        const struct rect line = {body.y + y, body.x, 1, body.w};
        if (at == l->groups[group].first + group)
            draw_group(c, line, &l->groups[group], v);
        else
            draw_match(c, line, at - group - 1, at - group - 1 == l->selected, v);
    }
}

size_t match_list_at(const struct match_list *l, int row)
{
    if (row < 1 || row > l->height || l->top + (size_t)row > l->seen + l->n_groups) return SIZE_MAX;
    const size_t at = l->top + (size_t)row - 1, group = group_of_row(l, at);
    return at == l->groups[group].first + group ? l->groups[group].first : at - group - 1;
}
