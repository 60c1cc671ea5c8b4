#include "app/answer/answer.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "app/text/corpus.h"
#include "app/answer/quote.h"
#include "app/reader/reader.h"
#include "compute/error.h"
#include "compute/evidence.h"

/* Segments that an answer may quote from. */
#define QUOTED_SEGMENTS 8

void answer_close(struct answer *a)
{
    if (!a) return;
    evidence_close(a->attention);
    free(a->question);
    free(a->text);
    free(a->failure);
    free(a->items);
    free(a->share);
    free(a->score);
    free(a);
}

static void *copied(const void *bytes, size_t n, size_t size)
{
    void *copy = calloc(n + 1, size);
    if (copy && n) memcpy(copy, bytes, n * size);
    return copy;
}

int answer_copy_evidence(struct answer **out, const struct answer *a, struct error *e)
{
    struct answer *copy = calloc(1, sizeof *copy);
    if (!copy) return error_memory(e);
    copy->question = strdup(a->question);
    memcpy(copy->answerer, a->answerer, sizeof copy->answerer);
    copy->rank_by = a->rank_by;
    copy->items = copied(a->items, a->n_items, sizeof *a->items);
    copy->share = copied(a->share, a->n_segments, sizeof *a->share);
    copy->score = copied(a->score, a->n_segments, sizeof *a->score);
    copy->n_items = a->n_items;
    copy->n_segments = a->n_segments;
    copy->evidence_seconds = a->evidence_seconds;
    if (!copy->question || !copy->items || !copy->share || !copy->score) {
        answer_close(copy);
        return error_memory(e);
    }
    if (a->attention && evidence_copy(&copy->attention, a->attention, e) != 0) {
        answer_close(copy);
        return -1;
    }
    *out = copy;
    return 0;
}

int answer_compose(struct answer *a, const struct reader *r, const struct reader_callbacks *c, struct error *e)
{
    struct quote_source sources[QUOTED_SEGMENTS] = {{0}};
    size_t n = a->n_items < QUOTED_SEGMENTS ? a->n_items : QUOTED_SEGMENTS, n_segments;
    const struct reader_segment *segments = reader_segments(r, &n_segments);
    for (size_t i = 0; i < n; i++) {
        const struct reader_segment *s = &segments[a->items[i].segment];
        const struct document *d = &reader_corpus(r)->documents[s->document];
        sources[i] = (struct quote_source){d->path, d->text + s->offset, s->size, a->items[i].score};
    }
    if (quote_answer(&a->text, a->question, sources, n, e) != 0) return -1;
    snprintf(a->answerer, sizeof a->answerer, "quoted sentences");
    if (c->answer) c->answer(c->context, a->text, strlen(a->text));
    return 0;
}
