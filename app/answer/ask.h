/* A question to what has been read: its evidence attention, the ranked segments, the words of the answer. */
#ifndef LECTERN_ASK_H
#define LECTERN_ASK_H

#include "app/reader/reader.h"

struct answerer;
struct followup;
struct inspected_choice;
struct inspection;
struct session_guard;

/* What a question is asked of; all borrowed. */
struct ask {
    struct reader *reader; /* for the answerer, which looks up tokens and shares */
    const struct model *model;
    struct backend *backend;
    const struct corpus *corpus;
    const struct sequence *sequence;
    struct session_guard *guard; /* its session is at the end of the text, and again afterwards */
    struct answerer *answerer;   /* NULL: sentences are quoted */
    struct followup *talk; /* what was talked about before, brought up to date; NULL: every question stands alone */
};

/* As reader_ask. */
int ask_question(const struct ask *q, const char *question, enum reader_rank wanted, const struct reader_callbacks *c,
                 struct answer **out, struct error *e);

/* As reader_inspect, of a question that was asked before. */
int ask_inspect(const struct ask *q, const char *question, const struct inspected_choice *choice,
                const atomic_bool *cancel, struct inspection **out, struct error *e);

#endif
