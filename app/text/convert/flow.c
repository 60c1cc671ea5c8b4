#define _GNU_SOURCE /* memmem */
#include "app/text/convert/flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/bytes.h"
#include "compute/error.h"

void flow_gap(struct flow *f, enum flow_gap gap)
{
    if (f->cells > 0 && gap == FLOW_PARAGRAPH) gap = FLOW_LINE;
    if (gap > f->due) f->due = gap;
    f->blank = false;
}

void flow_prefix(struct flow *f, const char *words)
{
    snprintf(f->prefix, sizeof f->prefix, "%s", words);
}

void flow_mark(struct flow *f, unsigned level, const char *title)
{
    if (f->n_marks < FLOW_MARKS) f->marks[f->n_marks++] = (struct flow_mark){level, title};
}

static int put_marks(struct flow *f, struct error *e)
{
    for (size_t i = 0; i < f->n_marks; i++) {
        const struct flow_mark *m = &f->marks[i];
        if (parts_add_heading(&f->out->parts, f->out->size, m->level, m->title, strlen(m->title), e) != 0) return -1;
        f->base = m->level;
    }
    f->n_marks = 0;
    return 0;
}

static void drop_newlines(struct converted *out)
{
    while (out->size > 0 && out->text[out->size - 1] == '\n') out->size--;
}

void flow_pre_open(struct flow *f)
{
    flow_gap(f, FLOW_PARAGRAPH);
    f->pre++;
}

void flow_pre_close(struct flow *f)
{
    if (f->pre > 0 && --f->pre > 0) return;
    if (f->due == FLOW_JOINED) drop_newlines(f->out); /* something was written since the element before */
    flow_gap(f, FLOW_PARAGRAPH);
}

static int put_words(struct flow *f, const char *words, struct error *e)
{
    return converted_put(f->out, words, strlen(words), e);
}

/* Writes what is due before a word. */
static int lead(struct flow *f, struct error *e)
{
    if (f->due == FLOW_JOINED && !f->blank && !f->prefix[0] && f->n_marks == 0) return 0;
    if (converted_check(f->out->budget, e) != 0) return -1;
    const char *gap = f->due == FLOW_PARAGRAPH ? "\n\n" : f->due == FLOW_LINE ? "\n" : f->blank ? " " : "";
    if (f->out->size > 0 && put_words(f, f->prefix[0] == ' ' && f->due == FLOW_JOINED ? "" : gap, e) != 0) return -1;
    if (put_marks(f, e) != 0 || put_words(f, f->prefix, e) != 0) return -1;
    f->due = FLOW_JOINED;
    f->blank = false;
    f->prefix[0] = '\0';
    return 0;
}

/* White space at p: its bytes, or 0. A no-break space parts words like another; soft hyphens and zero-width spaces,
 * `*drop`, only say where a line may end. */
static size_t white(const char *p, size_t left, bool *drop)
{
    *drop = false;
    if (strchr(" \t\r\n\f\v", *p)) return 1; /* and NUL, which no text has */
    if (left >= 2 && memcmp(p, "\xC2\xA0", 2) == 0) return 2;
    *drop = true;
    if (left >= 2 && memcmp(p, "\xC2\xAD", 2) == 0) return 2;
    if (left >= 3 && memcmp(p, "\xE2\x80\x8B", 3) == 0) return 3;
    return 0;
}

/* Text whose lines and blanks are meant. */
static int put_as_it_is(struct flow *f, const char *text, size_t size, struct error *e)
{
    while (size > 0 && f->due != FLOW_JOINED && *text == '\n') text++, size--; /* the gap stands for them */
    if (size == 0) return 0;
    if (lead(f, e) != 0) return -1;
    return converted_put(f->out, text, size, e);
}

static bool is_at_line_start(const struct flow *f)
{
    return f->out->size == 0 || f->out->text[f->out->size - 1] == '\n';
}

int flow_text(struct flow *f, const char *text, size_t size, struct error *e)
{
    if (f->pre > 0) return put_as_it_is(f, text, size, e);
    for (size_t i = 0; i < size;) {
        bool drop;
        size_t n = white(text + i, size - i, &drop);
        if (n > 0) {
            if (!drop && f->due == FLOW_JOINED && !is_at_line_start(f)) f->blank = true;
            i += n;
            continue;
        }
        size_t begin = i++;
        while (i < size && white(text + i, size - i, &drop) == 0) i++;
        if (lead(f, e) != 0 || converted_put(f->out, text + begin, i - begin, e) != 0) return -1;
    }
    return 0;
}

int flow_heading_open(struct flow *f, unsigned level, struct error *e)
{
    if (flow_end_paragraph(f, e) != 0) return -1;
    f->due = FLOW_PARAGRAPH;
    f->prefix[0] = '\0';
    if (lead(f, e) != 0) return -1;
    f->heading = f->out->size;
    f->level = level;
    return 0;
}

/* Whether a heading only repeats the entry of the contents that begins with it: one holds the other. */
static bool repeats_mark(const struct flow *f)
{
    const struct parts *p = &f->out->parts;
    const struct parts_item *last = p->n > 0 ? &p->items[p->n - 1] : NULL;
    if (!last || last->level == 0 || last->offset != f->heading) return false;
    const char *title = parts_title(p, last), *words = f->out->text + f->heading;
    size_t n = strlen(title), size = f->out->size - f->heading;
    return n > size ? memmem(title, n, words, size) != NULL : memmem(words, size, title, n) != NULL;
}

int flow_heading_close(struct flow *f, struct error *e)
{
    unsigned level = f->level;
    f->level = 0;
    if (level == 0) return 0;
    flow_gap(f, FLOW_PARAGRAPH);
    if (f->out->size <= f->heading) {
        const struct parts *p = &f->out->parts; /* without words it leaves no lines, but for a mark that stands there */
        if (p->n == 0 || p->items[p->n - 1].offset < f->heading) drop_newlines(f->out);
        return 0;
    }
    if (repeats_mark(f)) return 0;
    return parts_add_heading(&f->out->parts, f->heading, f->base + level, f->out->text + f->heading,
                             f->out->size - f->heading, e);
}

int flow_note(struct flow *f, const char *text, struct error *e)
{
    size_t size = strlen(text) + 1;
    char *notes = bytes_reserve(f->notes, &f->notes_capacity, f->notes_size + size, 1);
    if (!notes) return error_memory(e);
    f->notes = notes;
    memcpy(notes + f->notes_size, text, size);
    f->notes_size += size;
    return 0;
}

int flow_end_paragraph(struct flow *f, struct error *e)
{
    for (size_t at = 0; at < f->notes_size; at += strlen(f->notes + at) + 1) {
        f->due = FLOW_PARAGRAPH;
        f->blank = false;
        if (lead(f, e) != 0 || put_words(f, f->notes + at, e) != 0) return -1;
    }
    f->notes_size = 0;
    flow_gap(f, FLOW_PARAGRAPH);
    return 0;
}

int flow_finish(struct flow *f, struct error *e)
{
    int result = flow_heading_close(f, e) != 0 || flow_end_paragraph(f, e) != 0 ? -1 : 0;
    if (result == 0 && f->out->size > 0) result = put_words(f, "\n", e);
    flow_free(f);
    return result;
}

void flow_free(struct flow *f)
{
    free(f->notes);
    f->notes = NULL;
    f->notes_size = f->notes_capacity = 0;
}
