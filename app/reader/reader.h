/* Reading and asking: a corpus through a model on a back end, and questions to it. No threads of its own, no terminal;
 * the caller's thread does the work and hears of it through callbacks. */
#ifndef LECTERN_READER_H
#define LECTERN_READER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/answer/answer.h"
#include "app/reader/sequence.h"

struct answerer;
struct backend;
struct comm;
struct corpus;
struct error;
struct inspected;
struct inspected_choice;
struct model;
struct reader;

struct reader_progress {
    uint64_t tokens, new_tokens; /* in the sequence so far; of them read by this process */
    uint64_t bytes, total_bytes; /* of text read; of all text */
    size_t document;             /* being read */
    double seconds;              /* spent reading by this process */
    double tokens_per_second;    /* over the last seconds */
    double seconds_left;         /* estimated; negative: not known yet */
    uint64_t memory;             /* live memory of the model, bytes: flat */
    uint64_t state_bytes;        /* evidence keys and token offsets, in a mapped file */
};

struct reader_callbacks {
    void (*progress)(void *context, const struct reader_progress *p); /* a few times a second */
    void (*answer)(void *context, const char *text, size_t size);     /* a piece of the answer, as it comes */
    void *context;
    const atomic_bool *cancel; /* looked at between chunks (under 200 ms); may be NULL */

    /* Before the first word: the answer without its words (answer.h), lent for the call. Then, until the last word and
     * while nothing comes too, ten times a second or as often as the answerer lets (between its tokens, between steps
     * of its prompt): what was asked before may be looked into, as in `progress`. Both may be NULL. */
    void (*evidence)(void *context, const struct answer *a);
    void (*idle)(void *context);
};

struct reader_options {
    struct comm *comm;         /* the ranks that read together; NULL: one */
    const char *directory;     /* for tables that are not kept, in unlinked files; NULL: $TMPDIR or /var/tmp */
    struct answerer *answerer; /* borrowed until reader_close; NULL: the best sentences are quoted */
    bool conversation;         /* questions may lean on the ones before */
    bool keep;                 /* keep the read on disk, and take over what is kept of this text */
    const char *state_dir;     /* where; NULL: $XDG_CACHE_HOME/lectern */
    const char *label;         /* what a list of kept reads calls it; may be NULL */
    uint64_t
        memory; /* bytes for evidence keys and model together; 0: no limit. Decides how many positions' keys are kept */
};

/* Borrows model, back end and corpus until reader_close. What cannot be kept on disk is no failure: reader_note says
 * why. *cancel (may be NULL) is looked at while a kept read is looked for; cancelled is ERROR_CANCELLED. */
int reader_open(struct reader **out, const struct model *m, struct backend *b, const struct corpus *c,
                const struct reader_options *o, const atomic_bool *cancel, struct error *e);
void reader_close(struct reader *r);

/* Reads on from where it stopped, to the end. Cancelled: ERROR_CANCELLED, what was read is kept
 * and a further call goes on. */
int reader_read(struct reader *r, const struct reader_callbacks *c, struct error *e);
bool reader_done(const struct reader *r);

/* A device that was lost on the way, while reading or asking, and where the work goes on; "" where nothing happened. */
const char *reader_notice(const struct reader *r);

/* What the user should hear: a kept read taken over or found damaged, or why nothing is kept. "" where there is
 * nothing. It may change while reading. */
const char *reader_note(const struct reader *r);

/* The smallest rate, of those that training saw (powers of 4), at which the keys of a text fit `memory` bytes (0: no
 * limit) beside a model that takes `model_bytes` of them. A token is taken for three bytes of text, which is few. */
int reader_choose_rate(uint32_t *rate, const struct model *m, uint64_t text_bytes, uint64_t model_bytes,
                       uint64_t memory, struct error *e);

/* Every how many positions a key is kept. */
uint32_t reader_rate(const struct reader *r);

/* What BM25 weighs beside the attention: the model's fusion weight where every key is kept; an attention that sees one
 * position in R counts for 1/R. */
float reader_fusion_weight(const struct reader *r);
void reader_progress(const struct reader *r, struct reader_progress *p);

/* Asks about what has been read so far. */
int reader_ask(struct reader *r, const char *question, enum reader_rank rank, const struct reader_callbacks *c,
               struct answer **out, struct error *e);

const struct corpus *reader_corpus(const struct reader *r);

/* Tables of what has been read; valid until reader_close, growing while reader_read runs (same thread only). */
const struct reader_document *reader_documents(const struct reader *r, size_t *n);
const struct reader_segment *reader_segments(const struct reader *r, size_t *n);

/* Text offset, in document `document`, of the start of each token in [begin, end): offsets[end - begin + 1] (the last
 * is where the last token ends). All tokens must be of that document's text. */
void reader_token_offsets(const struct reader *r, uint64_t begin, uint64_t end, uint64_t *offsets);

/* Share of the evidence attention of each token in [begin, end): of the whole question (`token` -1), or of one of its
 * tokens; zero for positions whose key is not kept. */
void reader_token_shares(const struct reader *r, const struct answer *a, int token, uint64_t begin, uint64_t end,
                         float *share);

/* A token of a question: its bytes, and its weight in the whole (the weights add up to 1). */
struct reader_question_token {
    uint32_t begin, end;
    float gate;
};

/* The tokens of an answer's question, malloc'ed. */
int reader_question_tokens(const struct reader *r, const struct answer *a, struct reader_question_token **out,
                           size_t *n, struct error *e);

/* The attention of one question token in every segment of the answer: share[a->n_segments]. One pass over the kept keys
 * on the caller's thread; cancelled (ERROR_CANCELLED) between segments. */
int reader_question_share(const struct reader *r, const struct answer *a, size_t token, const atomic_bool *cancel,
                          float *share, struct error *e);

/* Looks into the answer's question (app/reader/inspected.h) over what has been read by now, between two reader_read's,
 * in the progress callback of one, or in the idle callback of a reader_ask. Costs one prefill of the question and its
 * softmaxes over the cached keys; cancelled
 * (ERROR_CANCELLED) between layers. -1 where several ranks read. */
int reader_inspect(struct reader *r, const struct answer *a, const struct inspected_choice *choice,
                   const atomic_bool *cancel, struct inspected **out, struct error *e);

#endif
