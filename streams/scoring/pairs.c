#include "pairs.h"

EXPORT const int32_t pair_first_bits = FIRST_BITS;

EXPORT void pair_keys(int64_t count, const uint64_t *here, const uint64_t *before, uint32_t *out)
{
    for (int64_t at = 0; at < count; at++) {
        out[at] = pair_key(here[at], before[at]);
    }
}

EXPORT void pair_rows(int64_t count, const uint32_t *keys, const uint32_t *known, const int32_t *starts, int64_t *out)
{
    for (int64_t at = 0; at < count; at++) {
        out[at] = pair_row(keys[at], known, starts);
    }
}
