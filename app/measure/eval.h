/* `lectern eval`: how often the evidence and the answers to a file of tasks are right (docs/json.md). */
#ifndef LECTERN_EVAL_H
#define LECTERN_EVAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/measure/eval_score.h"

struct answerer;
struct backend;
struct cJSON;
struct error;
struct model;
struct reader_options;
struct reread;
struct reader_progress;

struct eval_progress {
    size_t task, n_tasks;               /* asked so far; of all */
    const struct reader_progress *read; /* of the documents being read */
};

struct eval_options {
    const struct model *model;
    struct backend *backend;
    const struct reader_options *reader;
    uint64_t max_file;         /* as in corpus_options */
    struct answerer *answerer; /* NULL: no model words answers */
    struct reread *reread;     /* NULL: no second reading */
    bool quotes;               /* sentences are quoted, whatever the second reading says */
    bool answers;              /* score answers too */
    void (*progress)(void *context, const struct eval_progress *p); /* after each task and while reading; may be NULL */
    void *context;
    const atomic_bool *cancel; /* may be NULL */
};

struct eval_result {
    size_t n_tasks, n_segments;                     /* segments of all the documents that were read */
    size_t n_ranked;                                /* tasks that name evidence: the means below are over them */
    struct eval_recall reader, fused, bm25, chance; /* reader: the attention alone */
    bool rereads;                                   /* there was a second reading: */
    struct eval_recall reread;
    size_t n_judged;         /* tasks that name their answers, or that there is none, and that it judged */
    double found_auc;        /* how well its confidence tells the two apart; NAN where there are not both */
    size_t n_answered;       /* tasks that expect an answer; 0 without answers */
    struct eval_match match; /* means over them; `holds` of the whole answer, the others of its words */
    double worded;           /* the part that a model worded; the others quote sentences */
    char answerer[128];
    uint64_t tokens; /* read, tasks with the same documents once */
    double seconds;  /* of reading */
};

/* Cancelled: ERROR_CANCELLED. */
int eval_run(struct eval_result *out, const char *path, const struct eval_options *o, struct error *e);

/* The object that --json prints; the caller's. NULL without memory. */
struct cJSON *eval_report(const struct eval_result *r);

#endif
