/* Keys pass through the device in blocks of a few MB: while one is worked on, the next is copied into staging memory.
 */
#include <assert.h>
#include <stdlib.h>

#include "compute/vulkan/vulkan.h"

enum { BLOCK_BYTES = STREAM_STAGING_BYTES / 2, THREADS = 128 };

/* Runs [first, end) that fit a block, and their starts relative to the first key. */
static uint32_t next_block(const struct evidence_scan *op, uint32_t first, uint32_t most, uint32_t *starts)
{
    uint32_t n = 0;
    starts[0] = 0;
    for (; first + n < op->n_runs && n < most; n++) {
        uint64_t end = op->starts[first + n + 1] - op->starts[first];
        if (end * op->width > BLOCK_BYTES) break;
        starts[n + 1] = (uint32_t)end;
    }
    return n;
}

static void run_block(struct vulkan *v, const struct evidence_scan *op, uint32_t first, uint32_t n,
                      const uint32_t *starts)
{
    uint32_t queries = 1;
    while (queries < op->n_query && queries < THREADS) queries *= 2;
    const uint64_t key_bytes = (uint64_t)starts[n] * op->width;
    struct params_scan params = {.n_query = op->n_query};
    stream_write(v->stream, v->keys.buffer.buffer, 0, key_bytes, op->keys + op->starts[first] * op->width, key_bytes,
                 key_bytes > 0);
    stream_write(v->stream, v->starts.buffer.buffer, 0, (n + 1) * 4ull, starts, (n + 1) * 4ull, 1);
    stream_run(v->stream, &(struct stream_dispatch){
                              .pipeline = vulkan_pipeline(v, SHADER_EVIDENCE_SCAN,
                                                          (const uint32_t[]){THREADS, queries, op->width / 4}, 3),
                              .bindings = {vulkan_bind_scratch(&v->keys), vulkan_bind_scratch(&v->starts),
                                           vulkan_bind_scratch(&v->queries), vulkan_bind_scratch(&v->runs)},
                              .n_bindings = 4,
                              .params = &params,
                              .params_bytes = sizeof params,
                              .groups = {n, vulkan_ceil(op->n_query, queries), 1},
                              .label = "evidence scan",
                              .work = (double)starts[n] * op->width * op->n_query,
                              .bytes = (double)key_bytes,
                          });
    const uint64_t out_bytes = (uint64_t)n * op->n_query * 4;
    stream_fetch(v->stream, v->runs.buffer.buffer, 0, out_bytes, op->lse + (size_t)first * op->n_query, out_bytes, 1);
    stream_pause(v->stream);
}

int vulkan_evidence_scan(struct backend *b, const struct evidence_scan *op, struct error *e)
{
    struct vulkan *v = (struct vulkan *)b;
    assert(op->width % 4 == 0 && op->width <= 256 && op->n_query > 0);
    uint32_t most = BLOCK_BYTES / 4 / op->n_query; /* runs whose results fit a fetch */
    if (most > v->gpu->caps.max_groups[0]) most = v->gpu->caps.max_groups[0];
    if (most == 0) return error_set(e, "a question of %u tokens is too long for the device", op->n_query);
    uint32_t *starts = malloc(((size_t)most + 1) * sizeof *starts);
    if (!starts) return error_set(e, "out of memory");
    const uint64_t query_bytes = (uint64_t)op->width * 4;
    if (vulkan_reserve(v, &v->keys, BLOCK_BYTES / 4, "evidence keys") &&
        vulkan_reserve(v, &v->starts, most + 1ull, "evidence runs") &&
        vulkan_reserve(v, &v->queries, (uint64_t)op->n_query * op->width, "evidence queries") &&
        vulkan_reserve(v, &v->runs, (uint64_t)most * op->n_query, "evidence sums")) {
        stream_write(v->stream, v->queries.buffer.buffer, 0, query_bytes, op->queries, query_bytes, op->n_query);
        for (uint32_t first = 0, n; first < op->n_runs; first += n) {
            n = next_block(op, first, most, starts);
            assert(n > 0); /* a run is no longer than EVIDENCE_RUN_KEYS */
            run_block(v, op, first, n, starts);
        }
    }
    free(starts);
    return vulkan_flush(b, e);
}
