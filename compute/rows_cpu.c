#include "compute/rows_cpu.h"

#include <math.h>
#include <string.h>

#include "compute/loops.h"
#include "compute/vector.h"

/* Steps from zero to the largest: of an element, of a weight. */
#define ELEMENT_STEPS 127
#define ELEMENT_ZERO 128
#define WEIGHT_STEPS 63

static void norm_rows(float *to, const float *x, const float *norm, float eps, uint32_t n, uint32_t cols)
{
    for (uint32_t row = 0; row < n; row++, to += cols, x += cols) {
        float scale = 1.0f / sqrtf(vector_dot(x, x, cols) / (float)cols + eps);
        for (uint32_t i = 0; i < cols; i++) to[i] = x[i] * scale * norm[i];
    }
}

static void norm_add_rows(float *x, const float *y, const float *norm, float eps, uint32_t n, uint32_t cols)
{
    for (uint32_t row = 0; row < n; row++, x += cols, y += cols) {
        float scale = 1.0f / sqrtf(vector_dot(y, y, cols) / (float)cols + eps);
        for (uint32_t i = 0; i < cols; i++) x[i] += y[i] * scale * norm[i];
    }
}

/* gelu by tanh is y sigmoid(GELU_SCALE (y + GELU_CUBE y^3)); the scale is sqrt(8 / pi). */
#define GELU_SCALE 1.5957691216f
#define GELU_CUBE 0.044715f

static void gate_rows(float *to, const float *gate_up, uint32_t n, uint32_t f, bool gelu)
{
    for (uint32_t row = 0; row < n; row++, to += f, gate_up += 2 * (size_t)f) {
        const float *up = gate_up + f;
        uint32_t i = 0;
        for (; i + VECTOR_LANES <= f; i += VECTOR_LANES) {
            const vector g = vector_load(gate_up + i), z = gelu ? GELU_SCALE * g * (1.0f + GELU_CUBE * g * g) : g;
            vector e = vector_exp(-vector_max(z, -z));
            vector sigmoid = vector_select(z > vector_all(0.0f), vector_all(1.0f), e) / (e + 1.0f);
            vector_store(to + i, g * sigmoid * vector_load(up + i));
        }
        for (; i < f; i++) {
            const float g = gate_up[i], z = gelu ? GELU_SCALE * g * (1.0f + GELU_CUBE * g * g) : g;
            to[i] = g / (1.0f + expf(-z)) * up[i];
        }
    }
}

static void product_row(float *to, const float *a, const float *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) to[i] = a[i] * b[i];
}

static void conv_row(float *out, const float *c, const float *g, const float *w, uint32_t n_row, size_t stride,
                     uint32_t n)
{
    product_row(out, g, w, n);
    for (uint32_t row = 1; row < n_row; row++)
        for (uint32_t i = 0; i < n; i++) out[i] += g[row * stride + i] * w[row * stride + i];
    product_row(out, out, c, n);
}

static float largest_magnitude(const float *x, uint32_t n)
{
    vector max = {0};
    uint32_t i = 0;
    for (; i + VECTOR_LANES <= n; i += VECTOR_LANES) {
        vector v = vector_load(x + i);
        max = vector_max(vector_max(v, -v), max);
    }
    float most = vector_largest(max);
    for (; i < n; i++) most = fabsf(x[i]) > most ? fabsf(x[i]) : most;
    return most;
}

static void quantise_rows(uint8_t *to, float *scales, const float *x, uint32_t n, uint32_t cols)
{
    for (uint32_t row = 0; row < n; row++, to += cols, x += cols) {
        const float most = largest_magnitude(x, cols), steps = most > 0 ? ELEMENT_STEPS / most : 0;
        scales[row] = most / ELEMENT_STEPS;
        /* every value is positive: adding a half and cutting rounds */
        for (uint32_t i = 0; i < cols; i++) to[i] = (uint8_t)(int32_t)(x[i] * steps + (ELEMENT_ZERO + 0.5f));
    }
}

