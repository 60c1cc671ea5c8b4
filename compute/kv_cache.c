#include "compute/kv_cache.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "compute/backend.h"
#include "compute/bytes.h"
#include "compute/error.h"
#include "compute/kv_state.h"

static void close_matrices(struct kv_cache *c, struct matrix **layers)
{
    for (uint32_t i = 0; layers && i < c->n_layer; i++) c->backend->ops->matrix_close(layers[i]);
    free(layers);
}

static int open_matrices(struct kv_cache *c, struct matrix ***out, struct error *e)
{
    struct matrix **layers = calloc(c->n_layer, sizeof(struct matrix *));
    if (!layers) return error_set_kind(e, ERROR_MEMORY, "out of memory for a cache of %u layers", c->n_layer);
    for (uint32_t i = 0; i < c->n_layer; i++) {
        if (c->backend->ops->activations_open(&layers[i], c->backend, c->shape.cache_rows, c->shape.head_dim, e) != 0) {
            close_matrices(c, layers);
            return error_prefix(e, "cache of layer %u", i);
        }
    }
    *out = layers;
    return 0;
}

static size_t kept_bytes(const struct kv_cache *c)
{
    return (size_t)c->shape.n_branch * c->shape.n_head * sizeof *c->kept;
}

int kv_cache_open(struct kv_cache **out, struct backend *b, const struct attention *shape, uint32_t n_layer,
                  struct error *e)
{
    struct kv_cache *c = calloc(1, sizeof *c);
    if (!c) return error_memory(e);
    c->shape = *shape;
    c->backend = b;
    c->n_layer = n_layer;
    c->kept = calloc(1, kept_bytes(c));
    c->marked_kept = calloc(1, kept_bytes(c));
    int status = c->kept && c->marked_kept ? 0 : error_memory(e);
    if (status == 0) status = open_matrices(c, &c->k, e);
    if (status == 0) status = open_matrices(c, &c->v, e);
    if (status != 0) {
        kv_cache_close(c);
        return -1;
    }
    *out = c;
    return 0;
}

void kv_cache_close(struct kv_cache *c)
{
    if (!c) return;
    close_matrices(c, c->k);
    close_matrices(c, c->v);
    close_matrices(c, c->marked_k);
    close_matrices(c, c->marked_v);
    free(c->kept);
    free(c->marked_kept);
    free(c);
}

size_t kv_cache_bytes(const struct kv_cache *c)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < c->n_layer; i++) {
        bytes += c->k[i]->bytes + c->v[i]->bytes;
        if (c->marked_v) bytes += c->marked_k[i]->bytes + c->marked_v[i]->bytes;
    }
    return bytes;
}

/* Rows in use of a run of a branch: those of the first query head that reads it. */
static uint32_t run_kept(const struct kv_cache *c, const uint32_t *kept, uint32_t branch, uint32_t run)
{
    const struct attention *s = &c->shape;
    return kept[branch * s->n_head + run * (s->n_head / s->cache_heads[branch])];
}

static void copy_branch(struct kv_cache *c, uint32_t branch, struct matrix **to_k, struct matrix **to_v,
                        struct matrix **from_k, struct matrix **from_v)
{
    for (uint32_t run = 0; run < c->shape.cache_heads[branch]; run++) {
        uint32_t row = c->shape.first_row[branch] + run * c->shape.slots[branch];
        uint32_t n = run_kept(c, c->marked_kept, branch, run);
        for (uint32_t layer = 0; layer < c->n_layer && n > 0; layer++) {
            c->backend->ops->matrix_copy(to_k[layer], row, from_k[layer], row, n);
            c->backend->ops->matrix_copy(to_v[layer], row, from_v[layer], row, n);
        }
    }
}

static void save_marked(struct kv_cache *c, uint64_t position, uint64_t to)
{
    if (!c->marked) return;
    for (uint32_t i = 0; i < c->shape.n_branch; i++) {
        uint64_t w = c->shape.branch[i].segment_length;
        if (c->saved[i] || position / w == to / w) continue;
        copy_branch(c, i, c->marked_k, c->marked_v, c->k, c->v);
        c->saved[i] = true;
    }
}

void kv_cache_before(struct kv_cache *c, uint64_t position, uint32_t n)
{
    save_marked(c, position, position + n);
}

void kv_cache_after(struct kv_cache *c, uint64_t position, uint32_t n)
{
    attention_advance(&c->shape, position, n, c->kept);
}

void kv_cache_skip(struct kv_cache *c, uint64_t position, uint64_t to)
{
    save_marked(c, position, to);
    for (uint32_t i = 0; i < c->shape.n_branch; i++) {
        uint64_t w = c->shape.branch[i].segment_length;
        if (position / w != to / w) memset(&c->kept[i * c->shape.n_head], 0, c->shape.n_head * sizeof *c->kept);
    }
}

int kv_cache_mark(struct kv_cache *c, struct error *e)
{
    if (!c->marked_k && open_matrices(c, &c->marked_k, e) != 0) return -1;
    if (!c->marked_v && open_matrices(c, &c->marked_v, e) != 0) return -1;
    memcpy(c->marked_kept, c->kept, kept_bytes(c));
    memset(c->saved, 0, sizeof c->saved);
    c->marked = true;
    return 0;
}

