#include "compute/block_dots.h"

#include "compute/block_lanes.h"
#include "compute/block_product.h"
#include "compute/loops.h"

#ifdef __AVX2__
/* Two sums, so that one does not wait for the other, and what minima add (its first lane). */
struct sums {
    __m256 sum[2], rest;
};

static inline __m256i load_bytes(const void *from)
{
    return _mm256_loadu_si256((const __m256i *)from);
}

/* sum[which] += factor (w . x), 32 bytes of each, w at most 128. */
static inline __attribute__((always_inline)) void add_products(struct sums *s, int which, __m256i w, __m256i x,
                                                               __m256 factor)
{
#ifdef __AVX512VNNI__
    const __m256i four = _mm256_dpbusd_epi32(_mm256_setzero_si256(), w, x);
#else
    const __m256i four = _mm256_madd_epi16(_mm256_maddubs_epi16(w, x), _mm256_set1_epi16(1));
#endif
    s->sum[which] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(four), factor, s->sum[which]);
}

static inline __attribute__((always_inline)) __m256 half_in_all(const uint8_t *b)
{
    int16_t bits;
    memcpy(&bits, b, sizeof bits);
    return _mm256_cvtph_ps(_mm_set1_epi16(bits));
}

static float sum_lanes(const struct sums *s)
{
    const __m256 all = _mm256_add_ps(s->sum[0], s->sum[1]);
    __m128 v = _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1));
    v = _mm_add_ps(v, _mm_movehl_ps(v, v));
    return _mm_cvtss_f32(_mm_add_ss(v, _mm_movehdup_ps(v)));
}

static inline __attribute__((always_inline)) void dot_block_32(struct sums *s, int which, const uint8_t *b,
                                                               const struct block_elements *x, uint32_t block,
                                                               bool has_least, bool has_fifth)
{
    const size_t at = has_least ? 4 : 2, low = at + (has_fifth ? 4 : 0);
    const __m128i halves = _mm_loadu_si128((const __m128i *)(b + low));
    const __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(halves), _mm_srli_epi16(halves, 4), 1);
    __m256i q = _mm256_and_si256(both, _mm256_set1_epi8(15));
    if (has_fifth) {
        int32_t bits;
        memcpy(&bits, b + at, sizeof bits);
        const __m256i which_byte = _mm256_set_epi64x(0x0303030303030303, 0x0202020202020202, 0x0101010101010101, 0);
        const __m256i which_bit = _mm256_set1_epi64x((long long)0x8040201008040201u);
        const __m256i spread = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(bits), which_byte), which_bit);
        q = _mm256_or_si256(q, _mm256_and_si256(_mm256_cmpeq_epi8(spread, which_bit), _mm256_set1_epi8(16)));
    }
    const __m256 d = half_in_all(b);
    add_products(s, which, q, load_bytes(x->q + (size_t)block * 32), _mm256_mul_ps(d, _mm256_set1_ps(x->scale[block])));
    s->rest = _mm256_fmadd_ps(has_least ? half_in_all(b + 2) : d, _mm256_set1_ps(x->sum32[block]), s->rest);
}

#ifdef __AVX512F__
/* Four blocks of Q4_0 or Q4_1 at a time, four lanes each: their low halves against the first sixteen elements of each
 * block of x, their high halves against the others. */
