#include "compute/session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compute/backend.h"
#include "compute/comm.h"
#include "compute/error.h"
#include "compute/kv_cache.h"
#include "compute/kv_state.h"
#include "compute/model.h"
#include "compute/ranks.h"
#include "compute/sequence_parallel.h"

enum {
    LOGIT_ROWS = 256, /* tokens whose logits are on the device at once */
    ANGLE_ROWS = 512, /* by which the rotary table grows */
    N_OUTPUTS = 5,    /* arrays of struct session_outputs that ranks give, a row a token, in its order */
    WANTS_LAST = 1 << N_OUTPUTS,
};

struct session_layer {
    struct matrix *attn_norm, *qkv, *attn_output, *ffn_norm, *gate_up, *down;
};

struct session {
    const struct model *model; /* borrowed */
    struct backend *backend;   /* borrowed */
    uint64_t position, marked_position;
    uint32_t chunk_rows;
    struct kv_cache *cache;
    uint32_t n_angles, n_angles_known; /* rows of `rotary`: all, and those filled in so far */

    struct session_layer *layers; /* weights on the device */
    struct matrix *token_embd, *output_norm, *output;
    struct matrix *evidence_token, *evidence_k, *evidence_q, *evidence_pair; /* pair: [2][d], gate and tau */
    float *gate_token;                                                       /* [V], on the host */

    struct matrix *x, *mixed, *qkv; /* activations of a chunk: [chunk][d], [chunk][H D], [chunk][(H + 2 H_kv) D] */
    struct matrix *logits;          /* [LOGIT_ROWS][V] */
    struct matrix *keys, *queries, *pairs;
    struct matrix *rotary;
    float (*host_pairs)[2]; /* [chunk]: gate, tau */

    struct comm *comm;                  /* borrowed; NULL: one rank */
    struct sequence_parallel *parallel; /* with a comm */
    size_t *counts;                     /* [ranks], with a comm */
    uint32_t share_rows;                /* tokens of a rank's share at most */
};

/* Visits every matrix that a session owns. */
static void visit_matrices(struct session *s, void (*visit)(struct matrix *m, void *context), void *context)
{
    struct matrix *const all[] = {s->token_embd, s->output_norm, s->evidence_token,
                                  s->evidence_k, s->evidence_q,  s->evidence_pair,
                                  s->x,          s->mixed,       s->qkv,
                                  s->logits,     s->keys,        s->queries,
                                  s->pairs,      s->rotary,      s->output != s->token_embd ? s->output : NULL};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) visit(all[i], context);
    for (uint32_t i = 0; s->layers && i < s->model->n_layer; i++) {
        const struct session_layer *l = &s->layers[i];
        struct matrix *const weights[] = {l->attn_norm, l->qkv, l->attn_output, l->ffn_norm, l->gate_up, l->down};
        for (size_t k = 0; k < sizeof weights / sizeof weights[0]; k++) visit(weights[k], context);
    }
}

static void close_visited(struct matrix *m, void *context)
{
    const struct session *s = context;
    s->backend->ops->matrix_close(m);
}

static void add_bytes(struct matrix *m, void *context)
{
    size_t *total = context;
    if (m) *total += m->bytes;
}

void session_close(struct session *s)
{
    if (!s) return;
    if (s->comm) (void)ranks_lead(s->comm, RANKS_CLOSE, 0, 0, NULL); /* a failure is met again by the next call */
    (void)s->backend->ops->flush(s->backend, NULL);                  /* nothing is pending when matrices go */
    visit_matrices(s, close_visited, s);
    kv_cache_close(s->cache);
    free(s->layers);
    free(s->gate_token);
    free(s->host_pairs);
    sequence_parallel_close(s->parallel);
    free(s->counts);
    free(s);
}

static int load(struct session *s, struct matrix **out, const struct weights *a, const struct weights *b,
                const struct weights *c, struct error *e)
{
    const struct weights *const parts[] = {a, b, c};
    return s->backend->ops->matrix_load(out, s->backend, parts, c ? 3 : b ? 2 : 1, e);
}

