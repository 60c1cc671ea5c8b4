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

/* Pieces of code that can be seen at once and have colours: of the text, of evidence, and quotes. */
#define WINDOWS 48
/* So many lines before the first that is seen, a comment or a string that reaches into it is noticed. */
#define LINES_BEFORE 400u
#define BYTES_BEFORE 65536u
/* A window that has come to be larger is begun again. */
#define WINDOW_MOST (4u << 20)

struct language {
    const char *name;      /* the catalog's */
    struct syntax *syntax; /* owned; NULL: its description cannot be read */
};

struct window {
    size_t document;       /* SIZE_MAX: none */
    struct syntax *syntax; /* a language's; NULL: none */
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
    struct language *languages;     /* owned */
    size_t n_languages, capacity;
    struct window windows[WINDOWS];
    size_t n; /* windows that have been used */
    unsigned now;
};

int code_tint_open(struct code_tint **out, const struct corpus *c, struct error *e)
{
    struct code_tint *t = calloc(1, sizeof *t);
    if (t == NULL) return error_memory(e);
    t->corpus = c;
    t->now = 1;
    *out = t;
    return 0;
}

void code_tint_close(struct code_tint *t)
{
    if (t == NULL) return;
    for (size_t i = 0; i < t->n; i++) free(t->windows[i].kinds);
    for (size_t i = 0; i < t->n_languages; i++) syntax_close(t->languages[i].syntax);
    free(t->languages);
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
    w->begin = w->end = w->wanted = begin;
    w->state = (struct syntax_state){.depth = 0};
}

/* The language of a document, opened when it is shown first; NULL where there is none. */
static struct syntax *language_of(struct code_tint *t, const struct document *d)
{
    const char *slash = strrchr(d->path, '/'), *name = slash ? slash + 1 : d->path;
    if (t->catalog == NULL && syntax_catalog_open(&t->catalog, NULL) != 0) return NULL;
    const char *language = syntax_catalog_find(t->catalog, name);
    if (language == NULL) return NULL;
    for (size_t i = 0; i < t->n_languages; i++)
        if (t->languages[i].name == language) return t->languages[i].syntax;
    struct language *grown = bytes_reserve(t->languages, &t->capacity, t->n_languages + 1, sizeof *grown);
    if (grown == NULL) return NULL;
    t->languages = grown;
    struct syntax *syntax = NULL;
    (void)syntax_open(&syntax, t->catalog, language, NULL);
    t->languages[t->n_languages++] = (struct language){language, syntax};
    return syntax;
}

/* The window of a document that reaches to this byte, or nearly; else the one that was wanted longest ago is taken for
 * it, unless that is on the screen too: NULL. */
static struct window *window_of(struct code_tint *t, size_t document, uint64_t begin)
{
    struct window *oldest = &t->windows[0];
    for (size_t i = 0; i < t->n; i++) {
        struct window *w = &t->windows[i];
        const bool reaches = begin >= w->begin && begin <= w->end + BYTES_BEFORE;
        if (w->document == document && (w->syntax == NULL || reaches)) return w;
        if (w->used < oldest->used) oldest = w;
    }
    if (t->n < WINDOWS) {
        oldest = &t->windows[t->n++];
    } else if (oldest->used == t->now) {
        return NULL;
    }
    const struct document *d = &t->corpus->documents[document];
    oldest->document = document;
    oldest->syntax = d->n_lines > 0 ? language_of(t, d) : NULL;
    begin_again(oldest, oldest->syntax ? start_of(d, begin) : 0);
    return oldest;
}

void code_tint_draw(struct code_tint *t)
{
    t->now++;
}

void code_tint_want(struct code_tint *t, size_t document, uint64_t begin, uint64_t end)
{
    const struct document *d = &t->corpus->documents[document];
    struct window *w = outline_is_prose(d) ? NULL : window_of(t, document, begin);
    if (w == NULL) return;
    w->used = t->now;
    if (w->syntax == NULL) return;
    if (w->end - w->begin > WINDOW_MOST) begin_again(w, start_of(d, begin));
    if (end > d->size) end = d->size;
    if (end > w->wanted) w->wanted = end;
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
    for (size_t i = 0; i < t->n; i++)
        if (t->windows[i].syntax != NULL && t->windows[i].end < t->windows[i].wanted) return true;
    return false;
}

bool code_tint_step(struct code_tint *t, int milliseconds)
{
    const double end = clock_seconds() + milliseconds / 1000.0;
    for (size_t i = 0; i < t->n; i++) {
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
    for (size_t i = 0; i < t->n; i++) {
        const struct window *w = &t->windows[i];
        if (w->document == document && w->syntax != NULL && offset >= w->begin && offset < w->end)
            return w->kinds[offset - w->begin];
    }
    return SYNTAX_PLAIN;
}
