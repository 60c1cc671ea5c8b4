/* Reading: a chunk of tokens goes through the layers, in one process or shared out among several. */
#include "compute/session.h"

#include <stdlib.h>

#include "compute/backend.h"
#include "compute/bytes.h"
#include "compute/comm.h"
#include "compute/error.h"
#include "compute/kv_cache.h"
#include "compute/kv_state.h"
#include "compute/layers.h"
#include "compute/model.h"
#include "compute/ranks.h"
#include "compute/sequence_parallel.h"
#include "compute/session_parts.h"
#include "compute/tokens.h"

/* What must be the same on every rank, and how many rows a share can have. */
struct greeting {
    uint64_t model, position;
    uint32_t rows, agrees;
};

static int greet(struct session *s, struct error *e)
{
    const uint32_t size = comm_size(s->comm);
    struct greeting mine = {.model = s->model->hash, .position = s->position, .rows = s->layers->rows};
    struct greeting *all = calloc(size, sizeof *all);
    s->counts = calloc(size, sizeof *s->counts);
    if (!all || !s->counts) {
        free(all);
        return error_memory(e);
    }
    int status = comm_all_gather(s->comm, &mine, all, sizeof mine, e);
    s->share_rows = s->layers->rows;
    for (uint32_t i = 0; i < size && status == 0; i++) {
        if (all[i].model != all[0].model || all[i].position != all[0].position)
            status = error_set(e, "rank %u has another model file than rank 0", i);
        if (all[i].rows < s->share_rows) s->share_rows = all[i].rows;
    }
    free(all);
    return status;
}

int session_join(struct session *s, struct comm *c, struct error *e)
{
    if (comm_size(c) == 1) return 0;
    if (ranks_lead(c, RANKS_OPEN, 0, 0, e) != 0) return -1;
    s->comm = c;
    if (greet(s, e) == 0 &&
        sequence_parallel_open(&s->parallel, c, s->backend, &s->cache->shape, s->model->n_layer, !s->model->windows,
                               e) == 0 &&
        session_outputs_open(s, e) == 0)
        return 0;
    comm_break(c);
    return -1;
}

/* What other ranks gave lies in the caches: before anything but a shared chunk looks at them. */
static int settle(struct session *s, struct error *e)
{
    if (!s->comm || sequence_parallel_settle(s->parallel, e) == 0) return 0;
    comm_break(s->comm); /* the other ranks are past it */
    return -1;
}

struct comm *session_comm(const struct session *s)
{
    return s->comm;
}

uint32_t session_chunk_tokens(const struct session *s)
{
    return s->comm ? s->share_rows * comm_size(s->comm) : s->layers->rows;
}

uint32_t session_window(const struct session *s)
{
    return s->window;
}

uint64_t session_position(const struct session *s)
{
    return s->position;
}

const struct kv_cache *session_cache(const struct session *s)
{
    return s->cache;
}

int session_skip_to(struct session *s, uint64_t position, struct error *e)
{
    if (position < s->position || position > s->model->context_length)
        return error_set(e, "position %llu cannot be reached from %llu in a context of %llu tokens",
                         (unsigned long long)position, (unsigned long long)s->position,
                         (unsigned long long)s->model->context_length);
    if (ranks_lead(s->comm, RANKS_SKIP, 0, position, e) != 0 || settle(s, e) != 0) return -1;
    kv_cache_skip(s->cache, s->position, position);
    s->position = position;
    return 0;
}

static int attend(void *context, uint32_t layer, const struct matrix *qkv, struct matrix *out,
                  const struct matrix *rotary, const struct attend_local *local, struct error *e)
{
    const struct session_chunk *c = context;
    struct session *s = c->s;
    struct matrix *k = s->cache->k[layer], *v = s->cache->v[layer];
    if (c->qkv && s->backend->ops->matrix_read(qkv, 0, c->n, c->qkv + layer * c->qkv_rows * qkv->cols, e) != 0)
        return -1;
    /* by now the device is past the chunk before */
    if (c->parallel && ((layer > 0 && session_outputs_hand_over(s, e) != 0) ||
                        sequence_parallel_before(c->parallel, layer, qkv, rotary, k, v, e) != 0))
        return -1;
    if (c->n > 0)
        s->backend->ops->attend(&(struct attend){.shape = &s->cache->shape,
                                                 .qkv = qkv,
                                                 .cache_k = k,
                                                 .cache_v = v,
                                                 .rotary = rotary,
                                                 .kept = c->kept,
                                                 .position = c->position,
                                                 .n = c->n,
                                                 .causal = true,
                                                 .window = model_layer_window(s->model, layer),
                                                 .local = local,
                                                 .out = out});
    return 0;
}

