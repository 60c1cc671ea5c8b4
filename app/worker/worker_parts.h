/* What the parts of the worker share: its thread's own things, and how it tells. */
#ifndef LECTERN_WORKER_PARTS_H
#define LECTERN_WORKER_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "app/answer/ask.h"
#include "app/reader/inspected.h"
#include "app/worker/message.h"
#include "app/worker/worker.h"

struct backend;
struct queue;

#define WORKER_WAITING 64

struct wish {
    const struct finding *finding; /* NULL: none */
    size_t id;
    int token;
    uint64_t begin, end;
    struct inspected_choice choice;
};

/* What the main thread has been told of a question. */
struct lent {
    size_t id;
    struct finding *finding; /* owned */
};

struct worker {
    struct worker_options options;
    struct queue *to, *from;
    int wake[2];
    pthread_t thread;
    atomic_bool cancel, closing;
    atomic_bool unasked;   /* ends the question that is being answered, and nothing else */
    pthread_mutex_t mutex; /* guards the wishes, and what follows */
    struct wish shares_wish, lens_wish, inspection_wish;
    bool answering; /* the question `asked` */
    size_t asked;
    size_t unwanted[WORKER_WAITING]; /* questions that are not to be begun */
    size_t n_unwanted;
    size_t n_open; /* requests that were made and have not ended */
    bool stopped;  /* the first of them, begun or not */
    bool begun;
    /* the thread's own */
    struct backend *backend;
    struct reader *reader;
    struct ask ask;
    struct reread *reread;
    struct message *later[WORKER_WAITING]; /* questions answered at once, to be answered again when all is read */
    size_t n_later;
    struct reader_segment *cuts; /* of the whole text, once a question wanted them */
    size_t n_cuts;
    struct lent *lent; /* a finding stands before those that it lends its attention to */
    size_t n_lent, lent_capacity;
    size_t told_documents, told_segments;
    struct message *reserve; /* of MESSAGE_FAILED, as a request has its own */
    char noted[640];         /* what was said of the kept read last */
    const char *scale_what;  /* being measured */
    uint64_t scale_tokens;
};

/* Tells the main thread; NULL: there was no memory for a message. */
void worker_tell(struct worker *w, struct message *m);
void worker_tell_text(struct worker *w, enum message_type type, size_t id, bool done, const char *text);
/* The end of something, of which `text` (may be NULL) says what went wrong. Nobody is to wait for ever: without memory
 * *reserve is told, and is NULL then. */
void worker_tell_end(struct worker *w, struct message **reserve, enum message_type type, size_t id, bool done,
                     const char *text);
void worker_tell_notice(struct worker *w); /* a device that was lost */
/* A request was made, or ended without being begun. */
void worker_count_request(struct worker *w, bool made);
/* The request that was begun is over: a stop from now on is none of it. Before its end is told. */
void worker_end_request(struct worker *w);

/* worker_wish.c: what the main thread wishes to be looked up, granted between steps of other work. */
void worker_wish_serve(struct worker *w);

/* worker_ask.c */
void worker_ask_answer(struct worker *w, struct message *question);

/* Questions that came while the text is read are answered at once, and again when it is read; what else there is waits.
 */
void worker_ask_serve(struct worker *w);

/* Frees what was found for a question; for all of them. */
void worker_ask_forget(struct worker *w, size_t id);
void worker_ask_forget_all(struct worker *w);

#endif
