#include "app/answer/answer.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

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

bool answer_is_modelled(const char *answerer)
{
    return answerer[0] != '\0' && strcmp(answerer, ANSWER_SPANS) != 0 && strcmp(answerer, ANSWER_QUOTES) != 0 &&
           strncmp(answerer, ANSWER_DOUBTED, strlen(ANSWER_DOUBTED)) != 0;
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

/* That no place seems to answer, and the sentences that hold most of the question's words. */
static int say_nothing(struct answer *a, const struct corpus *corpus, struct error *e)
{
    if (quote(a, corpus, e)) return -1;
    const size_t size = strlen(a->text) + sizeof ANSWER_SPANS_NOTHING + 2;
    char *text = malloc(size);
    if (!text) return error_memory(e);
    snprintf(text, size, "%s%s%s", ANSWER_SPANS_NOTHING, *a->text ? "\n\n" : "", a->text);
    free(a->text);
    a->text = text;
    a->worded = strlen(ANSWER_SPANS_NOTHING);
    return 0;
}

/* Words that the question says itself. */
static bool is_echo(const char *question, const char *words, size_t size)
{
    for (; *question; question++)
        if (strncasecmp(question, words, size) == 0) return true;
    return false;
}

/* Of code the lines that define what is asked about say more than words that are not likely the answer, or that are
 * the name which was asked about. */
static bool is_guess_in_code(const struct finding *f, const struct corpus *corpus)
{
    const struct finding_span *s = &f->spans[0];
    const struct document *d = &corpus->documents[f->items[s->item].document];
    if (!quote_text_is_code(d->path)) return false;
    return f->confidence < ANSWER_SPANS_LIKELY || is_echo(f->question, d->text + s->begin, (size_t)(s->end - s->begin));
}

int answer_compose(struct answer *a, const struct corpus *corpus, bool quotes, const struct answer_callbacks *c,
                   struct error *e)
{
    const struct finding *f = a->finding;
    const bool judged = f->judged && !quotes, nothing = judged && (!f->found || f->n_spans == 0);
    const bool spans = judged && (nothing || !is_guess_in_code(f, corpus));
    if ((nothing ? say_nothing : spans ? answer_spans : quote)(a, corpus, e) != 0) return -1;
    snprintf(a->answerer, sizeof a->answerer, "%s", spans ? ANSWER_SPANS : ANSWER_QUOTES);
    if (c->words) c->words(c->context, a->text, strlen(a->text));
    return 0;
}
