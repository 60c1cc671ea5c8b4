#include "app/worker/message.h"

#include <stdlib.h>
#include <string.h>

#include "app/reader/inspected.h"

struct message *message_new(enum message_type type)
{
    struct message *m = calloc(1, sizeof *m);
    if (m != NULL) m->type = type;
    return m;
}

void message_free(struct message *m)
{
    if (m == NULL) return;
    free(m->text);
    free(m->topic);
    scope_free(&m->scope);
    free(m->tables.documents);
    free(m->tables.segments);
    free(m->shares.offsets);
    free(m->shares.share);
    free(m->lens.tokens);
    free(m->lens.share);
    answer_close(m->answer);
    inspected_close(m->inspected);
    message_free(m->reserve);
    free(m);
}

bool message_text(struct message *m, const char *text, size_t size)
{
    char *copy = malloc(size + 1);
    if (copy == NULL) return false;
    if (size) memcpy(copy, text, size);
    copy[size] = '\0';
    free(m->text);
    m->text = copy;
    m->size = size;
    return true;
}

static bool merge_text(struct message *m, const struct message *next)
{
    char *text = realloc(m->text, m->size + next->size + 1);
    if (text == NULL) return false;
    memcpy(text + m->size, next->text, next->size + 1);
    m->text = text;
    m->size += next->size;
    return true;
}

/* The later tables begin inside, or right after, the earlier ones, and go further. */
static bool merge_tables(struct message_tables *t, const struct message_tables *next)
{
    if (next->first_document < t->first_document || next->first_segment < t->first_segment) return false;
    size_t skip_d = next->first_document - t->first_document, skip_s = next->first_segment - t->first_segment;
    if (skip_d > t->n_documents || skip_s > t->n_segments) return false;
    struct reader_document *d = realloc(t->documents, (skip_d + next->n_documents + 1) * sizeof *d);
    if (d == NULL) return false;
    t->documents = d;
    struct reader_segment *s = realloc(t->segments, (skip_s + next->n_segments + 1) * sizeof *s);
    if (s == NULL) return false;
    t->segments = s;
    if (next->n_documents) memcpy(d + skip_d, next->documents, next->n_documents * sizeof *d);
    if (next->n_segments) memcpy(s + skip_s, next->segments, next->n_segments * sizeof *s);
    t->n_documents = skip_d + next->n_documents;
    t->n_segments = skip_s + next->n_segments;
    return true;
}

bool message_merge(struct message *m, struct message *next)
{
    if (m->type != next->type) return false;
    if (m->type == MESSAGE_SCALE_STEP) {
        m->scale = next->scale;
        return true;
    }
    if (m->type == MESSAGE_ANSWER_TEXT) return m->id == next->id && merge_text(m, next);
    if (m->type != MESSAGE_WAITS && (m->type != MESSAGE_PROGRESS || !merge_tables(&m->tables, &next->tables)))
        return false;
    m->progress = next->progress;
    return true;
}
