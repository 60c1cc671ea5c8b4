/* What a model says to itself at the beginning of a reply, between <think> and </think>, taken out of the reply as it
 * comes in pieces of any size. */
#ifndef LECTERN_CHAT_THOUGHT_H
#define LECTERN_CHAT_THOUGHT_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialise. */
struct chat_thought {
    enum { CHAT_THOUGHT_BEGINS, CHAT_THOUGHT_INSIDE, CHAT_THOUGHT_ENDED, CHAT_THOUGHT_NONE } where;
    char held[32]; /* of the beginning: white space, as much as has room, and a part of <think> */
    size_t n_held;
    size_t matched; /* bytes of </think> */
    bool seen;      /* it thought */
};

/* The next piece of a reply: gives what is no thought to `emit`, whose value it returns; 0 where nothing was given. */
int chat_thought_add(struct chat_thought *t, const char *text, size_t size,
                     int (*emit)(void *context, const char *text, size_t size), void *context);

/* The end of the reply: what was held back is said after all. */
int chat_thought_finish(struct chat_thought *t, int (*emit)(void *context, const char *text, size_t size),
                        void *context);

#endif