static inline __attribute__((always_inline)) float dot_fours(const uint8_t *b, const struct block_elements *x,
                                                             uint32_t blocks, bool has_least)
{
    const __m512i four_bits = _mm512_set1_epi8(15);
    const __m512i each = _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
    const size_t at = has_least ? 4 : 2, bytes = at + 16;
    __m512 sum = _mm512_setzero_ps();
    __m128 rest = _mm_setzero_ps();
    for (uint32_t i = 0; i < blocks; i += 4, b += 4 * bytes) {
        int16_t d[4], m[4];
        __m128i q[4];
        for (size_t k = 0; k < 4; k++) {
            memcpy(&d[k], b + k * bytes, 2);
            memcpy(&m[k], b + k * bytes + 2, 2);
            memcpy(&q[k], b + k * bytes + at, 16);
        }
        __m512i all = _mm512_inserti32x4(_mm512_castsi128_si512(q[0]), q[1], 1);
        all = _mm512_inserti32x4(_mm512_inserti32x4(all, q[2], 2), q[3], 3);
        const __m512i low = _mm512_and_si512(all, four_bits),
                      high = _mm512_and_si512(_mm512_srli_epi16(all, 4), four_bits),
                      first = _mm512_loadu_si512(x->q + (size_t)i * 32),
                      second = _mm512_loadu_si512(x->q + (size_t)i * 32 + 64);
        vector_int four = dot4((vector_int){0}, (vector_int)low, (vector_int)_mm512_shuffle_i32x4(first, second, 0x88));
        four = dot4(four, (vector_int)high, (vector_int)_mm512_shuffle_i32x4(first, second, 0xdd));
        const __m128 scale = _mm_cvtph_ps(_mm_setr_epi16(d[0], d[1], d[2], d[3], 0, 0, 0, 0)),
                     least = has_least ? _mm_cvtph_ps(_mm_setr_epi16(m[0], m[1], m[2], m[3], 0, 0, 0, 0)) : scale;
        const __m128 factor = _mm_mul_ps(scale, _mm_loadu_ps(x->scale + i));
        rest = _mm_fmadd_ps(least, _mm_loadu_ps(x->sum32 + i), rest);
        sum = _mm512_fmadd_ps((__m512)to_float(four), _mm512_permutexvar_ps(each, _mm512_castps128_ps512(factor)), sum);
    }
    rest = _mm_add_ps(rest, _mm_movehl_ps(rest, rest));
    rest = _mm_add_ss(rest, _mm_movehdup_ps(rest));
    return _mm512_reduce_add_ps(sum) + _mm_cvtss_f32(rest) * (has_least ? 1.0f : -8.0f);
}
#endif

static inline __attribute__((always_inline)) float dot_32(const uint8_t *b, const struct block_elements *x,
                                                          uint32_t cols, bool has_least, bool has_fifth)
{
    const size_t bytes = (has_least ? 4u : 2u) + (has_fifth ? 4u : 0u) + 16u;
    struct sums s = {{_mm256_setzero_ps(), _mm256_setzero_ps()}, _mm256_setzero_ps()};
    uint32_t i = 0;
    float fours = 0;
#ifdef __AVX512F__
    if (!has_fifth) {
        i = cols / 32 & ~3u;
        fours = dot_fours(b, x, i, has_least);
        b += i * bytes;
    }
#endif
    for (; i + 2 <= cols / 32; i += 2, b += 2 * bytes) {
        dot_block_32(&s, 0, b, x, i, has_least, has_fifth);
        dot_block_32(&s, 1, b + bytes, x, i + 1, has_least, has_fifth);
    }
    if (i < cols / 32) dot_block_32(&s, 0, b, x, i, has_least, has_fifth);
    return fours + sum_lanes(&s) + _mm256_cvtss_f32(s.rest) * (has_least ? 1.0f : has_fifth ? -16.0f : -8.0f);
}

/* Eight runs' scales or minima times a number of the block, as floats: 6 bits each, four to a word. */
static inline __m256 six_bits(uint32_t first, uint32_t second, __m256 d)
{
    const __m128i bytes = _mm_set_epi32(0, 0, (int32_t)second, (int32_t)first);
    return _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)), d);
}

