#include "app/panes/conversation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/panes/atlas.h"
#include "app/reader/scope_words.h"
#include "compute/bytes.h"
#include "compute/error.h"

void conversation_close(struct conversation *c)
{
    for (size_t i = 0; i < c->n; i++) exchange_close(c->items[i]);
    free(c->items);
    *c = (struct conversation){0};
}

static struct exchange *new_exchange(const char *asked)
{
    struct scope_words w;
    struct exchange *x = calloc(1, sizeof *x);
    if (x == NULL || (x->asked = strdup(asked)) == NULL || scope_words_split(&w, asked, NULL) != 0) {
        exchange_close(x);
        return NULL;
    }
    x->question = w.question;
    x->within = w.within;
    return x;
}

int conversation_ask(struct conversation *c, const char *asked, struct error *e)
{
    struct exchange **items = bytes_reserve(c->items, &c->capacity, c->n + 1, sizeof *items);
    if (items != NULL) c->items = items;
    struct exchange *x = new_exchange(asked);
    if (items == NULL || x == NULL) {
        exchange_close(x);
        return error_memory(e);
    }
    c->items[c->n] = x;
    c->current = c->n++;
    c->compared = SIZE_MAX;
    return 0;
}

struct exchange *conversation_current(const struct conversation *c)
{
    return c->current < c->n ? c->items[c->current] : NULL;
}

const char *conversation_topic(const struct conversation *c, size_t before)
{
    size_t i = before < c->n ? before : c->n;
    while (i-- > 0)
        if (!c->items[i]->follows) return c->items[i]->question;
    return NULL;
}

static void append_text(struct exchange *x, const char *text, size_t size)
{
    char *grown = bytes_reserve(x->text, &x->capacity, x->size + size + 1, 1);
    if (grown == NULL) return;
    memcpy(grown + x->size, text, size);
    x->text = grown;
    x->size += size;
    grown[x->size] = '\0';
}

/* A finding may come several times: by words while the text is read, as it was read again, with the attention. What is
 * selected stays where it was in the text as long as it is listed. */
static void take_finding(struct exchange *x, const struct message *m)
{
    const struct finding *f = m->finding;
    const struct finding_item *selected = exchange_selected(x);
    const uint64_t segment = selected ? selected->segment : 0;
    struct lens whole = {.share = f->share, .n_segments = f->n_segments, .items = f->items, .n_items = f->n_items};
    if (!lens_sum(&whole)) return;
    free(x->whole.sums);
    x->whole = whole;
    if (x->finding == NULL || x->finding->attention != f->attention) {
        x->token = -1;
        lens_free(&x->part);
    }
    x->finding = f;
    finding_close(x->kept);
    x->kept = NULL;
    size_t at = 0;
    while (x->selected > 0 && at < f->n_items && f->items[at].segment != segment) at++;
    if (x->token < 0) x->selected = at < f->n_items ? at : 0;
    snprintf(x->answerer, sizeof x->answerer, "%s", m->text);
    char *sought = strdup(f->question); /* made to stand alone; tokens count from its beginning */
    if (sought == NULL) return;
    free(x->question);
    x->question = sought;
}

/* Words that came before are replaced. */
static void take_beginning(struct exchange *x)
{
    x->state = EXCHANGE_ANSWERING;
    answer_close(x->answer);
    x->answer = NULL;
    x->size = 0;
}

/* Without an answer it was stopped, or failed, and what came stays. */
static void take_end(struct exchange *x, struct message *m)
{
    const struct answer *a = m->answer;
    free(x->problem);
    x->problem = NULL;
    if (a == NULL || x->finding == NULL) {
        x->state = m->text || a ? EXCHANGE_FAILED : EXCHANGE_STOPPED;
        x->problem = m->text;
        m->text = NULL;
        return;
    }
    answer_close(x->answer);
    x->answer = m->answer;
    m->answer = NULL;
    x->state = EXCHANGE_ANSWERED;
    snprintf(x->answerer, sizeof x->answerer, "%s", a->answerer);
    if (a->failure != NULL || a->cut != NULL) x->problem = strdup(a->failure != NULL ? a->failure : a->cut);
    if (a->failure != NULL && x->size > 0) return; /* the words before the failure, and the sentences quoted after it */
    x->size = 0;
    append_text(x, a->text, strlen(a->text));
}