static int load_weights(struct session *s, struct error *e)
{
    const struct model *m = s->model;
    if (load(s, &s->token_embd, &m->token_embd, NULL, NULL, e) != 0 ||
        load(s, &s->output_norm, &m->output_norm, NULL, NULL, e) != 0)
        return -1;
    if (m->output.bytes == m->token_embd.bytes)
        s->output = s->token_embd;
    else if (load(s, &s->output, &m->output, NULL, NULL, e) != 0)
        return -1;
    s->layers = calloc(m->n_layer, sizeof *s->layers);
    if (!s->layers) return error_memory(e);
    for (uint32_t i = 0; i < m->n_layer; i++) {
        const struct model_layer *from = &m->layers[i];
        struct session_layer *l = &s->layers[i];
        if (load(s, &l->attn_norm, &from->attn_norm, NULL, NULL, e) != 0 ||
            load(s, &l->qkv, &from->attn_q, &from->attn_k, &from->attn_v, e) != 0 ||
            load(s, &l->attn_output, &from->attn_output, NULL, NULL, e) != 0 ||
            load(s, &l->ffn_norm, &from->ffn_norm, NULL, NULL, e) != 0 ||
            load(s, &l->gate_up, &from->ffn_gate, &from->ffn_up, NULL, e) != 0 ||
            load(s, &l->down, &from->ffn_down, NULL, NULL, e) != 0)
            return -1;
    }
    return 0;
}

static int load_evidence(struct session *s, struct error *e)
{
    const struct model_evidence *v = &s->model->evidence;
    if (v->width == 0) return 0;
    if (v->width % 4 != 0) return error_set(e, "an evidence width of %u is no multiple of 4", v->width);
    s->gate_token = malloc(s->model->n_vocab * sizeof *s->gate_token);
    s->host_pairs = malloc(s->chunk_rows * sizeof *s->host_pairs);
    if (!s->gate_token || !s->host_pairs) return error_memory(e);
    weights_dequantize(&v->gate_token, 0, 1, s->gate_token);
    struct backend *b = s->backend;
    if (load(s, &s->evidence_token, &v->token, NULL, NULL, e) != 0 ||
        load(s, &s->evidence_k, &v->k, NULL, NULL, e) != 0 || load(s, &s->evidence_q, &v->q, NULL, NULL, e) != 0 ||
        load(s, &s->evidence_pair, &v->gate, &v->tau, NULL, e) != 0 ||
        b->ops->matrix_open(&s->keys, b, s->chunk_rows, v->width / 4, e) != 0 ||
        b->ops->matrix_open(&s->queries, b, s->chunk_rows, v->width, e) != 0 ||
        b->ops->matrix_open(&s->pairs, b, s->chunk_rows, 2, e) != 0)
        return -1;
    return 0;
}

static int open_cache(struct session *s, struct error *e)
{
    const struct model *m = s->model;
    struct attention shape = {.n_head = m->n_head,
                              .n_head_kv = m->n_head_kv,
                              .head_dim = m->head_dim,
                              .n_branch = m->n_branch,
                              .offset_rule = m->offset_rule};
    memcpy(shape.branch, m->branch, sizeof shape.branch);
    if (attention_layout(&shape, e) != 0) return -1;
    for (uint32_t i = 0; i < m->n_branch; i++) {
        if (m->branch[i].dilation_rate == 1 && shape.slots[i] > s->n_angles) s->n_angles = shape.slots[i];
        if (m->branch[i].dilation_rate > 1 && m->position_mode == POSITION_ROPE_ALL)
            return error_set(e, "position mode rope-all is for models with dilation rate 1 only");
    }
    struct backend *b = s->backend;
    if (s->n_angles && b->ops->matrix_open(&s->rotary, b, s->n_angles, m->head_dim, e) != 0) return -1;
    return kv_cache_open(&s->cache, b, &shape, m->n_layer, e);
}

