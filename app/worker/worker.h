/* The thread that owns the back end and the reader. It does one thing after another: reads, answers; and, between
 * steps, looks up the attention of single tokens. Everything it has to say comes through a queue. */
#ifndef LECTERN_WORKER_H
#define LECTERN_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/reader/reader.h"

struct inspected_choice;
struct message;
struct worker;

struct worker_options {
    const struct corpus *corpus; /* all borrowed until worker_close */
    const struct model *model;
    const char *device;
    unsigned n_threads;
    struct reader_options reader;
    enum reader_rank rank;
};

/* Starts the thread and begins to read. */
int worker_open(struct worker **out, const struct worker_options *o, struct error *e);

/* Cancels what is going on, ends the thread and frees what it still had to say. Answers that were taken stay the
 * caller's. */
void worker_close(struct worker *w);

/* Readable when worker_next has something. */
int worker_fd(const struct worker *w);
struct message *worker_next(struct worker *w);

/* Read on; ask. False where too much is waiting already. */
bool worker_read(struct worker *w);
bool worker_ask(struct worker *w, size_t id, const char *question);

/* Measures time and memory against length (scale.h), whole reader and attention alone. Told by MESSAGE_SCALE_... */
bool worker_measure(struct worker *w);

/* Stops what is being done now: reading pauses, an answer ends where it is. */
void worker_stop(struct worker *w);

/* An answer's evidence is told (MESSAGE_EVIDENCE) before its first word and is the taker's from then on; words follow
 * in MESSAGE_ANSWER_TEXT and MESSAGE_ANSWER_ENDS, which has an answer of its own. The wishes below may be about either,
 * and are granted while words come: the worker only reads the question and the evidence, which must stay as they are
 * until worker_close; the words are the main thread's.
 *
 * Asks for the attention of the text's tokens [begin, end), all of one document, by an answer: of the whole question
 * (`token` -1) or of one of its tokens. A later wish replaces an earlier one. Answered by MESSAGE_SHARES. */
void worker_want_shares(struct worker *w, size_t id, const struct answer *a, int token, uint64_t begin, uint64_t end);

/* Asks what one token of the question attends to in all the text; likewise. Answered by MESSAGE_LENS. */
void worker_want_lens(struct worker *w, size_t id, const struct answer *a, size_t token);

/* Asks to look into an answer's question; likewise. Answered by MESSAGE_INSPECTED. */
void worker_want_inspection(struct worker *w, size_t id, const struct answer *a, const struct inspected_choice *choice);

#endif