static void quantise_weights_rows(int8_t *to, float *scales, int32_t *zero, const float *w, uint32_t n, uint32_t cols)
{
    for (uint32_t row = 0; row < n; row++, to += cols, w += cols) {
        const float most = largest_magnitude(w, cols), steps = most > 0 ? WEIGHT_STEPS / most : 0;
        int32_t sum = 0;
        for (uint32_t i = 0; i < cols; i++) {
            to[i] = (int8_t)rintf(w[i] * steps);
            sum += to[i];
        }
        scales[row] = most / WEIGHT_STEPS;
        zero[row] = ELEMENT_ZERO * sum;
    }
}

static void dequantise_rows(float *out, size_t stride, bool add, const int32_t *sums, const float *row_scales,
                            const float *column_scales, const int32_t *zero, uint32_t n, uint32_t cols)
{
    for (uint32_t row = 0; row < n; row++, out += stride, sums += cols) {
        const float scale = row_scales[row];
        if (add)
            for (uint32_t i = 0; i < cols; i++) out[i] += (float)(sums[i] - zero[i]) * (scale * column_scales[i]);
        else
            for (uint32_t i = 0; i < cols; i++) out[i] = (float)(sums[i] - zero[i]) * (scale * column_scales[i]);
    }
}

static uint32_t nearest_bf16(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

static void to_bf16_rows(uint16_t *to, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] = (uint16_t)nearest_bf16(x[i]);
}

static void round_bf16_rows(float *to, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = nearest_bf16(x[i]) << 16;
        memcpy(&to[i], &bits, sizeof bits);
    }
}

static void store_rows(float *out, size_t stride, bool add, const float *from, uint32_t n, uint32_t cols)
{
    for (uint32_t row = 0; row < n; row++, out += stride, from += cols)
        for (uint32_t i = 0; i < cols; i++) out[i] = (add ? out[i] : 0) + from[i];
}

static void bias_rows(float *x, size_t stride, const float *bias, uint32_t n, uint32_t cols)
{
    for (uint32_t row = 0; row < n; row++, x += stride)
        for (uint32_t i = 0; i < cols; i++) x[i] += bias[i];
}

static void gelu_rows(float *x, size_t stride, uint32_t n, uint32_t cols)
{
    for (uint32_t row = 0; row < n; row++, x += stride) {
        uint32_t i = 0;
        for (; i + VECTOR_LANES <= cols; i += VECTOR_LANES) vector_store(x + i, vector_gelu(vector_load(x + i)));
        for (; i < cols; i++) x[i] *= 0.5f * (1.0f + erff(x[i] * 0.70710678f));
    }
}

/* Around the mean in two passes: the variance of rows that are far from 0 keeps its digits. */
static void layer_norm_rows(float *x, const float *weight, const float *bias, float eps, uint32_t n, uint32_t cols)
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

static void evidence_row(float *u, const float *token, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) u[i] += token[i];
    const float length = sqrtf(vector_dot(u, u, n)), scale = length > 0 ? 1.0f / length : 0.0f;
    for (uint32_t i = 0; i < n; i++) u[i] *= scale;
}

static void evidence_key_row(int8_t *to, const float *u, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) to[i] = (int8_t)rintf(fminf(fmaxf(254.0f * u[i], -127.0f), 127.0f));
}

static float dot_row(const float *a, const float *b, size_t n)
{
    return vector_dot(a, b, n);
}

const struct rows_cpu LOOPS(rows_cpu) = {
    .dot = dot_row,
    .norm = norm_rows,
    .norm_add = norm_add_rows,
    .gate = gate_rows,
    .product = product_row,
    .conv = conv_row,
    .quantise = quantise_rows,
    .quantise_weights = quantise_weights_rows,
    .dequantise = dequantise_rows,
    .to_bf16 = to_bf16_rows,
    .round_bf16 = round_bf16_rows,
    .store = store_rows,
    .bias = bias_rows,
    .gelu = gelu_rows,
    .layer_norm = layer_norm_rows,
    .evidence = evidence_row,
    .evidence_key = evidence_key_row,
};
