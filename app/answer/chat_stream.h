/* A chat server's reply, parsed as it comes: server-sent events ("data: {...}", "data: [DONE]"), or one JSON object
 * from a server that does not stream. Untrusted bytes. */
#ifndef LECTERN_CHAT_STREAM_H
#define LECTERN_CHAT_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "app/answer/chat_thought.h"

struct error;

/* Zero-initialise, but for what the caller sets; free with chat_stream_free. */
struct chat_stream {
    int (*emit)(void *context, const char *text, size_t size); /* not 0: enough */
    void *context;
    bool holds; /* the reply may begin inside a thought that nothing opens: it waits, for </think> or its end */

    char *line; /* owned: the line that has not ended */
    size_t size, capacity;
    size_t total; /* bytes so far */
    bool is_json; /* the reply is one object: it is all one line */
    bool enough;  /* the caller has enough, or the server said that it is done */
    bool ended;   /* the reply said that it was whole */
    bool unended; /* the reply said that it came to the most tokens that were asked for */
    bool worded;  /* there was some answer */
    bool reasons; /* and something beside it that the model said to itself, which is not handed on */
    bool lone;    /* </think> came, and nothing had opened it */
    bool skips;   /* white space behind it */
    char *held;   /* owned: what waits */
    size_t n_held, held_capacity;
    struct chat_thought thought;
};

/* The next bytes. -1: they are no such reply, or the server reports an error; `enough` may be set. */
int chat_stream_add(struct chat_stream *s, const char *bytes, size_t size, struct error *e);

/* The end of the reply: -1 where it broke off. What waited is handed on by chat_stream_release, or never. */
int chat_stream_finish(struct chat_stream *s, struct error *e);
void chat_stream_release(struct chat_stream *s);
void chat_stream_free(struct chat_stream *s);

#endif
