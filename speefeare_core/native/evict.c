/* Writes `bytes` from `at` on back to memory and out of all caches: for timing what a step finds, which reads hundreds
   of megabytes before it comes back to the same weight. */

#include "vectors.h"

#ifdef VECTORS

void evict(const char *at, ptrdiff_t bytes)
{
    for (ptrdiff_t byte = 0; byte < bytes; byte += 64)
        _mm_clflush(at + byte);
    _mm_mfence();
}

#else

void evict(const char *at, ptrdiff_t bytes) {}

#endif
