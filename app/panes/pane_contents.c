#include "app/panes/pane_contents.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/panes/pane_chat.h"
#include "app/text/figures.h"
#include "app/text/safe_text.h"
#include "compute/bytes.h"

#define ROWS_A_STEP 4000

int pane_contents_open(struct pane_contents *p, const struct corpus *c, struct error *e)
{
    *p = (struct pane_contents){0};
    if (outline_open(&p->outline, c, e) != 0) return -1;
    pane_contents_update(p);
    return 0;
}

void pane_contents_close(struct pane_contents *p)
{
    outline_close(p->outline);
    free(p->rows);
    line_edit_close(&p->filter);
    *p = (struct pane_contents){0};
}

static bool has_word(const char *text, size_t size, const char *word)
{
    size_t n = strlen(word);
    int first = tolower((unsigned char)word[0]);
    for (size_t i = 0; i + n <= size; i++) {
        if (tolower((unsigned char)text[i]) == first && strncasecmp(text + i, word, n) == 0) return true;
    }
    return false;
}

static void add_row(struct pane_contents *p, size_t entry, size_t heading)
{
    struct contents_row *rows = bytes_reserve(p->rows, &p->row_capacity, p->n_rows + 1, sizeof *rows);
    if (rows == NULL) return;
    p->rows = rows;
    rows[p->n_rows++] = (struct contents_row){entry, heading};
}

static bool heading_wanted(const struct pane_contents *p, size_t heading, const char *filter)
{
    const struct outline_heading *h = &p->outline->headings[heading];
    return *filter == '\0' || has_word(h->title, h->size, filter);
}

/* The heading after one, without those inside it where they are not shown. */
static size_t after_heading(const struct pane_contents *p, size_t heading, const char *filter)
{
    const struct outline *o = p->outline;
    const struct outline_heading *h = &o->headings[heading++];
    if (*filter != '\0' || !h->closed) return heading;
    while (heading < o->n_headings && o->headings[heading].document == h->document &&
           o->headings[heading].depth > h->depth)
        heading++;
    return heading;
}

static bool has_inside(const struct outline *o, size_t heading)
{
    const struct outline_heading *h = &o->headings[heading];
    return heading + 1 < o->n_headings && h[1].document == h->document && h[1].depth > h->depth;
}

/* An entry, or one of its headings: makes its row, where it has one, and goes on to what comes after it. */
static void take_one(struct pane_contents *p, const char *filter)
{
    const struct outline *o = p->outline;
    const struct outline_entry *entry = &o->entries[p->entry];
    size_t begin, end, before = p->n_rows;
    outline_headings(o, entry->first_document, &begin, &end);
    if (p->heading == SIZE_MAX) {
        const char *path = o->corpus->documents[entry->first_document].path;
        bool shown = *filter == '\0' || (!entry->folder && has_word(path, strlen(path), filter));
        if (shown) add_row(p, p->entry, SIZE_MAX);
        p->heading = begin;
    } else if (heading_wanted(p, p->heading, filter)) {
        add_row(p, p->entry, p->heading);
        p->heading = after_heading(p, p->heading, filter);
    } else {
        p->heading++;
    }
    if (p->n_rows > before && memcmp(&p->rows[before], &p->was, sizeof p->was) == 0) p->selected = before;
    bool inside = !entry->folder && (entry->open || *filter != '\0');
    if (inside && p->heading < end) return;
    p->entry = entry->open || *filter != '\0' ? p->entry + 1 : entry->next;
    p->heading = SIZE_MAX;
}

bool pane_contents_step(struct pane_contents *p)
{
    const char *filter = line_edit_text(&p->filter);
    for (int i = 0; i < ROWS_A_STEP && p->entry < p->outline->n_entries; i++) take_one(p, filter);
    return p->entry < p->outline->n_entries;
}

static size_t known(const struct outline *o)
{
    return o->document + o->n_headings;
}

void pane_contents_update(struct pane_contents *p)
{
    p->was = p->selected < p->n_rows ? p->rows[p->selected] : (struct contents_row){0, SIZE_MAX};
    p->n_rows = p->entry = p->selected = 0;
    p->heading = SIZE_MAX;
    p->known = known(p->outline);
    pane_contents_step(p);
}

/* While chapters are being found, the rows are made again whenever twice as many are known. */
static void keep_up(struct pane_contents *p)
{
    size_t now = known(p->outline);
    bool made = p->entry >= p->outline->n_entries;
    if (now >= 2 * p->known + 1 || (now > p->known && made && outline_done(p->outline))) pane_contents_update(p);
}

