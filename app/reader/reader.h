/* Reading: a corpus through a model on a back end. No threads of its own, no terminal; the caller's thread does the
 * work and hears of it through callbacks. */
#ifndef LECTERN_READER_H
#define LECTERN_READER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/reader/sequence.h"
#include "app/reader/token_source.h"

struct backend;
struct comm;
struct corpus;
struct error;
struct model;
struct reader;
struct session_guard;

struct reader_progress {
    uint64_t tokens, new_tokens; /* tokens of the sequence so far; those that this process has read */
    uint64_t bytes, total_bytes; /* bytes of text that are read, and that there are */
    size_t document;             /* the document that is being read */
    double seconds;              /* time that this process has read */
    double tokens_per_second;    /* speed of the last seconds */
    double seconds_left;         /* an estimate; negative while there is none */
    uint64_t memory;             /* live memory of the model in bytes, which does not grow */
    uint64_t state_bytes;        /* size of the mapped files: evidence keys and token offsets */
};

struct reader_callbacks {
    void (*progress)(void *context, const struct reader_progress *p); /* a few times a second */
    void *context;
    const atomic_bool *cancel; /* looked at between chunks (under 200 ms); may be NULL */
};

struct reader_options {
    struct comm *comm; /* the ranks that read together; NULL for one */
    const char
        *directory; /* where unlinked files hold the tables of a read that is not kept; NULL: $TMPDIR or /var/tmp */
    bool keep;      /* whether to keep the read on disk, and to take over what is kept of this text */
    const char *state_dir; /* where reads are kept; NULL: $XDG_CACHE_HOME/lectern */
    uint64_t state_limit;  /* bytes that all kept reads may take together; 0: STATE_LIMIT (state.h) */
    const char *label;     /* what a list of kept reads calls it; may be NULL */
    /* Called some times a second while another process reads the text and keeps it, with how many bytes of it that one
     * has kept; false ends the waiting, and the text is read here and not kept. NULL: it is not waited for. */
    bool (*waits)(void *context, uint64_t bytes);
    void *waiter;
    uint64_t memory; /* bytes for evidence keys and model together, 0 for no limit; this decides how many positions keep
                        a key */
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

/* A device that was lost on the way, while reading or seeking, and where the work goes on; "" where nothing happened.
 */
const char *reader_notice(const struct reader *r);

/* What the user should hear: a kept read taken over or found damaged, or why nothing is kept. "" where there is
 * nothing. It may change while reading. */
const char *reader_note(const struct reader *r);

/* Whether what is read is kept on disk, so far. */
bool reader_keeps(const struct reader *r);

/* The smallest rate, of those that training saw (powers of 4), at which the keys of a text fit `memory` bytes (0: no
 * limit) beside a model that takes `model_bytes` of them. A token is taken for three bytes of text, which is few. */
int reader_choose_rate(uint32_t *rate, const struct model *m, uint64_t text_bytes, uint64_t model_bytes,
                       uint64_t memory, struct error *e);

/* What a model's sequences are made of besides text. */
struct token_marks reader_marks(const struct model *m);

/* R: every R-th position keeps its key. */
uint32_t reader_rate(const struct reader *r);

/* What BM25 weighs beside the attention: the model's fusion weight where every key is kept; an attention that sees one
 * position in R counts for 1/R. */
float reader_fusion_weight(const struct reader *r);
void reader_progress(const struct reader *r, struct reader_progress *p);

const struct corpus *reader_corpus(const struct reader *r);

/* Tables of what has been read; valid until reader_close, growing while reader_read runs (same thread only). */
const struct reader_document *reader_documents(const struct reader *r, size_t *n);
const struct reader_segment *reader_segments(const struct reader *r, size_t *n);

/* Text offset, in document `document`, of the start of each token in [begin, end): offsets[end - begin + 1] (the last
 * is where the last token ends). All tokens must be of that document's text. */
int reader_token_offsets(const struct reader *r, uint64_t begin, uint64_t end, uint64_t *offsets, struct error *e);

/* What a question is asked with: the session is at the end of what was read, and stays there. */
const struct model *reader_model(const struct reader *r);
struct backend *reader_backend(const struct reader *r);
struct session_guard *reader_guard(struct reader *r);
const struct sequence *reader_sequence(const struct reader *r);

#endif
