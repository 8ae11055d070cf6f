#include "../native/native.h"
#include "model.h"

/* Of a sum, how many eights of channels are kept in registers at once. */
#define BLOCK 8

/* runs × heads × CHANNELS: the weighted sums of what the places (rows of `hidden`) of each run say. `weight` is
   heads × total. */
FAST void weighted(int64_t runs, const int64_t *starts, const int64_t *ends, const int16_t *hidden, int64_t heads,
                   const float *weight, int64_t total, float *out)
{
    for (int64_t run = 0; run < runs; run++) {
        for (int64_t head = 0; head < heads; head++) {
            const float *counts = weight + head * total;
            for (int begin = 0; begin < CHANNELS; begin += BLOCK * 8) {
                floats8 sum[BLOCK] = {{0}};
                for (int64_t place = starts[run]; place < ends[run]; place++) {
                    const steps8 *said = (const steps8 *)(hidden + place * CHANNELS + begin);
                    for (int at = 0; at < BLOCK; at++) {
                        sum[at] += __builtin_convertvector(said[at], floats8) * counts[place];
                    }
                }
                floats8 *to = (floats8 *)(out + (run * heads + head) * CHANNELS + begin);
                for (int at = 0; at < BLOCK; at++) {
                    to[at] = sum[at];
                }
            }
        }
    }
}

/* What the places of each run add in the direction of its own vector (runs × CHANNELS), run behind run. */
FAST void spoken(int64_t runs, const int64_t *starts, const int64_t *ends, const int16_t *hidden, const float *weight,
                 const float *vectors, float *out)
{
    for (int64_t run = 0; run < runs; run++) {
        const floats8 *vector = (const floats8 *)(vectors + run * CHANNELS);
        for (int64_t place = starts[run]; place < ends[run]; place++) {
            const steps8 *said = (const steps8 *)(hidden + place * CHANNELS);
            floats8 even = {0}, odd = {0};
            for (int at = 0; at < CHANNELS / 8; at += 2) {
                even += __builtin_convertvector(said[at], floats8) * vector[at];
                odd += __builtin_convertvector(said[at + 1], floats8) * vector[at + 1];
            }
            even += odd;
            *out++ = total8(&even) * weight[place];
        }
    }
}

/* Some rows' sums for some columns, `eights` times 8 of them: kept in registers all the way down, and each line of the
   matrix fetched once for all rows. */
INLINE void tile(int rows, int eights, int64_t inner, int64_t outer, const float *row, const float *matrix, float *out)
{
    floats8 sum[4][4] = {{{0}}};
    for (int64_t step = 0; step < inner; step++) {
        const floats8 *line = (const floats8 *)(matrix + step * outer);
        for (int at = 0; at < rows; at++) {
            for (int eight = 0; eight < eights; eight++) {
                sum[at][eight] += line[eight] * row[at * inner + step];
            }
        }
    }
    for (int at = 0; at < rows; at++) {
        for (int eight = 0; eight < eights; eight++) {
            ((floats8 *)(out + at * outer))[eight] = sum[at][eight];
        }
    }
}

/* count × outer: each row (of `inner`) times the matrix (inner × outer). `outer` is a multiple of 8. */
FAST void products(int64_t count, int64_t inner, int64_t outer, const float *rows, const float *matrix, float *out)
{
    int64_t at = 0;
    for (; at + 4 <= count; at += 4) {
        const float *row = rows + at * inner;
        int64_t begin = 0;
        for (; begin + 16 <= outer; begin += 16) {
            tile(4, 2, inner, outer, row, matrix + begin, out + at * outer + begin);
        }
        if (begin < outer) {
            tile(4, 1, inner, outer, row, matrix + begin, out + at * outer + begin);
        }
    }
    for (; at < count; at++) {
        for (int64_t begin = 0; begin < outer; begin += 8) {
            tile(1, 1, inner, outer, rows + at * inner, matrix + begin, out + at * outer + begin);
        }
    }
}
