/* A talk as a small JSON text with a version: what is kept of it between sittings. What is read is never trusted: every
 * number has to fit the text it is about, or nothing of it is taken. */
#ifndef LECTERN_TALK_JSON_H
#define LECTERN_TALK_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "app/panes/conversation.h"
#include "app/panes/jumps.h"

struct corpus;
struct error;

#define TALK_JSON_VERSION 1

/* What a sitting leaves. */
struct talk_json {
    struct conversation conversation;
    struct jumps jumps; /* the marks */
    struct spot spot;
    char *const *paths; /* borrowed: what was named, to be opened again from a list (recent.h); not read back */
    size_t n_paths;
    double part;   /* of the text before the place, likewise */
    bool *open;    /* [n_entries]: whether entries of the outline are */
    size_t n_open; /* entries; 0: not known */
};

/* *out: malloc'ed, terminated. */
int talk_json_encode(char **out, const struct talk_json *t, struct error *e);

/* What it fills is the caller's, to be freed with talk_json_free. ERROR_DAMAGED: it is not what talk_json_encode wrote
 * about this text; ERROR_OTHER: it is another version's. */
int talk_json_decode(struct talk_json *out, const char *text, size_t size, const struct corpus *c, struct error *e);
void talk_json_free(struct talk_json *t);

#endif
