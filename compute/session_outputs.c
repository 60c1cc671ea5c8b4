/* What a prefill gives back: logits, evidence keys and queries, gates; and how rank 0 gets those of the other ranks. */
#include <stdlib.h>
#include <string.h>

#include "compute/backend.h"
#include "compute/bytes.h"
#include "compute/comm.h"
#include "compute/error.h"
#include "compute/layers.h"
#include "compute/model.h"
#include "compute/sequence_parallel.h"
#include "compute/session.h"
#include "compute/session_parts.h"

int session_outputs_give(struct session *s, const int32_t *ids, size_t done, uint32_t n, bool last,
                         const struct session_outputs *out, struct error *e)
{
    const size_t width = s->model->evidence.width;
    const struct backend_ops *ops = s->backend->ops;
    struct layers *l = s->layers;
    if (out->logits && l->ops->logits(l, 0, n, out->logits + done * s->model->n_vocab, e) != 0) return -1;
    if (out->last_logits && last && l->ops->logits(l, n - 1, 1, out->last_logits, e) != 0) return -1;
    const struct layers_question question = {.queries = out->queries ? out->queries + done * width : NULL,
                                             .gate = out->gate ? out->gate + done : NULL,
                                             .tau = out->tau ? out->tau + done : NULL};
    if ((out->queries || out->gate || out->tau) && l->ops->question(l, ids, n, &question, e) != 0) return -1;
    if (!out->keys) return ops->flush(s->backend, e);
    uint64_t ticket = ops->matrix_fetch(l->ops->keys(l, ids, n), 0, n, out->keys + done * width);
    ops->start(s->backend);
    if (!out->ticket) return ops->wait(s->backend, ticket, e);
    *out->ticket = ticket;
    return 0;
}

int session_outputs_gather(struct session *s, const struct session_chunk *c, void *const given[SESSION_OUTPUTS],
                           unsigned wanted, struct error *e)
{
    const size_t e_width = s->model->evidence.width, word = sizeof(float);
    const size_t row[SESSION_OUTPUTS] = {s->model->n_vocab * word, e_width, e_width * word, word, word};
    const uint32_t size = comm_size(s->comm);
    size_t bytes = 1;
    for (int i = 0; i < SESSION_OUTPUTS; i++) bytes += wanted >> i & 1 ? c->n * row[i] + word : 0;
    uint8_t *own = given ? NULL : calloc(bytes, 1), *at = own;
    if (!given && !own) return error_set_kind(e, ERROR_MEMORY, "out of memory for the outputs of %u tokens", c->n);
    void *to[SESSION_OUTPUTS] = {0};
    for (int i = SESSION_OUTPUTS; i-- > 0;) { /* floats first: the bytes of keys would put them out of alignment */
        int k = i == 1 ? 0 : i == 0 ? 1 : i;
        if (!(wanted >> k & 1)) continue;
        to[k] = given ? given[k] : at;
        at = given ? NULL : at + c->n * row[k];
    }
    const struct session_outputs mine = {.logits = to[0], .keys = to[1], .queries = to[2], .tau = to[3], .gate = to[4]};
    int status = c->n > 0 ? session_outputs_give(s, c->ids, 0, c->n, false, &mine, e) : 0;
    for (int i = 0; i < SESSION_OUTPUTS && status == 0; i++) {
        if (!(wanted >> i & 1)) continue;
        for (uint32_t k = 0; k < size; k++)
            s->counts[k] =
                (size_t)(sequence_parallel_begin(s->parallel, k + 1) - sequence_parallel_begin(s->parallel, k)) *
                row[i];
        status = comm_gather(s->comm, to[i], given ? to[i] : NULL, s->counts, e);
    }
    free(own);
    return status;
}

int session_outputs_open(struct session *s, struct error *e)
{
    for (int i = 0; i < SESSION_LATER; i++)
        if (comm_gather_open(&s->later[i].gather, s->comm, false, e) != 0) return -1;
    return 0;
}

void session_outputs_close(struct session *s)
{
    for (int i = 0; i < SESSION_LATER; i++) {
        comm_gather_close(s->later[i].gather);
        free(s->later[i].own);
    }
}

int session_outputs_later(struct session *s, const struct session_chunk *c, int8_t *keys, uint64_t *ticket,
                          struct error *e)
{
    const size_t width = s->model->evidence.width;
    if (s->n_later - s->n_later_ended == SESSION_LATER && session_outputs_end(s, e) != 0) return -1;
    struct session_later *l = &s->later[s->n_later % SESSION_LATER];
    int8_t *to = keys ? keys : bytes_reserve(l->own, &l->capacity, c->n * width + 1, 1);
    if (!to) return error_memory(e);
    if (!keys) l->own = to;
    for (uint32_t i = 0; i < comm_size(s->comm); i++)
        s->counts[i] =
            (size_t)(sequence_parallel_begin(s->parallel, i + 1) - sequence_parallel_begin(s->parallel, i)) * width;
    if (c->n > 0)
        s->last_ticket = s->backend->ops->matrix_fetch(s->layers->ops->keys(s->layers, c->ids, c->n), 0, c->n, to);
    s->backend->ops->start(s->backend);
    *ticket = l->ticket = s->last_ticket;
    l->given = false;
    s->n_later++;
    return comm_gather_begin(l->gather, keys, s->counts, e);
}

int session_outputs_hand_over(struct session *s, struct error *e)
{
    for (uint64_t i = s->n_later_ended; i < s->n_later; i++) {
        struct session_later *l = &s->later[i % SESSION_LATER];
        if (l->given) continue;
        l->given = true;
        if (comm_rank(s->comm) == 0) continue; /* its own lie where they belong */
        if (s->backend->ops->wait(s->backend, l->ticket, e) != 0 || comm_gather_give(l->gather, l->own, e) != 0)
            return -1;
    }
    return 0;
}

int session_outputs_end(struct session *s, struct error *e)
{
    const struct session_later *l = &s->later[s->n_later_ended++ % SESSION_LATER];
    return s->backend->ops->wait(s->backend, l->ticket, e) != 0 ? -1 : comm_gather_end(l->gather, e);
}

int session_outputs_gather_last(struct session *s, const struct session_chunk *c, float *logits, struct error *e)
{
    const uint32_t rank = comm_rank(s->comm);
    const size_t bytes = s->model->n_vocab * sizeof *logits;
    uint32_t owner = comm_size(s->comm) - 1;
    while (sequence_parallel_begin(s->parallel, owner) == sequence_parallel_begin(s->parallel, owner + 1)) owner--;
    if (rank != owner) return rank == 0 ? comm_receive(s->comm, owner, logits, bytes, e) : 0;
    if (rank == 0) return s->layers->ops->logits(s->layers, c->n - 1, 1, logits, e);
    float *own = malloc(bytes);
    if (!own) return error_memory(e);
    int status =
        s->layers->ops->logits(s->layers, c->n - 1, 1, own, e) != 0 || comm_send(s->comm, 0, own, bytes, e) != 0 ? -1
                                                                                                                 : 0;
    free(own);
    return status;
}

unsigned session_outputs_wanted(const struct session_outputs *out)
{
    const void *const arrays[] = {out->logits, out->keys, out->queries, out->tau, out->gate, out->last_logits};
    unsigned wanted = 0;
    for (unsigned i = 0; i < sizeof arrays / sizeof *arrays; i++) wanted |= (unsigned)(arrays[i] != NULL) << i;
    return wanted == 1 << 1 && out->ticket ? wanted | SESSION_WANTS_LATER : wanted;
}
