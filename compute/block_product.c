#include "compute/block_product.h"

#include <string.h>

#include "compute/block_dots.h"
#include "compute/block_lanes.h"
#include "compute/loops.h"

enum {
    ELEMENTS = 32, /* that share a scale */
    LANES = VECTOR_LANES,
    AT_ONCE = 8, /* rows of x, in registers */
};

typedef int8_t narrow __attribute__((vector_size(LANES)));

/* LANES rows of weights side by side: the same four bytes of each are a vector, and so are the numbers of a span. */
struct group {
    int32_t *q;           /* [cols / 4][LANES] */
    float *scale, *least; /* [cols / span][LANES] */
};

static void put_lane(const struct group *g, int lane, const struct row *r, uint32_t cols, uint32_t span)
{
    for (uint32_t i = 0; i < cols / 4; i++) memcpy(&g->q[(size_t)i * LANES + (size_t)lane], r->q + 4 * (size_t)i, 4);
    for (uint32_t i = 0; i < cols / span; i++) {
        g->scale[i * LANES + (uint32_t)lane] = r->scale[i];
        g->least[i * LANES + (uint32_t)lane] = r->least[i];
    }
}

/* The group's rows times `n` rows of x, at most AT_ONCE: out[n] vectors. */
static inline __attribute__((always_inline)) void multiply_group(const struct group *g, const struct block_elements *x,
                                                                 uint32_t n, uint32_t cols, uint32_t span, vector *out)
{
    vector sum[AT_ONCE];
    const float *sums = span == 16 ? x->sum16 : x->sum32;
    for (uint32_t i = 0; i < n; i++) sum[i] = (vector){0};
    for (uint32_t s = 0; s < cols / span; s++) {
        const vector scale = vector_load(g->scale + (size_t)s * LANES),
                     least = vector_load(g->least + (size_t)s * LANES);
        const int32_t *w = g->q + (size_t)s * span / 4 * LANES;
        for (uint32_t i = 0; i < n; i++) {
            const int8_t *e = x->q + (size_t)i * cols + (size_t)s * span;
            vector_int whole = {0};
            for (uint32_t k = 0; k < span / 4; k++) {
                int32_t four;
                vector_int lanes;
                memcpy(&four, e + 4 * k, sizeof four);
                memcpy(&lanes, w + (size_t)k * LANES, sizeof lanes);
                whole = dot4(whole, lanes, four - (vector_int){0});
            }
            const float of_x = x->scale[(size_t)i * (cols / ELEMENTS) + s * span / ELEMENTS];
            sum[i] = vector_fma(to_float(whole), scale * vector_all(of_x), sum[i]);
            sum[i] = vector_fma(least, vector_all(sums[(size_t)i * (cols / span) + s]), sum[i]);
        }
    }
    for (uint32_t i = 0; i < n; i++) out[i] = sum[i];
}

static struct block_elements row_of(const struct block_elements *x, uint32_t row, uint32_t cols)
{
    return (struct block_elements){x->q + (size_t)row * cols, x->scale + (size_t)row * (cols / ELEMENTS),
                                   x->sum16 + (size_t)row * (cols / 16), x->sum32 + (size_t)row * (cols / ELEMENTS)};
}

/* Scratch, in floats: a group (LANES times cols / 4 of bytes and twice cols / 16) and a row. */
static inline __attribute__((always_inline)) void multiply_span(const struct weights *w, uint32_t begin, uint32_t end,
                                                                const struct block_elements *x, uint32_t n, bool add,
                                                                float *out, size_t stride, float *scratch,
                                                                uint32_t span)
{
    const uint32_t cols = w->cols;
    const size_t spans = cols / 16;
    float *scales = scratch + (size_t)cols / 4 * LANES, *rows = scales + 2 * spans * LANES;
    const struct group g = {(int32_t *)(void *)scratch, scales, scales + spans * LANES};
    const struct row r = {(uint8_t *)rows, rows + cols / 4, rows + cols / 4 + spans};
    const bool alone = n < AT_ONCE / 2 || w->type == WEIGHTS_Q8_0;
    for (uint32_t row = begin; alone && row < end; row++)
        for (uint32_t i = 0; i < n; i++) {
            const struct block_elements e = row_of(x, i, cols);
            float *to = out + i * stride + (row - begin);
            *to = (add ? *to : 0) + LOOPS(block_dots).one(w, row, &e, rows);
        }
    for (uint32_t row = begin; !alone && row < end; row += LANES) {
        const uint32_t lanes = end - row < LANES ? end - row : LANES;
        for (uint32_t lane = 0; lane < lanes; lane++) { /* what is in lanes behind the last row is not used */
            open_row(&r, w, row + lane);
            put_lane(&g, (int)lane, &r, cols, span);
        }
        for (uint32_t i = 0, part; i < n; i += part) {
            vector results[AT_ONCE];
            const struct block_elements e = row_of(x, i, cols);
            part = n - i < AT_ONCE ? n - i : AT_ONCE;
            if (part == AT_ONCE)
                multiply_group(&g, &e, AT_ONCE, cols, span, results);
            else
                for (uint32_t k = 0; k < part; k++) {
                    const struct block_elements one = row_of(&e, k, cols);
                    multiply_group(&g, &one, 1, cols, span, results + k);
                }
            for (uint32_t k = 0; k < part; k++)
                for (uint32_t lane = 0; lane < lanes; lane++) {
                    float *to = out + (i + k) * stride + (row - begin) + lane;
                    *to = (add ? *to : 0) + results[k][lane];
                }
        }
    }
}

static void multiply(const struct weights *w, uint32_t begin, uint32_t end, const struct block_elements *x, uint32_t n,
                     bool add, float *out, size_t stride, float *scratch)
{
    if (w->type == WEIGHTS_Q6_K)
        multiply_span(w, begin, end, x, n, add, out, stride, scratch, 16);
    else
        multiply_span(w, begin, end, x, n, add, out, stride, scratch, 32);
}

static void quantise(const struct block_elements *to, const float *x, uint32_t n, uint32_t cols)
{
    const vector magic = vector_all(12582912.0f); /* 1.5 * 2^23: adding it rounds to an integer */
    for (size_t block = 0; block < (size_t)n * (cols / ELEMENTS); block++, x += ELEMENTS) {
        vector max = {0};
        for (int i = 0; i < ELEMENTS; i += LANES)
            max = vector_max(max, vector_max(vector_load(x + i), -vector_load(x + i)));
        const float most = vector_largest(max), scale = most / 127, steps = most > 0 ? 127 / most : 0;
        float sums[2];
        for (int k = 0; k < 2; k++) {
            vector sum = {0};
            for (int i = 16 * k; i < 16 * k + 16; i += LANES) {
                const vector whole = vector_fma(vector_load(x + i), vector_all(steps), magic) - magic;
                const narrow v = __builtin_convertvector(__builtin_convertvector(whole, vector_int), narrow);
                memcpy(to->q + block * ELEMENTS + i, &v, sizeof v);
                sum += whole;
            }
            sums[k] = scale * vector_sum(sum);
        }
        to->scale[block] = scale;
        memcpy(to->sum16 + 2 * block, sums, sizeof sums);
        to->sum32[block] = sums[0] + sums[1];
    }
}

const struct block_product LOOPS(block_product) = {.quantise = quantise, .multiply = multiply};
