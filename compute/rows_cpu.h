/* What a CPU does to rows of elements before, between and after products: loops()->rows. */
#ifndef LECTERN_ROWS_CPU_H
#define LECTERN_ROWS_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rows_cpu {
    float (*dot)(const float *a, const float *b, size_t n);

    /* to[i] = x[i] / sqrt(mean(x[i]^2) + eps) * norm, n rows. */
    void (*norm)(float *to, const float *x, const float *norm, float eps, uint32_t n, uint32_t cols);

    /* x[i] += y[i] / sqrt(mean(y[i]^2) + eps) * norm, n rows. */
    void (*norm_add)(float *x, const float *y, const float *norm, float eps, uint32_t n, uint32_t cols);

    /* to[i] = f(gate) * up of n rows that hold f of each side by side; f is silu or gelu by tanh. */
    void (*gate)(float *to, const float *gate_up, uint32_t n, uint32_t f, bool gelu);

    /* to = a * b; and out = c * sum over k below n_row of w[k] g[k], rows of g and w `stride` apart. */
    void (*product)(float *to, const float *a, const float *b, uint32_t n);
    void (*conv)(float *out, const float *c, const float *g, const float *w, uint32_t n_row, size_t stride, uint32_t n);

    /* The numbers of int8 products (compute/product.h): elements, weights, and what becomes of the sums. */
    void (*quantise)(uint8_t *to, float *scales, const float *x, uint32_t n, uint32_t cols);
    void (*quantise_weights)(int8_t *to, float *scales, int32_t *zero, const float *w, uint32_t n, uint32_t cols);
    void (*dequantise)(float *out, size_t stride, bool add, const int32_t *sums, const float *row_scales,
                       const float *column_scales, const int32_t *zero, uint32_t n, uint32_t cols);

    /* bf16, rounded to the nearest: as it is, and as float32. */
    void (*to_bf16)(uint16_t *to, const float *x, size_t n);
    void (*round_bf16)(float *to, const float *x, size_t n);

    /* out[i] = (add ? out[i] : 0) + from[i], rows of `out` stride apart, of `from` dense. */
    void (*store)(float *out, size_t stride, bool add, const float *from, uint32_t n, uint32_t cols);

    /* x[row][i] += bias[i], rows `stride` apart. */
    void (*bias)(float *x, size_t stride, const float *bias, uint32_t n, uint32_t cols);

    /* x = x (1 + erf(x / sqrt 2)) / 2, rows `stride` apart. */
    void (*gelu)(float *x, size_t stride, uint32_t n, uint32_t cols);

    /* x[row] = (x[row] - mean) / sqrt(variance + eps) * weight + bias, dense rows. */
    void (*layer_norm)(float *x, const float *weight, const float *bias, float eps, uint32_t n, uint32_t cols);

    /* u = (u + token) / |u + token|; and u as a stored evidence key: round(clamp(254 u, -127, 127)). */
    void (*evidence)(float *u, const float *token, uint32_t n);
    void (*evidence_key)(int8_t *to, const float *u, uint32_t n);
};

#endif
