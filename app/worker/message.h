/* What the main thread and the worker tell each other. A message is malloc'ed and owned by whoever took it from the
 * queue. */
#ifndef LECTERN_MESSAGE_H
#define LECTERN_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/answer/answer.h"
#include "app/reader/finding.h"
#include "app/reader/reader.h"
#include "app/measure/scale.h"

enum message_type {
    /* to the worker */
    MESSAGE_READ,   /* read, or read on */
    MESSAGE_ASK,    /* id, text: a question; or without text, like: a place whose likes are sought */
    MESSAGE_FORGET, /* id: of a question */
    MESSAGE_SCALE,  /* measure time and memory against length */
    /* from the worker */
    MESSAGE_DEVICE,        /* text: the device's name */
    MESSAGE_NOTE,          /* text: what is to be said of the kept read (reader_note) */
    MESSAGE_WAITS,         /* progress: how far another process is, whose read is waited for */
    MESSAGE_PROGRESS,      /* progress, tables */
    MESSAGE_READ_STOPPED,  /* read to the end, or paused; or text: what went wrong */
    MESSAGE_ANSWER_BEGINS, /* id */
    MESSAGE_EVIDENCE,      /* id, finding; text: who words it */
    MESSAGE_ANSWER_TEXT,   /* id, text: a piece */
    MESSAGE_ANSWER_ENDS,   /* id, answer; without one it was stopped; or text: what went wrong */
    MESSAGE_SHARES,        /* shares */
    MESSAGE_LENS,          /* lens; where it cannot be had nothing is told */
    MESSAGE_INSPECTED,     /* id, inspected; or text: why it cannot be done */
    MESSAGE_SCALE_STEP,    /* scale: what is being measured, and how far it is */
    MESSAGE_SCALE_ROW,     /* scale.row */
    MESSAGE_SCALE_ENDS,    /* done: all is measured; else text: what went wrong; without one it was stopped */
    MESSAGE_SCALE_NOTE,    /* text: something was left out */
    MESSAGE_FAILED,        /* text: nothing works any more */
};

/* New rows of the reader's tables, and the indices where they begin. */
struct message_tables {
    size_t first_document, n_documents, first_segment, n_segments;
    struct reader_document *documents; /* owned */
    struct reader_segment *segments;   /* owned */
};

/* Attention of the tokens [begin, begin + n) by the finding of question `id`. */
struct message_shares {
    size_t id;
    int token; /* one of the question's, or -1 for all */
    uint64_t begin;
    size_t n;
    size_t document;
    uint64_t *offsets; /* owned, [n + 1]: where each begins in the document's text */
    float *share;      /* owned, [n] */
};

/* Where places are sought that are like one. */
struct message_like {
    size_t document;
    uint64_t offset; /* in its text */
};

/* What one token of a question attends to. */
struct message_lens {
    size_t token;
    struct finding_token *tokens; /* owned: all of the question's */
    size_t n_tokens;
    float *share; /* owned, [n_segments] of the answer */
};

struct message_scale {
    const char *what; /* static */
    uint64_t tokens, done, all;
    struct scale_row row;
};

struct message {
    enum message_type type;
    size_t id;
    bool done;          /* it came to its end; false if it was stopped before */
    char *text;         /* owned */
    struct scope scope; /* MESSAGE_ASK: of what; its strings are owned */
    bool told;          /* MESSAGE_ASK: whether it is a follow-up is said, not to be guessed */
    char *topic;        /* owned: then the question that it follows up; NULL: none */
    struct message_like like;
    size_t size;
    struct reader_progress progress;
    struct message_tables tables;
    struct message_shares shares;
    struct message_lens lens;
    struct message_scale scale;
    const struct finding *finding; /* the worker's, which keeps it as it is until worker_close */
    struct answer *answer;         /* owned; of a finding that was told before */
    struct inspected *inspected;   /* owned */
    struct message *reserve; /* owned: to the worker: tells of its end where there is no memory to; NULL: it did */
};

/* NULL without memory. */
struct message *message_new(enum message_type type);
void message_free(struct message *m);

/* Copies size bytes of text into the message, terminated; false without memory. */
bool message_text(struct message *m, const char *text, size_t size);

/* Takes what `next` says into `m`, where one message can say both (progress; pieces of one answer); false where it
 * cannot. The caller then frees `next` in either case as usual. */
bool message_merge(struct message *m, struct message *next);

#endif