/* What the device likes, and less for wide models on small devices: activations take an eighth of the memory at most.
 */
static uint32_t chunk_rows(const struct model *m, const struct backend_info *info)
{
    enum { FEWEST = 512 };
    const size_t qkv = ((size_t)m->n_head + 2 * (size_t)m->n_head_kv) * m->head_dim;
    const size_t row = sizeof(float) * (2 * (size_t)m->n_embd + 3 * qkv + m->n_ff);
    uint32_t rows = info->chunk_rows;
    while (rows > FEWEST && info->memory > 0 && rows * row > info->memory / 8) rows /= 2;
    return rows;
}

int session_open(struct session **out, const struct model *m, struct backend *b, struct error *e)
{
    struct session *s = calloc(1, sizeof *s);
    if (!s) return error_memory(e);
    s->model = m;
    s->backend = b;
    s->chunk_rows = chunk_rows(m, &b->info);
    const uint32_t width = m->n_head * m->head_dim, kv_width = m->n_head_kv * m->head_dim;
    int status = 0;
    if (m->head_dim > b->info.max_head_dim)
        status = error_set(e, "heads of %u columns, this device runs up to %u", m->head_dim, b->info.max_head_dim);
    if (status != 0 || open_cache(s, e) != 0 || load_weights(s, e) != 0 || load_evidence(s, e) != 0 ||
        b->ops->matrix_open(&s->x, b, s->chunk_rows, m->n_embd, e) != 0 ||
        b->ops->activations_open(&s->mixed, b, s->chunk_rows, width, e) != 0 ||
        b->ops->activations_open(&s->qkv, b, s->chunk_rows, width + 2 * kv_width, e) != 0 ||
        b->ops->matrix_open(&s->logits, b, LOGIT_ROWS, m->n_vocab, e) != 0) {
        session_close(s);
        return error_prefix(e, "%s", m->path);
    }
    *out = s;
    return 0;
}

/* What must be the same on every rank, and how many rows a share can have. */
struct greeting {
    uint64_t model, position;
    uint32_t rows, agrees;
};

static int greet(struct session *s, struct error *e)
{
    const uint32_t size = comm_size(s->comm);
    struct greeting mine = {.model = s->model->hash, .position = s->position, .rows = s->chunk_rows};
    struct greeting *all = calloc(size, sizeof *all);
    s->counts = calloc(size, sizeof *s->counts);
    if (!all || !s->counts) {
        free(all);
        return error_memory(e);
    }
    for (uint32_t i = 0; i < size; i++) s->counts[i] = sizeof *all;
    int status = comm_all_gather(s->comm, &mine, all, s->counts, e);
    s->share_rows = s->chunk_rows;
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
    if (greet(s, e) == 0 && sequence_parallel_open(&s->parallel, c, &s->cache->shape, e) == 0) return 0;
    comm_break(c);
    return -1;
}

struct comm *session_comm(const struct session *s)
{
    return s->comm;
}

uint32_t session_chunk_tokens(const struct session *s)
{
    return s->comm ? s->share_rows * comm_size(s->comm) : s->chunk_rows;
}

uint64_t session_position(const struct session *s)
{
    return s->position;
}

const struct kv_cache *session_cache(const struct session *s)
{
    return s->cache;
}

size_t session_memory(const struct session *s)
{
    size_t total = kv_cache_bytes(s->cache);
    visit_matrices((struct session *)s, add_bytes, &total);
    return total;
}

int session_skip_to(struct session *s, uint64_t position, struct error *e)
{
    if (position < s->position || position > s->model->context_length)
        return error_set(e, "position %llu cannot be reached from %llu in a context of %llu tokens",
                         (unsigned long long)position, (unsigned long long)s->position,
                         (unsigned long long)s->model->context_length);
    if (ranks_lead(s->comm, RANKS_SKIP, 0, position, e) != 0) return -1;
    kv_cache_skip(s->cache, s->position, position);
    s->position = position;
    return 0;
}

