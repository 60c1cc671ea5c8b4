/* What a program of several ranks (mpirun) does differently: which commands it has, and which part of the machine a
 * rank takes. */
#ifndef LECTERN_RANK_H
#define LECTERN_RANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backend;
struct comm;
struct device;
struct error;

/* What the command does, as far as ranks are concerned. */
struct rank_use {
    bool screen;
    bool shared; /* several ranks can do it together */
};

/* -1, with what to do instead, for a command that one rank runs. */
int rank_check(const struct comm *c, const struct rank_use *use, struct error *e);

/* The GPU of the n-th rank of a machine, counted round among its usable ones; NULL where there are not several. Points
 * into the list. */
const char *rank_gpu(const struct device *list, size_t n, uint32_t local_rank);

/* backend_open for this rank: of several GPUs its own, and without a number of threads (0) its part of the cores. */
int rank_open_backend(struct backend **out, const struct comm *c, const char *named, unsigned n_threads,
                      struct error *e);

#endif
