/* The products of `few_rows` with weights in the form of `packed.h`. */

#include "packed.h"

#ifdef VECTORS

/* Four vectors → their sums, one in each quarter, still to be added up within it. */
AVX512 INLINE __m512 quarters(const __m512 *of)
{
    const __m512 low = _mm512_add_ps(_mm512_shuffle_f32x4(of[0], of[1], 0x44), _mm512_shuffle_f32x4(of[0], of[1], 0xee));
    const __m512 high = _mm512_add_ps(_mm512_shuffle_f32x4(of[2], of[3], 0x44), _mm512_shuffle_f32x4(of[2], of[3], 0xee));
    return _mm512_add_ps(_mm512_shuffle_f32x4(low, high, 0x88), _mm512_shuffle_f32x4(low, high, 0xdd));
}

AVX512 INLINE __m512 pairs(__m512 one, __m512 other)
{
    return _mm512_add_ps(_mm512_shuffle_ps(one, other, 0x44), _mm512_shuffle_ps(one, other, 0xee));
}

/* The sums of `rows` vectors to sums[row * LINES]. */
AVX512 INLINE void reduce(const __m512 *vectors, float *sums, const int rows)
{
    if (rows < 8) {
        for (int row = 0; row < rows; row++)
            sums[row * LINES] = _mm512_reduce_add_ps(vectors[row]);
        return;
    }
    const __m512 first = pairs(quarters(vectors), quarters(vectors + 4));
    const __m512 second = rows == 16 ? pairs(quarters(vectors + 8), quarters(vectors + 12)) : first;
    const __m512 all = _mm512_add_ps(_mm512_shuffle_ps(first, second, 0x88), _mm512_shuffle_ps(first, second, 0xdd));
    /* lane 4 i + j has row 4 j + i */
    const __m512i row = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    _mm512_mask_i32scatter_ps(sums, rows == 16 ? 0xffff : 0x3333, _mm512_mullo_epi32(row, _mm512_set1_epi32(LINES)),
                              all, 4);
}

AVX512 INLINE void packed_line(const char *weight, const float *x, ptrdiff_t block, float *sums, const int rows)
{
    const int chains = rows <= 2 ? 4 : rows <= 4 ? 2 : 1;
    __m512 parts[MOST_ROWS][4];
    for (int row = 0; row < rows; row++)
        for (int chain = 0; chain < chains; chain++)
            parts[row][chain] = _mm512_setzero_ps();
    for (ptrdiff_t k = 0; k < block; k += VALUES, weight += BYTES, x += VALUES) {
        __m512i eighth = _mm512_setzero_si512();
#pragma GCC unroll 8
        for (int part = 0; part < 8; part++) {
            __m512 values = _mm512_castsi512_ps(eighth);
            if (part < 7) {
                _mm_prefetch(weight + part * 64 + FAR, _MM_HINT_T1);
                _mm_prefetch(weight + part * 64 + NEAR, _MM_HINT_T0);
                const __m512i raw = _mm512_loadu_si512(weight + part * 64);
                /* bits 27 to 30 to their place; of the last of them three, and the sign */
                const __m512i piece = _mm512_srli_epi32(raw, FREE - 4 * part);
                eighth = _mm512_ternarylogic_epi32(_mm512_set1_epi32((part < 6 ? 15 : 7) << 4 * part), piece, eighth, 0xea);
                if (part == 6)
                    eighth = _mm512_ternarylogic_epi32(_mm512_set1_epi32(1 << 31), _mm512_slli_epi32(raw, 1), eighth, 0xea);
                values = _mm512_castsi512_ps(own(raw));
            }
            for (int row = 0; row < rows; row++)
                parts[row][part % chains] = _mm512_fmadd_ps(values, _mm512_loadu_ps(x + row * block + part * WIDE),
                                                            parts[row][part % chains]);
        }
    }
    __m512 wholes[MOST_ROWS];
    for (int row = 0; row < rows; row++) {
        wholes[row] = parts[row][0];
        for (int chain = 1; chain < chains; chain++)
            wholes[row] = _mm512_add_ps(wholes[row], parts[row][chain]);
    }
    reduce(wholes, sums, rows);
}

AVX512 INLINE void packed_lines(const char *weight, const float *x, ptrdiff_t block, float *sums, ptrdiff_t count,
                                const int rows)
{
    for (ptrdiff_t line = 0; line < count; line++)
        packed_line(weight + line * (block / VALUES * BYTES), x, block, sums + line, rows);
}

AVX512 void packed_rows(const char *weight, const float *scales, const float *x, const float *bias, float *out,
                        ptrdiff_t outputs, ptrdiff_t inputs, ptrdiff_t block, int rows, int add,
                        const void *beside, ptrdiff_t found)
{
    const struct apart *apart = beside;
    const int taken = rows <= 4 ? rows : rows <= 8 ? 8 : MOST_ROWS;
    float scaled[MOST_ROWS * MOST_BLOCK] __attribute__((aligned(64))), sums[MOST_ROWS * LINES];
    for (int row = 0; row < rows; row++) {
        for (ptrdiff_t n = 0; n < outputs; n++)
            out[row * outputs + n] = (add ? out[row * outputs + n] : 0.0f) + (bias ? bias[n] : 0.0f);
        for (ptrdiff_t one = 0; one < found; one++)
            out[row * outputs + apart[one].line] += apart[one].value * x[row * inputs + apart[one].input];
    }
    __builtin_memset(scaled + rows * block, 0, (taken - rows) * block * sizeof(float));
    for (ptrdiff_t first = 0; first < inputs; first += block) {
        for (int row = 0; row < rows; row++)
            for (ptrdiff_t k = 0; k < block; k++)
                scaled[row * block + k] = x[row * inputs + first + k] * 0x1p80f;
        for (ptrdiff_t n = 0; n < outputs; n += LINES, scales += LINES, weight += LINES * (block / VALUES * BYTES)) {
            const ptrdiff_t count = outputs - n < LINES ? outputs - n : LINES;
            switch (taken) {
            case 1: packed_lines(weight, scaled, block, sums, count, 1); break;
            case 2: packed_lines(weight, scaled, block, sums, count, 2); break;
            case 3: packed_lines(weight, scaled, block, sums, count, 3); break;
            case 4: packed_lines(weight, scaled, block, sums, count, 4); break;
            case 8: packed_lines(weight, scaled, block, sums, count, 8); break;
            default: packed_lines(weight, scaled, block, sums, count, MOST_ROWS);
            }
            for (int row = 0; row < rows; row++)
                for (ptrdiff_t line = 0; line < count; line++)
                    out[row * outputs + n + line] += sums[row * LINES + line] * scales[line];
        }
        scales += outputs - (outputs + LINES - 1) / LINES * LINES; /* the last turn may have gone beyond */
        weight += (outputs - (outputs + LINES - 1) / LINES * LINES) * (block / VALUES * BYTES);
    }
}

#else

void packed_rows(const char *weight, const float *scales, const float *x, const float *bias, float *out,
                 ptrdiff_t outputs, ptrdiff_t inputs, ptrdiff_t block, int rows, int add, const void *apart,
                 ptrdiff_t found)
{
}

#endif
