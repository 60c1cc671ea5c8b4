#include "app/answer/answer.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "app/text/corpus.h"
#include "app/answer/quote.h"
#include "app/reader/reader.h"
#include "compute/error.h"

/* Segments that an answer may quote from. */
#define QUOTED_SEGMENTS 8

void answer_close(struct answer *a)
{
    if (!a) return;
    free(a->text);
    free(a->failure);
    free(a);
}

int answer_compose(struct answer *a, const struct reader *r, const struct answer_callbacks *c, struct error *e)
{
    const struct finding *f = a->finding;
    struct quote_source sources[QUOTED_SEGMENTS] = {{0}};
    size_t n = f->n_items < QUOTED_SEGMENTS ? f->n_items : QUOTED_SEGMENTS, n_segments;
    const struct reader_segment *segments = reader_segments(r, &n_segments);
    for (size_t i = 0; i < n; i++) {
        const struct reader_segment *s = &segments[f->items[i].segment];
        const struct document *d = &reader_corpus(r)->documents[s->document];
        sources[i] = (struct quote_source){d->path, d->text + s->offset, s->size, f->items[i].score};
    }
    if (quote_answer(&a->text, f->question, sources, n, e) != 0) return -1;
    snprintf(a->answerer, sizeof a->answerer, "quoted sentences");
    if (c->words) c->words(c->context, a->text, strlen(a->text));
    return 0;
}
