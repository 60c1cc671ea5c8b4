#include "app/serve/mcp_place.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/output/report.h"
#include "app/reader/finding.h"
#include "app/serve/mcp_message.h"
#include "app/serve/mcp_tools.h"
#include "app/text/corpus.h"
#include "app/text/outline.h"
#include "app/text/safe_text.h"
#include "app/worker/message.h"
#include "compute/bytes.h"
#include "compute/error.h"

/* Bounds of one result, whatever the text holds. */
enum { LINE_BYTES = 400, SKIPPED_LISTED = 50 };

int mcp_place_open(struct mcp_text *t, const struct corpus *c, const struct model *m, struct error *e)
{
    *t = (struct mcp_text){.corpus = c, .model = m, .progress = {.total_bytes = c->n_bytes, .seconds_left = -1}};
    return outline_open(&t->outline, c, e);
}

void mcp_place_close(struct mcp_text *t)
{
    outline_close(t->outline);
    free(t->segments);
}

int mcp_place_extend(struct mcp_text *t, const struct message_tables *tables, const struct reader_progress *p,
                     struct error *e)
{
    size_t end = tables->first_segment + tables->n_segments;
    struct reader_segment *grown = bytes_reserve(t->segments, &t->capacity, end, sizeof *grown);
    if (!grown && end > 0) return error_memory(e);
    t->segments = grown;
    if (tables->n_segments > 0)
        memcpy(grown + tables->first_segment, tables->segments, tables->n_segments * sizeof *grown);
    t->n_segments = end;
    t->progress = *p;
    return 0;
}

/* A result being made: an object, and the same for people as text. */
struct result {
    cJSON *object;
    char *text; /* owned by the stream until it is closed */
    size_t size;
    FILE *stream;
    bool whole; /* no memory was missing so far */
};

static void begin_result(struct result *r)
{
    *r = (struct result){.object = cJSON_CreateObject()};
    r->stream = open_memstream(&r->text, &r->size);
    r->whole = r->object && r->stream;
}

static void put_words(struct result *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put_words(struct result *r, const char *format, ...)
{
    if (!r->stream) return;
    va_list args;
    va_start(args, format);
    if (vfprintf(r->stream, format, args) < 0) r->whole = false;
    va_end(args);
}

static void put_bytes(struct result *r, const char *bytes, size_t size)
{
    if (r->stream && fwrite(bytes, 1, size, r->stream) != size) r->whole = false;
}

static void add_member(struct result *r, cJSON *object, const char *key, cJSON *item)
{
    if (!mcp_message_add(object, key, item)) r->whole = false;
}

static void add_text(struct result *r, cJSON *object, const char *key, const char *text, size_t size)
{
    add_member(r, object, key, report_string(text, size));
}

static void add_number(struct result *r, cJSON *object, const char *key, double number)
{
    add_member(r, object, key, cJSON_CreateNumber(number));
}

static cJSON *add_item(struct result *r, cJSON *list)
{
    cJSON *item = cJSON_CreateObject();
    if (item && cJSON_AddItemToArray(list, item)) return item;
    cJSON_Delete(item);
    r->whole = false;
    return NULL;
}

static void add_lines(struct result *r, cJSON *object, uint64_t first, uint64_t last)
{
    const double lines[] = {(double)first, (double)last};
    add_member(r, object, "line", cJSON_CreateDoubleArray(lines, 2));
}

/* The call's result: both forms, or NULL. */
static cJSON *end_result(struct result *r, bool failed)
{
    if (r->stream && fclose(r->stream) != 0) r->whole = false;
    cJSON *result = cJSON_CreateObject(), *content = cJSON_AddArrayToObject(result, "content");
    cJSON *block = content ? add_item(r, content) : NULL;
    if (!block || !cJSON_AddStringToObject(block, "type", "text")) r->whole = false;
    if (r->whole) add_text(r, block, "text", r->text, r->size);
    if (failed) add_member(r, result, "isError", cJSON_CreateTrue());
    if (!failed && r->whole) add_member(r, result, "structuredContent", r->object);
    if (failed || !r->whole) cJSON_Delete(r->object);
    free(r->text);
    if (r->whole) return result;
    cJSON_Delete(result);
    return NULL;
}

cJSON *mcp_place_failure(const char *why)
{
    struct result r;
    begin_result(&r);
    put_words(&r, "%s", why);
    return end_result(&r, true);
}

/* Where line `line` (from 0) ends, its newline included. */
static uint64_t line_end(const struct document *d, uint64_t line)
{
    return line + 1 < d->n_lines ? d->lines[line + 1] : d->size;
}

/* Lines [first, last] (from 0) as a string, long ones cut at a character; malloc'ed, NULL without memory. */
static char *copy_lines(const struct document *d, uint64_t first, uint64_t last, size_t *size)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, size);
    for (uint64_t i = first; f && i <= last && i < d->n_lines; i++) {
        const char *line = d->text + d->lines[i];
        const size_t n = (size_t)(line_end(d, i) - d->lines[i]);
        const size_t shown = n > LINE_BYTES ? safe_text_whole(line, LINE_BYTES) : n;
        fwrite(line, 1, shown, f);
        if (shown < n) fputs(" ...\n", f);
    }
    if (f && fclose(f) == 0) return text;
    free(text);
    return NULL;
}

