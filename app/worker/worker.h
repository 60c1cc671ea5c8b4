/* The thread that owns the back end and the reader. It does one thing after another: reads, answers; and, between
 * steps, looks up the attention of single tokens. Everything it has to say comes through a queue. */
#ifndef LECTERN_WORKER_H
#define LECTERN_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/reader/finding.h"
#include "app/reader/reader.h"

struct answerer;
struct inspected_choice;
struct message;
struct worker;

struct worker_options {
    const struct corpus *corpus; /* all borrowed until worker_close */
    const struct model *model;
    const char *device;
    unsigned n_threads;
    struct reader_options reader;
    struct answerer *answerer; /* NULL: no model words answers */
    bool quotes;               /* sentences are quoted, whatever the second reading says */
    const char *reread_path;   /* the second reading's model; NULL: none */
    struct finding_how how;    /* what a question is sought by, unless it says so itself */
    bool places_only;          /* questions stand alone, are answered once, and by evidence without words */
};

/* Starts the thread and begins to read. */
int worker_open(struct worker **out, const struct worker_options *o, struct error *e);

/* Cancels what is going on, ends the thread, and frees what it still had to say and all that it found. */
void worker_close(struct worker *w);

/* Readable when worker_next has something. */
int worker_fd(const struct worker *w);
struct message *worker_next(struct worker *w);

/* Reads on. False where too much is waiting already. */
bool worker_read(struct worker *w);

/* Asks of some documents only, whose scope is copied; NULL: of those the options name. */
int worker_ask(struct worker *w, size_t id, const char *question, const struct scope *scope, struct error *e);

/* The same as a follow-up of another question, which is asked about with it; NULL: it stands alone. Nothing is guessed.
 */
int worker_ask_about(struct worker *w, size_t id, const char *question, const char *topic, const struct scope *scope,
                     struct error *e);

/* Seeks places like one, as finding_open_like; told as the evidence of a question of that id. */
int worker_ask_like(struct worker *w, size_t id, size_t document, uint64_t offset, const struct scope *scope,
                    struct error *e);

/* A question is not wanted any more: it ends (MESSAGE_ANSWER_ENDS, not done) where it is, or before it is begun; what
 * is being read is read on. */
void worker_unask(struct worker *w, size_t id);

/* What was found for a question that has ended is looked at no more: it is freed. False where too much is waiting. */
bool worker_forget(struct worker *w, size_t id);

/* Measures time and memory against length (scale.h), whole reader and attention alone. Told by MESSAGE_SCALE_... */
bool worker_measure(struct worker *w);

/* Stops what is being done, or is begun next of what was asked for: reading pauses, an answer ends where it is. */
void worker_stop(struct worker *w);

/* What was found is told (MESSAGE_EVIDENCE) before its first word: it stays the worker's, and as it is, until
 * worker_forget or worker_close. Words follow in MESSAGE_ANSWER_TEXT and MESSAGE_ANSWER_ENDS. The wishes below are
 * about it, and are granted while words come.
 *
 * Asks for the attention of the text's tokens [begin, end), all of one document, by a finding: of the whole question
 * (`token` -1) or of one of its tokens. A later wish replaces an earlier one. Answered by MESSAGE_SHARES. */
void worker_want_shares(struct worker *w, size_t id, const struct finding *f, int token, uint64_t begin, uint64_t end);

/* Asks what one token of the question attends to in all the text; likewise. Answered by MESSAGE_LENS. */
void worker_want_lens(struct worker *w, size_t id, const struct finding *f, size_t token);

/* Asks to look into its question; likewise. Answered by MESSAGE_INSPECTED. */
void worker_want_inspection(struct worker *w, size_t id, const struct finding *f,
                            const struct inspected_choice *choice);

#endif
