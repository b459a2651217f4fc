/* Products of a few rows whose sums are taken in the order in which BLAS takes them, so that every bit is the same.

   out[m][n] = begin + the sums of each `run` inputs, one after the other, where a sum is x[m][k] * weight[k][n] added
   up from the first k to the last with one rounding a step. Begin is bias[n], or what is in `out` where bias is null.
   Which run BLAS has is found out by trying. The weight lies in panels of outputs, [outputs / PANEL][inputs][PANEL],
   which are read from one end to the other; all else is float32, rows of x and out `x_pitch` and `out_pitch` apart. */

#include "vectors.h"

#ifdef VECTORS

#define PANEL 32
#define PARTS (PANEL / LANES)
#define PAIR 2
#define AHEAD 4096 /* bytes */

AVX2 INLINE void add_run(const float *weight, const float *x, ptrdiff_t x_pitch, float *out, ptrdiff_t out_pitch,
                         ptrdiff_t run, const int rows, const int ask)
{
    __m256 sums[PAIR][PARTS];
    for (int row = 0; row < rows; row++)
        for (int part = 0; part < PARTS; part++)
            sums[row][part] = _mm256_setzero_ps();
    for (ptrdiff_t k = 0; k < run; k++, weight += PANEL) {
        if (ask)
            for (int part = 0; part < PARTS; part += 2)
                _mm_prefetch((const char *)(weight + part * LANES) + AHEAD, _MM_HINT_T1);
        for (int part = 0; part < PARTS; part++) {
            const __m256 values = load8(weight + part * LANES);
            for (int row = 0; row < rows; row++)
                sums[row][part] = _mm256_fmadd_ps(values, _mm256_set1_ps(x[row * x_pitch + k]), sums[row][part]);
        }
    }
    for (int row = 0; row < rows; row++)
        for (int part = 0; part < PARTS; part++) {
            float *to = out + row * out_pitch + part * LANES;
            _mm256_storeu_ps(to, _mm256_add_ps(load8(to), sums[row][part]));
        }
}

AVX2 void in_order(const float *weight, const float *x, const float *bias, float *out, ptrdiff_t outputs,
                   ptrdiff_t inputs, ptrdiff_t x_pitch, ptrdiff_t out_pitch, ptrdiff_t run, int rows)
{
    for (int row = 0; bias && row < rows; row++)
        __builtin_memcpy(out + row * out_pitch, bias, outputs * sizeof(float));
    for (ptrdiff_t n = 0; n < outputs; n += PANEL)
        for (ptrdiff_t first = 0; first < inputs; first += run) {
            const ptrdiff_t count = inputs - first < run ? inputs - first : run;
            const float *its = x + first;
            float *to = out + n;
            int left = rows; /* the first pair waits for the weight, the others find it in the cache */
            if (left >= PAIR)
                add_run(weight, its, x_pitch, to, out_pitch, count, PAIR, 1), left -= PAIR;
            else
                add_run(weight, its, x_pitch, to, out_pitch, count, 1, 1), left = 0;
            for (its += PAIR * x_pitch, to += PAIR * out_pitch; left >= PAIR;
                 left -= PAIR, its += PAIR * x_pitch, to += PAIR * out_pitch)
                add_run(weight, its, x_pitch, to, out_pitch, count, PAIR, 0);
            if (left)
                add_run(weight, its, x_pitch, to, out_pitch, count, 1, 0);
            weight += count * PANEL;
        }
}

#else

void in_order(const float *weight, const float *x, const float *bias, float *out, ptrdiff_t outputs, ptrdiff_t inputs,
              ptrdiff_t x_pitch, ptrdiff_t out_pitch, ptrdiff_t run, int rows)
{
}

#endif
