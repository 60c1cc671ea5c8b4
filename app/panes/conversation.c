#include "app/panes/conversation.h"

#include <stdlib.h>
#include <string.h>

#include "compute/bytes.h"
#include "compute/error.h"

/* Of a lens that owns everything. */
static void lens_free(struct lens *l)
{
    free(l->share);
    free(l->sums);
    free(l->items);
    *l = (struct lens){0};
}

static void exchange_free(struct exchange *x)
{
    if (x == NULL) return;
    free(x->question);
    free(x->text);
    free(x->problem);
    if (x->answer != NULL) answer_close(x->answer);
    free(x->whole.sums);
    free(x->tokens);
    lens_free(&x->part);
    free(x->shares.offsets);
    free(x->shares.share);
    inspected_close(x->inspected);
    free(x->not_inspected);
    free(x);
}

void conversation_close(struct conversation *c)
{
    for (size_t i = 0; i < c->n; i++) exchange_free(c->items[i]);
    free(c->items);
    *c = (struct conversation){0};
}

int conversation_ask(struct conversation *c, const char *question, struct error *e)
{
    struct exchange **items = bytes_reserve(c->items, &c->capacity, c->n + 1, sizeof *items);
    if (items != NULL) c->items = items;
    struct exchange *x = calloc(1, sizeof *x);
    if (x != NULL) x->question = strdup(question);
    if (items == NULL || x == NULL || x->question == NULL) {
        exchange_free(x);
        return error_set_kind(e, ERROR_MEMORY, "no memory for a question");
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

static void append_text(struct exchange *x, const char *text, size_t size)
{
    char *grown = bytes_reserve(x->text, &x->capacity, x->size + size + 1, 1);
    if (grown == NULL) return;
    memcpy(grown + x->size, text, size);
    x->text = grown;
    x->size += size;
    grown[x->size] = '\0';
}

static bool lens_sum(struct lens *l)
{
    const size_t n_blocks = l->n_segments / LENS_BLOCK;
    l->sums = malloc((n_blocks + 1) * sizeof *l->sums);
    if (l->sums == NULL) return false;
    double sum = 0;
    for (size_t i = 0; i < l->n_segments; i++) {
        if (i % LENS_BLOCK == 0) l->sums[i / LENS_BLOCK] = sum;
        sum += (double)l->share[i];
        if (l->share[i] > l->peak) l->peak = l->share[i];
    }
    if (l->n_segments % LENS_BLOCK == 0) l->sums[n_blocks] = sum;
    return true;
}

/* The answer is the exchange's then, where there is memory for it. */
static void take_evidence(struct exchange *x, struct message *m)
{
    struct answer *a = m->answer;
    if (a == NULL || x->answer != NULL) return;
    x->token = -1;
    x->whole = (struct lens){.share = a->share, .n_segments = a->n_segments, .items = a->items, .n_items = a->n_items};
    if (!lens_sum(&x->whole)) {
        x->whole = (struct lens){0};
        return;
    }
    m->answer = NULL;
    x->answer = a;
    char *sought = strdup(a->question); /* made to stand alone; tokens count from its beginning */
    if (sought == NULL) return;
    free(x->question);
    x->question = sought;
}

/* The evidence in `to` stays where it is: the worker may be looking at it. */
static void take_words(struct answer *to, struct answer *from)
{
    free(to->text);
    free(to->failure);
    to->text = from->text;
    to->failure = from->failure;
    from->text = from->failure = NULL;
    to->worded = from->worded;
    memcpy(to->answerer, from->answerer, sizeof to->answerer);
    to->seconds = from->seconds;
    to->first_words_seconds = from->first_words_seconds;
}

/* Without an answer it was stopped, or failed, and what came stays. */
static void take_end(struct exchange *x, struct message *m)
{
    const bool worded = m->answer != NULL;
    free(x->problem);
    x->problem = NULL;
    take_evidence(x, m);
    if (m->answer != NULL && x->answer != NULL) take_words(x->answer, m->answer);
    if (!worded || x->answer == NULL) {
        x->state = m->text || worded ? EXCHANGE_FAILED : EXCHANGE_STOPPED;
        x->problem = m->text;
        m->text = NULL;
        return;
    }
    const struct answer *a = x->answer;
    x->state = EXCHANGE_ANSWERED;
    if (a->failure != NULL) x->problem = strdup(a->failure);
    if (a->failure != NULL && x->size > 0) return; /* the words before the failure, and the sentences quoted after it */
    x->size = 0;
    append_text(x, a->text, strlen(a->text));
}

/* The places with the largest shares, ties by position. */
static bool lens_choose(struct lens *l)
{
    l->items = calloc(READER_MAX_EVIDENCE, sizeof *l->items);
    for (size_t i = 0; l->items && i < l->n_segments; i++) {
        if (l->n_items == READER_MAX_EVIDENCE && l->share[i] <= l->items[l->n_items - 1].share) continue;
        size_t at = l->n_items < READER_MAX_EVIDENCE ? l->n_items++ : l->n_items - 1;
        for (; at > 0 && l->items[at - 1].share < l->share[i]; at--) l->items[at] = l->items[at - 1];
        l->items[at] = (struct evidence_item){i, l->share[i], l->share[i]};
    }
    return l->items != NULL;
}

static void take_lens(struct exchange *x, struct message *m)
{
    if (m->lens.share == NULL || x->answer == NULL) return;
    lens_free(&x->part);
    x->part = (struct lens){.token = m->lens.token, .share = m->lens.share, .n_segments = x->answer->n_segments};
    m->lens.share = NULL;
    if (!lens_sum(&x->part) || !lens_choose(&x->part)) lens_free(&x->part);
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

bool conversation_take(struct conversation *c, struct message *m)
{
    size_t id = m->type == MESSAGE_SHARES ? m->shares.id : m->id;
    struct exchange *x = id < c->n ? c->items[id] : NULL;
    switch (m->type) {
    case MESSAGE_ANSWER_BEGINS:
        if (x != NULL) x->state = EXCHANGE_ANSWERING;
        return true;
    case MESSAGE_EVIDENCE:
        if (x != NULL) take_evidence(x, m);
        return true;
    case MESSAGE_ANSWER_TEXT:
        if (x != NULL) append_text(x, m->text, m->size);
        return true;
    case MESSAGE_ANSWER_ENDS:
        if (x != NULL) take_end(x, m);
        return true;
    case MESSAGE_LENS:
        if (x != NULL) take_lens(x, m);
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

static double sum_before_segment(const struct lens *l, size_t segment)
{
    double sum = l->sums[segment / LENS_BLOCK];
    for (size_t i = segment / LENS_BLOCK * LENS_BLOCK; i < segment; i++) sum += (double)l->share[i];
    return sum;
}

/* Attention before a token: sums of whole segments, and a part of the one that the token is in. */
static double sum_before(const struct lens *l, const struct atlas *a, uint64_t token)
{
    size_t n = l->n_segments, i = atlas_segment_of_token(a, token);
    if (i >= n) return sum_before_segment(l, n);
    const struct reader_segment *s = &a->segments[i];
    const double sum = sum_before_segment(l, i);
    if (token <= s->first_token) return sum;
    return sum + (double)(token - s->first_token) / (double)(s->end_token - s->first_token) * (double)l->share[i];
}

uint64_t exchange_covered(const struct exchange *x, const struct atlas *a)
{
    const size_t n = x != NULL && x->answer != NULL ? x->answer->n_segments : 0;
    return n > 0 && n <= a->n_segments ? a->segments[n - 1].end_token : 0;
}

struct lens exchange_lens(const struct exchange *x)
{
    if (x == NULL || x->answer == NULL) return (struct lens){0};
    return x->token < 0                                                  ? x->whole
           : x->part.n_segments > 0 && x->part.token == (size_t)x->token ? x->part
                                                                         : (struct lens){0};
}

bool exchange_turn(struct exchange *x, int by)
{
    if (x == NULL || x->answer == NULL) return false;
    x->selected = 0;
    x->marker = false;
    /* Before the tokens are known, the first is asked for, and they come with it. */
    int n = x->tokens ? (int)x->n_tokens : 1;
    do {
        x->token += by;
        if (x->token >= n) x->token = -1;
        if (x->token < -1) x->token = n - 1;
    } while (x->token >= 0 && x->tokens &&
             strspn(x->question + x->tokens[x->token].begin, " \n\t") >=
                 x->tokens[x->token].end - x->tokens[x->token].begin);
    return true;
}

bool exchange_turn_marked(struct exchange *x, int by)
{
    if (x == NULL || x->answer == NULL) return false;
    bool all = x->token < 0 && !x->marker, marker = x->marker;
    if ((all && by < 0) || (marker && by > 0)) return exchange_turn(x, by);
    if (all || marker) {
        x->marker = all;
        return true;
    }
    exchange_turn(x, by);
    x->marker = x->token < 0 && by < 0;
    return true;
}

struct inspected_choice exchange_choice(const struct exchange *x, const struct inspected_choice *c)
{
    return (struct inspected_choice){c->layer, c->head, c->branch, x->token >= 0 ? x->token + 1 : x->marker ? 0 : -1};
}

const struct inspected *exchange_inspected(const struct exchange *x, const struct inspected_choice *c)
{
    if (x == NULL || x->answer == NULL || x->inspected == NULL) return NULL;
    struct inspected_choice choice = exchange_choice(x, c);
    return inspected_same(&choice, &x->inspected->choice) ? x->inspected : NULL;
}

double exchange_share(const struct exchange *x, const struct atlas *a, uint64_t begin, uint64_t end)
{
    struct lens l = exchange_lens(x);
    if (l.n_segments == 0 || begin >= end) return 0;
    double share = sum_before(&l, a, end) - sum_before(&l, a, begin);
    return share > 0 ? share : 0;
}

const struct evidence_item *exchange_selected(const struct exchange *x)
{
    struct lens l = exchange_lens(x);
    return l.n_items > 0 && x->selected < l.n_items ? &l.items[x->selected] : NULL;
}
