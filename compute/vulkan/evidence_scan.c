/* Keys pass through the device in blocks of a few MB, whatever their number: while one is worked on, the next is copied
 * into staging memory. What stays are a segment's sums, a number a question token, and what comes back are two numbers
 * a segment. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "compute/vulkan/vulkan.h"

enum {
    BLOCK_BYTES = STREAM_STAGING_BYTES / 2,
    BLOCK_SEGMENTS = 1 << 16,
    THREADS = 128,
    PARTS = 64,       /* of the segments, that the host joins */
    SCORED = 1 << 20, /* segments at once */
};
_Static_assert(EVIDENCE_SEGMENT_KEYS * 256 <= BLOCK_BYTES, "a segment fits a block");

/* Segments [first, first + n) that fit a block, and their starts relative to the first key. */
static uint32_t next_block(const struct evidence_scan *op, uint32_t first, uint32_t most, uint32_t *starts)
{
    uint32_t n = 0;
    starts[0] = 0;
    for (; first + n < op->n && n < most; n++) {
        uint64_t end = op->starts[first + n + 1] - op->starts[first];
        if (end * op->width > BLOCK_BYTES) break;
        starts[n + 1] = (uint32_t)end;
    }
    return n;
}

static void scan_block(struct vulkan *v, const struct evidence_scan *op, uint32_t first, uint32_t n,
                       const uint32_t *starts)
{
    uint32_t queries = 1;
    while (queries < op->n_query && queries < THREADS) queries *= 2;
    const uint64_t key_bytes = (uint64_t)starts[n] * op->width;
    struct params_scan params = {
        .n_query = op->n_query, .row = op->row + first, .stride = vulkan_matrix_of(op->lse)->stride};
    stream_write(v->stream, v->keys.buffer.buffer, 0, key_bytes, op->keys + op->starts[first] * op->width, key_bytes,
                 key_bytes > 0);
    stream_write(v->stream, v->starts.buffer.buffer, 0, (n + 1) * 4ull, starts, (n + 1) * 4ull, 1);
    stream_run(v->stream, &(struct stream_dispatch){
                              .pipeline = vulkan_pipeline(v, SHADER_EVIDENCE_SCAN,
                                                          (const uint32_t[]){THREADS, queries, op->width / 4}, 3),
                              .bindings = {vulkan_bind_scratch(&v->keys), vulkan_bind_scratch(&v->starts),
                                           vulkan_bind_scratch(&v->queries), vulkan_bind(op->lse)},
                              .n_bindings = 4,
                              .params = &params,
                              .params_bytes = sizeof params,
                              .groups = {n, vulkan_ceil(op->n_query, queries), 1},
                              .label = "evidence scan",
                              .work = (double)starts[n] * op->width * op->n_query,
                              .bytes = (double)key_bytes,
                          });
    stream_pause(v->stream);
}

void vulkan_evidence_scan(struct backend *b, const struct evidence_scan *op)
{
    struct vulkan *v = (struct vulkan *)b;
    assert(op->width % 4 == 0 && op->width <= 256 && op->n_query > 0 && op->lse->cols == op->n_query);
    assert(op->row <= op->lse->rows && op->n <= op->lse->rows - op->row);
    uint32_t most = v->gpu->caps.max_groups[0] < BLOCK_SEGMENTS ? v->gpu->caps.max_groups[0] : BLOCK_SEGMENTS;
    uint32_t *starts = malloc((most + 1ull) * sizeof *starts);
    if (!starts) {
        struct error why;
        error_memory(&why);
        stream_fail(v->stream, &why);
        return;
    }
    const uint64_t query_bytes = (uint64_t)op->width * 4;
    if (vulkan_reserve(v, &v->keys, BLOCK_BYTES / 4, "evidence keys") &&
        vulkan_reserve(v, &v->starts, most + 1ull, "evidence segments") &&
        vulkan_reserve(v, &v->queries, (uint64_t)op->n_query * op->width, "evidence queries")) {
        stream_write(v->stream, v->queries.buffer.buffer, 0, query_bytes, op->queries, query_bytes, op->n_query);
        for (uint32_t first = 0, n; first < op->n; first += n) {
            n = next_block(op, first, most, starts);
            assert(n > 0); /* a segment has at most EVIDENCE_SEGMENT_KEYS */
            scan_block(v, op, first, n, starts);
        }
    }
    free(starts);
}

