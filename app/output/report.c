#include "app/output/report.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "app/answer/own_words.h"
#include "app/reader/finding.h"
#include "app/text/corpus.h"
#include "app/text/json.h"
#include "compute/backend.h"
#include "compute/device_list.h"
#include "compute/error.h"
#include "compute/model.h"

void report_place_of(const struct document *d, uint64_t offset, size_t size, struct place *out)
{
    uint64_t end = offset + size;
    *out = (struct place){
        .path = d->path,
        .line = {corpus_document_line(d, offset), corpus_document_line(d, size ? end - 1 : end)},
        .byte = {corpus_document_file_offset(d, offset), corpus_document_file_offset(d, end)},
        .text = d->text + offset,
        .size = size,
        .at = corpus_document_at(d, offset),
    };
}

void report_place(const struct corpus *c, const struct finding_item *item, struct place *out)
{
    report_place_of(&c->documents[item->document], item->offset, item->size, out);
}

size_t report_snippet(const struct place *p, int lines)
{
    size_t size = 0;
    if (lines < 0) return p->size;
    for (; lines > 0 && size < p->size; lines--) {
        const char *stop = memchr(p->text + size, '\n', p->size - size);
        size = stop ? (size_t)(stop - p->text) + 1 : p->size;
    }
    return size;
}

/* Controls, also the upper ones that a terminal obeys, and marks that turn the direction of what comes after them or
 * show nothing: a terminal that JSON is looked at in must not act on them. Parsed, the text is the same. */
static bool is_hidden(utf8proc_int32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x61C || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF;
}

/* Escapes one character of JSON text at `in`; returns how many bytes it took. */
static size_t escape(const char *in, size_t size, char **out)
{
    utf8proc_int32_t c;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)in, (utf8proc_ssize_t)size, &c);
    char *o = *out;
    if (n <= 0) {
        memcpy(o, "\xEF\xBF\xBD", 3);
        o += 3;
        n = 1;
    } else if (is_hidden(c)) {
        o += sprintf(o, "\\u%04x", (unsigned)c);
    } else if (c == '"' || c == '\\') {
        *o++ = '\\';
        *o++ = (char)c;
    } else {
        memcpy(o, in, (size_t)n);
        o += n;
    }
    *out = o;
    return (size_t)n;
}

cJSON *report_string(const char *bytes, size_t size)
{
    char *text = cJSON_malloc(size * 6 + 3); /* a control character takes the most: \u001b */
    if (!text) return NULL;
    char *o = text;
    *o++ = '"';
    for (size_t i = 0; i < size;) i += escape(bytes + i, size - i, &o);
    *o++ = '"';
    *o = '\0';
    cJSON *item = cJSON_CreateRaw(text);
    cJSON_free(text);
    return item;
}

void report_add_string(struct cJSON *object, const char *key, const char *text)
{
    cJSON_AddItemToObject(object, key, report_string(text, strlen(text)));
}

void report_add_range(struct cJSON *object, const char *key, uint64_t begin, uint64_t end)
{
    cJSON *range = cJSON_AddArrayToObject(object, key);
    cJSON_AddItemToArray(range, cJSON_CreateNumber((double)begin));
    cJSON_AddItemToArray(range, cJSON_CreateNumber((double)end));
}

static void add_number(cJSON *object, const char *key, double number)
{
    cJSON_AddNumberToObject(object, key, number);
}

