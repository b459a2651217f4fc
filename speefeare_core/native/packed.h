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

#ifndef SPEEFEARE_PACKED_H
#define SPEEFEARE_PACKED_H

#include "vectors.h"

#ifdef VECTORS

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

AVX512 INLINE __m512i own(__m512i raw) { return _mm512_and_si512(raw, _mm512_set1_epi32(OWN)); }

#endif

#endif
