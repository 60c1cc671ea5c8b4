/* The one small matrix product that attention is made of on a CPU. */
#ifndef LECTERN_VECTOR_PRODUCT_H
#define LECTERN_VECTOR_PRODUCT_H

#include <stddef.h>

#include "compute/vector.h"

enum { VECTOR_PRODUCT_WIDE = 3 }; /* vectors in the widest product */
#ifdef __AVX512F__
enum { VECTOR_PRODUCT_ROWS = 8 }; /* 8 x 3 vectors of sums fit in 32 registers */
#else
enum { VECTOR_PRODUCT_ROWS = 4 }; /* 4 x 3 in 16 */
#endif

/* c[i][lane] = scale[lane] * c[i][lane] + sum_k a[i * a_row + k * a_col] * b[k][lane] for i in [0, rows) and rows <=
 * VECTOR_PRODUCT_ROWS; b and c have `wide` vectors a row. Without `scale` c is only written. */
static inline __attribute__((always_inline)) void vector_product_rows(size_t rows, size_t wide, const float *a,
                                                                      size_t a_row, size_t a_col, const float *b,
                                                                      size_t n_k, float *c, const vector *scale)
{
    vector sum[VECTOR_PRODUCT_ROWS][VECTOR_PRODUCT_WIDE];
    const size_t stride = wide * VECTOR_LANES;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < wide; j++)
            sum[i][j] = scale ? vector_load(c + i * stride + j * VECTOR_LANES) * scale[j] : (vector){0};
    for (size_t k = 0; k < n_k; k++) {
        vector line[VECTOR_PRODUCT_WIDE];
        for (size_t j = 0; j < wide; j++) line[j] = vector_load(b + k * stride + j * VECTOR_LANES);
        for (size_t i = 0; i < rows; i++) {
            vector x = vector_all(a[i * a_row + k * a_col]);
            for (size_t j = 0; j < wide; j++) sum[i][j] = vector_fma(x, line[j], sum[i][j]);
        }
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < wide; j++) vector_store(c + i * stride + j * VECTOR_LANES, sum[i][j]);
}

/* The same for any number of rows; `wide` is 1 or VECTOR_PRODUCT_WIDE and a constant where this is inlined. */
static inline __attribute__((always_inline)) void vector_product(size_t rows, size_t wide, const float *a, size_t a_row,
                                                                 size_t a_col, const float *b, size_t n_k, float *c,
                                                                 const vector *scale)
{
    const size_t stride = wide * VECTOR_LANES;
    size_t i = 0;
    for (; i + VECTOR_PRODUCT_ROWS <= rows; i += VECTOR_PRODUCT_ROWS)
        vector_product_rows(VECTOR_PRODUCT_ROWS, wide, a + i * a_row, a_row, a_col, b, n_k, c + i * stride, scale);
    for (; i < rows; i++) vector_product_rows(1, wide, a + i * a_row, a_row, a_col, b, n_k, c + i * stride, scale);
}

#endif
