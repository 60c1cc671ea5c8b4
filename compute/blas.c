#include "compute/blas.h"

#include <cblas.h>

void blas_open(void)
{
    openblas_set_num_threads(1);
}

void blas_product(uint32_t m, uint32_t n, uint32_t k, const float *a, const float *b, float beta, float *c,
                  size_t c_stride)
{
    if (m == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, (blasint)n, (blasint)k, 1.0f, b, (blasint)k, a, 1, beta, c, 1);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)m, (blasint)n, (blasint)k, 1.0f, a, (blasint)k, b,
                    (blasint)k, beta, c, (blasint)c_stride);
}
