/* Weights into the form of `packed.h`, once, when a plan is made. */

#include "packed.h"

#ifdef VECTORS

#include <math.h>

int can_pack(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && can_run();
}

/* What has the exponent 0 is taken out; its count, or more than `room` if there is not enough. */
AVX512 INLINE __m512i no_denormals(__m512i its, const float *values, ptrdiff_t line, ptrdiff_t input,
                                   struct apart *apart, ptrdiff_t *found, ptrdiff_t room)
{
    const __m512i size = _mm512_and_si512(its, _mm512_set1_epi32(0x7fffffff));
    const __mmask16 small = _mm512_cmplt_epi32_mask(size, _mm512_set1_epi32(1 << 23));
    for (unsigned left = small; left; left &= left - 1) {
        const int lane = __builtin_ctz(left);
        if (values[lane] == 0.0f)
            continue;
        if (*found < room)
            apart[*found] = (struct apart){(int32_t)line, (int32_t)(input + lane), values[lane]};
        ++*found;
    }
    return _mm512_mask_mov_epi32(its, small, _mm512_setzero_si512());
}

/* Whether all values are numbers of a usual size; the greatest is scaled to the exponent 15. */
AVX512 static int pack_line(const float *values, ptrdiff_t block, char *to, float *scale, ptrdiff_t line,
                            ptrdiff_t input, struct apart *apart, ptrdiff_t *found, ptrdiff_t room)
{
    __m512i greatest = _mm512_setzero_si512();
    for (ptrdiff_t k = 0; k < block; k += WIDE) /* as integers, numbers are in the order of their size */
        greatest = _mm512_max_epi32(greatest, _mm512_and_si512(_mm512_loadu_si512(values + k),
                                                               _mm512_set1_epi32(0x7fffffff)));
    const int most = _mm512_reduce_max_epi32(greatest), exponent = most ? most >> 23 : 127;
    if (exponent < 60 || exponent > 140)
        return 0;
    const __m512 down = _mm512_set1_ps(ldexpf(1.0f, 15 - exponent));
    for (ptrdiff_t k = 0; k < block; k += VALUES, to += BYTES) {
        __m512i whole = _mm512_setzero_si512();
        for (int part = 7; part >= 0; part--) {
            const float *here = values + k + part * WIDE;
            const __m512i its = no_denormals(_mm512_castps_si512(_mm512_mul_ps(_mm512_loadu_ps(here), down)), here, line,
                                             input + k + part * WIDE, apart, found, room);
            const __m512i piece = _mm512_and_si512(_mm512_srli_epi32(whole, 4 * part), _mm512_set1_epi32(15));
            if (part == 7) /* with the sign beside the rest: 28 bits */
                whole = _mm512_or_si512(_mm512_and_si512(its, _mm512_set1_epi32((1 << FREE) - 1)),
                                        _mm512_slli_epi32(_mm512_srli_epi32(its, 31), FREE));
            else
                _mm512_storeu_si512(to + part * 64, _mm512_or_si512(own(its), _mm512_slli_epi32(piece, FREE)));
        }
    }
    *scale = ldexpf(1.0f, exponent - 15 - UP);
    return 1;
}

