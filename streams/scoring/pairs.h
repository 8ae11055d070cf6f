/* How a pair of words is known: pairs.c and places.c look pairs up alike. */
#ifndef GROUNDSWELL_PAIRS_H
#define GROUNDSWELL_PAIRS_H

#include "../native/native.h"

#define FIRST_BITS 16

/* The hash of a pair, from the keys of its words; `before` is 0 where a text begins. */
INLINE uint32_t pair_key(uint64_t here, uint64_t before)
{
    uint64_t mixed = here * UINT64_C(0x9E3779B97F4A7C15) + before * UINT64_C(0xC2B2AE3D27D4EB4F);
    mixed ^= mixed >> 29;
    mixed *= UINT64_C(0xBF58476D1CE4E5B9);
    return (uint32_t)(mixed >> 32);
}

/* Its row among `known` keys, ascending: 1 and up, or 0. `starts` says, of the first bits of a key, where to begin. */
INLINE int64_t pair_row(uint32_t key, const uint32_t *known, const int32_t *starts)
{
    const uint32_t first = key >> (32 - FIRST_BITS);
    for (int32_t at = starts[first]; at < starts[first + 1]; at++) {
        if (known[at] >= key) {
            return known[at] == key ? at + 1 : 0;
        }
    }
    return 0;
}

#endif
