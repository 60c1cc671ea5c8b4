/* Task files of `lectern eval`: a JSON object a line (docs/json.md). All lines are checked when the file is opened;
 * documents stay in the file until their turn, so a task file may be larger than memory. */
#ifndef LECTERN_EVAL_TASKS_H
#define LECTERN_EVAL_TASKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct corpus;
struct error;

struct eval_evidence {
    char *path;
    uint64_t begin, end; /* bytes of the file, half-open, not empty */
};

struct eval_task {
    size_t line; /* 1-based */
    char *question;
    char **answers;
    size_t n_answers;
    bool answers_known; /* they are named; with none of them the documents do not answer it */
    struct eval_evidence *evidence;
    size_t n_evidence;
    size_t group; /* tasks with the same documents have the same group */
};

struct eval_tasks {
    char *path;
    struct eval_task *tasks; /* by group, in the order of the file within one */
    size_t n_tasks, n_groups;
};

/* Errors name the line and the field: "tasks.jsonl:3: evidence[0].byte: expected [begin, end]". A file without tasks is
 * an error. */
int eval_tasks_open(struct eval_tasks **out, const char *path, const atomic_bool *cancel, struct error *e);
void eval_tasks_close(struct eval_tasks *t);

/* The documents of a task: those in its line, or the directory it names, relative to the task file. */
int eval_tasks_corpus(struct corpus **out, const struct eval_tasks *t, const struct eval_task *task, uint64_t max_file,
                      const atomic_bool *cancel, struct error *e);

#endif
