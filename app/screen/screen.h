/* The whole screen: panes, focus, what keys do, what messages change. No terminal and no threads: events and messages
 * come in, a canvas comes out, and what has to happen elsewhere is called through a table. */
#ifndef LECTERN_SCREEN_H
#define LECTERN_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct finding;
struct canvas;
struct config;
struct corpus;
struct error;
struct event;
struct inspected_choice;
struct message;
struct model;
struct scope;
struct screen;

/* What the screen wants done. Every function is given. */
struct screen_calls {
    void *context;

    /* About `topic` where it follows up that question, else NULL; of what the scope holds, NULL: as usual. */
    int (*ask)(void *context, size_t id, const char *question, const char *topic, const struct scope *scope,
               struct error *e);
    bool (*read)(void *context);
    void (*stop)(void *context);
    bool (*measure)(void *context);
    void (*want_shares)(void *context, size_t id, const struct finding *f, int token, uint64_t begin, uint64_t end);
    void (*want_lens)(void *context, size_t id, const struct finding *f, size_t token);
    void (*want_inspection)(void *context, size_t id, const struct finding *f, const struct inspected_choice *choice);
    void (*copy)(void *context, const char *text, size_t size);
    void (*edit)(void *context, size_t document, uint64_t line);
    void (*suspend)(void *context);
    void (*redraw)(void *context);
    void (*configure)(void *context, const struct config *c); /* theme and mouse have changed */
};

int screen_open(struct screen **out, const struct corpus *c, const struct model *m, const struct config *config,
                const struct screen_calls *calls, struct error *e);
void screen_close(struct screen *s);

void screen_event(struct screen *s, const struct event *event);

/* Takes the message; it is the screen's then. */
void screen_message(struct screen *s, struct message *m);

/* A document's file was found to be no longer what was read: said once, and reading on from there is offered. */
void screen_changed(struct screen *s, size_t document);

/* Work between events (searching), a few milliseconds of it: true while there is more. */
bool screen_work(struct screen *s);
void screen_draw(struct screen *s, struct canvas *c);

#endif