/* Eight factors of x's runs, and what minima add. */
static inline __attribute__((always_inline)) __m256 factors_k(struct sums *s, const uint8_t *b,
                                                              const struct block_elements *x, uint32_t block)
{
    uint32_t w[3];
    memcpy(w, b + 4, sizeof w);
    const __m256 scales = six_bits(w[0] & 0x3f3f3f3f, (w[2] & 0x0f0f0f0f) | (w[0] >> 2 & 0x30303030), half_in_all(b)),
                 minima = six_bits(w[1] & 0x3f3f3f3f, (w[2] >> 4 & 0x0f0f0f0f) | (w[1] >> 2 & 0x30303030),
                                   half_in_all(b + 2));
    s->rest = _mm256_fnmadd_ps(minima, _mm256_loadu_ps(x->sum32 + block * 8), s->rest);
    return _mm256_mul_ps(scales, _mm256_loadu_ps(x->scale + block * 8));
}

#ifdef __AVX512F__
/* 128 elements, `k` the first or second of a block, in two vectors: the runs that lie in low halves of bytes, 4 k and
 * 4 k + 2, and those in high halves. */
static inline __attribute__((always_inline)) void add_runs(__m512 sum[2], const uint8_t *low, const uint8_t *fifth,
                                                           const int8_t *x, __m256 factors, int k)
{
    const __m512i v = _mm512_loadu_si512(low + 64 * k), four_bits = _mm512_set1_epi8(15);
    const __m512i first = _mm512_loadu_si512(x + 128 * k), second = _mm512_loadu_si512(x + 128 * k + 64);
    const __m512i of_x[2] = {_mm512_shuffle_i64x2(first, second, 0x44), _mm512_shuffle_i64x2(first, second, 0xee)};
    __m512i q[2] = {_mm512_and_si512(v, four_bits), _mm512_and_si512(_mm512_srli_epi16(v, 4), four_bits)};
    for (int j = 0; j < 2; j++) {
        const int run = 4 * k + j; /* and the second next one, in the upper lanes */
        if (fifth) {
            const __m512i shift = _mm512_mask_blend_epi16(0xffff0000, _mm512_set1_epi16((int16_t)run),
                                                          _mm512_set1_epi16((int16_t)(run + 2)));
            const __m512i bits = _mm512_srlv_epi16(_mm512_broadcast_i64x4(load_bytes(fifth)), shift);
            q[j] = _mm512_or_si512(q[j], _mm512_slli_epi16(_mm512_and_si512(bits, _mm512_set1_epi8(1)), 4));
        }
        const __m512i which = _mm512_mask_blend_epi32(0xff00, _mm512_set1_epi32(run), _mm512_set1_epi32(run + 2));
        const __m512 factor = _mm512_permutexvar_ps(which, _mm512_castps256_ps512(factors));
        const vector_int four = dot4((vector_int){0}, (vector_int)q[j], (vector_int)of_x[j]);
        sum[j] = _mm512_fmadd_ps((__m512)to_float(four), factor, sum[j]);
    }
}

