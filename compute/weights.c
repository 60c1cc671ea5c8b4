/* Block formats of GGUF. In the 32-element types a block shares a half-precision scale (and, with _1, a minimum); byte
 * i of the packed halves holds element i in its low half and element i + 16 in its high half, and bit i of the fifth
 * bits belongs to element i. A _K block of 256 elements has a scale of scales: Q4_K and Q5_K eight runs of 32 with
 * 6-bit scales and minima, Q6_K sixteen runs of 16 with 8-bit scales. */
#include "compute/weights.h"

#include <assert.h>
#include <string.h>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF /* the same numbers from every compiler */
#endif

static const struct {
    const char *name;
    uint32_t type, elements, bytes;
} types[] = {
    {"F32", WEIGHTS_F32, 1, 4},       {"F16", WEIGHTS_F16, 1, 2},       {"BF16", WEIGHTS_BF16, 1, 2},
    {"Q4_0", WEIGHTS_Q4_0, 32, 18},   {"Q4_1", WEIGHTS_Q4_1, 32, 20},   {"Q5_0", WEIGHTS_Q5_0, 32, 22},
    {"Q5_1", WEIGHTS_Q5_1, 32, 24},   {"Q8_0", WEIGHTS_Q8_0, 32, 34},   {"Q4_K", WEIGHTS_Q4_K, 256, 144},
    {"Q5_K", WEIGHTS_Q5_K, 256, 176}, {"Q6_K", WEIGHTS_Q6_K, 256, 210},
};

static int find_type(uint32_t type)
{
    for (int i = 0; i < (int)(sizeof types / sizeof *types); i++) {
        if (types[i].type == type) return i;
    }
    return -1;
}

uint32_t weights_block_elements(uint32_t type)
{
    int i = find_type(type);
    return i < 0 ? 0 : types[i].elements;
}

size_t weights_block_bytes(uint32_t type)
{
    int i = find_type(type);
    return i < 0 ? 0 : types[i].bytes;
}

const char *weights_type_name(uint32_t type)
{
    int i = find_type(type);
    return i < 0 ? NULL : types[i].name;
}

