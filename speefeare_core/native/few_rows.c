/* Products of one to four rows with a large weight of 16 bits, as fast as the weight can be read.

   out[m][n] = bias[n] + sum over k of x[m][k] * weight[n][k]. The weight is float16, everything else float32, contiguous;
   bias may be null. `inputs` is a multiple of 32: a line of the cache.

   With so few rows the processor waits for the weight, which is read once and from one end to the other. Its own
   prefetcher stops at every page of 4 kB and begins anew with every call; asking for what lies AHEAD reads a tenth to a
   fifth faster. */

#include <stddef.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define AHEAD 2048 /* halves: 4 kB */
#define LINE 32
#define LANES 8
#define INSTRUCTIONS __attribute__((target("avx2,fma,f16c")))
#define INLINE static inline __attribute__((always_inline))

int can_few_rows(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

INSTRUCTIONS INLINE float sum_of(__m256 values)
{
    float each[LANES];
    _mm256_storeu_ps(each, values);
    return ((each[0] + each[1]) + (each[2] + each[3])) + ((each[4] + each[5]) + (each[6] + each[7]));
}

INSTRUCTIONS INLINE void product(const unsigned short *weight, const float *x, const float *bias, float *out,
                                 ptrdiff_t outputs, ptrdiff_t inputs, const int rows)
{
    for (ptrdiff_t n = 0; n < outputs; n++) {
        const unsigned short *line = weight + n * inputs;
        __m256 sums[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
        for (ptrdiff_t k = 0; k < inputs; k += LINE) {
            __builtin_prefetch(line + k + AHEAD);
            for (int part = 0; part < LINE; part += LANES) {
                const __m256 w = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(line + k + part)));
                for (int m = 0; m < rows; m++)
                    sums[m] = _mm256_fmadd_ps(w, _mm256_loadu_ps(x + m * inputs + k + part), sums[m]);
            }
        }
        for (int m = 0; m < rows; m++)
            out[m * outputs + n] = sum_of(sums[m]) + (bias ? bias[n] : 0.0f);
    }
}

INSTRUCTIONS void few_rows(const unsigned short *weight, const float *x, const float *bias, float *out,
                           ptrdiff_t outputs, ptrdiff_t inputs, int rows)
{
    switch (rows) {
    case 1: product(weight, x, bias, out, outputs, inputs, 1); break;
    case 2: product(weight, x, bias, out, outputs, inputs, 2); break;
    case 3: product(weight, x, bias, out, outputs, inputs, 3); break;
    case 4: product(weight, x, bias, out, outputs, inputs, 4); break;
    }
}

#else

int can_few_rows(void) { return 0; }

void few_rows(const unsigned short *weight, const float *x, const float *bias, float *out, ptrdiff_t outputs,
              ptrdiff_t inputs, int rows)
{
}

#endif
