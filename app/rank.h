/* What a program of several ranks (mpirun) does differently: which commands it has, and which part of the machine a
 * rank takes. */
#ifndef LECTERN_RANK_H
#define LECTERN_RANK_H

#include <stdbool.h>

struct backend;
struct comm;
struct error;
struct options;

/* -1, with what to do instead, for a command that one rank runs. */
int rank_check(const struct comm *c, const struct options *o, struct error *e);

/* backend_open for this rank: of several GPUs its own, and without --threads its part of the cores. */
int rank_open_backend(struct backend **out, const struct comm *c, const struct options *o, struct error *e);

#endif
