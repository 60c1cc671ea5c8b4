/* Products of rows with a weight matrix, by libraries that choose their kernels at run time: oneDNN, with weights that
 * it has packed, where the processor has AVX2 or better, and the BLAS elsewhere. Called from our own threads; the
 * libraries run none of their own.
 *
 * With int8, a row of elements becomes round(127 x / largest) + 128 and a row of weights round(63 w / largest): 7 bits
 * on one side, so that two products fit into 16 bits and machines without VNNI give the same sums. Sums of integers are
 * exact: any machine, any number of rows at a time give the same result. bf16 rounds both sides and sums in float32. */
#ifndef LECTERN_PRODUCT_H
#define LECTERN_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct products;

enum product_precision { PRODUCT_FP32, PRODUCT_BF16, PRODUCT_INT8 };
enum { PRODUCT_PRECISIONS = PRODUCT_INT8 + 1 };

const char *product_precision_name(enum product_precision p); /* "fp32" */

/* The precision of that name; "auto" is the fastest that the processor has instructions for, of int8 and fp32. False:
 * there is none. */
bool product_precision_find(const char *name, enum product_precision *p);

/* What the products of one back end share: kernels, and scratch space for each of its threads. */
int product_open(struct products **out, enum product_precision p, unsigned n_threads, struct error *e);
void product_close(struct products *p); /* after its weights; accepts NULL */

/* Weights as the kernels want them, in stripes of PRODUCT_STRIPE output columns. */
#define PRODUCT_STRIPE 256
struct product_weights;

/* from[rows][cols] is copied. While no product runs. */
int product_weights_open(struct product_weights **out, struct products *p, const float *from, uint32_t rows,
                         uint32_t cols, struct error *e);
void product_weights_close(struct product_weights *w); /* accepts NULL */
size_t product_weights_bytes(const struct product_weights *w);

/* out[i][j] = (add ? the same : 0) + x[i] . w[begin + j], i in [0, n), begin + j below end; both are stripes' borders,
 * or the last column; rows of out are `stride` apart, x is dense. `thread`: no two calls at a time with the same one.
 */
void product_run(const struct product_weights *w, unsigned thread, uint32_t begin, uint32_t end, const float *x,
                 uint32_t n, bool add, float *out, size_t stride);

/* c[m][n] = (add ? c : 0) + a[m][k] b[n][k]^T of float32 as it lies; rows of c are c_stride apart. */
void product_plain(uint32_t m, uint32_t n, uint32_t k, const float *a, const float *b, bool add, float *c,
                   size_t c_stride);

#endif
