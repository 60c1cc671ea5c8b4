/* One who asks a reader: a question is made to stand alone, sought, and what is found is worded. */
#ifndef LECTERN_ASK_H
#define LECTERN_ASK_H

#include <stdatomic.h>
#include <stdbool.h>

#include "app/answer/answer.h"
#include "app/answer/followup.h"

struct answerer;
struct reader;
struct reread;

/* Zero-initialise but for what the caller sets; end with ask_free. */
struct ask {
    struct reader *reader;     /* borrowed */
    struct answerer *answerer; /* borrowed; NULL: the best sentences are quoted */
    struct reread *reread;     /* borrowed; NULL: no second reading */
    bool quotes;               /* sentences are quoted, whatever the second reading says */
    bool conversation;         /* questions may lean on the ones before */
    struct followup talk;      /* what was talked about */
};

void ask_free(struct ask *q);

/* Finds the evidence of a question in what has been read so far, without a second reading. Cancelled: ERROR_CANCELLED.
 */
int ask_find(struct ask *q, const char *question, const struct finding_how *how, const atomic_bool *cancel,
             struct finding **out, struct error *e);

/* The same by words alone, of a text that is not read yet (finding_open_words). */
int ask_words(struct ask *q, const char *question, const struct reader_segment *segments, size_t n,
              const struct finding_how *how, const atomic_bool *cancel, struct finding **out, struct error *e);

/* The second reading of a finding of ask_find or ask_words, where there is one to be made; `idle` as in reread_run. */
int ask_reread(struct ask *q, struct finding *f, const atomic_bool *cancel, void (*idle)(void *context), void *context,
               struct error *e);

/* Words what was found for the question, which may be shorter than f->question. An answerer that fails costs nobody the
 * evidence: sentences are quoted then, and the answer says why. The finding is borrowed by the answer. */
int ask_word(struct ask *q, const char *question, const struct finding *f, const struct answer_callbacks *c,
             struct answer **out, struct error *e);

/* Who is going to word answers. */
const char *ask_answerer(const struct ask *q);

/* A device that was lost on the way, and where the work goes on; "" where nothing happened. */
const char *ask_notice(const struct ask *q);

#endif