static cJSON *read_object(const struct report *r)
{
    struct reader_progress p;
    reader_progress(r->reader, &p);
    size_t n_documents;
    reader_documents(r->reader, &n_documents);
    cJSON *read = cJSON_CreateObject();
    add_number(read, "documents", (double)n_documents);
    add_number(read, "bytes", (double)p.bytes);
    add_number(read, "tokens", (double)p.tokens);
    add_number(read, "new_tokens", (double)p.new_tokens);
    add_number(read, "kept_tokens", (double)(p.tokens - p.new_tokens));
    add_number(read, "seconds", p.seconds);
    add_number(read, "tokens_per_second", p.seconds > 0 ? (double)p.new_tokens / p.seconds : 0);
    add_number(read, "memory", (double)p.memory);
    add_number(read, "state_bytes", (double)p.state_bytes);
    cJSON *skipped = cJSON_AddArrayToObject(read, "skipped");
    for (size_t i = 0; i < r->corpus->n_skipped; i++) {
        cJSON *s = cJSON_CreateObject();
        report_add_string(s, "path", r->corpus->skipped[i].path);
        report_add_string(s, "reason", r->corpus->skipped[i].reason);
        cJSON_AddItemToArray(skipped, s);
    }
    cJSON *notes = cJSON_AddArrayToObject(read, "notes");
    const char *note = reader_note(r->reader);
    if (*note) cJSON_AddItemToArray(notes, report_string(note, strlen(note)));
    for (size_t i = 0; i < r->corpus->n_notes; i++) {
        cJSON_AddItemToArray(notes, report_string(r->corpus->notes[i], strlen(r->corpus->notes[i])));
    }
    return read;
}

/* NAN: null. */
static void add_score(cJSON *o, const char *key, float score)
{
    if (isnan(score))
        cJSON_AddNullToObject(o, key);
    else
        add_number(o, key, (double)score);
}

static cJSON *evidence_object(const struct report *r, const struct finding_item *item, size_t rank)
{
    size_t n_read;
    const struct reader_segment *segments = reader_segments(r->reader, &n_read);
    struct place place;
    report_place(r->corpus, item, &place);
    cJSON *o = cJSON_CreateObject();
    add_number(o, "rank", (double)rank);
    add_number(o, "score", (double)item->score);
    add_score(o, "share", item->share);
    report_add_string(o, "path", place.path);
    report_add_range(o, "line", place.line[0], place.line[1]);
    report_add_range(o, "byte", place.byte[0], place.byte[1]);
    if (place.at)
        report_add_string(o, "at", place.at);
    else
        cJSON_AddNullToObject(o, "at");
    if (item->segment < n_read && !isnan(item->share))
        report_add_range(o, "token", segments[item->segment].first_token, segments[item->segment].end_token);
    else
        cJSON_AddNullToObject(o, "token");
    cJSON *scores = cJSON_AddObjectToObject(o, "scores");
    add_score(scores, "attention", item->attention);
    add_score(scores, "bm25", item->bm25);
    add_score(scores, "fused", item->fused);
    add_score(scores, "reread", item->reread);
    cJSON_AddItemToObject(o, "text", report_string(place.text, report_snippet(&place, r->snippet_lines)));
    return o;
}

static void add_span(cJSON *spans, const struct finding *f, const struct corpus *c, const struct finding_span *s)
{
    const struct document *d = &c->documents[f->items[s->item].document];
    cJSON *span = cJSON_CreateObject();
    cJSON_AddItemToObject(span, "text", report_string(d->text + s->begin, (size_t)(s->end - s->begin)));
    add_number(span, "evidence", (double)s->item + 1);
    report_add_range(span, "byte", corpus_document_file_offset(d, s->begin), corpus_document_file_offset(d, s->end));
    cJSON_AddItemToArray(spans, span);
}

int report_add_spans(cJSON *o, const struct finding *f, const struct answer *a, const struct corpus *c, struct error *e)
{
    cJSON *spans = cJSON_AddArrayToObject(o, "spans");
    struct own_words *own = NULL;
    size_t n = 0;
    const bool modelled = a && answer_is_modelled(a->answerer);
    if (modelled && own_words_find(&own, &n, a->answerer, a->text, strlen(a->text), f, c, e)) return -1;
    for (size_t i = 0; i < n; i++)
        add_span(spans, f, c, &(struct finding_span){own[i].item, own[i].offset, own[i].text_end});
    for (size_t i = 0; !modelled && f->found && i < f->n_spans; i++) add_span(spans, f, c, &f->spans[i]);
    free(own);
    return 0;
}