static int read_chunk(struct session *s, struct session_chunk *c, struct error *e)
{
    c->s = s;
    return s->layers->ops->run(s->layers, c->ids, c->n, c->position, &(struct layers_attend){attend, c}, e);
}

/* What is kept of n tokens: all, or the whole windows. A window that is not whole is read again with what follows. */
static uint32_t whole_windows(const struct session *s, uint32_t n)
{
    return n - n % s->window;
}

static int check_call(const struct session *s, const int32_t *ids, size_t n, const struct session_outputs *out,
                      struct error *e)
{
    const struct model *m = s->model;
    if (n > m->context_length - s->position)
        return error_set(e, "%zu tokens from position %llu do not fit the context of %llu", n,
                         (unsigned long long)s->position, (unsigned long long)m->context_length);
    if (s->position % s->window != 0)
        return error_set(e, "a text that ended inside a window of %u tokens is read on from the window's beginning",
                         s->window);
    const int32_t marks = m->windows ? TOKENS_SEGMENT : 0;
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || (uint32_t)(ids[i] & ~marks) >= m->n_vocab)
            return error_set(e, "token id %d, the model has %u", (int)ids[i], m->n_vocab);
    if (!s->layers->ops->logits && (out->logits || out->last_logits))
        return error_set(e, "%s reads both ways and foretells no token", m->path);
    if (m->evidence.width == 0 && (out->keys || out->queries || out->tau || out->gate))
        return error_set(e, "%s has no evidence attention", m->path);
    if (out->qkv && s->comm) return error_set(e, "queries and keys of every layer are not gathered from several ranks");
    return 0;
}

static size_t qkv_width(const struct model *m)
{
    return ((size_t)m->n_head + 2 * (size_t)m->n_head_kv) * m->head_dim;
}

/* Room for n tokens that rank 0 sends; NULL on rank 0, which has them. */
static int reserve_ids(struct session *s, size_t n, struct error *e)
{
    int32_t *grown = bytes_reserve(s->ids, &s->ids_capacity, n + 1, sizeof *grown);
    if (!grown) return error_memory(e);
    s->ids = grown;
    return 0;
}

/* The first n of rank 0's `ids`, on every rank. */
static const int32_t *give_ids(struct session *s, const int32_t *ids, size_t n, struct error *e)
{
    if (!s->comm) return ids;
    if (!ids && reserve_ids(s, n, e) != 0) return NULL;
    int32_t *all = ids ? (int32_t *)(uintptr_t)ids : s->ids;
    return comm_broadcast(s->comm, all, n * sizeof *ids, false, e) == 0 ? all : NULL;
}

/* Of rank 0's `ids`, which are those of the planned chunk, this rank's share. */
static const int32_t *share_ids(struct session *s, const int32_t *ids, struct error *e)
{
    const uint32_t rank = comm_rank(s->comm);
    const uint64_t begin = sequence_parallel_begin(s->parallel, rank),
                   n = sequence_parallel_begin(s->parallel, rank + 1) - begin;
    if (rank != 0)
        return reserve_ids(s, (size_t)n, e) == 0 && comm_receive(s->comm, 0, s->ids, (size_t)n * sizeof *ids, e) == 0
                   ? s->ids
                   : NULL;
    for (uint32_t i = 1; i < comm_size(s->comm); i++) {
        const uint64_t at = sequence_parallel_begin(s->parallel, i),
                       size = sequence_parallel_begin(s->parallel, i + 1) - at;
        if (comm_post(s->comm, i, ids + (at - s->position), (size_t)size * sizeof *ids, e) != 0) return NULL;
    }
    return ids;
}

/* A chunk that every rank reads whole; only rank 0 has a use for outputs. */
static int prefill_chunk(struct session *s, const int32_t *ids, size_t done, size_t n,
                         const struct session_outputs *out, struct error *e)
{
    uint32_t part = n - done < s->layers->rows ? (uint32_t)(n - done) : s->layers->rows;
    if (s->comm && (session_outputs_hand_over(s, e) != 0 || settle(s, e) != 0)) return -1;
    const int32_t *own = give_ids(s, ids ? ids + done : NULL, part, e);
    if (!own) return -1;
    struct session_chunk c = {.ids = own,
                              .position = s->position,
                              .n = part,
                              .kept = s->cache->kept,
                              .qkv = out->qkv ? out->qkv + done * qkv_width(s->model) : NULL,
                              .qkv_rows = n};
    kv_cache_before(s->cache, s->position, part);
    if (read_chunk(s, &c, e) != 0 || session_outputs_give(s, own, done, part, done + part == n, out, e) != 0) return -1;
    kv_cache_after(s->cache, s->position, whole_windows(s, part));
    s->position += part;
    return 0;
}

