/* A question with its answer, its evidence and its map, and what of them is looked at. Main thread only. */
#ifndef LECTERN_EXCHANGE_H
#define LECTERN_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/panes/lens.h"
#include "app/reader/inspected.h"
#include "app/worker/message.h"

struct atlas;

enum exchange_state {
    EXCHANGE_WAITS, /* for the reading, or for questions before it */
    EXCHANGE_ANSWERING,
    EXCHANGE_ANSWERED,
    EXCHANGE_STOPPED, /* by the user; what came is kept */
    EXCHANGE_FAILED,
};

struct exchange {
    enum exchange_state state;
    char *question; /* owned */
    char *text;     /* owned: the words as far as they came, terminated; NULL before */
    size_t size, capacity;
    char *problem;                 /* owned: why it failed, or why sentences are quoted; or NULL */
    const struct finding *finding; /* the worker's; NULL until the evidence is there */
    char answerer[128];            /* who words it */
    struct answer *answer;         /* owned; NULL until it is worded to its end */
    struct lens whole;             /* of all the question's tokens; share and items are the finding's */
    struct finding_token *tokens;  /* owned; NULL until a single one was looked at */
    size_t n_tokens;
    int token;                    /* looked at; -1: all together */
    struct lens part;             /* of that token, once it has come; owns everything */
    struct message_shares shares; /* attention of single tokens where it was looked up last; owned arrays */
    float token_peak;             /* largest share of a token seen so far */
    size_t selected;              /* in the evidence list */
    bool marker;                  /* in the dilated attention, with token -1: <|question|> is looked at */
    struct inspected *inspected;  /* owned: the dilated attention looked into last; NULL: never */
    char *not_inspected;          /* owned: why the last look failed; NULL: it did not */
};

void exchange_close(struct exchange *x); /* accepts NULL */

/* Share of the evidence attention in tokens [begin, end). */
double exchange_share(const struct exchange *x, const struct atlas *a, uint64_t begin, uint64_t end);

/* Tokens that had been read when it was asked: the rest has no part in its evidence. 0 without evidence. */
uint64_t exchange_covered(const struct exchange *x, const struct atlas *a);

/* What is looked at now. */
struct lens exchange_lens(const struct exchange *x);

/* Turns to the next token of the question (or back to all); white space is no token to look at. False without an
 * answer. */
bool exchange_turn(struct exchange *x, int by);

/* The same with <|question|> between all and the first token, for the dilated attention. */
bool exchange_turn_marked(struct exchange *x, int by);

/* What of the dilated attention is looked at: the layer, head and branch of `c`, the exchange's token. */
struct inspected_choice exchange_choice(const struct exchange *x, const struct inspected_choice *c);

/* It, where it has come; else NULL. */
const struct inspected *exchange_inspected(const struct exchange *x, const struct inspected_choice *c);

/* The selected piece of evidence, or NULL. */
const struct finding_item *exchange_selected(const struct exchange *x);

#endif