void kv_cache_rewind(struct kv_cache *c)
{
    assert(c->marked);
    for (uint32_t i = 0; i < c->shape.n_branch; i++)
        if (c->saved[i]) copy_branch(c, i, c->k, c->v, c->marked_k, c->marked_v);
    memcpy(c->kept, c->marked_kept, kept_bytes(c));
}

void kv_cache_truncate(struct kv_cache *c, uint64_t n)
{
    const uint64_t w = c->shape.branch[0].segment_length;
    assert(n == 0 || (c->shape.n_branch == 1 && c->shape.branch[0].dilation_rate == 1));
    for (uint32_t i = 0; i < c->shape.n_branch * c->shape.n_head; i++) c->kept[i] = (uint32_t)(n % w);
    c->marked = false;
}

static size_t rows_size(const struct kv_cache *c, size_t rows)
{
    return sizeof(struct kv_state_header) + kept_bytes(c) + rows * c->n_layer * 2 * c->shape.head_dim * sizeof(float);
}

static size_t state_size(const struct kv_cache *c, const uint32_t *kept)
{
    size_t rows = 0;
    for (uint32_t i = 0; i < c->shape.n_branch; i++)
        for (uint32_t run = 0; run < c->shape.cache_heads[i]; run++) rows += run_kept(c, kept, i, run);
    return rows_size(c, rows);
}

size_t kv_cache_state_size(const struct kv_cache *c)
{
    return state_size(c, c->kept);
}

int kv_cache_state_save(const struct kv_cache *c, uint64_t position, uint8_t *bytes, struct error *e)
{
    struct kv_state_header h = kv_state_header(&c->shape, c->n_layer, position);
    memcpy(bytes, &h, sizeof h);
    bytes += sizeof h;
    memcpy(bytes, c->kept, kept_bytes(c));
    bytes += kept_bytes(c);
    for (uint32_t layer = 0; layer < c->n_layer; layer++)
        for (uint32_t i = 0; i < c->shape.n_branch; i++)
            for (uint32_t run = 0; run < c->shape.cache_heads[i]; run++) {
                uint32_t n = run_kept(c, c->kept, i, run), row = c->shape.first_row[i] + run * c->shape.slots[i];
                size_t size = (size_t)n * c->shape.head_dim * sizeof(float);
                if (n == 0) continue;
                if (c->backend->ops->matrix_read(c->k[layer], row, n, bytes, e) != 0 ||
                    c->backend->ops->matrix_read(c->v[layer], row, n, bytes + size, e) != 0)
                    return -1;
                bytes += 2 * size;
            }
    return 0;
}

size_t kv_cache_state_size_at(const struct kv_cache *c, uint64_t position)
{
    const struct attention *s = &c->shape;
    size_t rows = 0;
    for (uint32_t i = 0; i < s->n_branch; i++)
        for (uint32_t run = 0; run < s->cache_heads[i]; run++)
            rows += kv_state_kept_at(s, i, run * (s->n_head / s->cache_heads[i]), position);
    return rows_size(c, rows);
}

static int write_rows(struct kv_cache *c, const uint32_t *kept, const uint8_t *bytes, struct error *e)
{
    for (uint32_t layer = 0; layer < c->n_layer; layer++)
        for (uint32_t i = 0; i < c->shape.n_branch; i++)
            for (uint32_t run = 0; run < c->shape.cache_heads[i]; run++) {
                uint32_t n = run_kept(c, kept, i, run), row = c->shape.first_row[i] + run * c->shape.slots[i];
                size_t size = (size_t)n * c->shape.head_dim * sizeof(float);
                if (n == 0) continue;
                if (c->backend->ops->matrix_write(c->k[layer], row, n, bytes, e) != 0 ||
                    c->backend->ops->matrix_write(c->v[layer], row, n, bytes + size, e) != 0)
                    return -1;
                bytes += 2 * size;
            }
    return 0;
}

int kv_cache_state_load(struct kv_cache *c, uint64_t limit, uint64_t *position, const uint8_t *bytes, size_t size,
                        struct error *e)
{
    struct kv_state_header h, expected;
    if (size < sizeof h + kept_bytes(c)) return error_set(e, "state: %zu bytes are too few", size);
    memcpy(&h, bytes, sizeof h);
    expected = kv_state_header(&c->shape, c->n_layer, h.position);
    if (memcmp(&h, &expected, sizeof h) != 0 || h.position > limit)
        return error_set(e, "state: made by another model or program");
    uint32_t *kept = malloc(kept_bytes(c));
    if (!kept) return error_memory(e);
    memcpy(kept, bytes + sizeof h, kept_bytes(c));
    int status = 0;
    if (!kv_state_possible(&c->shape, kept, h.position))
        status = error_set(e, "state: its counts of kept keys are not possible");
    else if (size != state_size(c, kept))
        status = error_set(e, "state: %zu bytes, expected %zu", size, state_size(c, kept));
    else
        status = write_rows(c, kept, bytes + sizeof h + kept_bytes(c), e);
    if (status == 0) {
        memcpy(c->kept, kept, kept_bytes(c));
        c->marked = false;
        *position = h.position;
    }
    free(kept);
    return status;
}