static double read_share(const struct mcp_text *t)
{
    const struct reader_progress *p = &t->progress;
    if (t->done || p->total_bytes == 0) return 1;
    return (double)p->bytes / (double)p->total_bytes;
}

static void add_place(struct result *r, cJSON *list, const struct mcp_text *t, const struct finding_item *item,
                      const struct mcp_call *call, size_t rank)
{
    const struct document *d = &t->corpus->documents[item->document];
    struct place place;
    cJSON *o = add_item(r, list);
    report_place(t->corpus, item, &place);
    uint64_t last = place.line[0] + (uint64_t)call->snippet_lines - 1;
    if (last > place.line[1]) last = place.line[1];
    size_t size = 0;
    char *text = call->snippet_lines ? copy_lines(d, place.line[0] - 1, last - 1, &size) : calloc(1, 1);
    if (!o || !text) {
        r->whole = false;
        free(text);
        return;
    }
    add_text(r, o, "path", place.path, strlen(place.path));
    add_lines(r, o, place.line[0], place.line[1]);
    if (place.at) add_text(r, o, "at", place.at, strlen(place.at));
    add_number(r, o, "score", item->score);
    add_text(r, o, "text", text, size);
    put_words(r, "%zu. %s:%llu-%llu%s%s\n", rank, place.path, (unsigned long long)place.line[0],
              (unsigned long long)place.line[1], place.at ? "  " : "", place.at ? place.at : "");
    put_bytes(r, text, size);
    put_words(r, "%s\n", size && text[size - 1] != '\n' ? "\n" : "");
    free(text);
}

cJSON *mcp_place_search(const struct mcp_text *t, const struct finding *f, const struct mcp_call *call)
{
    struct result r;
    size_t first = (size_t)call->cursor, last = first + (size_t)call->limit;
    if (last > f->n_items) last = f->n_items;
    begin_result(&r);
    cJSON *list = cJSON_AddArrayToObject(r.object, "places");
    if (!list) r.whole = false;
    if (f->read_share < 1)
        put_words(&r, "Only %.0f %% of the text is read so far: %s.\n\n", 100 * f->read_share,
                  f->rank_by == FINDING_FUSED || f->rank_by == FINDING_ATTENTION
                      ? "the rest was not looked at"
                      : "these places were found by words, not yet by attention");
    if (first >= last) put_words(&r, "No place.\n");
    if (f->judged && !f->found) put_words(&r, "No place seems to answer this; the nearest:\n\n");
    for (size_t i = first; i < last && r.whole; i++) add_place(&r, list, t, &f->items[i], call, i + 1);
    add_number(&r, r.object, "read_share", f->read_share);
    add_member(&r, r.object, "found", f->judged ? cJSON_CreateBool(f->found) : cJSON_CreateNull());
    add_member(&r, r.object, "confidence", f->judged ? cJSON_CreateNumber((double)f->confidence) : cJSON_CreateNull());
    if (last < f->n_items) {
        char cursor[24];
        add_text(&r, r.object, "next_cursor", cursor, (size_t)snprintf(cursor, sizeof cursor, "%zu", last));
        put_words(&r, "(more: cursor %zu)\n", last);
    }
    return end_result(&r, false);
}

