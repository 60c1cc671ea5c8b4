#include "app/panes/picker.h"

#include <stdio.h>
#include <string.h>

#include "app/panes/pane_chat.h"
#include "app/text/fuzzy.h"
#include "app/text/outline.h"
#include "app/text/safe_text.h"
#include "compute/clock.h"

/* Names between two looks at the clock. */
#define SLICE 256
#define MARKS 128

void picker_update(struct picker *p)
{
    p->n = p->at = p->selected = p->first = 0;
}

/* The number-th of all things that have a name: marks, the newest question first, files, headings. False after the last
 * one; an item of score -1 is none. */
static bool nth(size_t number, const struct view *v, const struct jumps *j, struct picker_item *out)
{
    const size_t n_questions = v->conversation->n, n_files = v->atlas->corpus->n_documents;
    *out = (struct picker_item){.kind = PICKER_MARK, .index = number};
    if (number < MARKS) {
        if (!j->marked[number] || number == '\'') out->score = -1;
        return true;
    }
    number -= MARKS;
    *out = (struct picker_item){.kind = PICKER_QUESTION, .index = n_questions - 1 - number};
    if (number < n_questions) return true;
    number -= n_questions;
    *out = (struct picker_item){.kind = PICKER_FILE, .index = number};
    if (number < n_files) return true;
    number -= n_files;
    *out = (struct picker_item){.kind = PICKER_HEADING, .index = number};
    return number < v->outline->n_headings;
}

static size_t put_path(const struct view *v, size_t document, const char *tail, char *out, size_t size)
{
    const int n = snprintf(out, size, "%s%s", v->atlas->corpus->documents[document].path, tail);
    return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

/* What an item is called; returns its length. */
static size_t name_of(const struct picker_item *item, const struct view *v, const struct jumps *j, char *out,
                      size_t size)
{
    char tail[40];
    const struct corpus *c = v->atlas->corpus;
    size_t n = 0;
    out[0] = '\0';
    switch (item->kind) {
    case PICKER_MARK: {
        const struct spot at = j->marks[item->index];
        snprintf(tail, sizeof tail, ":%llu",
                 (unsigned long long)corpus_document_line(&c->documents[at.document], at.offset));
        n = (size_t)snprintf(out, size, "%c  ", (char)item->index);
        return n + put_path(v, at.document, tail, out + n, size - n);
    }
    case PICKER_QUESTION:
        snprintf(out, size, "%s", v->conversation->items[item->index]->question);
        return strlen(out);
    case PICKER_FILE:
        return put_path(v, item->index, "", out, size);
    case PICKER_HEADING:
        if (c->n_documents > 1) n = put_path(v, v->outline->headings[item->index].document, ": ", out, size);
        return n + outline_path(v->outline, item->index, out + n, size - n);
    }
    return 0;
}

/* Into its place among the best; the last one falls out where there are too many. */
static void insert_item(struct picker *p, struct picker_item item)
{
    size_t i = p->n;
    if (i == PICKER_MOST && item.score <= p->items[i - 1].score) return;
    if (i == PICKER_MOST) i--;
    p->n = i + 1;
    for (; i > 0 && p->items[i - 1].score < item.score; i--) p->items[i] = p->items[i - 1];
    p->items[i] = item;
}

bool picker_step(struct picker *p, const struct view *v, const struct jumps *j, int milliseconds)
{
    const double end = clock_seconds() + milliseconds / 1000.0;
    const char *query = line_edit_text(&p->line);
    struct picker_item item;
    char name[512];
    while (nth(p->at, v, j, &item)) {
        p->at++;
        if (item.score == 0) {
            const size_t size = name_of(&item, v, j, name, sizeof name);
            item.score = fuzzy_score(name, size, query);
        }
        if (item.score >= 0) insert_item(p, item);
        if (p->at % SLICE == 0 && clock_seconds() >= end) return true;
    }
    return false;
}

void picker_move(struct picker *p, long by)
{
    const size_t last = p->n ? p->n - 1 : 0;
    if (by < 0)
        p->selected = p->selected > (size_t)-by ? p->selected - (size_t)-by : 0;
    else
        p->selected = p->selected + (size_t)by < last ? p->selected + (size_t)by : last;
}

const struct picker_item *picker_selected(const struct picker *p)
{
    return p->selected < p->n ? &p->items[p->selected] : NULL;
}

bool picker_spot(const struct picker_item *item, const struct view *v, const struct jumps *j, struct spot *spot,
                 uint64_t *span)
{
    *span = 0;
    if (item->kind == PICKER_QUESTION) {
        const struct finding_item *place = exchange_selected(v->conversation->items[item->index]);
        if (place == NULL) return false;
        *spot = (struct spot){place->document, place->offset};
        *span = place->size;
    } else if (item->kind == PICKER_MARK) {
        *spot = j->marks[item->index];
    } else if (item->kind == PICKER_FILE) {
        *spot = (struct spot){item->index, 0};
    } else {
        *spot = (struct spot){v->outline->headings[item->index].document, v->outline->headings[item->index].offset};
    }
    return true;
}

void picker_draw(struct picker *p, struct canvas *c, struct rect r, const struct view *v, const struct jumps *j)
{
    static const char *const kinds[] = {"mark", "asked", "file", "part"};
    char name[512], detail[40];
    snprintf(detail, sizeof detail, p->n == PICKER_MOST ? "the best %zu" : "%zu found", p->n);
    struct rect body = pane_title(c, r, true, "Open", detail);
    p->height = body.h > 1 ? body.h - 1 : 0;
    if (body.h < 1) return;
    pane_chat_line(c, (struct rect){body.y, body.x, 1, body.w}, "› ", &p->line, true);
    if (p->line.size == 0) canvas_puts(c, body, 0, 3, style(ROLE_DIM), "some letters of a file, a chapter, a question");
    body = rect_inset(body, 1, 0, 0, 0);
    if (p->selected < p->first) p->first = p->selected;
    if (p->height > 0 && p->selected >= p->first + (size_t)p->height) p->first = p->selected - (size_t)p->height + 1;
    for (int y = 0; y < body.h && p->first + (size_t)y < p->n; y++) {
        const struct picker_item *item = &p->items[p->first + (size_t)y];
        const enum role role = p->first + (size_t)y == p->selected ? ROLE_SELECTED : ROLE_TEXT;
        const struct rect line = {body.y + y, body.x, 1, body.w};
        canvas_fill(c, line, style(role), " ");
        canvas_puts(c, line, 0, 1, style(role == ROLE_TEXT ? ROLE_DIM : role), kinds[item->kind]);
        const size_t size = name_of(item, v, j, name, sizeof name);
        if (item->kind == PICKER_FILE && (int)safe_text_width(name, size) > line.w - 8)
            canvas_put_tail(c, line, 0, 7, line.w, style(role), name, size);
        else
            canvas_put_head(c, line, 0, 7, style(role), name, size);
    }
}

size_t picker_at(const struct picker *p, int row)
{
    const size_t i = p->first + (size_t)(row - 2);
    return row >= 2 && row - 2 < p->height && i < p->n ? i : SIZE_MAX;
}
