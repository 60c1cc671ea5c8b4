#include "app/panes/pane.h"

#include <stdio.h>
#include <string.h>

#include "app/panes/code_tint.h"
#include "app/text/outline.h"
#include "app/text/safe_text.h"
#include "app/text/text_layout.h"

/* How much of a title's detail fits: whole parts of it, which two blanks or a comma end. */
static size_t fitting(const char *detail, int width)
{
    size_t size = strlen(detail);
    while (size > 0 && (int)safe_text_width(detail, size) > width) {
        do size--;
        while (size > 0 && detail[size] != ',' && !(detail[size] == ' ' && detail[size - 1] == ' '));
        while (size > 0 && detail[size - 1] == ' ') size--;
    }
    return size;
}

struct rect pane_title(struct canvas *c, struct rect r, bool focused, const char *title, const char *detail)
{
    struct rect line = {r.y, r.x, r.h < 1 ? 0 : 1, r.w};
    canvas_fill(c, line, style(ROLE_LINE), "─");
    int x = canvas_puts(c, line, 0, 1, style(focused ? ROLE_FOCUS : ROLE_HEADING), " ");
    x = canvas_puts(c, line, 0, x, style(focused ? ROLE_FOCUS : ROLE_HEADING), title);
    x = canvas_puts(c, line, 0, x, style(focused ? ROLE_FOCUS : ROLE_HEADING), " ");
    size_t size = detail ? fitting(detail, line.w - x - 3) : 0;
    if (size > 0) {
        x = canvas_puts(c, line, 0, x, style(ROLE_DIM), " ");
        x = canvas_put(c, line, 0, x, style(ROLE_DIM), detail, size);
        canvas_puts(c, line, 0, x, style(ROLE_DIM), " ");
    }
    return rect_inset(r, 1, 0, 0, 0);
}

struct style pane_code(const struct view *v, struct style plain, size_t document, uint64_t offset)
{
    const uint8_t kind = code_tint_at(v->code, document, offset);
    return kind ? style(ROLE_CODE + kind - 1u) : plain;
}

int pane_wrapped(struct canvas *c, struct rect r, int y, struct style s, const char *text)
{
    for (size_t size = strlen(text); size > 0 && r.w > 0; y++) {
        size_t n = text_layout_break(text, size, r.w, true);
        canvas_put(c, r, y, 0, s, text, n);
        text += n;
        size -= n;
    }
    return y;
}

/* A place that has a name ("p. 12"), behind the document's path where there are several: half of the room is its own.
 */
static int put_named_place(struct canvas *c, struct rect r, int y, int x, struct style s, const char *path,
                           const char *at)
{
    if (path) {
        const int width = (int)safe_text_width(path, strlen(path)), wanted = (int)safe_text_width(at, strlen(at)) + 2;
        const int half = (r.w - x) / 2, own = wanted < half ? wanted : half;
        const int end = x + width < r.w - own ? x + width : r.w - own;
        if (end > x) canvas_put_tail(c, r, y, x, end, s, path, strlen(path));
        x = canvas_puts(c, r, y, end > x ? end : x, s, ", ");
    }
    return canvas_put_head(c, r, y, x, s, at, strlen(at));
}

/* The headings that a place is under, from the outside in; where there is no room for all, as many of the innermost as
 * there is, and the beginning of that one. */
static int put_path(struct canvas *c, struct rect r, int y, int x, struct style s, const struct outline *o,
                    size_t heading)
{
    char path[512];
    size_t size = outline_path(o, heading, path, sizeof path), from = 0;
    for (const char *next; (int)safe_text_width(path + from, size - from) > r.w - x; from = (size_t)(next - path) + 3)
        if ((next = strstr(path + from, " > ")) == NULL) break;
    return canvas_put_head(c, r, y, x, s, path + from, size - from);
}

int pane_place(struct canvas *c, struct rect r, int y, int x, struct style s, const struct view *v, size_t document,
               uint64_t offset)
{
    const struct document *d = &v->atlas->corpus->documents[document];
    unsigned long long line = (unsigned long long)corpus_document_line(d, offset);
    char number[24];
    const char *at = corpus_document_at(d, offset);
    if (at) return put_named_place(c, r, y, x, s, v->atlas->corpus->n_documents > 1 ? d->path : NULL, at);
    if (v->atlas->corpus->n_documents > 1) {
        int n = snprintf(number, sizeof number, ":%llu", line), end = r.w - n;
        int width = (int)safe_text_width(d->path, strlen(d->path));
        if (end > x + width) end = x + width;
        if (end > x) canvas_put_tail(c, r, y, x, end, s, d->path, strlen(d->path));
        return canvas_puts(c, r, y, end > x ? end : x, s, number);
    }
    const struct outline_heading *h = v->outline ? outline_heading_at(v->outline, document, offset) : NULL;
    x = canvas_printf(c, r, y, x, s, "line %llu", line);
    if (h == NULL) return x;
    x = canvas_puts(c, r, y, x, s, ", ");
    return put_path(c, r, y, x, s, v->outline, (size_t)(h - v->outline->headings));
}
