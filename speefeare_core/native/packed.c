/* Float32 weights in seven eighths of their room without a bit lost, and the products of `few_rows` with them: a live
   step waits for its weights, so what is not read is not waited for.

   Nearly all values of a line lie within 14 powers of two of its greatest, so of the eight bits of an exponent four are
   enough. A line is scaled by a power of two so that its greatest value has the exponent 15 of 255; a value is then 28
   bits: sign, 4 of exponent, 23 of fraction. Those further down, one of some thousands, are kept beside as they are.

   128 values, as 8 vectors of 16 lanes, lie in 7 lines of the cache: each lane of the first seven vectors has bits 27
   to 30 free, and there lie 28 bits of the lane of the eighth. A product then takes one AND for seven of eight vectors
   and nothing is shuffled. Inputs are scaled by 2^80, so that products are no denormals, and sums are scaled back.

   The weight lies in blocks of inputs, [inputs / block][outputs][block / 128][7][16]; `block` is a multiple of 128.
   For AVX-512; on other processors the functions are there and empty, and `can_pack` says so. */

#include "vectors.h"

#ifdef VECTORS

#include <math.h>
#include <stdint.h>

#define AVX512 __attribute__((target("avx512f")))
#define WIDE 16
#define VALUES 128 /* of a group */
#define BYTES 448
#define FAR 4096 /* bytes ahead, into the second cache */
#define NEAR 896 /* and from there into the first */
#define MOST_ROWS 16
#define MOST_BLOCK 1024
#define LINES 16 /* whose sums are added at once */
#define UP 80    /* power of two of the inputs */
#define OWN ((int)0x87ffffff)
#define FREE 27 /* the first of the four free bits */

struct apart { /* a value that has no place among the others */
    int32_t line, input;
    float value;
};

int can_pack(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && can_run();
}

AVX512 INLINE __m512i own(__m512i raw) { return _mm512_and_si512(raw, _mm512_set1_epi32(OWN)); }

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

/* A weight whose value [n][k] lies at n * line_pitch + k * pitch → how many values were put apart, up to `room`; -1
   where it cannot be packed. */
AVX512 ptrdiff_t pack(const float *weight, ptrdiff_t line_pitch, ptrdiff_t pitch, ptrdiff_t outputs, ptrdiff_t inputs,
                      ptrdiff_t block, char *to, float *scales, struct apart *apart, ptrdiff_t room)
{
    float lines[LINES * MOST_BLOCK];
    ptrdiff_t found = 0;
    int fits = block % VALUES == 0 && block <= MOST_BLOCK;
    for (ptrdiff_t first = 0; fits && first < inputs; first += block)
        for (ptrdiff_t n = 0; fits && n < outputs; n += LINES) {
            const ptrdiff_t count = outputs - n < LINES ? outputs - n : LINES;
            const float *its = weight + n * line_pitch + first * pitch;
            if (pitch != 1) /* lines that lie across the memory are read side by side */
                for (ptrdiff_t k = 0; k < block; k++)
                    for (ptrdiff_t line = 0; line < count; line++)
                        lines[line * block + k] = its[line * line_pitch + k * pitch];
            for (ptrdiff_t line = 0; fits && line < count; line++, to += block / VALUES * BYTES)
                fits = pack_line(pitch == 1 ? its + line * line_pitch : lines + line * block, block, to, scales++,
                                 n + line, first, apart, &found, room) &&
                       found <= room;
        }
    return fits ? found : -1;
}

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

int can_pack(void) { return 0; }

ptrdiff_t pack(const float *weight, ptrdiff_t line_pitch, ptrdiff_t pitch, ptrdiff_t outputs, ptrdiff_t inputs,
               ptrdiff_t block, char *to, float *scales, void *apart, ptrdiff_t room)
{
    return -1;
}

void packed_rows(const char *weight, const float *scales, const float *x, const float *bias, float *out,
                 ptrdiff_t outputs, ptrdiff_t inputs, ptrdiff_t block, int rows, int add, const void *apart,
                 ptrdiff_t found)
{
}

#endif
