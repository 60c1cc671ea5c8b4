/* The model that words an answer: a chat model in a GGUF file, run by the same engine as the reader, or a chat server
 * that the user named. It sees what it is given, and nothing else. One thread at a time. */
#ifndef LECTERN_ANSWERER_H
#define LECTERN_ANSWERER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct answerer;
struct backend;
struct error;

enum chat_role { CHAT_SYSTEM, CHAT_USER, CHAT_ASSISTANT };

struct chat_message {
    enum chat_role role;
    const char *text; /* UTF-8 */
};

struct chat_request {
    const struct chat_message *messages;
    size_t n_messages;
    uint32_t max_tokens; /* of the answer */
    /* A piece of the answer as it comes: untrusted bytes. Not 0: enough, the answer ends here. */
    int (*emit)(void *context, const char *text, size_t size);
    void *context;
    bool *unended;               /* set where max_tokens came before the end; may be NULL */
    const atomic_bool *cancel;   /* looked at between tokens; may be NULL. Cancelled: ERROR_CANCELLED */
    void (*idle)(void *context); /* called where `cancel` is looked at, on the caller's thread; may be NULL */
    void *idle_context;
};

/* How words are chosen: temperature 0 takes the likeliest. */
struct chat_sampling {
    float temperature, top_p; /* top_p: of the probability that is chosen from, in (0, 1] */
    uint64_t seed;
};

struct answerer_options {
    const char *named;        /* NULL, "none" or "quote": no answerer; a GGUF file; URL#MODEL */
    const char *key_variable; /* environment variable with the server's API key; NULL: no key is sent */
    struct chat_sampling sampling;
    long silence_seconds; /* that a server may be silent; 0: the usual two minutes */
};

/* The path of the chat model that get-answerer fetches: "$XDG_DATA_HOME/lectern/SmolLM2-135M-Instruct.Q4_1.gguf"; -1
 * where no home is known.
 */
int answerer_default_path(char *path, size_t size);

/* *out is NULL where answers are quoted. Checks the file, or the URL's form: no connection yet, nothing loaded. Strings
 * are copied. */
int answerer_open(struct answerer **out, const struct answerer_options *o, struct error *e);
void answerer_close(struct answerer *a);

/* What the user may call it: a model's name or URL#MODEL. Untrusted bytes. */
const char *answerer_name(const struct answerer *a);

/* True for a model that follows longer instructions: it may be asked to reword questions. */
bool answerer_is_large(const struct answerer *a);

/* A device that was lost while an answer was worded, and where it was worded to its end; "" where nothing happened. */
const char *answerer_notice(const struct answerer *a);

/* Tokens of a text, or a good guess. */
size_t answerer_count(const struct answerer *a, const char *text, size_t size);

/* Answers the last message. A local model is loaded on `b` at the first call and stays there, unless that device is
 * lost: then it is opened again, or the CPU takes its place. answerer_release comes before the back end is closed. */
int answerer_chat(struct answerer *a, struct backend *b, const struct chat_request *r, struct error *e);
void answerer_release(struct answerer *a);

/* --- for implementations --- */

struct answerer_ops {
    void (*close)(struct answerer *a);
    void (*release)(struct answerer *a);
    size_t (*count)(const struct answerer *a, const char *text, size_t size);
    int (*chat)(struct answerer *a, struct backend *b, const struct chat_request *r, struct error *e);
};

/* What an implementation begins its own struct with. */
struct answerer {
    const struct answerer_ops *ops;
    char name[128], notice[640];
    bool large;
};

#endif