/* A chunk of which every rank reads its share of the plan. `out` is NULL where this is not rank 0. */
static int prefill_shared(struct session *s, const int32_t *ids, size_t done, size_t n,
                          const struct session_outputs *out, unsigned wanted, struct error *e)
{
    const uint32_t rank = comm_rank(s->comm), size = comm_size(s->comm);
    const uint64_t begin = sequence_parallel_begin(s->parallel, rank),
                   end = sequence_parallel_begin(s->parallel, rank + 1);
    const uint32_t all = (uint32_t)(sequence_parallel_begin(s->parallel, size) - s->position);
    struct session_chunk c = {.ids = share_ids(s, ids ? ids + done : NULL, e),
                              .position = begin,
                              .n = (uint32_t)(end - begin),
                              .kept = sequence_parallel_kept(s->parallel),
                              .parallel = s->parallel};
    const size_t width = s->model->evidence.width;
    void *const given[SESSION_OUTPUTS] = {
        out && out->logits ? out->logits + done * s->model->n_vocab : NULL,
        out && out->keys ? out->keys + done * width : NULL, out && out->queries ? out->queries + done * width : NULL,
        out && out->tau ? out->tau + done : NULL, out && out->gate ? out->gate + done : NULL};
    const bool later = wanted & SESSION_WANTS_LATER;
    uint64_t ticket;
    if (!c.ids) return -1;
    kv_cache_before(s->cache, s->position, all);
    if (read_chunk(s, &c, e) != 0 || session_outputs_hand_over(s, e) != 0) return -1;
    if (later && session_outputs_later(s, &c, given[1], out ? out->ticket : &ticket, e) != 0) return -1;
    if (sequence_parallel_finish(s->parallel, e) != 0) return -1;
    if (!later && session_outputs_gather(s, &c, out ? given : NULL, wanted, e) != 0) return -1;
    if ((wanted & SESSION_WANTS_LAST) && done + all == n &&
        session_outputs_gather_last(s, &c, out ? out->last_logits : NULL, e) != 0)
        return -1;
    if (!later && s->backend->ops->flush(s->backend, e) != 0) return -1;
    kv_cache_after(s->cache, s->position, whole_windows(s, all));
    s->position += all;
    return 0;
}

static int prefill(struct session *s, const int32_t *ids, size_t n, const struct session_outputs *out, unsigned wanted,
                   struct error *e)
{
    static const struct session_outputs nothing;
    const uint64_t first = s->position;
    while (s->position - first < n) {
        size_t done = (size_t)(s->position - first);
        int status =
            s->comm && sequence_parallel_plan(s->parallel, s->position, n - done, s->share_rows, s->cache->kept)
                ? prefill_shared(s, ids, done, n, out, wanted, e)
                : prefill_chunk(s, ids, done, n, out ? out : &nothing, e);
        if (status == 0) continue;
        comm_break(s->comm); /* the others are waiting for this rank */
        return -1;
    }
    return 0;
}

int session_prefill(struct session *s, const int32_t *ids, size_t n, const struct session_outputs *out, struct error *e)
{
    static const struct session_outputs nothing;
    if (!out) out = &nothing;
    if (out->ticket) *out->ticket = 0;
    if (check_call(s, ids, n, out, e) != 0) return -1;
    unsigned wanted = session_outputs_wanted(out);
    return ranks_lead(s->comm, RANKS_PREFILL, wanted, n, e) != 0 ? -1 : prefill(s, ids, n, out, wanted, e);
}

int session_wait(struct session *s, uint64_t ticket, struct error *e)
{
    while (s->n_later_ended < s->n_later && s->later[s->n_later_ended % SESSION_LATER].ticket <= ticket) {
        const bool given = s->later[s->n_later_ended % SESSION_LATER].given;
        if ((given || (ranks_lead(s->comm, RANKS_COLLECT, 0, 0, e) == 0 && session_outputs_hand_over(s, e) == 0)) &&
            session_outputs_end(s, e) == 0)
            continue;
        comm_break(s->comm); /* the others are waiting for this rank */
        return -1;
    }
    return s->backend->ops->wait(s->backend, ticket, e);
}

