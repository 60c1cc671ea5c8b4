/* What a CPU does to rows of numbers between products. */
#ifndef LECTERN_ROWS_CPU_H
#define LECTERN_ROWS_CPU_H

#include <stddef.h>
#include <stdint.h>

/* x[row][i] += bias[i], rows `stride` apart. */
void rows_cpu_bias(float *x, size_t stride, const float *bias, uint32_t n, uint32_t cols);

/* x = x (1 + erf(x / sqrt 2)) / 2, rows `stride` apart. */
void rows_cpu_gelu(float *x, size_t stride, uint32_t n, uint32_t cols);

/* x[row] = (x[row] - mean) / sqrt(variance + eps) * weight + bias, dense rows. */
void rows_cpu_layer_norm(float *x, const float *weight, const float *bias, float eps, uint32_t n, uint32_t cols);

#endif
