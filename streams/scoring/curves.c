#include "../native/native.h"
#include <string.h>

/* exp and log, from additions, products and a division of doubles alone: rounded to single precision at the end, they
   are the same on every processor, which those of C's and of numpy's libraries are not. Four numbers at once. */

typedef float floats4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef double doubles4 __attribute__((vector_size(32), aligned(8), may_alias));
typedef uint64_t bits4 __attribute__((vector_size(32), aligned(8), may_alias));
typedef int64_t signed4 __attribute__((vector_size(32), aligned(8), may_alias));

#define LN2 0.6931471805599453
/* Added and taken away again, it leaves the nearest whole number, which then stands in the sum's lowest bits. */
#define NEAREST 6755399441055744.0
#define NEAREST_BITS UINT64_C(0x4338000000000000)
#define FRACTION_BITS 52
#define ROOT_HALF_BITS UINT64_C(0x3FE6A09E667F3BCD)
/* Beyond these a single-precision number is 0, or infinite. */
#define LOWEST -87.0
#define HIGHEST 88.0

INLINE void either(doubles4 *value, signed4 where, double other)
{
    const doubles4 others = other - (doubles4){0};
    *value = (doubles4)(((bits4)*value & ~(bits4)where) | ((bits4)others & (bits4)where));
}

/* e^value: the nearest power of two times Taylor's series, which is right to 2e-13 of it. */
INLINE void exponential(doubles4 *values)
{
    doubles4 value = *values;
    either(&value, value < LOWEST, LOWEST);
    either(&value, value > HIGHEST, HIGHEST);
    const doubles4 shifted = value * (1.0 / LN2) + NEAREST;
    const doubles4 rest = value - (shifted - NEAREST) * LN2;
    doubles4 sum = rest * (1.0 / 3628800.0) + 1.0 / 362880.0;
    sum = sum * rest + 1.0 / 40320.0;
    sum = sum * rest + 1.0 / 5040.0;
    sum = sum * rest + 1.0 / 720.0;
    sum = sum * rest + 1.0 / 120.0;
    sum = sum * rest + 1.0 / 24.0;
    sum = sum * rest + 1.0 / 6.0;
    sum = sum * rest + 0.5;
    sum = sum * rest + 1.0;
    sum = sum * rest + 1.0;
    *values = (doubles4)((bits4)sum + ((bits4)shifted << FRACTION_BITS));
}

/* The logarithm of numbers above 0: their exponents, and the series of the area tangent of what is left. */
INLINE void logarithm(doubles4 *values)
{
    const bits4 value = (bits4)*values;
    const bits4 exponent = (bits4)((signed4)(value - ROOT_HALF_BITS) >> FRACTION_BITS);
    const doubles4 rest = (doubles4)(value - (exponent << FRACTION_BITS));
    const doubles4 part = (rest - 1.0) / (rest + 1.0), square = part * part;
    doubles4 sum = square * (1.0 / 17.0) + 1.0 / 15.0;
    for (int odd = 13; odd >= 1; odd -= 2) {
        sum = sum * square + 1.0 / odd;
    }
    *values = ((doubles4)(exponent + NEAREST_BITS) - NEAREST) * LN2 + 2.0 * part * sum;
}

typedef enum { EXPONENTIAL, LOGARITHM, POWER } Curve;

INLINE void four(Curve curve, const float *values, double power, float *out)
{
    doubles4 wide = __builtin_convertvector(*(const floats4 *)values, doubles4);
    if (curve != EXPONENTIAL) {
        logarithm(&wide);
    }
    if (curve == POWER) {
        wide *= power;
    }
    if (curve != LOGARITHM) {
        exponential(&wide);
    }
    *(floats4 *)out = __builtin_convertvector(wide, floats4);
}

INLINE void drawn(Curve curve, int64_t count, const float *values, double power, float *out)
{
    int64_t at = 0;
    for (; at + 4 <= count; at += 4) {
        four(curve, values + at, power, out + at);
    }
    if (at < count) {
        float last[4] = {1, 1, 1, 1};
        memcpy(last, values + at, (size_t)(count - at) * sizeof(float));
        four(curve, last, power, last);
        memcpy(out + at, last, (size_t)(count - at) * sizeof(float));
    }
}

/* e^x of each number. */
FAST void curves_exponential(int64_t count, const float *values, float *out)
{
    drawn(EXPONENTIAL, count, values, 0.0, out);
}

/* The logarithm of each number, all of them normal and above 0. */
FAST void curves_logarithm(int64_t count, const float *values, float *out)
{
    drawn(LOGARITHM, count, values, 0.0, out);
}

/* Each number, all of them normal and above 0, to a power: rows × columns, a power a row. */
FAST void curves_power(int64_t rows, int64_t columns, const float *values, const float *powers, float *out)
{
    for (int64_t row = 0; row < rows; row++) {
        drawn(POWER, columns, values + row * columns, powers[row], out + row * columns);
    }
}
