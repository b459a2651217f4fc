/* ELU of contiguous values, from one place to another or to itself: x, or e^x - 1 below zero.

   `elu_begin` and `elu_end` are what stands around an exponential of somebody else's, whose bits are wanted. */

#include "vectors.h"

#ifdef VECTORS

AVX2 INLINE __m256 elu8(__m256 x)
{
    const __m256 zero = _mm256_setzero_ps();
    const __m256 below = _mm256_sub_ps(exp8(_mm256_min_ps(x, zero)), _mm256_set1_ps(1.0f));
    return _mm256_blendv_ps(below, x, _mm256_cmp_ps(x, zero, _CMP_NLE_UQ)); /* what is not a number stays so */
}

AVX2 void elu(const float *source, float *target, ptrdiff_t count)
{
    ptrdiff_t at = 0;
    for (; at + LANES <= count; at += LANES)
        _mm256_storeu_ps(target + at, elu8(load8(source + at)));
    if (at < count) {
        float rest[LANES] = {0};
        __builtin_memcpy(rest, source + at, (count - at) * sizeof(float));
        _mm256_storeu_ps(rest, elu8(load8(rest)));
        __builtin_memcpy(target + at, rest, (count - at) * sizeof(float));
    }
}

/* target = min(x, 0) */
AVX2 void elu_begin(const float *x, float *target, ptrdiff_t count)
{
    ptrdiff_t at = 0;
    for (; at + LANES <= count; at += LANES) /* in this order, what is not a number stays so */
        _mm256_storeu_ps(target + at, _mm256_min_ps(_mm256_setzero_ps(), load8(x + at)));
    for (; at < count; at++)
        target[at] = x[at] > 0.0f ? 0.0f : x[at];
}

/* target = max(x, power - 1) */
AVX2 void elu_end(const float *x, const float *power, float *target, ptrdiff_t count)
{
    ptrdiff_t at = 0;
    for (; at + LANES <= count; at += LANES)
        _mm256_storeu_ps(target + at, _mm256_max_ps(load8(x + at), _mm256_sub_ps(load8(power + at), _mm256_set1_ps(1.0f))));
    for (; at < count; at++)
        target[at] = x[at] > power[at] - 1.0f ? x[at] : power[at] - 1.0f;
}

#else

void elu(const float *source, float *target, ptrdiff_t count) {}

void elu_begin(const float *x, float *target, ptrdiff_t count) {}

void elu_end(const float *x, const float *power, float *target, ptrdiff_t count) {}

#endif