void pane_contents_move(struct pane_contents *p, long by)
{
    p->moved = true;
    while (by > 0 && p->selected + (size_t)by >= p->n_rows && pane_contents_step(p)) {
    }
    size_t last = p->n_rows ? p->n_rows - 1 : 0;
    if (by < 0)
        p->selected = p->selected > (size_t)-by ? p->selected - (size_t)-by : 0;
    else
        p->selected = p->selected + (size_t)by < last ? p->selected + (size_t)by : last;
    p->was = (struct contents_row){SIZE_MAX, SIZE_MAX};
}

static unsigned depth_of(const struct outline *o, struct contents_row row)
{
    const unsigned depth = o->entries[row.entry].depth;
    return row.heading == SIZE_MAX ? depth : depth + 1 + o->headings[row.heading].depth;
}

/* To the row that one is inside; false where there is none. */
static bool go_out(struct pane_contents *p, struct contents_row row)
{
    const unsigned depth = depth_of(p->outline, row);
    for (size_t i = p->selected; i-- > 0;) {
        if (depth_of(p->outline, p->rows[i]) >= depth) continue;
        p->selected = i;
        return true;
    }
    return false;
}

bool pane_contents_fold(struct pane_contents *p, bool open)
{
    if (p->selected >= p->n_rows || p->filter.size > 0) return false;
    struct contents_row row = p->rows[p->selected];
    struct outline_entry *entry = &p->outline->entries[row.entry];
    p->moved = true;
    if (row.heading == SIZE_MAX && entry->open != open) {
        entry->open = open;
        pane_contents_update(p);
        return true;
    }
    struct outline_heading *heading = row.heading != SIZE_MAX ? &p->outline->headings[row.heading] : NULL;
    if (heading != NULL && has_inside(p->outline, row.heading) && heading->closed == open) {
        heading->closed = !open;
        pane_contents_update(p);
        return true;
    }
    return !open && go_out(p, row);
}

bool pane_contents_spot(const struct pane_contents *p, struct spot *out)
{
    if (p->selected >= p->n_rows) return false;
    struct contents_row row = p->rows[p->selected];
    *out = (struct spot){p->outline->entries[row.entry].first_document, 0};
    if (row.heading != SIZE_MAX) out->offset = p->outline->headings[row.heading].offset;
    return true;
}

void pane_contents_within(const struct pane_contents *p, char out[PANE_CONTENTS_WITHIN])
{
    const struct outline *o = p->outline;
    char name[PANE_CONTENTS_WITHIN - 8] = "";
    out[0] = '\0';
    if (p->selected >= p->n_rows) return;
    const struct contents_row row = p->rows[p->selected];
    const struct outline_entry *entry = &o->entries[row.entry];
    const char *path = o->corpus->documents[entry->first_document].path;
    const size_t size = (size_t)(entry->name - path) + entry->size;
    if (row.heading != SIZE_MAX)
        outline_path(o, row.heading, name, sizeof name);
    else if (o->corpus->n_documents > 1)
        snprintf(name, sizeof name, "%.*s%s", (int)size, path, entry->folder ? "/" : "");
    name[strcspn(name, "\"")] = '\0'; /* a quote would end it, so it is called by what comes before */
    const char *quote = name[strcspn(name, " \t\n")] != '\0' ? "\"" : "";
    if (name[0] != '\0') snprintf(out, PANE_CONTENTS_WITHIN, "in:%s%s%s", quote, name, quote);
}

size_t pane_contents_at(const struct pane_contents *p, int row)
{
    if (row < 1 || row > p->height) return SIZE_MAX;
    size_t i = p->first + (size_t)(row - 1);
    return i < p->n_rows ? i : SIZE_MAX;
}

/* The last row at or before the place in the text. */
static void follow_spot(struct pane_contents *p, struct spot spot)
{
    size_t low = 0, high = p->n_rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct contents_row row = p->rows[middle];
        size_t document = p->outline->entries[row.entry].first_document;
        uint64_t offset = row.heading == SIZE_MAX ? 0 : p->outline->headings[row.heading].offset;
        if (document < spot.document || (document == spot.document && offset <= spot.offset))
            low = middle + 1;
        else
            high = middle;
    }
    p->selected = low ? low - 1 : 0;
}

static void token_range(const struct view *v, const struct outline *o, struct contents_row row, uint64_t *begin,
                        uint64_t *end)
{
    const struct outline_entry *entry = &o->entries[row.entry];
    const struct atlas *a = v->atlas;
    *begin = *end = 0;
    if (row.heading != SIZE_MAX) {
        const struct outline_heading *h = &o->headings[row.heading];
        *begin = atlas_token(a, (struct spot){h->document, h->offset});
        *end = h->end < a->corpus->documents[h->document].size ? atlas_token(a, (struct spot){h->document, h->end})
               : h->document < a->n_documents                  ? a->documents[h->document].end_token
                                                               : *begin;
    } else if (entry->first_document < a->n_documents) {
        size_t last = entry->end_document < a->n_documents ? entry->end_document : a->n_documents;
        *begin = a->documents[entry->first_document].first_token;
        *end = a->documents[last - 1].end_token;
    }
}

