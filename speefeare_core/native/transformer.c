/* All layers of a causal transformer for the rows of one step, in place.

   Between the products there is little to compute but much to wait for, if each is called on its own: the processor
   asks for the next weight only when the call has come. Here it goes from one to the next. */

#include "vectors.h"

#include <math.h>

struct product { /* of `few_rows`, or with scales of `packed_rows` */
    const void *weight;
    const float *scales, *bias;
    const void *apart;
    ptrdiff_t found, outputs, inputs, block, half;
};

struct norm {
    const float *weight, *bias;
    double least;
};

struct layer {
    struct norm before, between;
    struct product in, out, widen, narrow; /* the scales of the layer are in `out` and `narrow` */
    float *ring;                           /* [2][heads][slots][depth] */
};

#ifdef VECTORS

static void multiply(const struct product *its, const float *x, float *out, int rows, int add)
{
    if (its->scales)
        packed_rows(its->weight, its->scales, x, its->bias, out, its->outputs, its->inputs, its->block, rows, add,
                    its->apart, its->found);
    else
        few_rows(its->weight, x, its->bias, out, its->outputs, its->inputs, its->block, rows, (int)its->half, add);
}

/* One row, a multiple of LANES wide. */
AVX2 static void normalise(const struct norm *norm, const float *x, float *out, ptrdiff_t width)
{
    __m256 sum = _mm256_setzero_ps(), squares = sum;
    for (ptrdiff_t k = 0; k < width; k += LANES)
        sum = _mm256_add_ps(sum, load8(x + k));
    const __m256 mean = _mm256_set1_ps(sum8(sum) / (float)width);
    for (ptrdiff_t k = 0; k < width; k += LANES) {
        const __m256 off = _mm256_sub_ps(load8(x + k), mean);
        squares = _mm256_fmadd_ps(off, off, squares);
    }
    const __m256 share = _mm256_set1_ps(1.0f / sqrtf(sum8(squares) / (float)width + (float)norm->least));
    for (ptrdiff_t k = 0; k < width; k += LANES) {
        const __m256 even = _mm256_mul_ps(_mm256_sub_ps(load8(x + k), mean), share);
        _mm256_storeu_ps(out + k, _mm256_fmadd_ps(even, load8(norm->weight + k), load8(norm->bias + k)));
    }
}

/* x [rows][heads * depth]; turns, mask, scores, slot as `attention` has them; `room` for rows * (5 * width + the widest)
   values. */
void transformer(const struct layer *layers, ptrdiff_t count, float *x, const float *turns, const float *mask,
                 float *scores, float *room, ptrdiff_t rows, ptrdiff_t heads, ptrdiff_t slots, ptrdiff_t depth,
                 ptrdiff_t slot)
{
    const ptrdiff_t width = heads * depth;
    float *even = room, *projected = even + rows * width, *seen = projected + 3 * rows * width;
    float *wide = seen + rows * width;
    for (const struct layer *layer = layers; layer < layers + count; layer++) {
        for (ptrdiff_t row = 0; row < rows; row++)
            normalise(&layer->before, x + row * width, even + row * width, width);
        multiply(&layer->in, even, projected, (int)rows, 0);
        attention(projected, turns, mask, layer->ring, scores, seen, rows, heads, slots, depth, slot);
        multiply(&layer->out, seen, x, (int)rows, 1);
        for (ptrdiff_t row = 0; row < rows; row++)
            normalise(&layer->between, x + row * width, even + row * width, width);
        multiply(&layer->widen, even, wide, (int)rows, 0);
        gelu(wide, wide, rows * layer->widen.outputs);
        multiply(&layer->narrow, wide, x, (int)rows, 1);
    }
}

#else

void transformer(const struct layer *layers, ptrdiff_t count, float *x, const float *turns, const float *mask,
                 float *scores, float *room, ptrdiff_t rows, ptrdiff_t heads, ptrdiff_t slots, ptrdiff_t depth,
                 ptrdiff_t slot)
{
}

#endif
