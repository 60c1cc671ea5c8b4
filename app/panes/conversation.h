/* The questions asked so far, and what messages of the worker change in them. Main thread only. */
#ifndef LECTERN_CONVERSATION_H
#define LECTERN_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>

#include "app/panes/exchange.h"

struct atlas;
struct error;
struct message;

struct conversation {
    struct exchange **items; /* owned */
    size_t n, capacity;
    size_t current;  /* the one that is shown; n if there is none */
    size_t compared; /* the one whose map is shown beside it; SIZE_MAX if none is */
};

void conversation_close(struct conversation *c);

/* Adds a waiting question, makes it the current one; its id is its index. */
int conversation_ask(struct conversation *c, const char *asked, struct error *e);
struct exchange *conversation_current(const struct conversation *c);

/* What a question after the first `before` ones would follow up: the last that stood alone; NULL:
 * nothing. */
const char *conversation_topic(const struct conversation *c, size_t before);

/* Takes what a message about an answer says; false where the message is about something else. `a`: of all segments that
 * were told. */
bool conversation_take(struct conversation *c, struct message *m, const struct atlas *a);

#endif
