#include "compute/ranks.h"

#include <stdlib.h>

#include "compute/comm.h"
#include "compute/error.h"
#include "compute/evidence_ranks.h"
#include "compute/session.h"

struct order {
    uint32_t what, flags;
    uint64_t n;
};

int ranks_lead(struct comm *c, enum ranks_order order, uint32_t flags, uint64_t n, struct error *e)
{
    if (!c || comm_rank(c) != 0) return 0;
    struct order o = {order, flags, n};
    return comm_broadcast(c, &o, sizeof o, false, e);
}

static int count_bytes(struct comm *c, uint64_t *out, struct error *e)
{
    const uint32_t size = comm_size(c);
    const uint64_t mine = comm_bytes_sent(c);
    uint64_t *all = calloc(size, sizeof *all);
    int status = all ? comm_all_gather(c, &mine, all, sizeof mine, e) : error_memory(e);
    *out = 0;
    for (uint32_t i = 0; i < size && status == 0; i++) *out += all[i];
    free(all);
    return status;
}

int ranks_bytes_sent(struct comm *c, uint64_t *out, struct error *e)
{
    *out = 0;
    if (!c) return 0;
    return ranks_lead(c, RANKS_COUNT, 0, 0, e) != 0 ? -1 : count_bytes(c, out, e);
}

/* What a rank other than 0 holds between orders. */
struct follower {
    struct comm *comm;
    const struct model *model;
    struct backend *backend;
    ranks_measure *measure;
    const atomic_bool *cancel;
    struct session *session;
    struct evidence_part *part;
};

static int load_state(struct follower *f, size_t size, struct error *e)
{
    uint8_t *bytes = malloc(size);
    int status = bytes ? comm_broadcast(f->comm, bytes, size, false, e) : error_memory(e);
    if (status == 0) status = session_state_load(f->session, bytes, size, e);
    free(bytes);
    return status;
}

static int open_session(struct follower *f, struct error *e)
{
    if (session_open(&f->session, f->model, f->backend, e) != 0) return -1;
    return session_join(f->session, f->comm, e);
}

static int obey_order(struct follower *f, const struct order *o, struct error *e)
{
    switch ((enum ranks_order)o->what) {
    case RANKS_OPEN:
        return open_session(f, e);
    case RANKS_CLOSE:
        session_close(f->session);
        f->session = NULL;
        return 0;
    case RANKS_PREFILL:
        return session_prefill_led(f->session, o->flags, o->n, e);
    case RANKS_COLLECT:
        return f->session ? session_collect_led(f->session, e) : error_set(e, "no session");
    case RANKS_SKIP:
        return session_skip_to(f->session, o->n, e);
    case RANKS_MARK:
        return session_mark(f->session, e);
    case RANKS_REWIND:
        return session_rewind(f->session, e);
    case RANKS_LOAD:
        return load_state(f, o->n, e);
    case RANKS_EVIDENCE:
        return evidence_ranks_follow(&f->part, f->comm, f->model, f->backend, f->cancel, e);
    case RANKS_COUNT:
        return count_bytes(f->comm, &(uint64_t){0}, e);
    case RANKS_MEASURE:
        return f->measure(f->comm, f->backend, e);
    case RANKS_END:
        break;
    }
    return 0;
}

int ranks_follow(struct comm *c, const struct model *m, struct backend *b, ranks_measure *measure,
                 const atomic_bool *cancel, struct error *e)
{
    struct follower f = {.comm = c, .model = m, .backend = b, .measure = measure, .cancel = cancel};
    struct order o = {0};
    int status;
    do {
        status = comm_broadcast(c, &o, sizeof o, true, e);
        if (status == 0) status = obey_order(&f, &o, e);
    } while (status == 0 && o.what != RANKS_END);
    if (status != 0) comm_break(c);
    session_close(f.session);
    evidence_ranks_close(f.part);
    return status;
}
