/* What a CPU does to rows of elements before, between and after products. */
#ifndef LECTERN_ROWS_CPU_H
#define LECTERN_ROWS_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* to[i] = x[i] / sqrt(mean(x[i]^2) + eps) * norm, n rows. */
void rows_cpu_norm(float *to, const float *x, const float *norm, float eps, uint32_t n, uint32_t cols);

/* to[i] = silu(gate) * up of n rows that hold f of each side by side. */
void rows_cpu_gate(float *to, const float *gate_up, uint32_t n, uint32_t f);

/* The numbers of int8 products (compute/product.h): elements, weights, and what becomes of the sums. */
void rows_cpu_quantise(uint8_t *to, float *scales, const float *x, uint32_t n, uint32_t cols);
void rows_cpu_quantise_weights(int8_t *to, float *scales, int32_t *zero, const float *w, uint32_t n, uint32_t cols);
void rows_cpu_dequantise(float *out, size_t stride, bool add, const int32_t *sums, const float *row_scales,
                         const float *column_scales, const int32_t *zero, uint32_t n, uint32_t cols);

/* bf16, rounded to the nearest: as it is, and as float32. */
void rows_cpu_to_bf16(uint16_t *to, const float *x, size_t n);
void rows_cpu_round_bf16(float *to, const float *x, size_t n);

/* out[i] = (add ? out[i] : 0) + from[i], rows of `out` stride apart, of `from` dense. */
void rows_cpu_store(float *out, size_t stride, bool add, const float *from, uint32_t n, uint32_t cols);

/* x[row][i] += bias[i], rows `stride` apart. */
void rows_cpu_bias(float *x, size_t stride, const float *bias, uint32_t n, uint32_t cols);

/* x = x (1 + erf(x / sqrt 2)) / 2, rows `stride` apart. */
void rows_cpu_gelu(float *x, size_t stride, uint32_t n, uint32_t cols);

/* x[row] = (x[row] - mean) / sqrt(variance + eps) * weight + bias, dense rows. */
void rows_cpu_layer_norm(float *x, const float *weight, const float *bias, float eps, uint32_t n, uint32_t cols);

/* u = (u + token) / |u + token|; and u as a stored evidence key: round(clamp(254 u, -127, 127)). */
void rows_cpu_evidence(float *u, const float *token, uint32_t n);
void rows_cpu_evidence_key(int8_t *to, const float *u, uint32_t n);

#endif