static const struct document *find_document(const struct mcp_text *t, const char *path)
{
    for (size_t i = 0; i < t->corpus->n_documents; i++)
        if (strcmp(t->corpus->documents[i].path, path) == 0) return &t->corpus->documents[i];
    return NULL;
}

static cJSON *no_document(const char *tool, const char *path)
{
    struct result r;
    begin_result(&r);
    put_words(&r, "%s: no document \"%s\" was read; paths are as search and outline give them", tool, path);
    return end_result(&r, true);
}

int mcp_place_find(const struct mcp_text *t, const struct mcp_call *call, size_t *document, uint64_t *offset,
                   struct error *e)
{
    const struct document *d = find_document(t, call->path);
    const uint64_t line = (uint64_t)call->line;
    if (!d)
        return error_set_kind(e, ERROR_USAGE,
                              "similar: no document \"%s\" was read; paths are as search and outline "
                              "give them",
                              call->path);
    if (line > d->n_lines || d->lines[line - 1] >= d->size)
        return error_set_kind(e, ERROR_USAGE, "similar: %s has %llu lines", call->path, (unsigned long long)d->n_lines);
    *document = (size_t)(d - t->corpus->documents);
    *offset = d->lines[line - 1];
    return 0;
}

cJSON *mcp_place_read(const struct mcp_text *t, const struct mcp_call *call)
{
    const struct document *d = find_document(t, call->path);
    struct result r;
    if (!d) return no_document("read_place", call->path);
    begin_result(&r);
    if ((uint64_t)call->line > d->n_lines) {
        put_words(&r, "read_place: %s has %llu lines", call->path, (unsigned long long)d->n_lines);
        return end_result(&r, true);
    }
    uint64_t line = (uint64_t)call->line - 1, before = (uint64_t)call->before;
    uint64_t first = line > before ? line - before : 0, last = line + (uint64_t)call->after;
    if (last >= d->n_lines) last = d->n_lines - 1;
    size_t size = 0;
    char *text = copy_lines(d, first, last, &size);
    if (!text) r.whole = false;
    add_text(&r, r.object, "path", d->path, strlen(d->path));
    add_lines(&r, r.object, first + 1, last + 1);
    add_number(&r, r.object, "lines", (double)d->n_lines);
    add_text(&r, r.object, "text", text ? text : "", size);
    add_member(&r, r.object, "cut", cJSON_CreateBool(last + 1 < d->n_lines));
    put_bytes(&r, text ? text : "", size);
    free(text);
    return end_result(&r, false);
}

/* Headings of one document. */
static void list_headings(struct result *r, cJSON *list, const struct mcp_text *t, const struct document *d,
                          size_t skip, size_t *more)
{
    size_t i, last, n = 0;
    while (outline_step(t->outline, 1000)) {
    }
    outline_headings(t->outline, (size_t)(d - t->corpus->documents), &i, &last);
    for (i += skip; i < last && n < MCP_PAGE && r->whole; i++, n++) {
        const struct outline_heading *h = &t->outline->headings[i];
        const char *title = h->title;
        uint64_t line = corpus_document_line(d, h->offset);
        cJSON *o = add_item(r, list);
        add_text(r, o, "path", d->path, strlen(d->path));
        add_text(r, o, "heading", title, h->size);
        add_number(r, o, "level", h->level);
        add_number(r, o, "line", (double)line);
        put_words(r, "%*s%.*s  line %llu\n", 2 * (h->level - 1), "", (int)h->size, title, (unsigned long long)line);
    }
    *more = i < last ? skip + n : 0;
}

