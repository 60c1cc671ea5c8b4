/* What the commands that read work on: opened step by step, told about on standard error, closed at once. */
#ifndef LECTERN_WORK_H
#define LECTERN_WORK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/answer/ask.h"
#include "app/output/report.h"
#include "app/reader/reader.h"

struct answerer;
struct backend;
struct comm;
struct corpus;
struct error;
struct finding;
struct model;
struct options;
struct reread;

/* Zero-initialise but for options, comm and cancel, which are borrowed; what is opened is owned. */
struct work {
    const struct options *options;
    struct comm *comm; /* NULL: one rank */
    const atomic_bool *cancel;
    struct corpus *corpus;
    struct model *model;
    struct backend *backend;
    struct answerer *answerer; /* NULL: no model words answers */
    char reread_path[4096];    /* of the second reading's model; "": there is none */
    struct reread *reread;     /* or NULL */
    struct reader *reader;
    struct ask ask;
    struct finding *finding; /* of the question that is asked */
    uint64_t state_limit;    /* of the settings; 0: not said */
    bool shows_progress;
    double next_line;  /* when the next progress line is due */
    bool line_open;    /* a progress line stands on standard error */
    bool waits;        /* it was said that another process's read is waited for */
    char noticed[640]; /* what was said of the device last */
    char noted[640];   /* and of what is kept */
};

/* The steps. A failure leaves what was opened to work_close. */
int work_open_corpus(struct work *w, struct error *e); /* says what is left out */
int work_open_engine(struct work *w, struct error *e);
int work_open_answerer(struct work *w, struct error *e);
int work_open_reread(struct work *w,
                     struct error *e);          /* once the engine is open; a line where it is wanted and not there */
int work_open(struct work *w, struct error *e); /* all of them, and the reader */
int work_read(struct work *w, struct error *e); /* to the end, with progress */
void work_close(struct work *w);

const char *work_model_path(const struct options *o);
bool work_quotes(const struct work *w); /* sentences, whatever the second reading says */
struct reader_options work_reader_options(const struct work *w);
struct finding_how work_finding_how(const struct work *w); /* its strings are the options' */
struct report work_report(const struct work *w);
int work_status(const struct work *w); /* 0, or 3 where something was left out; of an empty file nothing was */

/* One untrusted line on standard error. */
void work_say(const struct options *o, const char *kind, const char *text);
void work_say_notice(struct work *w);                                 /* a device that was lost; said once */
void work_show_counting(void *context, uint64_t bytes, uint64_t all); /* of a struct work: progress of a dry run */
void work_clear_progress(struct work *w);

#endif
