/* Stands in for comm_mpi.c where MPI was not found: there is never a comm. */
#include "compute/comm.h"

#include "compute/error.h"

static int nobody(struct error *e)
{
    return error_set(e, "this program was built without MPI");
}

int comm_open(struct comm **out, const atomic_bool *ending, struct error *e)
{
    (void)ending;
    (void)e;
    *out = NULL;
    return 0;
}

void comm_close(struct comm *c, int status)
{
    (void)c;
    (void)status;
}

void comm_break(struct comm *c)
{
    (void)c;
}

const char *comm_library(void)
{
    return "not built in";
}

uint32_t comm_rank(const struct comm *c)
{
    (void)c;
    return 0;
}

uint32_t comm_size(const struct comm *c)
{
    (void)c;
    return 1;
}

uint32_t comm_local_rank(const struct comm *c)
{
    (void)c;
    return 0;
}

uint32_t comm_local_size(const struct comm *c)
{
    (void)c;
    return 1;
}

uint64_t comm_bytes_sent(const struct comm *c)
{
    (void)c;
    return 0;
}

int comm_broadcast(struct comm *c, void *bytes, size_t n, bool patient, struct error *e)
{
    (void)c;
    (void)bytes;
    (void)n;
    (void)patient;
    return nobody(e);
}

int comm_all_gather(struct comm *c, const void *mine, void *all, size_t n, struct error *e)
{
    (void)c;
    (void)mine;
    (void)all;
    (void)n;
    return nobody(e);
}

int comm_gather(struct comm *c, const void *mine, void *all, const size_t *counts, struct error *e)
{
    (void)c;
    (void)mine;
    (void)all;
    (void)counts;
    return nobody(e);
}

int comm_send(struct comm *c, uint32_t to, const void *bytes, size_t n, struct error *e)
{
    (void)c;
    (void)to;
    (void)bytes;
    (void)n;
    return nobody(e);
}

int comm_receive(struct comm *c, uint32_t from, void *bytes, size_t n, struct error *e)
{
    (void)c;
    (void)from;
    (void)bytes;
    (void)n;
    return nobody(e);
}

int comm_post(struct comm *c, uint32_t to, const void *bytes, size_t n, struct error *e)
{
    return comm_send(c, to, bytes, n, e);
}

void comm_look(struct comm *c)
{
    (void)c;
}

int comm_gather_open(struct comm_gather **out, struct comm *c, bool to_all, struct error *e)
{
    (void)c;
    (void)to_all;
    *out = NULL;
    return nobody(e);
}

void comm_gather_close(struct comm_gather *g)
{
    (void)g;
}

int comm_gather_begin(struct comm_gather *g, void *all, const size_t *counts, struct error *e)
{
    (void)g;
    (void)all;
    (void)counts;
    return nobody(e);
}

int comm_gather_give(struct comm_gather *g, const void *mine, struct error *e)
{
    (void)g;
    (void)mine;
    return nobody(e);
}

int comm_gather_take(struct comm_gather *g, struct error *e)
{
    (void)g;
    return nobody(e);
}

int comm_gather_reach(struct comm_gather *g, struct error *e)
{
    (void)g;
    return nobody(e);
}

int comm_gather_end(struct comm_gather *g, struct error *e)
{
    (void)g;
    return nobody(e);
}
