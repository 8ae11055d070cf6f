/* What every file of C here begins with.

   These are the innermost loops: the file beside each in Python says what for, checks what it hands over, and is the
   only one that calls. Nothing is allocated, nothing is kept. Sums of floats are taken in the order that is written, on
   every machine (-ffp-contract=off, and no -ffast-math), so that a text has the same score everywhere. */
#ifndef GROUNDSWELL_NATIVE_H
#define GROUNDSWELL_NATIVE_H

#include <stdint.h>

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT
#endif

/* Made twice where the loader can choose: for any x86-64, and for those with AVX2 (2013 and later). */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(PLAIN)
#define FAST __attribute__((target_clones("avx2", "default")))
#else
#define FAST EXPORT
#endif

/* Many numbers at once, wherever they stand: spelt out, since what a compiler sees in a loop differs from one to the
   next. Where the processor has no registers so wide, the compiler takes several. */
typedef float floats8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef double doubles8 __attribute__((vector_size(64), aligned(8), may_alias));
typedef int16_t steps8 __attribute__((vector_size(16), aligned(2), may_alias));
typedef int16_t steps16 __attribute__((vector_size(32), aligned(2), may_alias));
typedef int8_t bytes8 __attribute__((vector_size(8), aligned(1), may_alias));
typedef int8_t bytes16 __attribute__((vector_size(16), aligned(1), may_alias));

/* So that it becomes part of either. */
#define INLINE static inline __attribute__((always_inline))

INLINE float total8(const floats8 *values)
{
    const floats8 sum = *values;
    return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

#endif
