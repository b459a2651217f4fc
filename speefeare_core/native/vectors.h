/* What the functions here share: vectors of float32, and the exponential.

   Everything is compiled for AVX2, whatever the compiler was told, and `can_run` says whether the processor has it
   (vectors of AVX-512 are no faster where memory is waited for). On other processors the functions are there and empty,
   and nobody calls them. */

#ifndef SPEEFEARE_VECTORS_H
#define SPEEFEARE_VECTORS_H

#include <stddef.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define VECTORS 1
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma,f16c")))
#define INLINE static inline __attribute__((always_inline))
#define LANES 8

AVX2 INLINE __m256 load8(const float *at) { return _mm256_loadu_ps(at); }

AVX2 INLINE float sum8(__m256 values)
{
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(values), _mm256_extractf128_ps(values, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_shuffle_ps(four, four, 1)));
}

/* e^x to two units in the last place, for x up to 88; below -87 what is left is less than 1.7e-38. The range is halved
   to ±ln 2 / 2, the polynomial there is that of Cephes' expf. */
AVX2 INLINE __m256 exp8(__m256 x)
{
    const __m256 bounded = _mm256_max_ps(_mm256_min_ps(x, _mm256_set1_ps(88.0f)), _mm256_set1_ps(-87.0f));
    const __m256 twos = _mm256_round_ps(_mm256_mul_ps(bounded, _mm256_set1_ps(1.44269504f)),
                                        _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 rest = _mm256_fnmadd_ps(twos, _mm256_set1_ps(0.693359375f), bounded);
    rest = _mm256_fnmadd_ps(twos, _mm256_set1_ps(-2.12194440e-4f), rest);
    __m256 sum = _mm256_set1_ps(1.9875691500e-4f);
    sum = _mm256_fmadd_ps(sum, rest, _mm256_set1_ps(1.3981999507e-3f));
    sum = _mm256_fmadd_ps(sum, rest, _mm256_set1_ps(8.3334519073e-3f));
    sum = _mm256_fmadd_ps(sum, rest, _mm256_set1_ps(4.1665795894e-2f));
    sum = _mm256_fmadd_ps(sum, rest, _mm256_set1_ps(1.6666665459e-1f));
    sum = _mm256_fmadd_ps(sum, rest, _mm256_set1_ps(5.0000001201e-1f));
    sum = _mm256_add_ps(_mm256_fmadd_ps(_mm256_mul_ps(sum, rest), rest, rest), _mm256_set1_ps(1.0f));
    const __m256i power = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(twos), _mm256_set1_epi32(127)), 23);
    return _mm256_mul_ps(sum, _mm256_castsi256_ps(power));
}

#endif

int can_run(void);

/* few_rows.c */
void few_rows(const void *weight, const float *x, const float *bias, float *out, ptrdiff_t outputs, ptrdiff_t inputs,
              ptrdiff_t block, int rows, int half, int add);

/* packed_rows.c */
void packed_rows(const char *weight, const float *scales, const float *x, const float *bias, float *out,
                 ptrdiff_t outputs, ptrdiff_t inputs, ptrdiff_t block, int rows, int add, const void *apart,
                 ptrdiff_t found);

/* attention.c */
void attention(float *projected, const float *turns, const float *mask, float *ring, float *scores, float *out,
               ptrdiff_t rows, ptrdiff_t heads, ptrdiff_t slots, ptrdiff_t depth, ptrdiff_t slot);

/* gelu.c */
void gelu(const float *source, float *target, ptrdiff_t count);

#endif
