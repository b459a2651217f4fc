/* Causal attention of a few new rows over a ring of keys and values.

   `projected` [rows][3][heads][depth]: queries, keys, values; queries and keys are turned in place by `turns`
   [rows][2][depth / 2] complex, keys and values go into `ring` [2][heads][slots][depth] from `slot` on, and `out`
   [rows][heads][depth] is softmax(q k + mask) v with a mask [rows][slots] that is added. `scores` is room for
   GROUP * (slots + LANES) values. depth is a multiple of 32, at most MOST_DEPTH. */

#include "vectors.h"

#ifdef VECTORS

#define GROUP 4 /* rows that read a head's keys and values together */
#define MOST_DEPTH 256
#define COLUMNS 32
#define AHEAD 2048 /* bytes */

INLINE void turn(float *pairs, const float *turns, ptrdiff_t depth)
{
    for (ptrdiff_t i = 0; i < depth; i += 2) {
        const float real = pairs[i], imaginary = pairs[i + 1];
        pairs[i] = real * turns[i] - imaginary * turns[i + 1];
        pairs[i + 1] = real * turns[i + 1] + imaginary * turns[i];
    }
}

/* Eight vectors → their eight sums, in their order. */
AVX2 INLINE __m256 sums8(const __m256 *of)
{
    const __m256 low = _mm256_hadd_ps(_mm256_hadd_ps(of[0], of[1]), _mm256_hadd_ps(of[2], of[3]));
    const __m256 high = _mm256_hadd_ps(_mm256_hadd_ps(of[4], of[5]), _mm256_hadd_ps(of[6], of[7]));
    return _mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31));
}

/* The products of queries with keys to scores[row][slot]. */
AVX2 INLINE void score(const float *queries, const float *keys, float *scores, ptrdiff_t pitch, ptrdiff_t slots,
                       ptrdiff_t depth, int rows)
{
    for (ptrdiff_t turn = 0; turn < slots; turn += LANES) {
        const ptrdiff_t first = turn + LANES <= slots ? turn : slots - LANES; /* the last may overlap */
        for (ptrdiff_t k = 0; k < LANES * depth; k += 16)
            _mm_prefetch((const char *)(keys + first * depth + k) + AHEAD, _MM_HINT_T1);
        for (int row = 0; row < rows; row++) {
            __m256 sums[LANES];
            for (int slot = 0; slot < LANES; slot++)
                sums[slot] = _mm256_setzero_ps();
            for (ptrdiff_t k = 0; k < depth; k += LANES) {
                const __m256 query = load8(queries + row * depth + k);
                for (int slot = 0; slot < LANES; slot++)
                    sums[slot] = _mm256_fmadd_ps(query, load8(keys + (first + slot) * depth + k), sums[slot]);
            }
            _mm256_storeu_ps(scores + row * pitch + first, sums8(sums));
        }
    }
}

/* scores[0 .. slots] → weights; what lies behind, up to whole vectors, becomes next to nothing. */
AVX2 INLINE void softmax(float *scores, const float *mask, ptrdiff_t slots)
{
    const __m256 least = _mm256_set1_ps(-1e30f);
    __m256 most = least, total = _mm256_setzero_ps();
    ptrdiff_t s = 0;
    for (; s + LANES <= slots; s += LANES) {
        const __m256 masked = _mm256_add_ps(load8(scores + s), load8(mask + s));
        _mm256_storeu_ps(scores + s, masked);
        most = _mm256_max_ps(masked, most);
    }
    float greatest[LANES];
    _mm256_storeu_ps(greatest, most);
    for (int lane = 1; lane < LANES; lane++)
        greatest[0] = greatest[lane] > greatest[0] ? greatest[lane] : greatest[0];
    for (; s < slots; s++) {
        scores[s] += mask[s];
        greatest[0] = scores[s] > greatest[0] ? scores[s] : greatest[0];
    }
    _mm256_storeu_ps(scores + slots, least);
    for (s = 0; s < slots; s += LANES) {
        const __m256 weight = exp8(_mm256_sub_ps(load8(scores + s), _mm256_set1_ps(greatest[0])));
        _mm256_storeu_ps(scores + s, weight);
        total = _mm256_add_ps(total, weight);
    }
    const __m256 share = _mm256_set1_ps(1.0f / sum8(total));
    for (s = 0; s < slots; s += LANES)
        _mm256_storeu_ps(scores + s, _mm256_mul_ps(load8(scores + s), share));
}