/* What the second reading says; null where it did not judge. */
static void add_judgement(cJSON *o, const struct finding *f)
{
    add_score(o, "confidence", f->judged ? f->confidence : NAN);
    if (f->judged)
        cJSON_AddBoolToObject(o, "found", f->found);
    else
        cJSON_AddNullToObject(o, "found");
    add_number(o, "read_share", f->read_share);
}

void report_add_common(cJSON *o, const struct report *r)
{
    report_add_string(o, "model", r->model->name);
    report_add_string(o, "device", backend_info(r->backend)->name);
    report_add_string(o, "version", LECTERN_VERSION);
}

int report_print(cJSON *object, FILE *out, struct error *e)
{
    char *text = json_print(object, false);
    cJSON_Delete(object);
    if (!text) return error_memory(e);
    int failed = fprintf(out, "%s\n", text) < 0 || fflush(out) != 0;
    free(text);
    return failed ? error_set(e, "standard output: %s", strerror(errno)) : 0;
}

int report_read(const struct report *r, FILE *out, struct error *e)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddItemToObject(o, "read", read_object(r));
    report_add_common(o, r);
    return report_print(o, out, e);
}

/* Without an answer nothing was worded. */
static void add_answer(cJSON *o, const struct finding *f, const struct answer *a)
{
    if (a) {
        report_add_string(o, "answer", a->text);
        report_add_string(o, "answerer", a->answerer);
    } else {
        cJSON_AddNullToObject(o, "answer");
        cJSON_AddNullToObject(o, "answerer");
    }
    if (a && a->failure) report_add_string(o, "answerer_failed", a->failure);
    if (a && a->cut) report_add_string(o, "answer_cut", a->cut);
    cJSON *seconds = cJSON_AddObjectToObject(o, "seconds");
    add_number(seconds, "evidence", f->seconds);
    if (!a) return;
    add_number(seconds, "first_words", a->first_words_seconds);
    add_number(seconds, "answer", a->seconds);
}

int report_ask(const struct report *r, const struct finding *f, const struct answer *a, FILE *out, struct error *e)
{
    cJSON *o = cJSON_CreateObject();
    report_add_string(o, "question", f->question);
    add_answer(o, f, a);
    if (report_add_spans(o, f, a, r->corpus, e)) {
        cJSON_Delete(o);
        return -1;
    }
    add_judgement(o, f);
    report_add_string(o, "rank_by", finding_rank_name(f->rank_by));
    cJSON *evidence = cJSON_AddArrayToObject(o, "evidence");
    for (size_t i = 0; i < f->n_items; i++) cJSON_AddItemToArray(evidence, evidence_object(r, &f->items[i], i + 1));
    cJSON_AddItemToObject(o, "read", read_object(r));
    report_add_common(o, r);
    return report_print(o, out, e);
}

int report_places(const struct report *r, const struct finding *f, FILE *out, struct error *e)
{
    for (size_t i = 0; i < f->n_items; i++)
        if (report_print(evidence_object(r, &f->items[i], i + 1), out, e)) return -1;
    return 0;
}

int report_devices(const struct device *devices, size_t n, FILE *out, struct error *e)
{
    cJSON *o = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(o, "devices");
    for (size_t i = 0; i < n; i++) {
        cJSON *d = cJSON_CreateObject();
        report_add_string(d, "id", devices[i].id);
        report_add_string(d, "name", devices[i].name);
        report_add_string(d, "driver", devices[i].driver);
        cJSON_AddBoolToObject(d, "software", devices[i].software);
        cJSON_AddBoolToObject(d, "usable", devices[i].usable);
        report_add_string(d, "tier", devices[i].tier);
        add_number(d, "memory", (double)devices[i].memory);
        report_add_string(d, "limits", devices[i].limits);
        add_number(d, "self_test_seconds", devices[i].self_test_seconds);
        report_add_string(d, "note", devices[i].note);
        cJSON_AddItemToArray(list, d);
    }
    return report_print(o, out, e);
}