/* Whether a document lies below a folder; every one does below "". */
static bool is_below(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    while (n > 0 && folder[n - 1] == '/') n--;
    return n == 0 || (strncmp(path, folder, n) == 0 && path[n] == '/');
}

static void list_documents(struct result *r, cJSON *list, const struct mcp_text *t, const char *folder, size_t skip,
                           size_t *more)
{
    size_t seen = 0;
    *more = 0;
    for (size_t i = 0; i < t->corpus->n_documents && r->whole; i++) {
        const struct document *d = &t->corpus->documents[i];
        if (!is_below(d->path, folder) || seen++ < skip) continue;
        if (seen > skip + MCP_PAGE) {
            *more = skip + MCP_PAGE;
            return;
        }
        cJSON *o = add_item(r, list);
        add_text(r, o, "path", d->path, strlen(d->path));
        add_number(r, o, "lines", (double)d->n_lines);
        put_words(r, "%s  %llu lines\n", d->path, (unsigned long long)d->n_lines);
    }
}

cJSON *mcp_place_outline(const struct mcp_text *t, const struct mcp_call *call)
{
    const char *path = call->path ? call->path : "";
    const struct document *d = find_document(t, path);
    struct result r;
    size_t more = 0, skip = (size_t)call->cursor;
    begin_result(&r);
    cJSON *list = cJSON_AddArrayToObject(r.object, "entries");
    if (!list) r.whole = false;
    if (d)
        list_headings(&r, list, t, d, skip, &more);
    else
        list_documents(&r, list, t, path, skip, &more);
    if (r.whole && !d && skip == 0 && cJSON_GetArraySize(list) == 0) {
        cJSON_Delete(end_result(&r, false));
        return no_document("outline", path);
    }
    if (more > 0) {
        char cursor[24];
        add_text(&r, r.object, "next_cursor", cursor, (size_t)snprintf(cursor, sizeof cursor, "%zu", more));
        put_words(&r, "(more: cursor %zu)\n", more);
    }
    return end_result(&r, false);
}

static void list_skipped(struct result *r, const struct corpus *c)
{
    cJSON *list = cJSON_AddArrayToObject(r->object, "skipped");
    if (!list) r->whole = false;
    for (size_t i = 0; i < c->n_skipped && i < SKIPPED_LISTED && r->whole; i++) {
        cJSON *o = add_item(r, list);
        add_text(r, o, "path", c->skipped[i].path, strlen(c->skipped[i].path));
        add_text(r, o, "reason", c->skipped[i].reason, strlen(c->skipped[i].reason));
        put_words(r, "left out: %s: %s\n", c->skipped[i].path, c->skipped[i].reason);
    }
    add_number(r, r->object, "n_skipped", (double)c->n_skipped);
}

cJSON *mcp_place_status(const struct mcp_text *t)
{
    const struct reader_progress *p = &t->progress;
    struct result r;
    begin_result(&r);
    add_number(&r, r.object, "read_share", read_share(t));
    add_member(&r, r.object, "done", cJSON_CreateBool(t->done));
    add_number(&r, r.object, "tokens", (double)p->tokens);
    add_number(&r, r.object, "documents", (double)t->corpus->n_documents);
    add_number(&r, r.object, "bytes", (double)t->corpus->n_bytes);
    add_member(&r, r.object, "seconds_left",
               t->done               ? cJSON_CreateNumber(0)
               : p->seconds_left < 0 ? cJSON_CreateNull()
                                     : cJSON_CreateNumber(p->seconds_left));
    put_words(&r, "%.0f %% of %zu documents (%llu bytes) read, %llu tokens\n", 100 * read_share(t),
              t->corpus->n_documents, (unsigned long long)t->corpus->n_bytes, (unsigned long long)p->tokens);
    const char *note =
        t->waits ? "another process is reading this text and is waited for; a search is answered at once" : t->note;
    if (*note) {
        add_text(&r, r.object, "note", note, strlen(note));
        put_words(&r, "%s\n", note);
    }
    list_skipped(&r, t->corpus);
    return end_result(&r, false);
}
