/* Large matrix products, by the BLAS library; called from our own threads, so the library itself runs none. */
#ifndef LECTERN_BLAS_H
#define LECTERN_BLAS_H

#include <stddef.h>
#include <stdint.h>

/* Before the first product of the process; any number of times. */
void blas_open(void);

/* c[m][n] = beta * c + a[m][k] b[n][k]^T; rows of c are c_stride apart, a and b are dense. */
void blas_product(uint32_t m, uint32_t n, uint32_t k, const float *a, const float *b, float beta, float *c,
                  size_t c_stride);

#endif
