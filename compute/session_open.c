/* What a session is made of: caches, and the layers of its model with room for the activations of a chunk. */
#include <stdlib.h>
#include <string.h>

#include "compute/backend.h"
#include "compute/causal_layers.h"
#include "compute/error.h"
#include "compute/kv_cache.h"
#include "compute/layers.h"
#include "compute/model.h"
#include "compute/ranks.h"
#include "compute/sequence_parallel.h"
#include "compute/session.h"
#include "compute/session_parts.h"
#include "compute/window_layers.h"

void session_close(struct session *s)
{
    if (!s) return;
    struct error known; /* a failure is met again by the next call */
    if (s->parallel) {
        (void)session_wait(s, UINT64_MAX, &known);
        (void)ranks_lead(s->comm, RANKS_CLOSE, 0, 0, &known);
    }
    (void)s->backend->ops->flush(s->backend, NULL); /* nothing is pending when matrices go */
    if (s->layers) s->layers->ops->close(s->layers);
    kv_cache_close(s->cache);
    sequence_parallel_close(s->parallel);
    session_outputs_close(s);
    free(s->counts);
    free(s->ids);
    free(s);
}

/* *n_angles: the positions that the branches with r = 1 rotate by. */
static int open_cache(struct session *s, uint32_t *n_angles, struct error *e)
{
    const struct model *m = s->model;
    struct attention shape = {.n_head = m->n_head,
                              .n_head_kv = m->n_head_kv,
                              .head_dim = m->head_dim,
                              .n_branch = m->n_branch,
                              .offset_rule = m->offset_rule};
    memcpy(shape.branch, m->branch, sizeof shape.branch);
    if (attention_layout(&shape, e) != 0) return -1;
    *n_angles = 0;
    for (uint32_t i = 0; i < m->n_branch; i++) {
        if (m->branch[i].dilation_rate == 1 && shape.slots[i] > *n_angles) *n_angles = shape.slots[i];
        if (m->branch[i].dilation_rate > 1 && m->position_mode == POSITION_ROPE_ALL)
            return error_set(e, "position mode rope-all is for models with dilation rate 1 only");
    }
    return kv_cache_open(&s->cache, s->backend, &shape, m->n_layer, e);
}

int session_open(struct session **out, const struct model *m, struct backend *b, struct error *e)
{
    struct session *s = calloc(1, sizeof *s);
    if (!s) return error_memory(e);
    s->model = m;
    s->backend = b;
    s->window = model_window(m);
    uint32_t n_angles;
    int status = 0;
    if (m->head_dim > b->info.max_head_dim)
        status = error_set(e, "heads of %u columns, this device runs up to %u", m->head_dim, b->info.max_head_dim);
    if (status == 0) status = open_cache(s, &n_angles, e);
    if (status == 0)
        status =
            m->windows ? window_layers_open(&s->layers, m, b, e) : causal_layers_open(&s->layers, m, b, n_angles, e);
    if (status != 0) {
        session_close(s);
        return error_prefix(e, "%s", m->path);
    }
    *out = s;
    return 0;
}

size_t session_memory(const struct session *s)
{
    return kv_cache_bytes(s->cache) + s->layers->ops->memory(s->layers);
}
