/* Weights in their blocks times rows of elements in 8 bits: loops()->blocks. A span of 16 or 32 weights of a row is
 * scale q + least, q a small unsigned number (of 8 bits: scale q, with a sign); 32 elements of x share a scale. So a
 * product is, by spans, scale x's scale (sum of q times q of x) + least (sum of x): the sums are of integers, exact,
 * and at most what 16 bits hold of two. */
#ifndef LECTERN_BLOCK_PRODUCT_H
#define LECTERN_BLOCK_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct weights;

/* Rows of elements in 8 bits: q [n][cols], scale [n][cols / 32], and sums of 16 and of 32 elements each. */
struct block_elements {
    int8_t *q;
    float *scale, *sum16, *sum32;
};

struct block_product {
    void (*quantise)(const struct block_elements *to, const float *x, uint32_t n, uint32_t cols);

    /* out[i * stride + row - begin] = (add ? the same : 0) + row . x[i], rows [begin, end), i in [0, n). scratch:
     * BLOCK_PRODUCT_SCRATCH * cols floats, on 64 bytes. */
    void (*multiply)(const struct weights *w, uint32_t begin, uint32_t end, const struct block_elements *x, uint32_t n,
                     bool add, float *out, size_t stride, float *scratch);
};
enum { BLOCK_PRODUCT_SCRATCH = 8 };

#endif