/* Rows of the rotary table are made when a position first needs them: a long context costs what is read of it. */
static int fill_rotary(struct session *s, uint32_t n, struct error *e)
{
    uint64_t need = (s->position + n + ANGLE_ROWS - 1) / ANGLE_ROWS * ANGLE_ROWS;
    if (need > s->n_angles) need = s->n_angles;
    float *row = need > s->n_angles_known ? malloc(s->model->head_dim * sizeof *row) : NULL;
    if (need > s->n_angles_known && !row) return error_memory(e);
    int status = 0;
    while (s->n_angles_known < need && status == 0) {
        attention_rotary_row(row, s->model->head_dim, s->model->rope_base, s->n_angles_known);
        status = s->backend->ops->matrix_write(s->rotary, s->n_angles_known, 1, row, e);
        if (status == 0) s->n_angles_known++;
    }
    free(row);
    return status;
}

/* A chunk that a rank reads: all of it, or its share of it. */
struct chunk {
    const int32_t *ids;
    uint64_t position;
    uint32_t n;
    const uint32_t *kept;
    struct sequence_parallel *parallel; /* NULL: no other rank has a part in it */
    float *qkv;                         /* where the first layer's rows go; NULL: nowhere */
    size_t qkv_rows;                    /* from one layer's to the next one's */
};

static int attend(struct session *s, uint32_t layer, const struct chunk *c, struct error *e)
{
    struct matrix *k = s->cache->k[layer], *v = s->cache->v[layer];
    if (c->parallel && sequence_parallel_before(c->parallel, s->qkv, s->rotary, k, v, e) != 0) return -1;
    if (c->n > 0)
        s->backend->ops->attend(&(struct attend){.shape = &s->cache->shape,
                                                 .qkv = s->qkv,
                                                 .cache_k = k,
                                                 .cache_v = v,
                                                 .rotary = s->rotary,
                                                 .kept = c->kept,
                                                 .position = c->position,
                                                 .n = c->n,
                                                 .causal = true,
                                                 .out = s->mixed});
    return c->parallel ? sequence_parallel_after(c->parallel, k, v, e) : 0;
}

/* Records embedding and layers of one chunk: afterwards x holds the last layer's output. */
static int read_chunk(struct session *s, const struct chunk *c, struct error *e)
{
    const struct model *m = s->model;
    const struct backend_ops *ops = s->backend->ops;
    const uint32_t n = c->n;
    if (n > 0) ops->embed(s->x, s->token_embd, c->ids, n, false);
    for (uint32_t i = 0; i < m->n_layer; i++) {
        const struct session_layer *l = &s->layers[i];
        if (n > 0)
            ops->project(&(struct project){
                .out = s->qkv, .x = s->x, .w = l->qkv, .norm = l->attn_norm, .norm_eps = m->norm_eps, .n = n});
        if (c->qkv && ops->matrix_read(s->qkv, 0, n, c->qkv + i * c->qkv_rows * s->qkv->cols, e) != 0) return -1;
        if (attend(s, i, c, e) != 0) return -1;
        if (n == 0) continue;
        ops->project(&(struct project){.out = s->x, .x = s->mixed, .w = l->attn_output, .n = n, .add = true});
        ops->feed_forward(&(struct feed_forward){
            .x = s->x, .norm = l->ffn_norm, .gate_up = l->gate_up, .down = l->down, .norm_eps = m->norm_eps, .n = n});
    }
    return 0;
}

static int give_logits(struct session *s, uint32_t row, uint32_t n, float *logits, struct error *e)
{
    const struct backend_ops *ops = s->backend->ops;
    for (uint32_t done = 0, part; done < n; done += part) {
        part = n - done < LOGIT_ROWS ? n - done : LOGIT_ROWS;
        ops->project(&(struct project){.out = s->logits,
                                       .x = s->x,
                                       .w = s->output,
                                       .norm = s->output_norm,
                                       .norm_eps = s->model->norm_eps,
                                       .x_row = row + done,
                                       .n = part});
        if (ops->matrix_read(s->logits, 0, part, logits + (size_t)done * s->model->n_vocab, e) != 0) return -1;
    }
    return 0;
}

