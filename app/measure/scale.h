/* `lectern scale`: time and memory of reading against the length of the text, measured. */
#ifndef LECTERN_SCALE_H
#define LECTERN_SCALE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/measure/scale_run.h"

struct backend;
struct comm;
struct error;
struct model;

enum { SCALE_MAX_LENGTHS = 64 };
#define SCALE_MAX_TOKENS (UINT64_C(1) << 60)

#define SCALE_DEFAULTS                                                                                                 \
    {                                                                                                                  \
        .n_head = 1, .head_dim = 32, .segment = 256, .ratio = 4                                                        \
    }

struct scale_options {
    uint64_t tokens[SCALE_MAX_LENGTHS]; /* lengths; n_tokens 0: the default ones */
    size_t n_tokens;
    bool has_at;
    uint64_t at;        /* one row, at this position, instead of lengths */
    bool model;         /* the whole reader; otherwise attention alone, of the shape that follows */
    bool against_dense; /* a second row a length: one segment, dilation rate 1, up to a time limit */
    uint32_t n_head, head_dim;
    uint64_t segment;  /* w_0: the shortest branch's segment length */
    uint64_t ratio;    /* a: branch i has w_0 a^i and dilation rate a^i */
    const char *shape; /* the last option that gave one of these four; NULL: none did */
    bool csv;          /* comma-separated values instead of a table */
    const char *svg;   /* a plot is written there; or NULL */
};

struct scale_row {
    const char *what; /* "attention", "dense" or "model" */
    uint64_t tokens;  /* the length, or the position */
    struct scale_result result;
    double disk; /* bytes a token in files */
};

struct scale_callbacks {
    void (*begin)(void *context, const char *what, uint64_t tokens);              /* a row is being measured */
    void (*progress)(void *context, uint64_t done, uint64_t all, double seconds); /* struct scale_watch's */
    int (*row)(void *context, const struct scale_row *row, struct error *e);      /* it is measured; -1 stops */
    void (*gave_up)(void *context, uint64_t tokens, const char *why); /* no dense row of this and longer lengths */
    void *context;
    const atomic_bool *cancel;
    struct comm *comm; /* the ranks that read together; NULL: one */
};

/* Measures the rows one after the other. `m` may be NULL where the options do not ask for the model. A row whose checks
 * are off by more than rounding explains is given to the callback all the same; then -1. */
int scale_measure(const struct scale_options *o, struct backend *b, const struct model *m,
                  const struct scale_callbacks *c, struct error *e);

#endif
