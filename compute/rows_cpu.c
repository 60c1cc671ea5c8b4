#include "compute/rows_cpu.h"

#include <math.h>

#include "compute/vector.h"

void rows_cpu_bias(float *x, size_t stride, const float *bias, uint32_t n, uint32_t cols)
{
    for (uint32_t row = 0; row < n; row++, x += stride)
        for (uint32_t i = 0; i < cols; i++) x[i] += bias[i];
}

void rows_cpu_gelu(float *x, size_t stride, uint32_t n, uint32_t cols)
{
    for (uint32_t row = 0; row < n; row++, x += stride) {
        uint32_t i = 0;
        for (; i + VECTOR_LANES <= cols; i += VECTOR_LANES) vector_store(x + i, vector_gelu(vector_load(x + i)));
        for (; i < cols; i++) x[i] *= 0.5f * (1.0f + erff(x[i] * 0.70710678f));
    }
}

/* Around the mean in two passes: the variance of rows that are far from 0 keeps its digits. */
void rows_cpu_layer_norm(float *x, const float *weight, const float *bias, float eps, uint32_t n, uint32_t cols)
{
    for (uint32_t row = 0; row < n; row++, x += cols) {
        vector sums = {0};
        uint32_t i = 0;
        for (; i + VECTOR_LANES <= cols; i += VECTOR_LANES) sums += vector_load(x + i);
        float sum = vector_sum(sums);
        for (; i < cols; i++) sum += x[i];
        const float mean = sum / (float)cols;
        for (i = 0; i < cols; i++) x[i] -= mean;
        const float scale = 1.0f / sqrtf(vector_dot(x, x, cols) / (float)cols + eps);
        for (i = 0; i < cols; i++) x[i] = x[i] * scale * weight[i] + bias[i];
    }
}
