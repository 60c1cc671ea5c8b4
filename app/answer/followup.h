/* Questions that lean on the ones before ("And when was he born?") made to stand alone, since evidence is sought by the
 * question's own words. */
#ifndef LECTERN_FOLLOWUP_H
#define LECTERN_FOLLOWUP_H

#include <stdatomic.h>
#include <stdbool.h>

struct answerer;
struct backend;
struct error;

/* What has been talked about; zero-initialise, free with followup_free. */
struct followup {
    char *topic;    /* owned: the last question that stood alone */
    char *question; /* owned: the last question as it was asked, and its answer */
    char *answer;
    bool told; /* somebody else says what a question leans on (followup_tell); else it is guessed (leaning_is) */
};

void followup_free(struct followup *f);

/* The next question leans on this one; NULL: it stands alone. */
int followup_tell(struct followup *f, const char *topic, struct error *e);

/* *out: malloc'ed, the question by itself. A large model rewords it; otherwise the last question that stood alone is
 * put before it. A question that does not lean, or comes first, is as it was. Cancelled: ERROR_CANCELLED. */
int followup_resolve(const struct followup *f, const char *question, struct answerer *w, struct backend *b,
                     const atomic_bool *cancel, char **out, struct error *e);

/* Remembers an exchange. */
int followup_remember(struct followup *f, const char *question, const char *answer, struct error *e);

#endif
