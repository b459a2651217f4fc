/* Products of a few rows with a large weight, as fast as the weight can be read.

   out[m][n] = bias[n] + sum over k of x[m][k] * weight[n][k], added to what is in `out` where `add` is not 0. The weight
   is float32, or float16 where `half` is not 0; everything else is float32, contiguous; bias may be null. The weight
   lies in blocks of inputs, [inputs / block][outputs][block]; `block` is a multiple of 16 and divides `inputs`.

   With so few rows the processor waits for the weight, which is read once and from one end to the other. Its own
   prefetcher stops at every page of 4 kB; asking for what lies AHEAD, into the second cache, so that the rows stay in
   the first, reads a tenth to a fifth faster. Rows of more than BLOCK inputs would push each other out of the first. */

#include "vectors.h"

#ifdef VECTORS

#define MOST_ROWS 16
#define BLOCK 512
#define AHEAD 4096 /* bytes */
#define WHOLE 16   /* inputs a turn; more lets fewer lines of the cache be under way */
#define GROUP 4    /* rows */
#define LINES 2    /* together, where rows beyond a group come from the cache */

int can_run(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

AVX2 INLINE __m256 read8(const char *at, const int half)
{
    return half ? _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)at)) : load8((const float *)at);
}

/* `lines` lines of the weight, of `block` values each, with `rows` rows; `ask`: for what lies ahead. */
AVX2 INLINE void add_lines(const char *weight, const float *x, ptrdiff_t x_pitch, float *out, ptrdiff_t outputs,
                           ptrdiff_t block, const int rows, const int half, const int lines, const int ask)
{
    const int size = half ? 2 : 4, chains = rows * lines <= GROUP ? 2 : 1;
    const ptrdiff_t pitch = block * size;
    __m256 sums[LINES][GROUP][2];
    for (int line = 0; line < lines; line++)
        for (int row = 0; row < rows; row++)
            for (int chain = 0; chain < chains; chain++)
                sums[line][row][chain] = _mm256_setzero_ps();
    for (ptrdiff_t k = 0; k < block; k += WHOLE) {
        if (ask)
            for (int line = 0; line < lines; line++)
                _mm_prefetch(weight + line * pitch + k * size + AHEAD, _MM_HINT_T1);
        for (int part = 0; part < WHOLE / LANES; part++)
            for (int line = 0; line < lines; line++) {
                const __m256 w = read8(weight + line * pitch + (k + part * LANES) * size, half);
                for (int row = 0; row < rows; row++)
                    sums[line][row][part % chains] = _mm256_fmadd_ps(
                        w, load8(x + row * x_pitch + k + part * LANES), sums[line][row][part % chains]);
            }
    }
    for (int line = 0; line < lines; line++)
        for (int row = 0; row < rows; row++) {
            const __m256 all = sums[line][row][0];
            out[row * outputs + line] += sum8(chains == 2 ? _mm256_add_ps(all, sums[line][row][1]) : all);
        }
}

/* All rows, four at a time: the weight comes from memory for the first and from the cache for the others. */
AVX2 INLINE void add_rows(const char *weight, const float *x, ptrdiff_t x_pitch, float *out, ptrdiff_t outputs,
                          ptrdiff_t block, int rows, const int half, const int lines)
{
    if (rows >= GROUP) {
        add_lines(weight, x, x_pitch, out, outputs, block, GROUP, half, lines, 1);
        for (rows -= GROUP, x += GROUP * x_pitch, out += GROUP * outputs; rows >= GROUP;
             rows -= GROUP, x += GROUP * x_pitch, out += GROUP * outputs)
            add_lines(weight, x, x_pitch, out, outputs, block, GROUP, half, lines, 0);
    }
    switch (rows) {
    case 1: add_lines(weight, x, x_pitch, out, outputs, block, 1, half, lines, 1); break;
    case 2: add_lines(weight, x, x_pitch, out, outputs, block, 2, half, lines, 1); break;
    case 3: add_lines(weight, x, x_pitch, out, outputs, block, 3, half, lines, 1); break;
    }
}

AVX2 INLINE void add_blocks(const char *weight, const float *x, float *out, ptrdiff_t outputs, ptrdiff_t inputs,
                            ptrdiff_t block, int rows, const int half)
{
    const ptrdiff_t pitch = block * (half ? 2 : 4);
    float packed[MOST_ROWS * BLOCK];
    for (ptrdiff_t first = 0; first < inputs; first += block) {
        const float *its = x + first;
        ptrdiff_t x_pitch = inputs, n = 0;
        /* side by side: rows that lie a power of two apart share cache lines */
        if (rows > GROUP && rows <= MOST_ROWS && block <= BLOCK) {
            for (int row = 0; row < rows; row++)
                __builtin_memcpy(packed + row * block, x + row * inputs + first, block * sizeof(float));
            its = packed, x_pitch = block;
        }
        for (; rows > GROUP && n + LINES <= outputs; n += LINES, weight += LINES * pitch)
            add_rows(weight, its, x_pitch, out + n, outputs, block, rows, half, LINES);
        for (; n < outputs; n++, weight += pitch)
            add_rows(weight, its, x_pitch, out + n, outputs, block, rows, half, 1);
    }
}

AVX2 void few_rows(const void *weight, const float *x, const float *bias, float *out, ptrdiff_t outputs,
                   ptrdiff_t inputs, ptrdiff_t block, int rows, int half, int add)
{
    for (int row = 0; row < rows; row++)
        for (ptrdiff_t n = 0; n < outputs; n++)
            out[row * outputs + n] = (add ? out[row * outputs + n] : 0.0f) + (bias ? bias[n] : 0.0f);
    if (half)
        add_blocks(weight, x, out, outputs, inputs, block, rows, 1);
    else
        add_blocks(weight, x, out, outputs, inputs, block, rows, 0);
}

#else

int can_run(void) { return 0; }

void few_rows(const void *weight, const float *x, const float *bias, float *out, ptrdiff_t outputs, ptrdiff_t inputs,
              ptrdiff_t block, int rows, int half, int add)
{
}

#endif
