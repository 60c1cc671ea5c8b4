#include "app/answer.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "app/corpus.h"
#include "app/quote.h"
#include "app/reader.h"
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
    free(a->items);
    free(a->share);
    free(a->score);
    free(a);
}

/* One item as quoting wants it; *tokens and *shares are malloc'ed for it. */
static int source_open(struct quote_source *out, const struct answer *a, const struct reader *r, size_t item,
                       uint64_t **tokens, float **shares)
{
    size_t n;
    const struct reader_segment *s = &reader_segments(r, &n)[a->items[item].segment];
    const struct document *d = &reader_corpus(r)->documents[s->document];
    uint64_t begin = reader_documents(r, &n)[s->document].text_token;
    if (s->first_token > begin) begin = s->first_token;
    size_t n_tokens = s->end_token > begin ? (size_t)(s->end_token - begin) : 0;
    *tokens = calloc(n_tokens + 1, sizeof **tokens);
    *shares = calloc(n_tokens + 1, sizeof **shares);
    if (!*tokens || !*shares) return -1;
    reader_token_offsets(r, begin, s->end_token, *tokens);
    reader_token_shares(r, a, -1, begin, s->end_token, *shares);
    /* The first token may begin a little before its segment. */
    for (size_t i = 0; i <= n_tokens; i++) (*tokens)[i] = (*tokens)[i] > s->offset ? (*tokens)[i] - s->offset : 0;
    *out = (struct quote_source){
        .path = d->path,
        .text = d->text + s->offset,
        .size = s->size,
        .score = a->items[item].score,
        .token_begin = n_tokens ? *tokens : NULL,
        .token_share = *shares,
        .n_tokens = n_tokens,
    };
    return 0;
}

int answer_compose(struct answer *a, const struct reader *r, const struct reader_callbacks *c, struct error *e)
{
    struct quote_source sources[QUOTED_SEGMENTS] = {{0}};
    uint64_t *tokens[QUOTED_SEGMENTS] = {NULL};
    float *shares[QUOTED_SEGMENTS] = {NULL};
    size_t n = a->n_items < QUOTED_SEGMENTS ? a->n_items : QUOTED_SEGMENTS;
    int failed = 0;
    for (size_t i = 0; i < n && !failed; i++) {
        failed = source_open(&sources[i], a, r, i, &tokens[i], &shares[i]);
        if (failed) error_set(e, "out of memory");
    }
    if (!failed) failed = quote_answer(&a->text, a->question, sources, n, e);
    for (size_t i = 0; i < n; i++) {
        free(tokens[i]);
        free(shares[i]);
    }
    if (failed) return -1;
    snprintf(a->answerer, sizeof a->answerer, "quoted sentences");
    if (c->answer) c->answer(c->context, a->text, strlen(a->text));
    return 0;
}
