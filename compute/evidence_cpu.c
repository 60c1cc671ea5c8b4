#include "compute/evidence_cpu.h"

#include <math.h>
#include <string.h>

#include "compute/loops.h"
#include "compute/vector_product.h"

enum { TILE = 64, WIDE_LANES = VECTOR_PRODUCT_WIDE * VECTOR_LANES };

/* Vectors of the next block of tokens: VECTOR_PRODUCT_WIDE while there are as many. */
static size_t next_wide(uint32_t left)
{
    return left > (VECTOR_PRODUCT_WIDE - 1) * VECTOR_LANES ? VECTOR_PRODUCT_WIDE : 1;
}

static void pack(float *to, const float *queries, uint32_t n_query, uint32_t width)
{
    memset(to, 0, EVIDENCE_CPU_LANES(n_query) * width * sizeof *to);
    for (uint32_t begin = 0; begin < n_query;) {
        const size_t lanes = next_wide(n_query - begin) * VECTOR_LANES;
        for (uint32_t t = begin; t < n_query && t < begin + lanes; t++)
            for (size_t k = 0; k < width; k++) to[k * lanes + t - begin] = queries[(size_t)t * width + k];
        to += lanes * width;
        begin += (uint32_t)lanes;
    }
}

/* Adds n keys, already floats, to the running sums of one block of tokens. */
static inline __attribute__((always_inline)) void add_keys(float *max, float *sum, const float *queries, uint32_t width,
                                                           const float *keys, size_t n, size_t wide)
{
    _Alignas(64) float logits[TILE * WIDE_LANES];
    const size_t lanes = wide * VECTOR_LANES;
    vector_product(n, wide, keys, width, 1, queries, width, logits, NULL);
    for (size_t j = 0; j < lanes; j += VECTOR_LANES) {
        vector old = vector_load(max + j), top = old, total = {0};
        for (size_t key = 0; key < n; key++) top = vector_max(vector_load(logits + key * lanes + j), top);
        for (size_t key = 0; key < n; key++) total += vector_exp(vector_load(logits + key * lanes + j) - top);
        vector_store(max + j, top);
        vector_store(sum + j, vector_load(sum + j) * vector_exp(old - top) + total);
    }
}

static void scan(float *lse, const float *packed, uint32_t n_query, uint32_t width, const int8_t *keys, uint64_t n)
{
    float tile[TILE * EVIDENCE_CPU_MAX_WIDTH];
    for (uint32_t begin = 0; begin < n_query;) {
        const size_t wide = next_wide(n_query - begin), lanes = wide * VECTOR_LANES;
        float max[WIDE_LANES], sum[WIDE_LANES] = {0};
        for (size_t j = 0; j < lanes; j++) max[j] = -INFINITY;
        for (uint64_t at = 0; at < n; at += TILE) {
            const size_t part = n - at < TILE ? (size_t)(n - at) : TILE;
            for (size_t i = 0; i < part * width; i++) tile[i] = (float)keys[at * width + i];
            if (wide == 1)
                add_keys(max, sum, packed, width, tile, part, 1);
            else
                add_keys(max, sum, packed, width, tile, part, VECTOR_PRODUCT_WIDE);
        }
        for (uint32_t t = begin; t < n_query && t < begin + lanes; t++) lse[t] = max[t - begin] + logf(sum[t - begin]);
        packed += lanes * width;
        begin += (uint32_t)lanes;
    }
}

const struct evidence_cpu LOOPS(evidence_cpu) = {.pack = pack, .scan = scan};