static void draw_row(const struct pane_contents *p, struct canvas *c, struct rect line, struct contents_row row,
                     enum role role, const struct view *v)
{
    const struct outline *o = p->outline;
    const struct outline_entry *entry = &o->entries[row.entry];
    bool flat = p->filter.size > 0;
    uint64_t begin, end;
    char count[16] = "", share[16] = "";
    token_range(v, o, row, &begin, &end);
    canvas_fill(c, line, style(role), " ");
    int right = line.w;
    if (exchange_attended(v->exchange)) {
        double part = exchange_share(v->exchange, v->atlas, begin, end);
        struct style s = style(role);
        if (role == ROLE_TEXT) s = (struct style){ROLE_WEIGHT, (uint8_t)figures_heat(part, 1, true)};
        figures_share(share, part);
        if (part >= 0.001) canvas_put_tail(c, line, 0, 0, right, s, share, strlen(share));
        right -= 5;
    }
    if (end > begin && line.w > 24) {
        figures_count(count, (double)(end - begin));
        canvas_put_tail(c, line, 0, 0, right, style(role == ROLE_TEXT ? ROLE_DIM : role), count, strlen(count));
        right -= 7;
    }
    struct rect rest = {line.y, line.x, line.h, right > 4 ? right : line.w};
    if (row.heading != SIZE_MAX) {
        const struct outline_heading *h = &o->headings[row.heading];
        const unsigned depth = depth_of(o, row);
        int x = flat ? 1 : 2 * (int)(depth < 8 ? depth : 8);
        if (!flat && has_inside(o, row.heading))
            canvas_puts(c, rest, 0, x - 2, style(role == ROLE_TEXT ? ROLE_DIM : role), h->closed ? "▸ " : "▾ ");
        canvas_put_head(c, rest, 0, x, style(role), h->title, h->size);
        return;
    }
    int x = flat ? 0 : 2 * (entry->depth < 8 ? entry->depth : 8);
    size_t begin_h, end_h;
    outline_headings(o, entry->first_document, &begin_h, &end_h);
    const char *sign = flat              ? ""
                       : entry->folder   ? entry->open ? "▾ " : "▸ "
                       : end_h > begin_h ? entry->open ? "▾ " : "▸ "
                                         : "  ";
    x = canvas_puts(c, rest, 0, x, style(role == ROLE_TEXT ? ROLE_DIM : role), sign);
    enum role name_role = role == ROLE_TEXT && entry->folder ? ROLE_HEADING : role;
    if (flat) {
        const char *path = o->corpus->documents[entry->first_document].path;
        if (safe_text_width(path, strlen(path)) > (size_t)rest.w)
            canvas_put_tail(c, rest, 0, 0, rest.w, style(name_role), path, strlen(path));
        else
            canvas_puts(c, rest, 0, 0, style(name_role), path);
        return;
    }
    x = canvas_put_head(c, rest, 0, x, style(name_role), entry->name, entry->size);
    if (entry->folder) canvas_puts(c, rest, 0, x, style(name_role), "/");
}

void pane_contents_draw(struct pane_contents *p, struct canvas *c, struct rect r, bool focused, bool typing,
                        const struct view *v)
{
    char detail[80];
    keep_up(p);
    const size_t files = v->atlas->corpus->n_documents, n = files == 1 ? p->outline->n_headings : files;
    if (p->filter.size > 0 || typing)
        snprintf(detail, sizeof detail, "%zu shown", p->n_rows);
    else
        snprintf(detail, sizeof detail, "%zu %s%s", n, files == 1 ? "chapter" : "file", n == 1 ? "" : "s");
    struct rect body = pane_title(c, r, focused, "Contents", detail);
    if ((p->filter.size > 0 || typing) && body.h > 1) {
        pane_chat_line(c, (struct rect){body.y, body.x, 1, body.w}, "filter: ", &p->filter, typing);
        body = rect_inset(body, 1, 0, 0, 0);
    }
    p->height = body.h;
    if (!focused) p->moved = false;
    if (!p->moved && !typing) follow_spot(p, v->spot);
    if (p->selected < p->first) p->first = p->selected;
    if (p->height > 0 && p->selected >= p->first + (size_t)p->height) p->first = p->selected - (size_t)p->height + 1;
    for (int y = 0; y < body.h && p->first + (size_t)y < p->n_rows; y++) {
        size_t i = p->first + (size_t)y;
        enum role role = i == p->selected ? focused ? ROLE_SELECTED : ROLE_MARKED : ROLE_TEXT;
        draw_row(p, c, (struct rect){body.y + y, body.x, 1, body.w}, p->rows[i], role, v);
    }
}
