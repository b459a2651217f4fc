/* GELU of contiguous values, from one place to another or to itself: x (1 + erf(x / √2)) / 2.

   The error function to a unit in the last place of 1: x + x P(x²) below 1, 1 - e^-Q(x) up to 4, beyond it 1. The
   coefficients of both were fitted at the Chebyshev nodes of their range. */

#include "vectors.h"

#ifdef VECTORS

AVX2 INLINE __m256 polynomial(const float *coefficients, const int count, __m256 x)
{
    __m256 sum = _mm256_set1_ps(coefficients[count - 1]);
    for (int at = count - 2; at >= 0; at--)
        sum = _mm256_fmadd_ps(sum, x, _mm256_set1_ps(coefficients[at]));
    return sum;
}

AVX2 INLINE __m256 erf8(__m256 x)
{
    static const float small[] = {1.283791661e-01f, -3.761262596e-01f, 1.128359735e-01f, -2.685432881e-02f,
                                  5.189312156e-03f, -8.018855006e-04f, 7.882497448e-05f};
    static const float large[] = {-3.032129898e-04f, 1.130166650e+00f, 6.319370866e-01f,
                                  1.099782437e-01f,  -2.636471763e-02f, 4.740222357e-03f,
                                  -5.927695311e-04f, 4.559062290e-05f,  -1.614061603e-06f};
    const __m256 sign = _mm256_set1_ps(-0.0f), one = _mm256_set1_ps(1.0f), size = _mm256_andnot_ps(sign, x);
    const __m256 below = _mm256_fmadd_ps(x, polynomial(small, 7, _mm256_mul_ps(x, x)), x);
    const __m256 bounded = _mm256_min_ps(_mm256_set1_ps(4.0f), size);
    const __m256 rest = exp8(_mm256_xor_ps(sign, polynomial(large, 9, bounded)));
    const __m256 above = _mm256_or_ps(_mm256_sub_ps(one, rest), _mm256_and_ps(sign, x));
    return _mm256_blendv_ps(below, above, _mm256_cmp_ps(size, one, _CMP_NLT_UQ));
}

AVX2 INLINE __m256 gelu8(__m256 x)
{
    const __m256 half = _mm256_set1_ps(0.5f);
    const __m256 share = _mm256_fmadd_ps(half, erf8(_mm256_mul_ps(x, _mm256_set1_ps(0.70710678f))), half);
    return _mm256_mul_ps(x, share); /* what is not a number stays so */
}

AVX2 void gelu(const float *source, float *target, ptrdiff_t count)
{
    ptrdiff_t at = 0;
    for (; at + LANES <= count; at += LANES)
        _mm256_storeu_ps(target + at, gelu8(load8(source + at)));
    if (at < count) {
        float rest[LANES] = {0};
        __builtin_memcpy(rest, source + at, (count - at) * sizeof(float));
        _mm256_storeu_ps(rest, gelu8(load8(rest)));
        __builtin_memcpy(target + at, rest, (count - at) * sizeof(float));
    }
}

#else

void gelu(const float *source, float *target, ptrdiff_t count) {}

#endif
