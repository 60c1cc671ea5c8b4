#include "app/output/places.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/answer/own_words.h"
#include "app/output/markdown.h"
#include "app/reader/finding.h"
#include "app/text/corpus.h"
#include "app/text/safe_text.h"
#include "compute/error.h"

#define SNIPPET_BYTES ((size_t)100) /* of a line, at most, where lines are shown one by one */

bool places_format_named(const char *name, enum places_format *out)
{
    static const char *const names[] = {"text", "json", "jsonl", "markdown", "vim", "emacs"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) != 0) continue;
        *out = (enum places_format)i;
        return true;
    }
    return false;
}

bool places_are_all(enum places_format format)
{
    return format == PLACES_JSONL || format == PLACES_VIM || format == PLACES_EMACS;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A line of a place that says something, from its first word on. */
struct line {
    uint64_t number, column; /* from 1, in bytes */
    const char *text;
    size_t size;
};

/* The next one in [*at, end). */
static bool next_line(const struct document *d, uint64_t *at, uint64_t end, struct line *out)
{
    while (*at < end && is_blank(d->text[*at])) ++*at;
    if (*at >= end) return false;
    const char *text = d->text + *at, *stop = memchr(text, '\n', (size_t)(end - *at));
    const uint64_t number = corpus_document_line(d, *at);
    *out = (struct line){number, *at - d->lines[number - 1] + 1, text,
                         (size_t)(stop ? stop - text : d->text + end - text)};
    *at = stop ? (uint64_t)(stop - d->text) : end;
    while (is_blank(text[out->size - 1])) out->size--;
    return true;
}

/* What a terminal is shown of a line. */
static void put_text(FILE *f, const struct line *l)
{
    char text[512];
    safe_text_render(text, sizeof text, l->text, l->size, SAFE_LINE);
    fprintf(f, "%.*s\n", (int)safe_text_whole(text, strlen(text) < SNIPPET_BYTES ? strlen(text) : SNIPPET_BYTES), text);
}

/* --- text --- */

static void put_snippet(FILE *f, const struct document *d, const struct finding_item *item, int n)
{
    struct line l;
    uint64_t at = item->offset, margin = 0;
    for (int i = 0; i < n && next_line(d, &at, item->offset + item->size, &l); i++) {
        if (i == 0) margin = l.column;
        fprintf(f, "       %*s", l.column > margin ? (int)(l.column - margin) : 0, "");
        put_text(f, &l);
    }
}

static void put_at(FILE *f, const struct place *place)
{
    if (!place->at) return;
    fputs(", ", f);
    safe_text_write(f, place->at, strlen(place->at), SAFE_LINE);
}

/* Where a model worded the answer. */
static void put_own(const struct answer *a, const struct own_words *own, size_t n, FILE *f)
{
    if (n == 0) return;
    fputs("\n\nThe text's own words in it: ", f);
    for (size_t i = 0; i < n; i++) {
        fputs(i > 0 ? "; “" : "“", f);
        safe_text_write(f, a->text + own[i].begin, own[i].end - own[i].begin, SAFE_LINE);
        fprintf(f, "” [%zu]", own[i].item + 1);
    }
}

static void write_text(const struct places *p, const struct own_words *own, size_t n, FILE *f)
{
    static const char *const by[] = {"a second reading", "attention and BM25", "attention", "BM25"};
    const struct finding *found = p->finding;
    if (p->of) {
        fputs("Like ", f);
        safe_text_write(f, p->of, strlen(p->of), SAFE_LINE);
    }
    if (p->answer) put_own(p->answer, own, n, f);
    fprintf(f, "%s (ranked by %s):\n", p->of ? "" : p->answer ? "\n\nAttended to" : "Attended to", by[found->rank_by]);
    for (size_t i = 0; i < found->n_items; i++) {
        const struct document *d = &p->report->corpus->documents[found->items[i].document];
        struct place place;
        report_place(p->report->corpus, &found->items[i], &place);
        fprintf(f, "  [%zu] %4.1f %%  ", i + 1, 100.0 * (double)found->items[i].share);
        safe_text_write(f, place.path, strlen(place.path), SAFE_LINE);
        fprintf(f, ":%" PRIu64 "-%" PRIu64, place.line[0], place.line[1]);
        put_at(f, &place);
        fputc('\n', f);
        put_snippet(f, d, &found->items[i], p->report->snippet_lines < 0 ? 1 : p->report->snippet_lines);
    }
}

/* --- Markdown --- */

static void write_markdown(const struct places *p, const struct own_words *own, size_t n, FILE *f)
{
    const char *title = p->of ? p->of : p->finding->question;
    fputs(p->of ? "# Like " : "# ", f);
    markdown_line(f, title, strlen(title));
    fputs("\n\n", f);
    if (p->answer) {
        markdown_answer(f, p->answer->text, 0, strlen(p->answer->text), own, n);
        fputs("\n\n", f);
        if (n > 0) markdown_answer_note(f, p->answer->answerer);
    }
    for (size_t i = 0; i < p->finding->n_items; i++) {
        struct place place;
        report_place(p->report->corpus, &p->finding->items[i], &place);
        fprintf(f, "%zu. ", i + 1);
        markdown_line(f, place.path, strlen(place.path));
        fprintf(f, ":%" PRIu64 "-%" PRIu64, place.line[0], place.line[1]);
        if (place.at) {
            fputs(", ", f);
            markdown_line(f, place.at, strlen(place.at));
        }
        fputs("\n\n", f);
        const size_t size = report_snippet(&place, p->report->snippet_lines);
        if (size > 0) {
            markdown_code(f, "    ", place.text, size);
            fputc('\n', f);
        }
    }
}

/* --- editors --- */

/* The path that an editor started here opens; NULL where there is none, or a line cannot hold it. */
static const char *path_from(const char *here, const struct corpus *c, size_t document)
{
    const char *file = corpus_file(c, document);
    if (!file) return NULL;
    const size_t n = strlen(here);
    if (n > 1 && strncmp(file, here, n) == 0 && file[n] == '/') file += n + 1;
    char shown[2 * PATH_MAX];
    safe_text_render(shown, sizeof shown, file, strlen(file), SAFE_LINE);
    return strcmp(shown, file) == 0 ? file : NULL;
}

/* Where an editor's cursor goes: to the words of the answer, where they stand in this place. */
static uint64_t anchor_of(const struct finding *f, size_t item, bool *words)
{
    *words = false;
    for (size_t i = 0; i < f->n_spans && f->found; i++) {
        if (f->spans[i].item != item) continue;
        *words = true;
        return f->spans[i].begin;
    }
    return f->items[item].offset;
}

static void put_jumps(const struct places *p, size_t item, const char *path, bool columns, FILE *f)
{
    const struct finding_item *place = &p->finding->items[item];
    const struct document *d = &p->report->corpus->documents[place->document];
    const int n = p->report->snippet_lines < 0 ? 1 : p->report->snippet_lines;
    struct line l;
    bool words;
    const uint64_t anchor = anchor_of(p->finding, item, &words), end = place->offset + place->size;
    uint64_t at = d->lines[corpus_document_line(d, anchor) - 1];
    if (at < place->offset) at = place->offset;
    for (int i = 0; i < (n ? n : 1) && next_line(d, &at, end, &l); i++) {
        if (i == 0 && words) l.column += anchor - (uint64_t)(l.text - d->text);
        fprintf(f, "%s:%" PRIu64 ":", path, l.number);
        if (columns) fprintf(f, "%" PRIu64 ":", l.column);
        fputc(' ', f);
        if (n > 0)
            put_text(f, &l);
        else
            fputc('\n', f);
    }
}

/* A place that no editor can go to: without its text, which might look like one. */
static void put_place(const struct places *p, size_t item, FILE *f)
{
    struct place place;
    report_place(p->report->corpus, &p->finding->items[item], &place);
    safe_text_write(f, place.path, strlen(place.path), SAFE_LINE);
    fprintf(f, ", line %" PRIu64 " of its text", place.line[0]);
    put_at(f, &place);
    fputc('\n', f);
}

static int write_jumps(const struct places *p, bool columns, FILE *f, struct error *e)
{
    char here[PATH_MAX];
    if (!getcwd(here, sizeof here)) return error_set(e, "the folder here has no path: %s", strerror(errno));
    for (size_t i = 0; i < p->finding->n_items; i++) {
        const char *path = path_from(here, p->report->corpus, p->finding->items[i].document);
        if (path)
            put_jumps(p, i, path, columns, f);
        else
            put_place(p, i, f);
    }
    return 0;
}

static int write_worded(const struct places *p, enum places_format format, FILE *f, struct error *e)
{
    struct own_words *own = NULL;
    size_t n = 0;
    const struct answer *a = p->answer;
    if (a && own_words_find(&own, &n, a->answerer, a->text, strlen(a->text), p->finding, p->report->corpus, e))
        return -1;
    (format == PLACES_MARKDOWN ? write_markdown : write_text)(p, own, n, f);
    free(own);
    return 0;
}

int places_write(const struct places *p, enum places_format format, FILE *f, struct error *e)
{
    switch (format) {
    case PLACES_JSON:
        return report_ask(p->report, p->finding, p->answer, f, e);
    case PLACES_JSONL:
        return report_places(p->report, p->finding, f, e);
    case PLACES_VIM:
    case PLACES_EMACS:
        if (write_jumps(p, format == PLACES_VIM, f, e)) return -1;
        break;
    case PLACES_MARKDOWN:
    case PLACES_TEXT:
        if (write_worded(p, format, f, e)) return -1;
        break;
    }
    if (fflush(f) == 0 && !ferror(f)) return 0;
    return error_set(e, "standard output cannot be written: %s", strerror(errno));
}
