/* Vectors of floats for the CPU's inner loops. Compiles everywhere (GCC's vector extensions); fast where the compiler
 * was told about AVX-512 or AVX2. */
#ifndef LECTERN_VECTOR_H
#define LECTERN_VECTOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined __AVX512F__ || defined __FMA__
#include <immintrin.h>
#endif

#ifdef __AVX512F__
enum { VECTOR_LANES = 16 };
#elif defined __AVX__
enum { VECTOR_LANES = 8 };
#else
enum { VECTOR_LANES = 4 };
#endif

typedef float vector __attribute__((vector_size(VECTOR_LANES * 4)));
typedef int32_t vector_int __attribute__((vector_size(VECTOR_LANES * 4)));

static inline vector vector_load(const float *p)
{
    vector v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void vector_store(float *p, vector v)
{
    memcpy(p, &v, sizeof v);
}

static inline vector vector_all(float x)
{
    return x - (vector){0};
}

static inline vector vector_fma(vector a, vector b, vector c)
{
#if defined __AVX512F__
    return (vector)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined __FMA__
    return (vector)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    return a * b + c;
#endif
}

/* where mask (all ones) a, where 0 b */
static inline vector vector_select(vector_int mask, vector a, vector b)
{
    return (vector)((mask & (vector_int)a) | (~mask & (vector_int)b));
}

static inline vector vector_max(vector a, vector b)
{
#if defined __AVX512F__
    return (vector)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined __AVX__
    return (vector)_mm256_max_ps((__m256)a, (__m256)b);
#else
    return vector_select(a > b, a, b);
#endif
}

/* e^x for x <= 88 within 2 units in the last place; 0 below -87 (and for -INFINITY). The polynomial is Cephes's expf.
 */
static inline vector vector_exp(vector x)
{
    const vector least = vector_all(-87.0f), given = x;
    x = vector_max(x, least);
    const vector magic = vector_all(12582912.0f); /* 1.5 * 2^23: adding it rounds to an integer */
    vector n = vector_fma(x, vector_all(1.44269504f), magic) - magic;
    vector r = vector_fma(n, vector_all(-0.693359375f), x);
    r = vector_fma(n, vector_all(2.12194440e-4f), r);
    vector p = vector_fma(vector_all(1.9875691500e-4f), r, vector_all(1.3981999507e-3f));
    p = vector_fma(p, r, vector_all(8.3334519073e-3f));
    p = vector_fma(p, r, vector_all(4.1665795894e-2f));
    p = vector_fma(p, r, vector_all(1.6666665459e-1f));
    p = vector_fma(p, r, vector_all(5.0000001201e-1f));
    p = vector_fma(p, r * r, r) + vector_all(1.0f);
#if defined __AVX512F__
    const __mmask16 counts = _mm512_cmp_ps_mask((__m512)given, (__m512)least, _CMP_NLT_UQ);
    return (vector)_mm512_maskz_scalef_ps(counts, (__m512)p, (__m512)n);
#else
    vector_int exponent = (__builtin_convertvector(n, vector_int) + 127) << 23;
    return (vector)((vector_int)(p * (vector)exponent) & ~(given < least));
#endif
}

/* x (1 + erf(x / sqrt 2)) / 2 within 2e-7 |x|: Abramowitz and Stegun's 7.1.26. */
static inline vector vector_gelu(vector x)
{
    const vector z = vector_max(x, -x) * vector_all(0.70710678f);
    const vector t = vector_all(1.0f) / vector_fma(z, vector_all(0.3275911f), vector_all(1.0f));
    vector p = vector_fma(t, vector_all(1.061405429f), vector_all(-1.453152027f));
    p = vector_fma(p, t, vector_all(1.421413741f));
    p = vector_fma(p, t, vector_all(-0.284496736f));
    p = vector_fma(p, t, vector_all(0.254829592f)) * t;
    const vector beyond = p * vector_exp(-z * z); /* 1 - erf(z) */
    return x * vector_all(0.5f) * vector_select(x > vector_all(0.0f), vector_all(2.0f) - beyond, beyond);
}

static inline float vector_sum(vector v)
{
#if defined __AVX512F__
    return _mm512_reduce_add_ps((__m512)v);
#else
    float part[VECTOR_LANES];
    vector_store(part, v);
    for (int n = VECTOR_LANES / 2; n > 0; n /= 2)
        for (int i = 0; i < n; i++) part[i] += part[i + n];
    return part[0];
#endif
}

static inline float vector_largest(vector v)
{
#if defined __AVX512F__
    return _mm512_reduce_max_ps((__m512)v);
#else
    float part[VECTOR_LANES];
    vector_store(part, v);
    for (int n = VECTOR_LANES / 2; n > 0; n /= 2)
        for (int i = 0; i < n; i++) part[i] = part[i] > part[i + n] ? part[i] : part[i + n];
    return part[0];
#endif
}

static inline float vector_dot(const float *a, const float *b, size_t n)
{
    vector sum = {0};
    size_t i = 0;
    for (; i + VECTOR_LANES <= n; i += VECTOR_LANES) sum = vector_fma(vector_load(a + i), vector_load(b + i), sum);
    float total = vector_sum(sum);
    for (; i < n; i++) total += a[i] * b[i];
    return total;
}

#endif
