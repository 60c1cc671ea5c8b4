#include "app/panes/atlas.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "app/worker/message.h"
#include "compute/bytes.h"
#include "compute/error.h"

int atlas_open(struct atlas **out, const struct corpus *c, struct error *e)
{
    struct atlas *a = calloc(1, sizeof *a);
    uint64_t *starts = calloc(c->n_documents + 1, sizeof *starts);
    if (a == NULL || starts == NULL) {
        free(a);
        free(starts);
        return error_set_kind(e, ERROR_MEMORY, "no memory for %zu documents", c->n_documents);
    }
    for (size_t i = 0; i < c->n_documents; i++) starts[i + 1] = starts[i] + c->documents[i].size;
    a->corpus = c;
    a->starts = starts;
    *out = a;
    return 0;
}

void atlas_close(struct atlas *a)
{
    if (a == NULL) return;
    free(a->starts);
    free(a->documents);
    free(a->segments);
    free(a);
}

static void replace_tables(struct atlas *a, struct message_tables *t)
{
    free(a->documents);
    free(a->segments);
    a->documents = t->documents;
    a->n_documents = a->document_capacity = t->n_documents;
    a->segments = t->segments;
    a->n_segments = a->segment_capacity = t->n_segments;
    t->documents = NULL;
    t->segments = NULL;
}

int atlas_extend(struct atlas *a, struct message_tables *t, struct error *e)
{
    assert(t->first_document <= a->n_documents && t->first_segment <= a->n_segments);
    size_t end_document = t->first_document + t->n_documents, end_segment = t->first_segment + t->n_segments;
    if (t->first_document == 0 && t->first_segment == 0) {
        replace_tables(a, t);
        return 0;
    }
    struct reader_document *d = bytes_reserve(a->documents, &a->document_capacity, end_document, sizeof *d);
    if (d != NULL) a->documents = d;
    struct reader_segment *s = bytes_reserve(a->segments, &a->segment_capacity, end_segment, sizeof *s);
    if (s != NULL) a->segments = s;
    if (d == NULL || s == NULL) return error_set_kind(e, ERROR_MEMORY, "no memory for %zu segments", end_segment);
    if (t->n_documents) memcpy(d + t->first_document, t->documents, t->n_documents * sizeof *d);
    if (t->n_segments) memcpy(s + t->first_segment, t->segments, t->n_segments * sizeof *s);
    a->n_documents = end_document;
    a->n_segments = end_segment;
    return 0;
}

uint64_t atlas_byte(const struct atlas *a, struct spot p)
{
    return a->starts[p.document] + p.offset;
}

struct spot atlas_spot(const struct atlas *a, uint64_t byte)
{
    size_t low = 0, high = a->corpus->n_documents;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (a->starts[middle] <= byte)
            low = middle;
        else
            high = middle;
    }
    uint64_t offset = byte - a->starts[low], size = a->corpus->documents[low].size;
    return (struct spot){low, offset < size ? offset : size};
}

uint64_t atlas_tokens(const struct atlas *a)
{
    return a->n_documents ? a->documents[a->n_documents - 1].end_token : 0;
}

/* Bytes of text that the tables cover. */
static uint64_t bytes_read(const struct atlas *a)
{
    if (a->n_segments == 0) return 0;
    const struct reader_segment *s = &a->segments[a->n_segments - 1];
    return a->starts[s->document] + s->offset + s->size;
}

uint64_t atlas_total_tokens(const struct atlas *a)
{
    uint64_t read = bytes_read(a), all = a->starts[a->corpus->n_documents], tokens = atlas_tokens(a);
    if (read == 0) return all / 4 + 1;
    if (read >= all) return tokens;
    return tokens + (uint64_t)((double)(all - read) * ((double)tokens / (double)read));
}

size_t atlas_segment_at(const struct atlas *a, struct spot p)
{
    size_t low = 0, high = a->n_segments;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct reader_segment *s = &a->segments[middle];
        if (s->document < p.document || (s->document == p.document && s->offset + s->size <= p.offset))
            low = middle + 1;
        else
            high = middle;
    }
    if (low < a->n_segments && a->segments[low].document == p.document && a->segments[low].offset <= p.offset)
        return low;
    /* The end of a document belongs to its last segment. */
    if (low > 0 && a->segments[low - 1].document == p.document && p.offset == a->corpus->documents[p.document].size)
        return low - 1;
    return SIZE_MAX;
}

size_t atlas_segment_of_token(const struct atlas *a, uint64_t token)
{
    size_t low = 0, high = a->n_segments;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (a->segments[middle].end_token <= token)
            low = middle + 1;
        else
            high = middle;
    }
    return low < a->n_segments ? low : SIZE_MAX;
}

uint64_t atlas_token(const struct atlas *a, struct spot p)
{
    size_t i = atlas_segment_at(a, p);
    if (i == SIZE_MAX) {
        uint64_t read = bytes_read(a), byte = atlas_byte(a, p), tokens = atlas_tokens(a);
        if (p.document < a->n_documents && byte <= read) return a->documents[p.document].first_token;
        return read ? (uint64_t)((double)byte * ((double)tokens / (double)read)) : byte / 4;
    }
    const struct reader_segment *s = &a->segments[i];
    uint64_t into = p.offset - s->offset, tokens = s->end_token - s->first_token;
    return s->first_token + (s->size ? into * tokens / s->size : 0);
}

struct spot atlas_token_spot(const struct atlas *a, uint64_t token)
{
    size_t i = atlas_segment_of_token(a, token);
    if (i == SIZE_MAX) {
        uint64_t read = bytes_read(a), tokens = atlas_tokens(a);
        return atlas_spot(a, tokens ? (uint64_t)((double)token * ((double)read / (double)tokens)) : token * 4);
    }
    const struct reader_segment *s = &a->segments[i];
    uint64_t tokens = s->end_token - s->first_token;
    uint64_t into = token > s->first_token && tokens ? (token - s->first_token) * s->size / tokens : 0;
    return (struct spot){s->document, s->offset + into};
}