static void make_evidence_rows(struct session *s, struct matrix *out, const struct matrix *w, const int32_t *ids,
                               uint32_t n)
{
    s->backend->ops->evidence_rows(&(struct evidence_rows){.out = out,
                                                           .x = s->x,
                                                           .norm = s->output_norm,
                                                           .w = w,
                                                           .token = s->evidence_token,
                                                           .ids = ids,
                                                           .norm_eps = s->model->norm_eps,
                                                           .n = n,
                                                           .quantise = out == s->keys});
}

/* Gate logits G[id] + w_g . h and sharpness exp(log_tau + w_tau . h). */
static int give_gate_and_tau(struct session *s, const int32_t *ids, uint32_t n, float *gate, float *tau,
                             struct error *e)
{
    const struct model_evidence *v = &s->model->evidence;
    s->backend->ops->project(&(struct project){.out = s->pairs,
                                               .x = s->x,
                                               .w = s->evidence_pair,
                                               .norm = s->output_norm,
                                               .norm_eps = s->model->norm_eps,
                                               .n = n});
    if (s->backend->ops->matrix_read(s->pairs, 0, n, s->host_pairs[0], e) != 0) return -1;
    for (uint32_t i = 0; i < n; i++) {
        if (gate) gate[i] = s->gate_token[ids[i]] + s->host_pairs[i][0];
        if (tau) tau[i] = expf(v->log_tau + s->host_pairs[i][1]);
    }
    return 0;
}

/* What the caller wants of the chunk's n tokens, which are tokens [done, done + n) of the call; `last`: the call ends
 * here. */
static int give_outputs(struct session *s, const int32_t *ids, size_t done, uint32_t n, bool last,
                        const struct session_outputs *out, struct error *e)
{
    const size_t width = s->model->evidence.width;
    const struct backend_ops *ops = s->backend->ops;
    if (out->logits && give_logits(s, 0, n, out->logits + done * s->model->n_vocab, e) != 0) return -1;
    if (out->last_logits && last && give_logits(s, n - 1, 1, out->last_logits, e) != 0) return -1;
    if (out->queries) {
        make_evidence_rows(s, s->queries, s->evidence_q, ids, n);
        if (ops->matrix_read(s->queries, 0, n, out->queries + done * width, e) != 0) return -1;
    }
    if ((out->gate || out->tau) &&
        give_gate_and_tau(s, ids, n, out->gate ? out->gate + done : NULL, out->tau ? out->tau + done : NULL, e) != 0)
        return -1;
    if (!out->keys) return ops->flush(s->backend, e);
    make_evidence_rows(s, s->keys, s->evidence_k, ids, n);
    uint64_t ticket = ops->matrix_fetch(s->keys, 0, n, out->keys + done * width);
    if (!out->ticket) return ops->wait(s->backend, ticket, e);
    *out->ticket = ticket;
    return 0;
}

static int check_call(const struct session *s, const int32_t *ids, size_t n, const struct session_outputs *out,
                      struct error *e)
{
    const struct model *m = s->model;
    if (n > m->context_length - s->position)
        return error_set(e, "%zu tokens from position %llu do not fit the context of %llu", n,
                         (unsigned long long)s->position, (unsigned long long)m->context_length);
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || (uint32_t)ids[i] >= m->n_vocab)
            return error_set(e, "token id %d, the model has %u", (int)ids[i], m->n_vocab);
    if (m->evidence.width == 0 && (out->keys || out->queries || out->tau || out->gate))
        return error_set(e, "%s has no evidence attention", m->path);
    if (out->qkv && s->comm) return error_set(e, "queries and keys of every layer are not gathered from several ranks");
    return 0;
}

