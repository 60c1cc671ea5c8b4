/* What the runs of `lectern scale` share: whom they listen to, what they give, and how large a chunk is. */
#ifndef LECTERN_SCALE_RUN_H
#define LECTERN_SCALE_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct comm;
struct error;

/* A run that was cancelled returns -1 with ERROR_CANCELLED. */
struct scale_watch {
    const atomic_bool *cancel; /* looked at several times a second; may be NULL */
    struct comm *comm;         /* the ranks that read together; NULL: one */
    double limit;              /* seconds of reading after which the run gives up; 0: none */
    /* After every chunk; may be NULL. all == 0: nobody knows of how many. */
    void (*progress)(void *context, uint64_t done, uint64_t all, double seconds);
    void *context;
};

struct scale_result {
    uint64_t tokens; /* that were read in `seconds` */
    double seconds;  /* making the inputs included, opening, filling and checking not; the mean of several runs */
    double input_seconds, exchange_seconds; /* of them, making inputs; and, of attention, giving keys to other ranks and
                                               taking theirs, with waiting for them: the mean of all ranks */
    size_t live_bytes;                      /* what the run keeps in memory: flat in the length */
    size_t checked_positions;
    double max_error;
    uint32_t ranks; /* 0: the program was not started as one of several */
    double sent;    /* bytes a token that a rank sent to others, the mean of all ranks */
    bool gave_up;   /* past the limit: nothing else is valid */
};

/* -1 with ERROR_CANCELLED after a cancel. */
int scale_run_check(const struct scale_watch *w, struct error *e);

/* Seconds on a clock that only goes forward. */
double scale_run_now(void);

/* Rows of the next chunk after one of n <= rows rows that took `seconds`: chunks are as large as a cancel that must be
 * seen in time allows, whatever a row costs on this device. */
uint32_t scale_run_rows(uint32_t rows, uint32_t max_rows, uint32_t n, double seconds);

#endif