/* The sums of values by their weights. */
AVX2 INLINE void gather(const float *weights, ptrdiff_t pitch, const float *values, float *out, ptrdiff_t out_pitch,
                        ptrdiff_t slots, ptrdiff_t depth, const int rows)
{
    for (ptrdiff_t first = 0; first < depth; first += COLUMNS) {
        __m256 sums[GROUP][COLUMNS / LANES];
        for (int row = 0; row < rows; row++)
            for (int part = 0; part < COLUMNS / LANES; part++)
                sums[row][part] = _mm256_setzero_ps();
        for (ptrdiff_t s = 0; s < slots; s++) {
            if (first == 0) /* the other turns find all columns in the cache */
                for (ptrdiff_t k = 0; k < depth; k += 16)
                    _mm_prefetch((const char *)(values + s * depth + k) + AHEAD, _MM_HINT_T1);
            for (int part = 0; part < COLUMNS / LANES; part++) {
                const __m256 value = load8(values + s * depth + first + part * LANES);
                for (int row = 0; row < rows; row++)
                    sums[row][part] =
                        _mm256_fmadd_ps(_mm256_set1_ps(weights[row * pitch + s]), value, sums[row][part]);
            }
        }
        for (int row = 0; row < rows; row++)
            for (int part = 0; part < COLUMNS / LANES; part++)
                _mm256_storeu_ps(out + row * out_pitch + first + part * LANES, sums[row][part]);
    }
}

AVX2 void attention(float *projected, const float *turns, const float *mask, float *ring, float *scores, float *out,
                    ptrdiff_t rows, ptrdiff_t heads, ptrdiff_t slots, ptrdiff_t depth, ptrdiff_t slot)
{
    const ptrdiff_t width = heads * depth, pitch = slots + LANES;
    float queries[GROUP * MOST_DEPTH];
    for (ptrdiff_t row = 0; row < rows; row++)
        for (ptrdiff_t part = 0; part < 2; part++)
            for (ptrdiff_t head = 0; head < heads; head++)
                turn(projected + (row * 3 + part) * width + head * depth, turns + (row * 2 + part) * depth, depth);
    for (ptrdiff_t head = 0; head < heads; head++) {
        float *keys = ring + head * slots * depth, *values = keys + width * slots;
        for (ptrdiff_t row = 0; row < rows; row++) {
            const float *fresh = projected + (row * 3 + 1) * width + head * depth;
            __builtin_memcpy(keys + (slot + row) * depth, fresh, depth * sizeof(float));
            __builtin_memcpy(values + (slot + row) * depth, fresh + width, depth * sizeof(float));
        }
        for (ptrdiff_t first = 0; first < rows; first += GROUP) {
            const int count = rows - first < GROUP ? (int)(rows - first) : GROUP;
            for (int row = 0; row < count; row++)
                __builtin_memcpy(queries + row * depth, projected + (first + row) * 3 * width + head * depth,
                                 depth * sizeof(float));
            if (slots >= LANES)
                score(queries, keys, scores, pitch, slots, depth, count);
            else
                for (int row = 0; row < count; row++) /* few_rows writes rows without a gap between them */
                    few_rows(keys, queries + row * depth, NULL, scores + row * pitch, slots, depth, depth, 1, 0, 0);
            for (int row = 0; row < count; row++)
                softmax(scores + row * pitch, mask + (first + row) * slots, slots);
            float *its = out + first * width + head * depth;
            switch (count) {
            case 1: gather(scores, pitch, values, its, width, slots, depth, 1); break;
            case 2: gather(scores, pitch, values, its, width, slots, depth, 2); break;
            case 3: gather(scores, pitch, values, its, width, slots, depth, 3); break;
            case 4: gather(scores, pitch, values, its, width, slots, depth, 4); break;
            }
        }
    }
}

#else

void attention(float *projected, const float *turns, const float *mask, float *ring, float *scores, float *out,
               ptrdiff_t rows, ptrdiff_t heads, ptrdiff_t slots, ptrdiff_t depth, ptrdiff_t slot)
{
}

#endif
