/* Weights that stay in the file's blocks in memory, and the products of them that a CPU wants: of one or a few rows of
 * elements (a token at a time: what counts is how few bytes are read), or a tile of weights as float32 for the BLAS. */
#ifndef LECTERN_WEIGHT_ROWS_H
#define LECTERN_WEIGHT_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compute/block_product.h"
#include "compute/weights.h"

/* Rows of up to three matrices with the same cols, one under the other. */
struct weight_rows {
    struct weights parts[3];
    unsigned n_parts;
};

/* Rows of elements that weight_rows_multiply takes at most. */
#define WEIGHT_ROWS_FEW 4

/* Rows [begin, end) as float32 into out[(end - begin) * cols]. */
void weight_rows_dequantize(const struct weight_rows *w, uint32_t begin, uint32_t end, float *out);

/* out[i * stride + row - begin] = (add ? the same : 0) + row . x[i], rows [begin, end), i in [0, n), n at most
 * WEIGHT_ROWS_FEW; x is dense. scratch: [cols] elements. */
void weight_rows_multiply(const struct weight_rows *w, uint32_t begin, uint32_t end, const float *x, uint32_t n,
                          bool add, float *out, size_t stride, float *scratch);

/* Whether loops()->blocks multiplies all weights with n rows of elements: those of 8 bits only with few. */
enum { WEIGHT_ROWS_FEW_SMALL = 32 };
bool weight_rows_are_small(const struct weight_rows *w, uint32_t n);

/* The same with rows of elements in 8 bits. scratch: BLOCK_PRODUCT_SCRATCH * cols floats, on 64 bytes. */
void weight_rows_multiply_small(const struct weight_rows *w, uint32_t begin, uint32_t end,
                                const struct block_elements *x, uint32_t n, bool add, float *out, size_t stride,
                                float *scratch);

#endif