/* A chunk that every rank reads whole; only rank 0 has a use for outputs. */
static int prefill_chunk(struct session *s, const int32_t *ids, size_t done, size_t n,
                         const struct session_outputs *out, struct error *e)
{
    uint32_t part = n - done < s->chunk_rows ? (uint32_t)(n - done) : s->chunk_rows;
    struct chunk c = {.ids = ids + done,
                      .position = s->position,
                      .n = part,
                      .kept = s->cache->kept,
                      .qkv = out->qkv ? out->qkv + done * s->qkv->cols : NULL,
                      .qkv_rows = n};
    if (fill_rotary(s, part, e) != 0) return -1;
    kv_cache_before(s->cache, s->position, part);
    if (read_chunk(s, &c, e) != 0 || give_outputs(s, ids + done, done, part, done + part == n, out, e) != 0) return -1;
    kv_cache_after(s->cache, s->position, part);
    s->position += part;
    return 0;
}

/* Rank 0 gets what it wants of the shares; `given`: where its rows of this chunk go, NULL on the others. */
static int gather_outputs(struct session *s, const struct chunk *c, void *const given[N_OUTPUTS], unsigned wanted,
                          struct error *e)
{
    const size_t e_width = s->model->evidence.width, word = sizeof(float);
    const size_t row[N_OUTPUTS] = {s->model->n_vocab * word, e_width, e_width * word, word, word};
    const uint32_t size = comm_size(s->comm);
    size_t bytes = 1;
    for (int i = 0; i < N_OUTPUTS; i++) bytes += wanted >> i & 1 ? c->n * row[i] + word : 0;
    uint8_t *own = given ? NULL : calloc(bytes, 1), *at = own;
    if (!given && !own) return error_set_kind(e, ERROR_MEMORY, "out of memory for the outputs of %u tokens", c->n);
    void *to[N_OUTPUTS] = {0};
    for (int i = N_OUTPUTS; i-- > 0;) { /* floats first: the bytes of keys would put them out of alignment */
        int k = i == 1 ? 0 : i == 0 ? 1 : i;
        if (!(wanted >> k & 1)) continue;
        to[k] = given ? given[k] : at;
        at = given ? NULL : at + c->n * row[k];
    }
    const struct session_outputs mine = {.logits = to[0], .keys = to[1], .queries = to[2], .tau = to[3], .gate = to[4]};
    int status = c->n > 0 ? give_outputs(s, c->ids, 0, c->n, false, &mine, e) : 0;
    for (int i = 0; i < N_OUTPUTS && status == 0; i++) {
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

/* Logits of the chunk's last token, from the rank whose share it is in. */
static int gather_last(struct session *s, const struct chunk *c, float *logits, struct error *e)
{
    const uint32_t rank = comm_rank(s->comm);
    const size_t bytes = s->model->n_vocab * sizeof *logits;
    uint32_t owner = comm_size(s->comm) - 1;
    while (sequence_parallel_begin(s->parallel, owner) == sequence_parallel_begin(s->parallel, owner + 1)) owner--;
    if (rank != owner) return rank == 0 ? comm_receive(s->comm, owner, logits, bytes, e) : 0;
    if (rank == 0) return give_logits(s, c->n - 1, 1, logits, e);
    float *own = malloc(bytes);
    if (!own) return error_memory(e);
    int status = give_logits(s, c->n - 1, 1, own, e) != 0 || comm_send(s->comm, 0, own, bytes, e) != 0 ? -1 : 0;
    free(own);
    return status;
}

/* A chunk of which every rank reads its share of the plan. `out` is NULL where this is not rank 0. */
static int prefill_shared(struct session *s, const int32_t *ids, size_t done, size_t n,
                          const struct session_outputs *out, unsigned wanted, struct error *e)
{
    const uint32_t rank = comm_rank(s->comm), size = comm_size(s->comm);
    const uint64_t begin = sequence_parallel_begin(s->parallel, rank),
                   end = sequence_parallel_begin(s->parallel, rank + 1);
    const uint32_t all = (uint32_t)(sequence_parallel_begin(s->parallel, size) - s->position);
    struct chunk c = {.ids = ids + done + (begin - s->position),
                      .position = begin,
                      .n = (uint32_t)(end - begin),
                      .kept = sequence_parallel_kept(s->parallel),
                      .parallel = s->parallel};
    const size_t width = s->model->evidence.width;
    void *const given[N_OUTPUTS] = {
        out && out->logits ? out->logits + done * s->model->n_vocab : NULL,
        out && out->keys ? out->keys + done * width : NULL, out && out->queries ? out->queries + done * width : NULL,
        out && out->tau ? out->tau + done : NULL, out && out->gate ? out->gate + done : NULL};
    if (fill_rotary(s, all, e) != 0) return -1;
    kv_cache_before(s->cache, s->position, all);
    if (read_chunk(s, &c, e) != 0 || gather_outputs(s, &c, out ? given : NULL, wanted, e) != 0) return -1;
    if ((wanted & WANTS_LAST) && done + all == n && gather_last(s, &c, out ? out->last_logits : NULL, e) != 0)
        return -1;
    if (s->backend->ops->flush(s->backend, e) != 0) return -1;
    kv_cache_after(s->cache, s->position, all);
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

static unsigned wanted_of(const struct session_outputs *out)
{
    const void *const arrays[] = {out->logits, out->keys, out->queries, out->tau, out->gate, out->last_logits};
    unsigned wanted = 0;
    for (unsigned i = 0; i < sizeof arrays / sizeof *arrays; i++) wanted |= (unsigned)(arrays[i] != NULL) << i;
    return wanted;
}

int session_prefill(struct session *s, const int32_t *ids, size_t n, const struct session_outputs *out, struct error *e)
{
    static const struct session_outputs nothing;
    if (!out) out = &nothing;
    if (out->ticket) *out->ticket = 0;
    if (check_call(s, ids, n, out, e) != 0) return -1;
    unsigned wanted = wanted_of(out);
    if (ranks_lead(s->comm, RANKS_PREFILL, wanted, n, e) != 0 ||
        (s->comm && comm_broadcast(s->comm, (int32_t *)ids, n * sizeof *ids, false, e) != 0))
        return -1;
    return prefill(s, ids, n, out, wanted, e);
}

int session_wait(struct session *s, uint64_t ticket, struct error *e)
{
    return s->backend->ops->wait(s->backend, ticket, e);
}

int session_prefill_led(struct session *s, unsigned wanted, size_t n, struct error *e)
{
    int32_t *ids = malloc((n + 1) * sizeof *ids);
    int status = ids ? comm_broadcast(s->comm, ids, n * sizeof *ids, false, e) : error_memory(e);
    if (status == 0) status = prefill(s, ids, n, NULL, wanted, e);
    free(ids);
    return status;
}

int session_decode(struct session *s, int32_t id, float *logits, struct error *e)
{
    return session_prefill(s, &id, 1, &(struct session_outputs){.last_logits = logits}, e);
}

int session_mark(struct session *s, struct error *e)
{
    if (ranks_lead(s->comm, RANKS_MARK, 0, 0, e) != 0 || kv_cache_mark(s->cache, e) != 0) return -1;
    s->marked_position = s->position;
    return 0;
}

int session_rewind(struct session *s, struct error *e)
{
    if (!s->cache->marked) return error_set(e, "there is no mark to go back to");
    if (ranks_lead(s->comm, RANKS_REWIND, 0, 0, e) != 0) return -1;
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
    return kv_cache_state_save(s->cache, s->position, bytes, e);
}

int session_state_load(struct session *s, const uint8_t *bytes, size_t size, struct error *e)
{
    if (kv_cache_state_load(s->cache, s->model->context_length, &s->position, bytes, size, e) != 0) return -1;
    if (comm_rank(s->comm) != 0 || !s->comm) return 0;
    if (ranks_lead(s->comm, RANKS_LOAD, 0, size, e) != 0) return -1;
    return comm_broadcast(s->comm, (uint8_t *)bytes, size, false, e);
}
