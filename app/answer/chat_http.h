/* One request over HTTP to a chat server that the user named: it goes to that host and nowhere else (no redirects, no
 * proxies), and all that comes back is untrusted. */
#ifndef LECTERN_CHAT_HTTP_H
#define LECTERN_CHAT_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct error;

/* All borrowed. */
struct chat_http {
    const char *url;
    const char *authorization; /* a whole header, or NULL */
    const char *body;          /* JSON, posted; NULL: GET */
    long silence_seconds;      /* that the server may be silent */
    /* The next bytes of a reply with status 200. 1: enough, no more is wanted; -1: with `e` set. */
    int (*take)(void *context, const char *bytes, size_t size, struct error *e);
    void *context;
    const atomic_bool *cancel;   /* may be NULL; cancelled: ERROR_CANCELLED */
    void (*idle)(void *context); /* called where `cancel` is looked at, ten times a second; may be NULL */
    void *idle_context;
};

#define CHAT_HTTP_REFUSAL 4096

struct chat_http_reply {
    long status;
    bool enough;                         /* `take` wanted no more */
    char refusal[CHAT_HTTP_REFUSAL + 1]; /* the beginning of what came with another status than 200 */
    size_t size;
};

/* 0: the server replied, whatever it said. */
int chat_http_run(const struct chat_http *h, struct chat_http_reply *reply, struct error *e);

/* Before the first request. */
int chat_http_start(struct error *e);

#endif
