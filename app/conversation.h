/* The questions asked so far, each with its answer, its evidence and its map. Main thread only. */
#ifndef LECTERN_CONVERSATION_H
#define LECTERN_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/atlas.h"
#include "app/message.h"

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
    char *text;     /* owned: the answer as far as it came, terminated; NULL before */
    size_t size, capacity;
    char *problem;                /* owned: why it failed */
    struct answer *answer;        /* owned; NULL until it is complete */
    double *sums;                 /* owned, [answer->n_segments + 1]: shares of the segments before each */
    float peak;                   /* largest share of a segment */
    struct message_shares shares; /* attention of single tokens where it was looked up last; owned arrays */
    float token_peak;             /* largest share of a token seen so far */
    size_t selected;              /* in the evidence list */
};

struct conversation {
    struct exchange **items; /* owned */
    size_t n, capacity;
    size_t current;  /* shown; n where there is none */
    size_t compared; /* whose map is shown below; SIZE_MAX: none */
};

void conversation_close(struct conversation *c);

/* Adds a waiting question, makes it the current one; its id is its index. */
int conversation_ask(struct conversation *c, const char *question, struct error *e);
struct exchange *conversation_current(const struct conversation *c);

/* Takes what a message about an answer says; false where the message is about something else. */
bool conversation_take(struct conversation *c, struct message *m);

/* Share of the evidence attention in tokens [begin, end). */
double exchange_share(const struct exchange *x, const struct atlas *a, uint64_t begin, uint64_t end);

/* The selected piece of evidence, or NULL. */
const struct evidence_item *exchange_selected(const struct exchange *x);

/* Heat level (0 to CANVAS_HEAT - 1) of a share where `peak` is the largest one: linear, or over the last three decades.
 */
int heat_level(double share, double peak, bool logarithmic);

#endif
