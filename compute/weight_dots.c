#include "compute/weight_dots.h"

#include <stdbool.h>
#include <string.h>

#include "compute/block_lanes.h"
#include "compute/loops.h"
#include "compute/vector.h"
#include "compute/weights.h"

/* VECTOR_LANES bytes as elements: their low halves, their high halves, or as signed bytes. */
static inline vector low_halves(const uint8_t *b)
{
#if defined __AVX512F__
    return (vector)_mm512_cvtepi32_ps(
        _mm512_and_si512(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)b)), _mm512_set1_epi32(15)));
#elif defined __AVX2__
    return (vector)_mm256_cvtepi32_ps(
        _mm256_and_si256(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)b)), _mm256_set1_epi32(15)));
#else
    vector v;
    for (int i = 0; i < VECTOR_LANES; i++) v[i] = (float)(b[i] & 15);
    return v;
#endif
}

static inline vector high_halves(const uint8_t *b)
{
#if defined __AVX512F__
    return (vector)_mm512_cvtepi32_ps(_mm512_srli_epi32(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)b)), 4));
#elif defined __AVX2__
    return (vector)_mm256_cvtepi32_ps(_mm256_srli_epi32(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)b)), 4));
#else
    vector v;
    for (int i = 0; i < VECTOR_LANES; i++) v[i] = (float)(b[i] >> 4);
    return v;
#endif
}

static inline vector signed_bytes(const uint8_t *b)
{
#if defined __AVX512F__
    return (vector)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)b)));
#elif defined __AVX2__
    return (vector)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)b)));
#else
    vector v;
    for (int i = 0; i < VECTOR_LANES; i++) v[i] = (float)(int8_t)b[i];
    return v;
#endif
}

/* One row of blocks times a row of floats: scale q + least, both of the block. */
static float dot_halves(const uint8_t *b, size_t block, size_t packed, const float *x, uint32_t cols)
{
    vector low = {0}, high = {0};
    const bool has_least = packed == 4;
    for (uint32_t i = 0; i < cols; i += 32, b += block) {
        const float scale = half(b);
        const vector d = vector_all(scale), m = vector_all(has_least ? half(b + 2) : -8 * scale);
        for (uint32_t k = 0; k < 16; k += VECTOR_LANES) {
            low = vector_fma(vector_fma(low_halves(b + packed + k), d, m), vector_load(x + i + k), low);
            high = vector_fma(vector_fma(high_halves(b + packed + k), d, m), vector_load(x + i + 16 + k), high);
        }
    }
    return vector_sum(low + high);
}

static float dot_q8_0(const uint8_t *b, const float *x, uint32_t cols)
{
    vector sum = {0}, other = {0};
    for (uint32_t i = 0; i < cols; i += 32, b += 34) {
        const vector d = vector_all(half(b));
        for (uint32_t k = 0; k < 16; k += VECTOR_LANES) {
            sum = vector_fma(d * signed_bytes(b + 2 + k), vector_load(x + i + k), sum);
            other = vector_fma(d * signed_bytes(b + 18 + k), vector_load(x + i + 16 + k), other);
        }
    }
    return vector_sum(sum + other);
}

static float q4_1(const uint8_t *row, const float *x, uint32_t cols)
{
    return dot_halves(row, 20, 4, x, cols);
}

static float q4_0(const uint8_t *row, const float *x, uint32_t cols)
{
    return dot_halves(row, 18, 2, x, cols);
}

const struct weight_dots LOOPS(weight_dots) = {.q4_0 = q4_0, .q4_1 = q4_1, .q8_0 = dot_q8_0};