static inline __attribute__((always_inline)) float dot_45_k(const uint8_t *b, const struct block_elements *x,
                                                            uint32_t cols, bool has_fifth)
{
    const size_t low = has_fifth ? 48 : 16;
    __m512 sum[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
    struct sums s = {{_mm256_setzero_ps(), _mm256_setzero_ps()}, _mm256_setzero_ps()};
    for (uint32_t i = 0; i < cols / 256; i++, b += low + 128) {
        const __m256 factors = factors_k(&s, b, x, i);
        for (int k = 0; k < 2; k++)
            add_runs(sum, b + low, has_fifth ? b + 16 : NULL, x->q + (size_t)i * 256, factors, k);
    }
    s.sum[0] = s.rest; /* all lanes of it count here */
    return sum_lanes(&s) + _mm512_reduce_add_ps(_mm512_add_ps(sum[0], sum[1]));
}
#else
static inline __attribute__((always_inline)) float dot_45_k(const uint8_t *b, const struct block_elements *x,
                                                            uint32_t cols, bool has_fifth)
{
    const size_t low = has_fifth ? 48 : 16;
    const __m256i four_bits = _mm256_set1_epi8(15), one_bit = _mm256_set1_epi8(1);
    struct sums s = {{_mm256_setzero_ps(), _mm256_setzero_ps()}, _mm256_setzero_ps()};
    for (uint32_t i = 0; i < cols / 256; i++, b += low + 128) {
        float factor[8];
        _mm256_storeu_ps(factor, factors_k(&s, b, x, i));
        __m256i high = has_fifth ? load_bytes(b + 16) : _mm256_setzero_si256();
        for (int k = 0; k < 4; k++) {
            const __m256i v = load_bytes(b + low + k * 32);
            __m256i q[2] = {_mm256_and_si256(v, four_bits), _mm256_and_si256(_mm256_srli_epi16(v, 4), four_bits)};
            for (int j = 0; j < 2; j++) {
                if (has_fifth) q[j] = _mm256_or_si256(q[j], _mm256_slli_epi16(_mm256_and_si256(high, one_bit), 4));
                high = _mm256_srli_epi16(high, 1);
                add_products(&s, j, q[j], load_bytes(x->q + (size_t)i * 256 + 64 * k + 32 * j),
                             _mm256_set1_ps(factor[2 * k + j]));
            }
        }
    }
    s.sum[0] = _mm256_add_ps(s.sum[0], s.rest); /* all lanes of it count here */
    return sum_lanes(&s);
}
#endif

static float dot_6_k(const uint8_t *b, const struct block_elements *x, uint32_t cols)
{
    const __m256i four_bits = _mm256_set1_epi8(15), two_bits = _mm256_set1_epi8(48);
    struct sums s = {{_mm256_setzero_ps(), _mm256_setzero_ps()}, _mm256_setzero_ps()};
    for (uint32_t i = 0; i < cols / 256; i++, b += 210) {
        float factor[16];
        const __m256 d = half_in_all(b + 208);
        for (int k = 0; k < 2; k++) { /* the scale of 32 elements of x is that of two runs */
            const __m128i bytes = _mm_loadl_epi64((const __m128i *)(b + 192 + 8 * k));
            const __m256 scales = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)), d);
            const __m128 of_x = _mm_loadu_ps(x->scale + i * 8 + 4 * k);
            const __m256 twice = _mm256_set_m128(_mm_unpackhi_ps(of_x, of_x), _mm_unpacklo_ps(of_x, of_x));
            _mm256_storeu_ps(factor + 8 * k, _mm256_mul_ps(scales, twice));
            s.rest = _mm256_fmadd_ps(scales, _mm256_loadu_ps(x->sum16 + i * 16 + 8 * k), s.rest);
        }
        for (int k = 0; k < 2; k++) {
            const __m256i a = load_bytes(b + k * 64), c = load_bytes(b + k * 64 + 32),
                          top = load_bytes(b + 128 + k * 32);
            const __m256i q[4] = {
                _mm256_or_si256(_mm256_and_si256(a, four_bits), _mm256_and_si256(_mm256_slli_epi16(top, 4), two_bits)),
                _mm256_or_si256(_mm256_and_si256(c, four_bits), _mm256_and_si256(_mm256_slli_epi16(top, 2), two_bits)),
                _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(a, 4), four_bits), _mm256_and_si256(top, two_bits)),
                _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(c, 4), four_bits),
                                _mm256_and_si256(_mm256_srli_epi16(top, 2), two_bits))};
            for (int j = 0; j < 4; j++) {
                const float *f = factor + 8 * k + 2 * j;
                add_products(&s, j % 2, q[j], load_bytes(x->q + (size_t)i * 256 + 128 * k + 32 * j),
                             _mm256_blend_ps(_mm256_set1_ps(f[0]), _mm256_set1_ps(f[1]), 0xf0));
            }
        }
    }
    s.sum[0] = _mm256_fmadd_ps(s.rest, _mm256_set1_ps(-32), s.sum[0]);
    return sum_lanes(&s);
}

