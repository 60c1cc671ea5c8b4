#include "compute/kv_row.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

size_t kv_row_bytes(uint32_t n)
{
    return 1 + (n + 3) / 4;
}

/* Turns a row by a Hadamard matrix, of the largest power of two that divides its width: what stands out becomes a
 * little of every number, so that few steps do for all. Turned twice it is what it was. */
static void turn(float *row, uint32_t n)
{
    const uint32_t size = n & -n;
    const float scale = 1 / sqrtf((float)size);
    for (uint32_t half = 1; half < size; half *= 2)
        for (uint32_t i = 0; i < n; i += 2 * half)
            for (uint32_t k = i; k < i + half; k++) {
                const float a = row[k], b = row[k + half];
                row[k] = a + b;
                row[k + half] = a - b;
            }
    for (uint32_t i = 0; i < n; i++) row[i] *= scale;
}

/* A step in a byte: 3 bits behind the point and an exponent from -20 on; 0 is none. A float's bits, cut. */
enum { STEP_SHIFT = 20, STEP_LEAST = (127 - 20) << 3 };

static uint8_t step_code(float step)
{
    uint32_t bits;
    if (!(step < 1e30f)) return 0;
    memcpy(&bits, &step, sizeof bits);
    const int32_t code = (int32_t)((bits + (1u << (STEP_SHIFT - 1))) >> STEP_SHIFT) - STEP_LEAST;
    return (uint8_t)(code < 0 ? 0 : code > 255 ? 255 : code);
}

static float step_of(uint8_t code)
{
    const uint32_t bits = (uint32_t)(code + STEP_LEAST) << STEP_SHIFT;
    float step;
    memcpy(&step, &bits, sizeof step);
    return code > 0 ? step : 0;
}

static uint32_t smallest(const float *row, uint32_t n)
{
    uint32_t least = 0;
    for (uint32_t i = 1; i < n; i++)
        if (fabsf(row[i]) < fabsf(row[least])) least = i;
    return least;
}

/* The step of a turned row: the best one for Gaussian numbers, or, of a row that was rounded before, its own. Such a
 * row is known by its numbers being as large as the smallest one or three times that; `least` is half a step. */
static uint8_t find_step(const float *row, uint32_t n, float least)
{
    float squares = 0, sizes = 0, halves = 0;
    bool rounded = least > 0;
    for (uint32_t i = 0; i < n; i++) {
        const float size = fabsf(row[i]), times = size < 2 * least ? 1 : 3;
        rounded = rounded && fabsf(size - times * least) < 0.03f * least;
        squares += row[i] * row[i];
        sizes += size;
        halves += times;
    }
    return step_code(rounded ? 2 * sizes / halves : 0.9957f * sqrtf(squares / (float)n));
}

void kv_row_shrink(uint8_t *to, float *row, uint32_t n)
{
    turn(row, n);
    const uint32_t least = smallest(row, n);
    const uint8_t code = find_step(row, n, fabsf(row[least]));
    const float step = step_of(code);
    memset(to, 0, kv_row_bytes(n));
    *to++ = code;
    for (uint32_t i = 0; i < n; i++) {
        const bool is_large = i != least && fabsf(row[i]) >= step; /* the smallest is what find_step will know it by */
        const unsigned q = row[i] < 0 ? (is_large ? 0 : 1) : is_large ? 3 : 2;
        to[i / 4] |= (uint8_t)(q << (i % 4 * 2));
    }
}

void kv_row_expand(float *to, const uint8_t *from, uint32_t n)
{
    const float step = step_of(*from++);
    for (uint32_t i = 0; i < n; i++) {
        const unsigned q = from[i / 4] >> (i % 4 * 2) & 3;
        to[i] = step * ((float)q - 1.5f);
    }
    turn(to, n);
}
