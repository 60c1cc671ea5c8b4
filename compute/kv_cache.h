/* The caches of all layers: per branch and head, the current segment's on-grid keys and values (compute/attention.h has
 * the layout). How many slots are in use (`kept`) is the same in every layer and lives on the host; a slot past that is
 * never read, so a branch whose segment ends is emptied by counting from 0 again. A mark keeps what later tokens may
 * overwrite: a branch's rows are copied when its segment ends for the first time after the mark, and never if it does
 * not. */
#ifndef LECTERN_KV_CACHE_H
#define LECTERN_KV_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compute/attention.h"

struct backend;
struct error;
struct matrix;

struct kv_cache {
    struct attention shape;
    struct backend *backend; /* borrowed until kv_cache_close */
    uint32_t n_layer;
    struct matrix **k, **v; /* [n_layer], owned */
    uint32_t *kept;         /* [n_branch][n_head], owned */

    struct matrix **marked_k, **marked_v; /* [n_layer], owned; NULL before the first mark */
    uint32_t *marked_kept;                /* owned */
    bool marked;
    bool saved[DILATION_MAX_BRANCHES]; /* the branch's marked rows are in marked_k, marked_v */
};

/* `shape` has its layout (attention_layout); copied. */
int kv_cache_open(struct kv_cache **out, struct backend *b, const struct attention *shape, uint32_t n_layer,
                  struct error *e);
void kv_cache_close(struct kv_cache *c);
size_t kv_cache_bytes(const struct kv_cache *c);

/* Before the ops that read n tokens from `position` on are recorded, and after all of them are. */
void kv_cache_before(struct kv_cache *c, uint64_t position, uint32_t n);
void kv_cache_after(struct kv_cache *c, uint64_t position, uint32_t n);

/* The position moves from `position` to `to` over tokens that are no keys. */
void kv_cache_skip(struct kv_cache *c, uint64_t position, uint64_t to);

int kv_cache_mark(struct kv_cache *c, struct error *e);
void kv_cache_rewind(struct kv_cache *c); /* to the mark, which there is */

/* Keeps the first `n` keys of the segment, of every branch: n is 0, or the only branch is dense and holds them. Drops
 * the mark. */
void kv_cache_truncate(struct kv_cache *c, uint64_t n);

/* The state as bytes: shapes, position, kept, rows in use. Load refuses what does not fit the shapes, the size or
 * [0, limit] for the position, and then has changed nothing; it drops the mark. */
size_t kv_cache_state_size(const struct kv_cache *c);
size_t kv_cache_state_size_at(const struct kv_cache *c, uint64_t position); /* after reading every token before it */
int kv_cache_state_save(const struct kv_cache *c, uint64_t position, uint8_t *bytes, struct error *e);
int kv_cache_state_load(struct kv_cache *c, uint64_t limit, uint64_t *position, const uint8_t *bytes, size_t size,
                        struct error *e);

#endif