/* Weights of 8 bits have signs: each is multiplied by its size, and x by its sign. */
static inline __attribute__((always_inline)) void dot_block_8(struct sums *s, int which, const uint8_t *b,
                                                              const struct block_elements *x, uint32_t block)
{
    const __m256i w = load_bytes(b + 2), of_x = load_bytes(x->q + (size_t)block * 32);
    add_products(s, which, _mm256_abs_epi8(w), _mm256_sign_epi8(of_x, w),
                 _mm256_mul_ps(half_in_all(b), _mm256_set1_ps(x->scale[block])));
}

static float dot_8(const uint8_t *b, const struct block_elements *x, uint32_t cols)
{
    struct sums s = {{_mm256_setzero_ps(), _mm256_setzero_ps()}, _mm256_setzero_ps()};
    uint32_t i = 0;
    for (; i + 2 <= cols / 32; i += 2, b += 68) {
        dot_block_8(&s, 0, b, x, i);
        dot_block_8(&s, 1, b + 34, x, i + 1);
    }
    if (i < cols / 32) dot_block_8(&s, 0, b, x, i);
    return sum_lanes(&s);
}

static float dot_one(const struct weights *w, uint32_t row, const struct block_elements *x, float *scratch)
{
    const uint8_t *b = w->bytes + (size_t)row * w->row_bytes;
    (void)scratch;
    switch (w->type) {
    case WEIGHTS_Q8_0:
        return dot_8(b, x, w->cols);
    case WEIGHTS_Q4_0:
        return dot_32(b, x, w->cols, false, false);
    case WEIGHTS_Q4_1:
        return dot_32(b, x, w->cols, true, false);
    case WEIGHTS_Q5_0:
        return dot_32(b, x, w->cols, false, true);
    case WEIGHTS_Q5_1:
        return dot_32(b, x, w->cols, true, true);
    case WEIGHTS_Q4_K:
        return dot_45_k(b, x, w->cols, false);
    case WEIGHTS_Q5_K:
        return dot_45_k(b, x, w->cols, true);
    default:
        return dot_6_k(b, x, w->cols);
    }
}
#else
static float dot_8(const uint8_t *b, const struct block_elements *x, uint32_t cols)
{
    float sum = 0;
    for (uint32_t i = 0; i < cols / 32; i++, b += 34) {
        int32_t whole = 0;
        for (int k = 0; k < 32; k++) whole += (int8_t)b[2 + k] * x->q[(size_t)i * 32 + (size_t)k];
        sum += half(b) * x->scale[i] * (float)whole;
    }
    return sum;
}

/* The row is taken apart first. */
static float dot_one(const struct weights *w, uint32_t row, const struct block_elements *x, float *scratch)
{
    const uint32_t cols = w->cols, span = w->type == WEIGHTS_Q6_K ? 16 : 32;
    const struct row r = {(uint8_t *)scratch, scratch + cols / 4, scratch + cols / 4 + cols / 16};
    vector sum = {0};
    if (w->type == WEIGHTS_Q8_0) return dot_8(w->bytes + (size_t)row * w->row_bytes, x, cols);
    open_row(&r, w, row);
    for (uint32_t at = 0; at < cols; at += 4 * VECTOR_LANES) {
        vector_int q, e;
        memcpy(&q, r.q + at, sizeof q);
        memcpy(&e, x->q + at, sizeof e);
        const float factor = r.scale[at / span] * x->scale[at / 32];
        sum = vector_fma(to_float(dot4((vector_int){0}, q, e)), vector_all(factor), sum);
    }
    return vector_sum(sum) + vector_dot(r.least, span == 16 ? x->sum16 : x->sum32, cols / span);
}
#endif

const struct block_dots LOOPS(block_dots) = {.one = dot_one};
