/* What a session is made of: weights on the device, caches, and room for the activations of a chunk. */
#include <stdlib.h>
#include <string.h>

#include "compute/backend.h"
#include "compute/comm.h"
#include "compute/error.h"
#include "compute/kv_cache.h"
#include "compute/model.h"
#include "compute/ranks.h"
#include "compute/sequence_parallel.h"
#include "compute/session.h"
#include "compute/session_layer.h"
#include "compute/session_parts.h"

/* Visits every matrix that a session owns. */
static void visit_matrices(struct session *s, void (*visit)(struct matrix *m, void *context), void *context)
{
    struct matrix *const all[] = {s->token_embd, s->output_norm, s->evidence_token,
                                  s->evidence_k, s->evidence_q,  s->evidence_pair,
                                  s->x,          s->mixed,       s->qkv,
                                  s->logits,     s->keys,        s->queries,
                                  s->pairs,      s->rotary,      s->output != s->token_embd ? s->output : NULL};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) visit(all[i], context);
    for (uint32_t i = 0; s->layers && i < s->model->n_layer; i++) session_layer_visit(&s->layers[i], visit, context);
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
    for (uint32_t i = 0; i < m->n_layer; i++)
        if (session_layer_load(&s->layers[i], s->backend, m, i, e) != 0) return -1;
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
        b->ops->matrix_open(&s->logits, b, SESSION_LOGIT_ROWS, m->n_vocab, e) != 0) {
        session_close(s);
        return error_prefix(e, "%s", m->path);
    }
    *out = s;
    return 0;
}

size_t session_memory(const struct session *s)
{
    size_t total = kv_cache_bytes(s->cache);
    visit_matrices((struct session *)s, add_bytes, &total);
    return total;
}
