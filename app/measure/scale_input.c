#include "app/measure/scale_input.h"

/* SplitMix64's step and finalizer: one row's 64 bits. */
static uint64_t hash_row(uint64_t seed, uint64_t position)
{
    uint64_t x = seed + (position + 1) * UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

uint64_t scale_input_place(uint64_t seed, uint64_t position)
{
    const uint32_t run = (uint32_t)(hash_row(seed, position / SCALE_INPUT_RUN) >> 32);
    return (uint64_t)run * (SCALE_INPUT_PLACES - SCALE_INPUT_RUN) / (UINT64_C(1) << 32) + position % SCALE_INPUT_RUN;
}

/* A column needs 32 bits: a 32-bit mixer with the row's halves at two places, which compilers turn into vectors. */
void scale_input_row(float *to, uint64_t seed, uint64_t place, uint32_t begin, uint32_t n)
{
    const float unit = 1.7320508f / 2147483648.0f;
    uint64_t row = hash_row(seed, place);
    uint32_t low = (uint32_t)row, high = (uint32_t)(row >> 32);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t x = low + (begin + i) * UINT32_C(0x9E3779B9);
        x = (x ^ (x >> 16)) * UINT32_C(0x7FEB352D) + high;
        x = (x ^ (x >> 15)) * UINT32_C(0x846CA68B);
        to[i] = (float)(int32_t)(x ^ (x >> 16)) * unit;
    }
}

int32_t scale_input_id(uint64_t seed, uint64_t position, uint32_t n_vocab)
{
    return (int32_t)((hash_row(seed, position) >> 32) * n_vocab >> 32);
}
