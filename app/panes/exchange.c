#include "app/panes/exchange.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "app/panes/atlas.h"
#include "compute/error.h"

void exchange_close(struct exchange *x)
{
    if (x == NULL) return;
    free(x->question);
    free(x->asked);
    free(x->within);
    free(x->text);
    free(x->problem);
    answer_close(x->answer);
    free(x->own);
    free(x->whole.sums);
    finding_close(x->kept);
    free(x->tokens);
    lens_free(&x->part);
    free(x->shares.offsets);
    free(x->shares.share);
    inspected_close(x->inspected);
    free(x->not_inspected);
    free(x);
}

bool exchange_keep(struct exchange *x, struct finding *f)
{
    struct lens whole = {.items = f->items, .n_items = f->n_items};
    if (!lens_sum(&whole)) return false;
    for (size_t i = 0; i < f->n_items; i++) {
        if (f->items[i].share > whole.peak) whole.peak = f->items[i].share;
    }
    x->whole = whole;
    x->finding = x->kept = f;
    x->token = -1;
    return true;
}

void exchange_mark(struct exchange *x, const struct corpus *c)
{
    struct error e;
    free(x->own);
    x->own = NULL;
    x->n_own = 0;
    if (x->size > 0) (void)own_words_find(&x->own, &x->n_own, x->answerer, x->text, x->size, x->finding, c, &e);
}

bool exchange_owns(const struct exchange *x, size_t at)
{
    for (size_t i = 0; i < x->n_own && x->own[i].begin <= at; i++)
        if (at < x->own[i].end) return true;
    return false;
}

uint64_t exchange_covered(const struct exchange *x, const struct atlas *a)
{
    const size_t n = x != NULL && x->finding != NULL ? x->finding->n_segments : 0;
    return n > 0 && n <= a->n_segments ? a->segments[n - 1].end_token : 0;
}

struct lens exchange_lens(const struct exchange *x)
{
    if (x == NULL || x->finding == NULL) return (struct lens){0};
    return x->token < 0                                                  ? x->whole
           : x->part.n_segments > 0 && x->part.token == (size_t)x->token ? x->part
                                                                         : (struct lens){0};
}

bool exchange_attended(const struct exchange *x)
{
    return x != NULL && x->finding != NULL && x->finding->n_segments > 0;
}

static bool is_of_word(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* Whether a token goes on with the word of the one before it. */
static bool goes_on(const struct exchange *x, size_t token)
{
    if (token == 0 || token >= x->n_tokens) return false;
    const uint32_t at = x->tokens[token].begin;
    return at > 0 && at == x->tokens[token - 1].end && is_of_word(x->question[at - 1]) && is_of_word(x->question[at]);
}

void exchange_word(const struct exchange *x, size_t token, size_t *begin, size_t *end)
{
    *begin = token;
    *end = token + 1;
    while (goes_on(x, *begin)) --*begin;
    while (goes_on(x, *end)) ++*end;
}

/* Whether a token stands for its word: it has no blanks alone, and no other piece of it weighs more. */
static bool stands_for_word(const struct exchange *x, size_t token)
{
    const struct finding_token *t = &x->tokens[token];
    size_t begin, end, most;
    if (strspn(x->question + t->begin, " \n\t") >= t->end - t->begin) return false;
    exchange_word(x, token, &begin, &end);
    most = begin;
    for (size_t i = begin; i < end; i++)
        if (x->tokens[i].gate > x->tokens[most].gate) most = i;
    return most == token;
}

bool exchange_turn(struct exchange *x, int by)
{
    if (!exchange_attended(x)) return false;
    x->selected = 0;
    x->marker = false;
    /* Before the tokens are known, the first is asked for, and they come with it. */
    int n = x->tokens ? (int)x->n_tokens : 1;
    do {
        x->token += by;
        if (x->token >= n) x->token = -1;
        if (x->token < -1) x->token = n - 1;
    } while (x->token >= 0 && x->tokens && !stands_for_word(x, (size_t)x->token));
    return true;
}

bool exchange_turn_marked(struct exchange *x, int by)
{
    if (!exchange_attended(x)) return false;
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
    if (x == NULL || x->finding == NULL || x->inspected == NULL) return NULL;
    struct inspected_choice choice = exchange_choice(x, c);
    return inspected_same(&choice, &x->inspected->choice) ? x->inspected : NULL;
}

double exchange_share(const struct exchange *x, const struct atlas *a, uint64_t begin, uint64_t end)
{
    struct lens l = exchange_lens(x);
    if (l.n_segments == 0 || begin >= end) return 0;
    double share = lens_before(&l, a, end) - lens_before(&l, a, begin);
    return share > 0 ? share : 0;
}

const struct finding_item *exchange_selected(const struct exchange *x)
{
    struct lens l = exchange_lens(x);
    return l.n_items > 0 && x->selected < l.n_items ? &l.items[x->selected] : NULL;
}
