/* The ranks of one program (MPI): who there is, and bytes between them. Every rank calls the collective functions in
 * the same order; rank 0 leads (compute/ranks.h). A wait is bounded: a rank that has died or a network that is gone is
 * an error, after which nothing more can be sent and comm_close ends all ranks. Without MPI, or outside mpirun, there
 * is no comm (NULL) and one rank. One thread uses a comm. */
#ifndef LECTERN_COMM_H
#define LECTERN_COMM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct comm;
struct error;

/* *out is NULL where the program was not started as one of several ranks. *ending: set when this process is asked to
 * stop; a wait then lasts half a second at most. Borrowed until comm_close. */
int comm_open(struct comm **out, const atomic_bool *ending, struct error *e);

/* Collective after success. After a failed call on this or another rank: ends every rank with `status`, and does not
 * return. Accepts NULL. */
void comm_close(struct comm *c, int status);

/* From here on nothing is sent and comm_close ends all ranks: for a failure between two calls of a sequence. */
void comm_break(struct comm *c);

/* What ranks are built on: "MPI", or why there are none. */
const char *comm_library(void);

/* NULL is rank 0 of 1. */
uint32_t comm_rank(const struct comm *c);
uint32_t comm_size(const struct comm *c);

/* Among the ranks on this machine. */
uint32_t comm_local_rank(const struct comm *c);
uint32_t comm_local_size(const struct comm *c);

/* Bytes that this rank has handed to others: to each of them what it got. */
uint64_t comm_bytes_sent(const struct comm *c);

/* From rank 0 to all others, which wait for it: `patient`: for however long it takes. Rank 0 does not wait (comm_post).
 */
int comm_broadcast(struct comm *c, void *bytes, size_t n, bool patient, struct error *e);

/* all[i n, (i + 1) n): the n bytes that rank i has as `mine`. */
int comm_all_gather(struct comm *c, const void *mine, void *all, size_t n, struct error *e);

/* On rank 0 all[counts[0] + counts[1] + ...]: what every rank has, in the order of the ranks; counts in bytes,
 * counts[rank] of them from `mine`. Rank 0's own part lies there already; `all` is NULL elsewhere. */
int comm_gather(struct comm *c, const void *mine, void *all, const size_t *counts, struct error *e);

int comm_send(struct comm *c, uint32_t to, const void *bytes, size_t n, struct error *e);
int comm_receive(struct comm *c, uint32_t from, void *bytes, size_t n, struct error *e);

/* comm_send of a copy: does not wait until it has arrived. For what is little, or soon received. */
int comm_post(struct comm *c, uint32_t to, const void *bytes, size_t n, struct error *e);

/* Moves on what is under way. */
void comm_look(struct comm *c);

/* A gathering whose parts come and go while ranks compute; a rank's own part is not put into its `all`. Several may be
 * under way. Between begin and end mine and all stay as they are. */
struct comm_gather;

/* On all ranks in the same order. to_all: every rank takes the parts of the others; else rank 0 alone does. */
int comm_gather_open(struct comm_gather **out, struct comm *c, bool to_all, struct error *e);
void comm_gather_close(struct comm_gather *g); /* accepts NULL; what is under way ended, or the comm is broken */

/* Nothing is under way. `all` is NULL where nothing is taken. */
int comm_gather_begin(struct comm_gather *g, void *all, const size_t *counts, struct error *e);
/* Hands out this rank's part; does not wait until it has arrived. */
int comm_gather_give(struct comm_gather *g, const void *mine, struct error *e);
/* `all` has the parts of the ranks before this one. */
int comm_gather_take(struct comm_gather *g, struct error *e);
/* What was given has reached those behind. */
int comm_gather_reach(struct comm_gather *g, struct error *e);
/* All parts are where they belong. After comm_gather_give. */
int comm_gather_end(struct comm_gather *g, struct error *e);

#endif