int vulkan_evidence_total(const struct matrix *lse, uint32_t n, double *total, struct error *e)
{
    struct vulkan *v = vulkan_of(lse);
    const uint32_t m = lse->cols;
    struct params_total params = {.n = n, .stride = vulkan_matrix_of(lse)->stride};
    float *parts = calloc((size_t)PARTS * m, sizeof *parts);
    if (!parts) return error_memory(e);
    if (vulkan_reserve(v, &v->scores, (uint64_t)PARTS * m, "evidence scores")) {
        stream_run(v->stream, &(struct stream_dispatch){
                                  .pipeline = vulkan_pipeline(v, SHADER_EVIDENCE_TOTAL, (const uint32_t[]){THREADS}, 1),
                                  .bindings = {vulkan_bind(lse), vulkan_bind_scratch(&v->scores)},
                                  .n_bindings = 2,
                                  .params = &params,
                                  .params_bytes = sizeof params,
                                  .groups = {PARTS, m, 1},
                                  .label = "evidence total",
                                  .work = (double)n * m,
                                  .bytes = 4.0 * n * m,
                              });
        stream_fetch(v->stream, v->scores.buffer.buffer, 0, 4ull * m, parts, 4ull * m, PARTS, false);
    }
    int status = vulkan_flush(&v->base, e);
    for (uint32_t t = 0; t < m && status == 0; t++) {
        double top = -INFINITY, sum = 0;
        for (uint32_t i = 0; i < PARTS; i++) top = fmax(top, (double)parts[i * m + t]);
        for (uint32_t i = 0; i < PARTS && top > -INFINITY; i++) sum += exp((double)parts[i * m + t] - top);
        total[t] = top + log(sum);
    }
    free(parts);
    return status;
}

/* What the shader wants to know of a question token. */
struct token {
    float high, factor, gate, unused;
};

static void score_some(struct vulkan *v, const struct evidence_score *op, uint32_t first, uint32_t n,
                       const struct token *tokens)
{
    struct params_score params = {.n = n,
                                  .row = op->row + first,
                                  .stride = vulkan_matrix_of(op->lse)->stride,
                                  .n_query = op->n_query,
                                  .per_eps = (float)op->per_eps};
    struct stream_binding uploaded = stream_upload(v->stream, tokens, op->n_query * sizeof *tokens);
    stream_run(v->stream, &(struct stream_dispatch){
                              .pipeline = vulkan_pipeline(v, SHADER_EVIDENCE_SCORE, (const uint32_t[]){THREADS}, 1),
                              .bindings = {vulkan_bind(op->lse), uploaded, vulkan_bind_scratch(&v->scores)},
                              .n_bindings = 3,
                              .params = &params,
                              .params_bytes = sizeof params,
                              .groups = {vulkan_ceil(n, THREADS), 1, 1},
                              .label = "evidence score",
                              .work = (double)n * op->n_query,
                              .bytes = 4.0 * n * (op->n_query + 2),
                          });
    stream_fetch(v->stream, v->scores.buffer.buffer, 0, 4, op->score + first, 4, n, false);
    stream_fetch(v->stream, v->scores.buffer.buffer, n * 4ull, 4, op->share + first, 4, n, false);
    stream_pause(v->stream);
}

int vulkan_evidence_score(const struct evidence_score *op, struct error *e)
{
    struct vulkan *v = vulkan_of(op->lse);
    assert(op->n_query == op->lse->cols && op->row <= op->lse->rows && op->n <= op->lse->rows - op->row);
    struct token *tokens = calloc(op->n_query, sizeof *tokens);
    if (!tokens) return error_memory(e);
    for (uint32_t t = 0; t < op->n_query; t++) {
        float high = (float)op->total[t];
        tokens[t] =
            (struct token){.high = high, .factor = (float)exp((double)high - op->total[t]), .gate = op->gate[t]};
    }
    if (op->n_query * sizeof *tokens <= STREAM_STAGING_BYTES &&
        vulkan_reserve(v, &v->scores, 2ull * (op->n < SCORED ? op->n : SCORED), "evidence scores"))
        for (uint32_t first = 0, n; first < op->n; first += n) {
            n = op->n - first < SCORED ? op->n - first : SCORED;
            score_some(v, op, first, n, tokens);
        }
    free(tokens);
    return vulkan_flush(&v->base, e);
}
