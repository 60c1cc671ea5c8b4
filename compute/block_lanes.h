/* What the products of blocks are made of (compute/block_product.h): a row taken apart, and sums of four products a
 * lane. For files of loops, and for compute/vulkan/matrices.c, which packs rows. */
#ifndef LECTERN_BLOCK_LANES_H
#define LECTERN_BLOCK_LANES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "compute/vector.h"
#include "compute/weights.h"

#ifdef __SSSE3__
#include <immintrin.h>
#endif

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint8_t bytes32 __attribute__((vector_size(32)));

/* A row of weights taken apart. */
struct row {
    uint8_t *q;           /* [cols], below 64 */
    float *scale, *least; /* [cols / span] */
};

static inline float half(const uint8_t *b)
{
    uint16_t bits;
    memcpy(&bits, b, sizeof bits);
#ifdef __F16C__
    return _cvtsh_ss(bits);
#else
    float f;
    struct weights one = {.bytes = b, .type = WEIGHTS_F16, .rows = 1, .cols = 1, .row_bytes = 2};
    weights_dequantize(&one, 0, 1, &f);
    return f;
#endif
}

/* sum + the four products of each lane's bytes; those of w are unsigned and below 64. */
static inline vector_int dot4(vector_int sum, vector_int w, vector_int x)
{
#if defined __AVX512VNNI__
    return (vector_int)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)w, (__m512i)x);
#elif defined __AVX512BW__
    return sum + (vector_int)_mm512_madd_epi16(_mm512_maddubs_epi16((__m512i)w, (__m512i)x), _mm512_set1_epi16(1));
#elif defined __AVX2__
    return sum + (vector_int)_mm256_madd_epi16(_mm256_maddubs_epi16((__m256i)w, (__m256i)x), _mm256_set1_epi16(1));
#elif defined __SSSE3__
    return sum + (vector_int)_mm_madd_epi16(_mm_maddubs_epi16((__m128i)w, (__m128i)x), _mm_set1_epi16(1));
#else
    for (int shift = 0; shift < 32; shift += 8) sum += ((w >> shift) & 255) * ((x << (24 - shift)) >> 24);
    return sum;
#endif
}

static inline vector to_float(vector_int v)
{
    return __builtin_convertvector(v, vector);
}

/* ---- taking rows apart: compute/weights.c says how blocks lie ---- */

/* Sixteen bytes' low halves, then their high halves. */
static inline void put_halves(uint8_t *to, const uint8_t *from)
{
    bytes16 v;
    memcpy(&v, from, sizeof v);
    const bytes16 low = v & 15, high = v >> 4;
    memcpy(to, &low, sizeof low);
    memcpy(to + 16, &high, sizeof high);
}

/* The fifth bits of 32 elements, one after the other in four bytes. */
static inline void add_fifth_bits(uint8_t *to, const uint8_t *bits)
{
    for (int i = 0; i < 32; i++) to[i] |= (uint8_t)((bits[i / 8] >> i % 8 & 1) << 4);
}

/* Q4_0, Q4_1, Q5_0 and Q5_1: a scale, a minimum or else half of what the bits hold, fifth bits, halves. */
static inline __attribute__((always_inline)) void open_32(const struct row *r, const uint8_t *b, uint32_t cols,
                                                          bool has_least, bool has_fifth)
{
    const size_t at = has_least ? 4 : 2, low = at + (has_fifth ? 4 : 0);
    for (uint32_t i = 0; i < cols / 32; i++, b += low + 16) {
        r->scale[i] = half(b);
        r->least[i] = has_least ? half(b + 2) : r->scale[i] * (has_fifth ? -16 : -8);
        put_halves(r->q + (size_t)i * 32, b + low);
        if (has_fifth) add_fifth_bits(r->q + (size_t)i * 32, b + at);
    }
}

static inline __attribute__((always_inline)) void open_45_k(const struct row *r, const uint8_t *b, uint32_t cols,
                                                            bool has_fifth)
{
    const size_t low = has_fifth ? 48 : 16;
    for (uint32_t i = 0; i < cols / 256; i++, b += low + 128) {
        const float d = half(b), dmin = half(b + 2);
        const uint8_t *s = b + 4;
        uint8_t scales[8], minima[8];
        for (int k = 0; k < 4; k++) {
            scales[k] = s[k] & 63;
            minima[k] = s[k + 4] & 63;
            scales[k + 4] = (uint8_t)((s[k + 8] & 15) | s[k] >> 6 << 4);
            minima[k + 4] = (uint8_t)(s[k + 8] >> 4 | s[k + 4] >> 6 << 4);
        }
        for (int k = 0; k < 8; k++) {
            r->scale[i * 8 + (uint32_t)k] = d * (float)scales[k];
            r->least[i * 8 + (uint32_t)k] = -dmin * (float)minima[k];
        }
        uint8_t *to = r->q + (size_t)i * 256;
        for (int k = 0; k < 4; k++, to += 64) {
            bytes32 v, high, first, second;
            memcpy(&v, b + low + k * 32, sizeof v);
            first = v & 15;
            second = v >> 4;
            if (has_fifth) {
                memcpy(&high, b + 16, sizeof high);
                high >>= (uint8_t)(2 * k);
                first |= (high & 1) << 4;
                second |= (high & 2) << 3;
            }
            memcpy(to, &first, sizeof first);
            memcpy(to + 32, &second, sizeof second);
        }
    }
}

static inline void open_6_k(const struct row *r, const uint8_t *b, uint32_t cols)
{
    for (uint32_t i = 0; i < cols / 256; i++, b += 210) {
        const float d = half(b + 208);
        for (uint32_t k = 0; k < 16; k++) {
            r->scale[i * 16 + k] = d * (float)(int8_t)b[192 + k];
            r->least[i * 16 + k] = -32 * r->scale[i * 16 + k];
        }
        uint8_t *to = r->q + (size_t)i * 256;
        for (int k = 0; k < 2; k++, to += 128) {
            bytes32 low[2], top, all[4];
            memcpy(low, b + k * 64, sizeof low);
            memcpy(&top, b + 128 + k * 32, sizeof top);
            all[0] = (low[0] & 15) | (top & 3) << 4;
            all[1] = (low[1] & 15) | (top & 12) << 2;
            all[2] = low[0] >> 4 | (top & 48);
            all[3] = low[1] >> 4 | (top & 192) >> 2;
            memcpy(to, all, sizeof all);
        }
    }
}

static inline void open_row(const struct row *r, const struct weights *w, uint32_t row)
{
    const uint8_t *b = w->bytes + (size_t)row * w->row_bytes;
    if (w->type == WEIGHTS_Q4_0) open_32(r, b, w->cols, false, false);
    if (w->type == WEIGHTS_Q4_1) open_32(r, b, w->cols, true, false);
    if (w->type == WEIGHTS_Q5_0) open_32(r, b, w->cols, false, true);
    if (w->type == WEIGHTS_Q5_1) open_32(r, b, w->cols, true, true);
    if (w->type == WEIGHTS_Q4_K) open_45_k(r, b, w->cols, false);
    if (w->type == WEIGHTS_Q5_K) open_45_k(r, b, w->cols, true);
    if (w->type == WEIGHTS_Q6_K) open_6_k(r, b, w->cols);
}

#endif
