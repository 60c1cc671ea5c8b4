/* float16 on the host. */
#ifndef LECTERN_HALF_H
#define LECTERN_HALF_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Rounds to nearest, ties to even; what is too large becomes the largest. */
static inline uint16_t half_of(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    uint32_t sign = u >> 16 & 0x8000, size = u & 0x7fffffff;
    if (size > 0x7f800000) return (uint16_t)(sign | 0x7e00); /* NaN */
    if (size >= 0x477ff000) return (uint16_t)(sign | 0x7bff);
    if (size < 0x38800000) return (uint16_t)(sign | (uint32_t)lrintf(fabsf(x) * 16777216.0f)); /* subnormal */
    size += 0xfff + (size >> 13 & 1);
    return (uint16_t)(sign | (size - 0x38000000) >> 13);
}

static inline float half_to_float(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, size = half & 0x7fff;
    if (size < 0x400) return (sign ? -1.0f : 1.0f) * (float)size / 16777216.0f; /* subnormal */
    uint32_t u = size >= 0x7c00 ? sign | 0x7f800000 | (size & 0x3ff) << 13 : sign | ((size << 13) + 0x38000000);
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

#endif