static float float_of_bits(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* IEEE half to single, subnormals, infinities and NaN included. */
static float half(const uint8_t *b)
{
    uint32_t h = (uint32_t)b[0] | (uint32_t)b[1] << 8;
    uint32_t sign = (h & 0x8000u) << 16;
    uint32_t magnitude = h & 0x7fffu;
    /* A half's bits moved into a single's place are the number times 2^-112, and 0x77800000 is 2^112; infinities and
     * NaN have their own exponent. */
    if (magnitude >= 0x7c00u) return float_of_bits(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
    return float_of_bits(sign | 0x77800000u) * float_of_bits(magnitude << 13);
}

static void row_f16(const uint8_t *b, uint32_t cols, float *out)
{
    for (uint32_t i = 0; i < cols; i++) out[i] = half(b + (size_t)i * 2);
}

static void row_bf16(const uint8_t *b, uint32_t cols, float *out)
{
    for (uint32_t i = 0; i < cols; i++, b += 2) out[i] = float_of_bits((uint32_t)b[0] << 16 | (uint32_t)b[1] << 24);
}

static void row_q8_0(const uint8_t *b, uint32_t cols, float *out)
{
    for (uint32_t i = 0; i < cols; i += 32, b += 34) {
        float d = half(b);
        for (uint32_t j = 0; j < 32; j++) out[i + j] = d * (float)(int8_t)b[2 + j];
    }
}

static void row_q4_0(const uint8_t *b, uint32_t cols, float *out)
{
    for (uint32_t i = 0; i < cols; i += 32, b += 18) {
        float d = half(b);
        for (uint32_t j = 0; j < 16; j++) {
            out[i + j] = d * (float)((b[2 + j] & 15) - 8);
            out[i + j + 16] = d * (float)((b[2 + j] >> 4) - 8);
        }
    }
}

static void row_q4_1(const uint8_t *b, uint32_t cols, float *out)
{
    for (uint32_t i = 0; i < cols; i += 32, b += 20) {
        float d = half(b), m = half(b + 2);
        for (uint32_t j = 0; j < 16; j++) {
            out[i + j] = d * (float)(b[4 + j] & 15) + m;
            out[i + j + 16] = d * (float)(b[4 + j] >> 4) + m;
        }
    }
}

static uint32_t fifth_bits(const uint8_t *b)
{
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void row_q5_0(const uint8_t *b, uint32_t cols, float *out)
{
    for (uint32_t i = 0; i < cols; i += 32, b += 22) {
        float d = half(b);
        uint32_t high = fifth_bits(b + 2);
        for (uint32_t j = 0; j < 16; j++) {
            uint32_t low = (b[6 + j] & 15u) | (high >> j & 1) << 4, top = b[6 + j] >> 4 | (high >> (j + 16) & 1) << 4;
            out[i + j] = d * (float)((int)low - 16);
            out[i + j + 16] = d * (float)((int)top - 16);
        }
    }
}

static void row_q5_1(const uint8_t *b, uint32_t cols, float *out)
{
    for (uint32_t i = 0; i < cols; i += 32, b += 24) {
        float d = half(b), m = half(b + 2);
        uint32_t high = fifth_bits(b + 4);
        for (uint32_t j = 0; j < 16; j++) {
            uint32_t low = (b[8 + j] & 15u) | (high >> j & 1) << 4, top = b[8 + j] >> 4 | (high >> (j + 16) & 1) << 4;
            out[i + j] = d * (float)low + m;
            out[i + j + 16] = d * (float)top + m;
        }
    }
}

/* Scale and minimum of run `run`: twelve bytes hold eight 6-bit scales and eight 6-bit minima. Runs 0 to 3 have a byte
 * each, whose top two bits are the top two bits of runs 4 to 7; the low halves of those share the last four bytes. */
static void run_scale(const uint8_t *b, unsigned run, float *scale, float *minimum)
{
    if (run < 4) {
        *scale = (float)(b[run] & 63);
        *minimum = (float)(b[run + 4] & 63);
    } else {
        *scale = (float)((b[run + 4] & 15) | (b[run - 4] >> 6) << 4);
        *minimum = (float)((b[run + 4] >> 4) | (b[run] >> 6) << 4);
    }
}

/* Q4_K and, with fifth bits, Q5_K: each 32 bytes hold run 2k in their low and run 2k + 1 in their high halves. `high`
 * is NULL for Q4_K; its byte j has the fifth bit of element j of run k in bit k. */
static void block_q45_k(const uint8_t *b, const uint8_t *high, const uint8_t *low, float *out)
{
    float d = half(b), dmin = half(b + 2);
    for (unsigned run = 0; run < 8; run++) {
        float scale, minimum;
        run_scale(b + 4, run, &scale, &minimum);
        float ds = d * scale, dm = dmin * minimum;
        const uint8_t *q = low + (size_t)run / 2 * 32;
        for (unsigned j = 0; j < 32; j++) {
            uint32_t n = run % 2 ? q[j] >> 4 : q[j] & 15u;
            if (high) n |= (high[j] >> run & 1u) << 4;
            out[run * 32 + j] = ds * (float)n - dm;
        }
    }
}

static void row_q4_k(const uint8_t *b, uint32_t cols, float *out)
{
    for (uint32_t i = 0; i < cols; i += 256, b += 144) block_q45_k(b, NULL, b + 16, out + i);
}

static void row_q5_k(const uint8_t *b, uint32_t cols, float *out)
{
    for (uint32_t i = 0; i < cols; i += 256, b += 176) block_q45_k(b, b + 16, b + 48, out + i);
}

/* Each half of a block (128 elements) has 64 bytes of low halves and 32 bytes of top bit pairs: element 32 k + j, k = 0
 * to 3, has its low four bits in byte 32 (k mod 2) + j, the low half for k < 2, and its top two bits in bits 2k of byte
 * j. */
static void row_q6_k(const uint8_t *b, uint32_t cols, float *out)
{
    for (uint32_t i = 0; i < cols; i += 256, b += 210) {
        float d = half(b + 208);
        for (size_t run = 0; run < 16; run++, out += 16) {
            size_t k = run % 8 / 2, j = run % 2 * 16;
            const uint8_t *low = b + run / 8 * 64 + k % 2 * 32 + j, *top = b + 128 + run / 8 * 32 + j;
            float scale = d * (float)(int8_t)b[192 + run];
            for (size_t c = 0; c < 16; c++) {
                uint32_t n = ((uint32_t)low[c] >> (k / 2 * 4) & 15u) | ((uint32_t)top[c] >> (2 * k) & 3u) << 4;
                out[c] = scale * (float)((int)n - 32);
            }
        }
    }
}

void weights_dequantize(const struct weights *w, uint32_t begin, uint32_t end, float *out)
{
    assert(begin <= end && end <= w->rows);
    for (uint32_t row = begin; row < end; row++, out += w->cols) {
        const uint8_t *b = w->bytes + (size_t)row * w->row_bytes;
        switch (w->type) {
        case WEIGHTS_F32:
            memcpy(out, b, (size_t)w->cols * 4);
            break;
        case WEIGHTS_F16:
            row_f16(b, w->cols, out);
            break;
        case WEIGHTS_BF16:
            row_bf16(b, w->cols, out);
            break;
        case WEIGHTS_Q8_0:
            row_q8_0(b, w->cols, out);
            break;
        case WEIGHTS_Q4_0:
            row_q4_0(b, w->cols, out);
            break;
        case WEIGHTS_Q5_0:
            row_q5_0(b, w->cols, out);
            break;
        case WEIGHTS_Q5_1:
            row_q5_1(b, w->cols, out);
            break;
        case WEIGHTS_Q4_K:
            row_q4_k(b, w->cols, out);
            break;
        case WEIGHTS_Q5_K:
            row_q5_k(b, w->cols, out);
            break;
        case WEIGHTS_Q6_K:
            row_q6_k(b, w->cols, out);
            break;
        case WEIGHTS_Q4_1:
            row_q4_1(b, w->cols, out);
            break;
        }
    }
}