int session_prefill_led(struct session *s, unsigned wanted, size_t n, struct error *e)
{
    return prefill(s, NULL, n, NULL, wanted, e);
}

int session_collect_led(struct session *s, struct error *e)
{
    return session_outputs_hand_over(s, e);
}

uint64_t session_question_start(const struct session *s)
{
    const uint64_t w = model_local_segment(s->model);
    return (s->position + w - 1) / w * w;
}

int session_ask(struct session *s, uint64_t start, const int32_t *ids, size_t n, const struct layers_question *out,
                struct error *e)
{
    if (s->layers->ops->ask) {
        for (size_t i = 0; i < n; i++)
            if (ids[i] < 0 || (uint32_t)ids[i] >= s->model->n_vocab)
                return error_set(e, "token id %d, the model has %u", (int)ids[i], s->model->n_vocab);
        if (n > UINT32_MAX) return error_set(e, "a question of %zu tokens", n);
        return s->layers->ops->ask(s->layers, ids, (uint32_t)n, out, e);
    }
    const struct session_outputs outputs = {
        .queries = out->queries, .tau = out->tau, .gate = out->gate, .qkv = out->qkv};
    if (session_mark(s, e) != 0) return -1;
    int status = session_skip_to(s, start, e);
    if (status == 0) status = session_prefill(s, ids, n, &outputs, e);
    struct error ignored;
    if (session_rewind(s, status == 0 ? e : &ignored) != 0) status = -1;
    return status;
}

int session_decode(struct session *s, int32_t id, float *logits, struct error *e)
{
    return session_prefill(s, &id, 1, &(struct session_outputs){.last_logits = logits}, e);
}

int session_mark(struct session *s, struct error *e)
{
    if (ranks_lead(s->comm, RANKS_MARK, 0, 0, e) != 0 || settle(s, e) != 0 || kv_cache_mark(s->cache, e) != 0)
        return -1;
    s->marked_position = s->position;
    return 0;
}

int session_rewind(struct session *s, struct error *e)
{
    if (!s->cache->marked) return error_set(e, "there is no mark to go back to");
    if (ranks_lead(s->comm, RANKS_REWIND, 0, 0, e) != 0 || settle(s, e) != 0) return -1;
    kv_cache_rewind(s->cache);
    s->position = s->marked_position;
    return s->backend->ops->flush(s->backend, e);
}

int session_truncate(struct session *s, uint64_t position, struct error *e)
{
    const struct model *m = s->model;
    if (position > s->position)
        return error_set(e, "position %llu has not been read yet", (unsigned long long)position);
    if (position > 0 && (m->n_branch > 1 || m->branch[0].dilation_rate > 1 ||
                         position / m->branch[0].segment_length != s->position / m->branch[0].segment_length))
        return error_set(e, "position %llu cannot be gone back to without a mark", (unsigned long long)position);
    kv_cache_truncate(s->cache, position);
    s->position = position;
    return s->backend->ops->flush(s->backend, e);
}

size_t session_state_size(const struct session *s)
{
    return kv_cache_state_size(s->cache);
}

size_t session_state_size_at(const struct session *s, uint64_t position)
{
    return kv_cache_state_size_at(s->cache, position);
}

size_t session_state_part_size_at(const struct session *s, uint64_t position, uint64_t before)
{
    return kv_state_part_size_at(&s->cache->shape, s->cache->n_layer, position, before);
}

int session_state_save(struct session *s, uint8_t *bytes, size_t size, struct error *e)
{
    if (size != session_state_size(s))
        return error_set(e, "state: %zu bytes, expected %zu", size, session_state_size(s));
    if (session_wait(s, UINT64_MAX, e) != 0 || settle(s, e) != 0) return -1;
    return kv_cache_state_save(s->cache, s->position, bytes, e);
}

int session_state_load(struct session *s, const uint8_t *bytes, size_t size, struct error *e)
{
    if (settle(s, e) != 0 || kv_cache_state_load(s->cache, s->model->context_length, &s->position, bytes, size, e) != 0)
        return -1;
    if (comm_rank(s->comm) != 0 || !s->comm) return 0;
    if (ranks_lead(s->comm, RANKS_LOAD, 0, size, e) != 0) return -1;
    return comm_broadcast(s->comm, (uint8_t *)bytes, size, false, e);
}
