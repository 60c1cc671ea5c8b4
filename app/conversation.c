#include "app/conversation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/canvas.h"
#include "compute/bytes.h"
#include "compute/error.h"

static void exchange_free(struct exchange *x)
{
    if (x == NULL) return;
    free(x->question);
    free(x->text);
    free(x->problem);
    if (x->answer != NULL) answer_close(x->answer);
    free(x->sums);
    free(x->shares.offsets);
    free(x->shares.share);
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
        return error_set(e, "no memory for a question");
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

static void take_answer(struct exchange *x, struct message *m)
{
    struct answer *a = m->answer;
    double *sums = a ? malloc((a->n_segments + 1) * sizeof *sums) : NULL;
    if (sums == NULL) {
        x->state = m->text ? EXCHANGE_FAILED : EXCHANGE_STOPPED;
        x->problem = m->text;
        m->text = NULL;
        return;
    }
    sums[0] = 0;
    for (size_t i = 0; i < a->n_segments; i++) {
        sums[i + 1] = sums[i] + (double)a->share[i];
        if (a->share[i] > x->peak) x->peak = a->share[i];
    }
    m->answer = NULL;
    x->answer = a;
    x->sums = sums;
    x->state = EXCHANGE_ANSWERED;
    x->size = 0;
    append_text(x, a->text, strlen(a->text));
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
    case MESSAGE_ANSWER_TEXT:
        if (x != NULL) append_text(x, m->text, m->size);
        return true;
    case MESSAGE_ANSWER_ENDS:
        if (x != NULL) take_answer(x, m);
        return true;
    case MESSAGE_SHARES:
        if (x != NULL) take_shares(x, m);
        return true;
    default:
        return false;
    }
}

/* Attention before a token: sums of whole segments, and a part of the one that the token is in. */
static double sum_before(const struct exchange *x, const struct atlas *a, uint64_t token)
{
    size_t n = x->answer->n_segments, i = atlas_segment_of_token(a, token);
    if (i >= n) return x->sums[n];
    const struct reader_segment *s = &a->segments[i];
    if (token <= s->first_token) return x->sums[i];
    double part = (double)(token - s->first_token) / (double)(s->end_token - s->first_token);
    return x->sums[i] + part * (x->sums[i + 1] - x->sums[i]);
}

double exchange_share(const struct exchange *x, const struct atlas *a, uint64_t begin, uint64_t end)
{
    if (x == NULL || x->answer == NULL || begin >= end) return 0;
    double share = sum_before(x, a, end) - sum_before(x, a, begin);
    return share > 0 ? share : 0;
}

const struct evidence_item *exchange_selected(const struct exchange *x)
{
    if (x == NULL || x->answer == NULL || x->selected >= x->answer->n_items) return NULL;
    return &x->answer->items[x->selected];
}

int heat_level(double share, double peak, bool logarithmic)
{
    if (!(share > 0) || !(peak > 0)) return 0;
    double v = logarithmic ? 1 + log10(share / peak) / 3 : share / peak;
    if (v <= 0) return 0;
    int level = (int)ceil(v * (CANVAS_HEAT - 1));
    return level < CANVAS_HEAT ? level : CANVAS_HEAT - 1;
}
