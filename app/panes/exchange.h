/* A question with its answer, its evidence and its map, and what of them is looked at. Main thread only. */
#ifndef LECTERN_EXCHANGE_H
#define LECTERN_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/answer/own_words.h"
#include "app/panes/lens.h"
#include "app/reader/inspected.h"
#include "app/worker/message.h"

struct atlas;
struct corpus;

enum exchange_state {
    EXCHANGE_WAITS, /* the text is still being read, or earlier questions are answered */
    EXCHANGE_ANSWERING,
    EXCHANGE_ANSWERED,
    EXCHANGE_STOPPED, /* the user stopped it; the words that came are kept */
    EXCHANGE_FAILED,
};

struct exchange {
    enum exchange_state state;
    char *question; /* owned: as it is sought, where it was made to stand alone */
    char *asked;    /* owned: as it was typed */
    char *within;   /* owned: of that, the words that say what of the text it is asked of; "" for all */
    bool follows;   /* it follows up an earlier one */
    char *text;     /* owned: the words as far as they came, terminated; NULL before */
    size_t size, capacity;
    char *problem; /* owned: why it failed, why sentences are quoted, or why its words are cut; or NULL */
    const struct finding *finding; /* the worker's, or `kept`; NULL until the evidence is there */
    struct finding *kept;          /* owned: places of an earlier sitting, without their attention; or NULL */
    char answerer[128];            /* who words it */
    struct answer *answer;         /* owned; NULL until it is worded to its end */
    struct own_words *own;         /* owned: which of a model's words are the text's */
    size_t n_own;
    struct lens whole;            /* of all the question's tokens; share and items are the finding's */
    struct finding_token *tokens; /* owned; NULL until a single one was looked at */
    size_t n_tokens;
    int token;                    /* the one that is looked at; -1 for all together */
    struct lens part;             /* the lens of that token, once it has come; owns all that it points to */
    struct message_shares shares; /* attention of single tokens of the text that is on the screen; owns its arrays */
    float token_peak;             /* largest share of a token seen so far */
    size_t selected;              /* the selected item of the evidence list */
    bool marker;                  /* with token -1, in the dilated attention: <|question|> is looked at */
    struct inspected *inspected; /* owned: what the last look into the dilated attention found; NULL before the first */
    char *not_inspected;         /* owned: why the last look failed; NULL if it did not */
};

/* Said where its attention is wanted. */
#define EXCHANGE_KEPT "its attention was not kept: R asks it again"

void exchange_close(struct exchange *x); /* accepts NULL */

/* Takes over what was found in an earlier sitting; false without memory, it is the caller's then. */
bool exchange_keep(struct exchange *x, struct finding *f);

/* Finds the text's own words among those that have come. */
void exchange_mark(struct exchange *x, const struct corpus *c);

/* Whether a byte of its words is of these. */
bool exchange_owns(const struct exchange *x, size_t at);

/* Share of the evidence attention in tokens [begin, end). */
double exchange_share(const struct exchange *x, const struct atlas *a, uint64_t begin, uint64_t end);

/* Tokens that had been read when it was asked: the rest has no part in its evidence. 0 without evidence. */
uint64_t exchange_covered(const struct exchange *x, const struct atlas *a);

/* What is looked at now. */
struct lens exchange_lens(const struct exchange *x);

/* Whether the attention of its question is there: a question that came before the text was read has places before. */
bool exchange_attended(const struct exchange *x);

/* The tokens [begin, end) of the question that make one word with this one: the pieces that it was cut into. */
void exchange_word(const struct exchange *x, size_t token, size_t *begin, size_t *end);

/* Turns to the next word of the question (or back to all), by its token that weighs most; white space is no word to
 * look at. False without an answer. */
bool exchange_turn(struct exchange *x, int by);

/* The same with <|question|> between all and the first token, for the dilated attention. */
bool exchange_turn_marked(struct exchange *x, int by);

/* What of the dilated attention is looked at: the layer, head and branch of `c`, the exchange's token. */
struct inspected_choice exchange_choice(const struct exchange *x, const struct inspected_choice *c);

/* What that look found, or NULL while it has not come. */
const struct inspected *exchange_inspected(const struct exchange *x, const struct inspected_choice *c);

/* The selected piece of evidence, or NULL. */
const struct finding_item *exchange_selected(const struct exchange *x);

#endif
