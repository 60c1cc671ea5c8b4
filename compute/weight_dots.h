/* A row of weights in blocks times a row of elements: loops()->dots. */
#ifndef LECTERN_WEIGHT_DOTS_H
#define LECTERN_WEIGHT_DOTS_H

#include <stdint.h>

struct weight_dots {
    float (*q4_0)(const uint8_t *row, const float *x, uint32_t cols);
    float (*q4_1)(const uint8_t *row, const float *x, uint32_t cols);
    float (*q8_0)(const uint8_t *row, const float *x, uint32_t cols);
};

#endif
