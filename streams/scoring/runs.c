#include "../native/native.h"
#include "model.h"

/* Of sums, how many eights of channels are kept in registers at once. */
#define BLOCK 8
/* Directions of a run that are taken at once. */
#define TOGETHER 3

/* Of one run, the weighted sum of what its places say: of each head, which has its own weights. */
INLINE void summed(int heads, int64_t start, int64_t end, const int16_t *hidden, const float *weight, int64_t total,
                   float *out)
{
    const int block = BLOCK / heads;
    for (int begin = 0; begin < CHANNELS / 8; begin += block) {
        floats8 sum[BLOCK] = {{0}};
        for (int64_t place = start; place < end; place++) {
            const steps8 *said = (const steps8 *)(hidden + place * CHANNELS) + begin;
            for (int at = 0; at < block; at++) {
                const floats8 part = __builtin_convertvector(said[at], floats8);
                for (int head = 0; head < heads; head++) {
                    sum[head * block + at] += part * weight[head * total + place];
                }
            }
        }
        for (int head = 0; head < heads; head++) {
            for (int at = 0; at < block; at++) {
                ((floats8 *)(out + head * CHANNELS))[begin + at] = sum[head * block + at];
            }
        }
    }
}

/* runs × heads × CHANNELS: the weighted sums of what the places (rows of `hidden`) of each run say. `weight` is
   heads × total; one head, or HEADS. */
FAST void weighted(int64_t runs, const int64_t *starts, const int64_t *ends, const int16_t *hidden, int64_t heads,
                   const float *weight, int64_t total, float *out)
{
    for (int64_t run = 0; run < runs; run++) {
        if (heads == HEADS) {
            summed(HEADS, starts[run], ends[run], hidden, weight, total, out + run * HEADS * CHANNELS);
        } else {
            summed(1, starts[run], ends[run], hidden, weight, total, out + run * CHANNELS);
        }
    }
}

/* Of one run, what its places add in the direction of each of some vectors (vectors × CHANNELS), vector by vector. */
INLINE void directed(int vectors, int64_t start, int64_t end, const int16_t *hidden, const float *weight,
                     const float *towards, float *out)
{
    for (int64_t place = start; place < end; place++) {
        const steps8 *said = (const steps8 *)(hidden + place * CHANNELS);
        floats8 even[TOGETHER] = {{0}}, odd[TOGETHER] = {{0}};
        for (int at = 0; at < CHANNELS / 8; at += 2) {
            const floats8 first = __builtin_convertvector(said[at], floats8);
            const floats8 second = __builtin_convertvector(said[at + 1], floats8);
            for (int one = 0; one < vectors; one++) {
                const floats8 *vector = (const floats8 *)(towards + one * CHANNELS) + at;
                even[one] += first * vector[0];
                odd[one] += second * vector[1];
            }
        }
        for (int one = 0; one < vectors; one++) {
            even[one] += odd[one];
            out[one * (end - start) + place - start] = total8(&even[one]) * weight[place];
        }
    }
}

/* What the places of each run add in the direction of its own vector (runs × CHANNELS), run behind run. A run that is
   asked for several times in a row is read once for some of them. */
FAST void spoken(int64_t runs, const int64_t *starts, const int64_t *ends, const int16_t *hidden, const float *weight,
                 const float *vectors, float *out)
{
    for (int64_t run = 0; run < runs;) {
        const int64_t start = starts[run], end = ends[run];
        int same = 1;
        while (same < TOGETHER && run + same < runs && starts[run + same] == start && ends[run + same] == end) {
            same++;
        }
        const float *towards = vectors + run * CHANNELS;
        if (same == TOGETHER) {
            directed(TOGETHER, start, end, hidden, weight, towards, out);
        } else if (same == 2) {
            directed(2, start, end, hidden, weight, towards, out);
        } else {
            same = 1;
            directed(1, start, end, hidden, weight, towards, out);
        }
        out += same * (end - start);
        run += same;
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

/* Of each run, the places of its largest values, the largest first and the first of those that are alike; returns how
   many there are in all. A name is told once.

   values        run behind run
   solid         of each place, whether it may be told
   names         of each place, what it would be told as
   bounds        a value has to be so large a part of the run's largest, and so large; above 0 in any case
   most          places of a run
   counts        of each run, how many are told
   out           their places; room for `most` a run
*/
EXPORT int64_t largest(int64_t runs, const int64_t *starts, const int64_t *ends, const float *values,
                       const uint8_t *solid, const int32_t *names, const float *bounds, int64_t most, int64_t *counts,
                       int64_t *out)
{
    int64_t total = 0;
    for (int64_t run = 0; run < runs; run++) {
        const float *value = values - starts[run];
        float top = 0.0f;
        for (int64_t place = starts[run]; place < ends[run]; place++) {
            top = solid[place] && value[place] > top ? value[place] : top;
        }
        const float floor = bounds[0] * top > bounds[1] ? bounds[0] * top : bounds[1];
        int64_t *mine = out + total, count = 0;
        for (int64_t place = starts[run]; place < ends[run]; place++) {
            if (!solid[place] || value[place] <= 0.0f || value[place] < floor) {
                continue;
            }
            int64_t rank = 0, last = 0;
            while (rank < count && value[mine[rank]] >= value[place] && names[mine[rank]] != names[place]) {
                rank++;
            }
            if (rank == most || (rank < count && value[mine[rank]] >= value[place])) {
                continue; /* Enough are larger, or the same name is. */
            }
            for (last = rank; last < count && names[mine[last]] != names[place]; last++) {
            }
            if (last == count) {
                count += count < most;
                last = count - 1;
            }
            for (; last > rank; last--) {
                mine[last] = mine[last - 1];
            }
            mine[rank] = place;
        }
        counts[run] = count;
        total += count;
        values += ends[run] - starts[run];
    }
    return total;
}
