/* Residual search: of each book the entry that is nearest to what the books before it leave.

   The nearest entry c of a row x has the greatest score x·c - |c|²/2. `rest` [rows][width] begins as the rows and ends
   as what no book took; `codes` [books][rows]. `entries` and `biases` (-|c|²/2) point to each book's [size][width] and
   [size]. `scores` is room for rows * size values.

   Scores are sums of floats, and another order of summing gives another last bit. `slack` says for each book by how much
   two scores may be off, [2]: a part for each unit of |x|, and one for itself. Where the two best of a row are nearer to
   each other than that, the search stops before this book and gives its number, and whoever asked decides it. Without
   slack (null) the first of the best is taken. The number of books where all is done. */

#include "vectors.h"

#include <math.h>
#include <stdint.h>

#ifdef VECTORS

AVX2 INLINE float greatest_of(const float *scores, ptrdiff_t size)
{
    __m256 best = _mm256_set1_ps(-INFINITY);
    ptrdiff_t n = 0;
    for (; n + LANES <= size; n += LANES)
        best = _mm256_max_ps(best, load8(scores + n));
    float each[LANES], found;
    _mm256_storeu_ps(each, best);
    found = each[0];
    for (int lane = 1; lane < LANES; lane++)
        found = each[lane] > found ? each[lane] : found;
    for (; n < size; n++)
        found = scores[n] > found ? scores[n] : found;
    return found;
}

/* The first entry whose score is at least `least`, and how many there are. */
AVX2 INLINE ptrdiff_t first_from(const float *scores, ptrdiff_t size, float least, ptrdiff_t *many)
{
    ptrdiff_t found = -1, n = 0;
    *many = 0;
    for (; n < size; n += LANES) {
        unsigned hits = 0;
        if (n + LANES <= size)
            hits = (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(load8(scores + n), _mm256_set1_ps(least), _CMP_GE_OQ));
        else
            for (ptrdiff_t rest = n; rest < size; rest++)
                hits |= (unsigned)(scores[rest] >= least) << (rest - n);
        if (hits && found < 0)
            found = n + __builtin_ctz(hits);
        *many += __builtin_popcount(hits);
    }
    return found;
}

AVX2 ptrdiff_t nearest(const float *const *entries, const float *const *biases, const float *slack, float *rest,
                       float *scores, int64_t *codes, ptrdiff_t first, ptrdiff_t books, ptrdiff_t rows, ptrdiff_t size,
                       ptrdiff_t width)
{
    for (ptrdiff_t book = first; book < books; book++) {
        few_rows(entries[book], rest, biases[book], scores, size, width, width, (int)rows, 0, 0);
        for (ptrdiff_t row = 0; row < rows; row++) {
            const float *x = rest + row * width;
            float margin = 0.0f;
            if (slack) {
                float square = 0.0f;
                for (ptrdiff_t k = 0; k < width; k++)
                    square += x[k] * x[k];
                margin = slack[2 * book] * sqrtf(square) + slack[2 * book + 1];
            }
            ptrdiff_t many;
            const ptrdiff_t found = first_from(scores + row * size, size, greatest_of(scores + row * size, size) - margin,
                                               &many);
            if (found < 0 || (slack && many > 1))
                return book;
            codes[book * rows + row] = found;
        }
        for (ptrdiff_t row = 0; row < rows; row++) {
            const float *entry = entries[book] + codes[book * rows + row] * width;
            for (ptrdiff_t k = 0; k < width; k++)
                rest[row * width + k] -= entry[k];
        }
    }
    return books;
}

#else

ptrdiff_t nearest(const float *const *entries, const float *const *biases, const float *slack, float *rest,
                  float *scores, int64_t *codes, ptrdiff_t first, ptrdiff_t books, ptrdiff_t rows, ptrdiff_t size,
                  ptrdiff_t width)
{
    return first;
}

#endif
