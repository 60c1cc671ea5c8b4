#include "app/answer/answer.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "app/answer/answer_spans.h"
#include "app/text/corpus.h"
#include "app/answer/quote.h"
#include "app/answer/quote_text.h"
#include "compute/error.h"

/* Segments that an answer may quote from. */
#define QUOTED_SEGMENTS 8

void answer_close(struct answer *a)
{
    if (!a) return;
    free(a->text);
    free(a->failure);
    free(a->cut);
    free(a);
}

static int quote(struct answer *a, const struct corpus *corpus, struct error *e)
{
    const struct finding *f = a->finding;
    struct quote_source sources[QUOTED_SEGMENTS] = {{0}};
    size_t n = f->n_items < QUOTED_SEGMENTS ? f->n_items : QUOTED_SEGMENTS;
    for (size_t i = 0; i < n; i++) {
        const struct finding_item *item = &f->items[i];
        const struct document *d = &corpus->documents[item->document];
        sources[i] = (struct quote_source){d->path, d->text + item->offset, item->size, item->score};
    }
    return quote_answer(&a->text, f->question, sources, n, e);
}

/* Of code the lines that define what is asked about say more than words that are not likely the answer. */
static bool is_guess_in_code(const struct finding *f, const struct corpus *corpus)
{
    if (!f->found || f->n_spans == 0 || f->confidence >= ANSWER_SPANS_LIKELY) return false;
    return quote_text_is_code(corpus->documents[f->items[f->spans[0].item].document].path);
}

int answer_compose(struct answer *a, const struct corpus *corpus, bool quotes, const struct answer_callbacks *c,
                   struct error *e)
{
    const bool spans = a->finding->judged && !quotes && !is_guess_in_code(a->finding, corpus);
    if ((spans ? answer_spans(a, corpus, e) : quote(a, corpus, e)) != 0) return -1;
    snprintf(a->answerer, sizeof a->answerer, "%s", spans ? ANSWER_SPANS : ANSWER_QUOTES);
    if (c->words) c->words(c->context, a->text, strlen(a->text));
    return 0;
}
