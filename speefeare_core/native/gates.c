/* The gates of an LSTM for one step: sums [4][width] of input, forget, new and output gate, in torch's order, and the
   cell [width] → the cell after it and the hidden values. width is a multiple of LANES. */

#include "vectors.h"

#ifdef VECTORS

AVX2 INLINE __m256 sigmoid8(__m256 x)
{
    const __m256 one = _mm256_set1_ps(1.0f);
    return _mm256_div_ps(one, _mm256_add_ps(one, exp8(_mm256_xor_ps(_mm256_set1_ps(-0.0f), x))));
}

/* The polynomial is that of Cephes' tanhf. */
AVX2 INLINE __m256 tanh8(__m256 x)
{
    const __m256 one = _mm256_set1_ps(1.0f), two = _mm256_set1_ps(2.0f), square = _mm256_mul_ps(x, x);
    __m256 sum = _mm256_set1_ps(-5.70498872745e-3f);
    sum = _mm256_fmadd_ps(sum, square, _mm256_set1_ps(2.06390887954e-2f));
    sum = _mm256_fmadd_ps(sum, square, _mm256_set1_ps(-5.37397155531e-2f));
    sum = _mm256_fmadd_ps(sum, square, _mm256_set1_ps(1.33314422036e-1f));
    sum = _mm256_fmadd_ps(sum, square, _mm256_set1_ps(-3.33332819422e-1f));
    const __m256 small = _mm256_fmadd_ps(_mm256_mul_ps(sum, square), x, x);
    const __m256 power = exp8(_mm256_mul_ps(two, x));
    const __m256 large = _mm256_sub_ps(one, _mm256_div_ps(two, _mm256_add_ps(power, one)));
    const __m256 size = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
    return _mm256_blendv_ps(small, large, _mm256_cmp_ps(size, _mm256_set1_ps(0.625f), _CMP_GT_OQ));
}

AVX2 void gates(const float *sums, float *cell, float *hidden, ptrdiff_t width)
{
    for (ptrdiff_t at = 0; at < width; at += LANES) {
        const __m256 fresh = _mm256_mul_ps(sigmoid8(load8(sums + at)), tanh8(load8(sums + 2 * width + at)));
        const __m256 now = _mm256_fmadd_ps(sigmoid8(load8(sums + width + at)), load8(cell + at), fresh);
        _mm256_storeu_ps(cell + at, now);
        _mm256_storeu_ps(hidden + at, _mm256_mul_ps(sigmoid8(load8(sums + 3 * width + at)), tanh8(now)));
    }
}

#else

void gates(const float *sums, float *cell, float *hidden, ptrdiff_t width) {}

#endif