/* Its words, from the first to the end. */
static void take_answer(struct exchange *x, struct message *m, const struct corpus *c)
{
    if (m->type == MESSAGE_ANSWER_BEGINS)
        take_beginning(x);
    else if (m->type == MESSAGE_ANSWER_TEXT)
        append_text(x, m->text, m->size);
    else
        take_end(x, m);
    exchange_mark(x, c);
}

/* The places with the largest shares of what is on the map. */
static bool lens_choose(struct lens *l, const struct atlas *a)
{
    size_t found[FINDING_MOST];
    l->items = calloc(FINDING_MOST, sizeof *l->items);
    if (l->items == NULL) return false;
    const size_t n = l->n_segments < a->n_segments ? l->n_segments : a->n_segments;
    l->n_items = finding_choose(l->share, n, FINDING_MOST, found);
    for (size_t i = 0; i < l->n_items; i++) {
        const struct reader_segment *s = &a->segments[found[i]];
        const float share = l->share[found[i]];
        l->items[i] = (struct finding_item){.segment = found[i],
                                            .document = s->document,
                                            .offset = s->offset,
                                            .size = s->size,
                                            .score = share,
                                            .share = share,
                                            .reread = NAN};
    }
    return true;
}

static void take_lens(struct exchange *x, struct message *m, const struct atlas *a)
{
    if (m->lens.share == NULL || !exchange_attended(x)) return;
    lens_free(&x->part);
    x->part = (struct lens){.token = m->lens.token, .share = m->lens.share, .n_segments = x->finding->n_segments};
    m->lens.share = NULL;
    if (!lens_sum(&x->part) || !lens_choose(&x->part, a)) lens_free(&x->part);
    free(x->tokens);
    x->tokens = m->lens.tokens;
    x->n_tokens = m->lens.n_tokens;
    m->lens.tokens = NULL;
    x->selected = 0;
}

/* The question's tokens come with it, and are needed before any one is looked at. */
static void take_inspected(struct exchange *x, struct message *m)
{
    free(x->not_inspected);
    x->not_inspected = m->text;
    m->text = NULL;
    if (m->inspected == NULL) return;
    inspected_close(x->inspected);
    x->inspected = m->inspected;
    m->inspected = NULL;
    const size_t n = x->inspected->n_tokens;
    if (x->tokens != NULL || n == 0 || (x->tokens = malloc(n * sizeof *x->tokens)) == NULL) return;
    memcpy(x->tokens, x->inspected->tokens, n * sizeof *x->tokens);
    x->n_tokens = n;
}

static void take_shares(struct exchange *x, struct message *m)
{
    free(x->shares.offsets);
    free(x->shares.share);
    x->shares = m->shares;
    m->shares.offsets = NULL;
    m->shares.share = NULL;
    for (size_t i = 0; i < x->shares.n; i++) {
        if (x->shares.share[i] > x->token_peak) x->token_peak = x->shares.share[i];
    }
}

bool conversation_take(struct conversation *c, struct message *m, const struct atlas *a)
{
    size_t id = m->type == MESSAGE_SHARES ? m->shares.id : m->id;
    struct exchange *x = id < c->n ? c->items[id] : NULL;
    switch (m->type) {
    case MESSAGE_ANSWER_BEGINS:
    case MESSAGE_ANSWER_TEXT:
    case MESSAGE_ANSWER_ENDS:
        if (x != NULL) take_answer(x, m, a != NULL ? a->corpus : NULL);
        return true;
    case MESSAGE_EVIDENCE:
        if (x != NULL) take_finding(x, m);
        return true;
    case MESSAGE_LENS:
        if (x != NULL) take_lens(x, m, a);
        return true;
    case MESSAGE_INSPECTED:
        if (x != NULL) take_inspected(x, m);
        return true;
    case MESSAGE_SHARES:
        if (x != NULL) take_shares(x, m);
        return true;
    default:
        return false;
    }
}