/* LINES lines that lie across the memory, side by side: their values k to k + 16, which lie `pitch` apart. */
AVX512 INLINE void turn_tile(const float *values, ptrdiff_t pitch, float *lines, ptrdiff_t block)
{
    __m512 a[16], b[16];
#pragma GCC unroll 16
    for (int k = 0; k < 16; k++)
        a[k] = _mm512_loadu_ps(values + k * pitch);
#pragma GCC unroll 8
    for (int k = 0; k < 16; k += 2) {
        b[k] = _mm512_unpacklo_ps(a[k], a[k + 1]);
        b[k + 1] = _mm512_unpackhi_ps(a[k], a[k + 1]);
    }
#pragma GCC unroll 4
    for (int k = 0; k < 16; k += 4) /* a[k + j]: in its quarters q the columns 4 q + j of four rows */
        for (int half = 0; half < 2; half++) {
            const __m512d one = _mm512_castps_pd(b[k + half]), other = _mm512_castps_pd(b[k + half + 2]);
            a[k + 2 * half] = _mm512_castpd_ps(_mm512_unpacklo_pd(one, other));
            a[k + 2 * half + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(one, other));
        }
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
        const __m512 even = _mm512_shuffle_f32x4(a[j], a[4 + j], 0x88), odd = _mm512_shuffle_f32x4(a[j], a[4 + j], 0xdd);
        const __m512 even2 = _mm512_shuffle_f32x4(a[8 + j], a[12 + j], 0x88);
        const __m512 odd2 = _mm512_shuffle_f32x4(a[8 + j], a[12 + j], 0xdd);
        _mm512_storeu_ps(lines + j * block, _mm512_shuffle_f32x4(even, even2, 0x88));
        _mm512_storeu_ps(lines + (4 + j) * block, _mm512_shuffle_f32x4(odd, odd2, 0x88));
        _mm512_storeu_ps(lines + (8 + j) * block, _mm512_shuffle_f32x4(even, even2, 0xdd));
        _mm512_storeu_ps(lines + (12 + j) * block, _mm512_shuffle_f32x4(odd, odd2, 0xdd));
    }
}

/* `count` lines side by side, each times its factor where there are factors. */
AVX512 INLINE void gather_lines(const float *values, ptrdiff_t line_pitch, ptrdiff_t pitch, ptrdiff_t block,
                                ptrdiff_t count, const float *factors, float *lines)
{
    if (line_pitch == 1 && count == LINES)
        for (ptrdiff_t k = 0; k < block; k += 16)
            turn_tile(values + k * pitch, pitch, lines + k, block);
    else
        for (ptrdiff_t line = 0; line < count; line++)
            for (ptrdiff_t k = 0; k < block; k++)
                lines[line * block + k] = values[line * line_pitch + k * pitch];
    for (ptrdiff_t line = 0; factors && line < count; line++)
        for (ptrdiff_t k = 0; k < block; k++)
            lines[line * block + k] *= factors[line];
}

/* A weight whose value [n][k] lies at n * line_pitch + k * pitch, times factors[n] unless that is null → how many values
   were put apart, up to `room`; -1 where it cannot be packed. */
AVX512 ptrdiff_t pack(const float *weight, ptrdiff_t line_pitch, ptrdiff_t pitch, const float *factors,
                      ptrdiff_t outputs, ptrdiff_t inputs, ptrdiff_t block, char *to, float *scales,
                      struct apart *apart, ptrdiff_t room)
{
    float lines[LINES * MOST_BLOCK];
    ptrdiff_t found = 0;
    int fits = block % VALUES == 0 && block <= MOST_BLOCK;
    for (ptrdiff_t first = 0; fits && first < inputs; first += block)
        for (ptrdiff_t n = 0; fits && n < outputs; n += LINES) {
            const ptrdiff_t count = outputs - n < LINES ? outputs - n : LINES;
            const float *its = weight + n * line_pitch + first * pitch;
            const int gathered = pitch != 1 || factors;
            if (gathered)
                gather_lines(its, line_pitch, pitch, block, count, factors ? factors + n : NULL, lines);
            for (ptrdiff_t line = 0; fits && line < count; line++, to += block / VALUES * BYTES)
                fits = pack_line(gathered ? lines + line * block : its + line * line_pitch, block, to, scales++,
                                 n + line, first, apart, &found, room) &&
                       found <= room;
        }
    return fits ? found : -1;
}

#else

int can_pack(void) { return 0; }

ptrdiff_t pack(const float *weight, ptrdiff_t line_pitch, ptrdiff_t pitch, const float *factors, ptrdiff_t outputs,
               ptrdiff_t inputs, ptrdiff_t block, char *to, float *scales, void *apart, ptrdiff_t room)
{
    return -1;
}

#endif
