/* Block formats of GGUF: a block of 32 numbers shares a half-precision scale (and, with _1, a minimum). Four-bit
 * numbers are packed so that byte i of a block holds number i in its low half and number i + 16 in its high half. */
#include "compute/weights.h"

#include <assert.h>
#include <string.h>

static const struct {
    const char *name;
    uint32_t type, numbers, bytes;
} types[] = {
    {"F32", WEIGHTS_F32, 1, 4},     {"F16", WEIGHTS_F16, 1, 2},     {"Q4_0", WEIGHTS_Q4_0, 32, 18},
    {"Q4_1", WEIGHTS_Q4_1, 32, 20}, {"Q8_0", WEIGHTS_Q8_0, 32, 34}, {"BF16", WEIGHTS_BF16, 1, 2},
};

static int find_type(uint32_t type)
{
    for (int i = 0; i < (int)(sizeof types / sizeof *types); i++) {
        if (types[i].type == type) return i;
    }
    return -1;
}

uint32_t weights_block_numbers(uint32_t type)
{
    int i = find_type(type);
    return i < 0 ? 0 : types[i].numbers;
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
        case WEIGHTS_Q4_1:
            row_q4_1(b, w->cols, out);
            break;
        }
    }
}
