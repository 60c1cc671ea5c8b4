#include "app/panes/code_tint.h"

#include <stdlib.h>
#include <string.h>

#include "app/text/corpus.h"
#include "app/text/outline.h"
#include "app/text/syntax.h"
#include "app/text/syntax_catalog.h"
#include "compute/bytes.h"
#include "compute/clock.h"
#include "compute/error.h"

/* Files that can be seen at once and have colours. */
#define WINDOWS 3
/* So many lines before the first that is seen, a comment or a string that reaches into it is noticed. */
#define LINES_BEFORE 400u
#define BYTES_BEFORE 65536u
/* A window that has come to be larger is begun again. */
#define WINDOW_MOST (4u << 20)

struct window {
    size_t document;       /* SIZE_MAX: none */
    struct syntax *syntax; /* owned; NULL: no language */
    struct syntax_state state;
    uint64_t begin, end; /* bytes of the text that are known; whole lines */
    uint64_t wanted;     /* up to here */
    uint8_t *kinds;      /* owned, [end - begin] */
    size_t capacity;
    unsigned used; /* when */
};

struct code_tint {
    const struct corpus *corpus;    /* borrowed */
    struct syntax_catalog *catalog; /* owned; opened when code is shown first */
    struct window windows[WINDOWS];
    unsigned now;
};

int code_tint_open(struct code_tint **out, const struct corpus *c, struct error *e)
{
    struct code_tint *t = calloc(1, sizeof *t);
    if (t == NULL) return error_memory(e);
    t->corpus = c;
    for (size_t i = 0; i < WINDOWS; i++) t->windows[i].document = SIZE_MAX;
    *out = t;
    return 0;
}

void code_tint_close(struct code_tint *t)
{
    if (t == NULL) return;
    for (size_t i = 0; i < WINDOWS; i++) {
        syntax_close(t->windows[i].syntax);
        free(t->windows[i].kinds);
    }
    syntax_catalog_close(t->catalog);
    free(t);
}

/* Where a window begins that is to show this offset. */
static uint64_t start_of(const struct document *d, uint64_t offset)
{
    const uint64_t line = corpus_document_line(d, offset) - 1;
    uint64_t first = line > LINES_BEFORE ? line - LINES_BEFORE : 0;
    while (first < line && d->lines[line] - d->lines[first] > BYTES_BEFORE) first++;
    return d->lines[first];
}

static void begin_again(struct window *w, uint64_t begin)
{
    w->begin = w->end = begin;
    w->state = (struct syntax_state){.depth = 0};
}

/* The window of a document: the one that was wanted longest ago is taken for a new one. */
static struct window *window_of(struct code_tint *t, size_t document)
{
    struct window *oldest = &t->windows[0];
    for (size_t i = 0; i < WINDOWS; i++) {
        if (t->windows[i].document == document) return &t->windows[i];
        if (t->windows[i].used < oldest->used) oldest = &t->windows[i];
    }
    const struct document *d = &t->corpus->documents[document];
    const char *name = strrchr(d->path, '/') ? strrchr(d->path, '/') + 1 : d->path;
    syntax_close(oldest->syntax);
    oldest->syntax = NULL;
    oldest->document = document;
    begin_again(oldest, SIZE_MAX);
    if (outline_is_prose(d) || (t->catalog == NULL && syntax_catalog_open(&t->catalog, NULL) != 0)) return oldest;
    const char *language = syntax_catalog_find(t->catalog, name);
    if (language) (void)syntax_open(&oldest->syntax, t->catalog, language, NULL);
    return oldest;
}

void code_tint_want(struct code_tint *t, size_t document, uint64_t begin, uint64_t end)
{
    struct window *w = window_of(t, document);
    const struct document *d = &t->corpus->documents[document];
    w->used = ++t->now;
    if (w->syntax == NULL || d->n_lines == 0) return;
    if (begin < w->begin || begin > w->end + BYTES_BEFORE || w->end - w->begin > WINDOW_MOST)
        begin_again(w, start_of(d, begin));
    w->wanted = end < d->size ? end : d->size;
}

/* One line, or what is left of the text where it does not end with one. */
static bool next_line(struct window *w, const struct document *d)
{
    const char *text = d->text + w->end, *newline = memchr(text, '\n', (size_t)(d->size - w->end));
    const size_t size = newline ? (size_t)(newline - text) : (size_t)(d->size - w->end),
                 used = (size_t)(w->end - w->begin);
    uint8_t *kinds = bytes_reserve(w->kinds, &w->capacity, used + size + 1, 1);
    if (kinds == NULL) return false;
    w->kinds = kinds;
    syntax_line(w->syntax, &w->state, text, size, w->end == 0, kinds + used);
    kinds[used + size] = SYNTAX_PLAIN;
    w->end += size + (newline != NULL);
    return true;
}

bool code_tint_needs(const struct code_tint *t)
{
    for (size_t i = 0; i < WINDOWS; i++)
        if (t->windows[i].syntax != NULL && t->windows[i].end < t->windows[i].wanted) return true;
    return false;
}

bool code_tint_step(struct code_tint *t, int milliseconds)
{
    const double end = clock_seconds() + milliseconds / 1000.0;
    for (size_t i = 0; i < WINDOWS; i++) {
        struct window *w = &t->windows[i];
        while (w->syntax != NULL && w->end < w->wanted) {
            if (!next_line(w, &t->corpus->documents[w->document])) return false;
            if (clock_seconds() >= end) return true;
        }
    }
    return false;
}

uint8_t code_tint_at(const struct code_tint *t, size_t document, uint64_t offset)
{
    for (size_t i = 0; i < WINDOWS; i++) {
        const struct window *w = &t->windows[i];
        if (w->document == document && w->syntax != NULL && offset >= w->begin && offset < w->end)
            return w->kinds[offset - w->begin];
    }
    return SYNTAX_PLAIN;
}
