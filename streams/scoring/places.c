#include "model.h"
#include "pairs.h"

/* Bits of a rectified number that are rounded away. */
#define COARSE 6
#define HALF (1 << COARSE >> 1)
/* Rows of the taps in a table of them. */
#define ROWS_BITS 14
/* Places whose words are looked up before any is read: meanwhile the first ones arrive from memory. */
#define AHEAD 8

EXPORT const int32_t places_channels = CHANNELS;
EXPORT const int32_t places_taps = TAPS;
EXPORT const int32_t places_heads = HEADS;
EXPORT const int32_t places_coarse = COARSE;
EXPORT const int32_t places_rows = 1 << ROWS_BITS;

typedef struct {
    const int16_t *taps[TAPS];
    const int16_t *state;
    const int8_t *pair;
} Around;

INLINE void fetch(const void *from, int64_t size)
{
    for (int64_t at = 0; at < size; at += 64) {
        __builtin_prefetch((const char *)from + at);
    }
}

/* What some places of a frame say, and how much each counts before the exponential.

   which         numbers of the places in the frame; NULL: all
   total         places of the frame
   rows          of each place of the frame, its word's row of the taps; row 0 is nothing
   text_of       of each, the text that it belongs to
   state         of each, what its surroundings are
   tables        taps, 1 << ROWS_BITS rows each: rows × TAPS × CHANNELS, what a word adds two places further on, …
   states        states × CHANNELS
   keys          of each row, the key of its word
   known, starts the pairs that have rows of their own
   pair_table    (1 + pairs) × CHANNELS, in steps of pair_steps
   weighing      HEADS × CHANNELS
   said          count × CHANNELS, multiples of 1 << COARSE
   sums          HEADS × count: whole numbers, exact in single precision since they are multiples, too
*/
FAST void places(int64_t count, const int64_t *which, int64_t total, const int64_t *rows, const int32_t *text_of,
                 const int8_t *state, const int16_t *const *tables, const int16_t *states, const uint64_t *keys,
                 const uint32_t *known, const int32_t *starts, const int8_t *pair_table, const int16_t *pair_steps,
                 const float *weighing, int16_t *said, float *sums)
{
    for (int64_t begin = 0; begin < count; begin += AHEAD) {
        Around ahead[AHEAD];
        const int64_t some = count - begin < AHEAD ? count - begin : AHEAD;
        for (int64_t at = 0; at < some; at++) {
            Around *around = ahead + at;
            const int64_t place = which ? which[begin + at] : begin + at;
            for (int tap = 0; tap < TAPS; tap++) {
                const int64_t other = place + tap - TAPS / 2;
                const int inside = other >= 0 && other < total && text_of[other] == text_of[place];
                const int64_t row = inside ? rows[other] : 0;
                around->taps[tap] = tables[row >> ROWS_BITS] + ((row & ((1 << ROWS_BITS) - 1)) * TAPS + tap) * CHANNELS;
                fetch(around->taps[tap], CHANNELS * sizeof(int16_t));
            }
            const int follows = place > 0 && text_of[place - 1] == text_of[place];
            const uint32_t key = pair_key(keys[rows[place]], follows ? keys[rows[place - 1]] : 0);
            around->pair = pair_table + pair_row(key, known, starts) * CHANNELS;
            fetch(around->pair, CHANNELS);
            around->state = states + state[place] * CHANNELS;
        }
        for (int64_t at = 0; at < some; at++) {
            const Around *around = ahead + at;
            int16_t *out = said + (begin + at) * CHANNELS;
            floats8 weight[HEADS] = {{0}};
            for (int channel = 0; channel < CHANNELS; channel += 16) {
                steps16 sum = *(const steps16 *)(around->state + channel);
                for (int tap = 0; tap < TAPS; tap++) {
                    sum += *(const steps16 *)(around->taps[tap] + channel);
                }
                sum += __builtin_convertvector(*(const bytes16 *)(around->pair + channel), steps16) *
                       *(const steps16 *)(pair_steps + channel);
                sum &= sum > 0;
                sum = (sum + HALF) & -(1 << COARSE);
                *(steps16 *)(out + channel) = sum;
                for (int half = 0; half < 16; half += 8) {
                    const floats8 part = __builtin_convertvector(*(const steps8 *)(out + channel + half), floats8);
                    for (int head = 0; head < HEADS; head++) {
                        weight[head] += part * *(const floats8 *)(weighing + head * CHANNELS + channel + half);
                    }
                }
            }
            for (int head = 0; head < HEADS; head++) {
                sums[head * count + begin + at] = total8(&weight[head]);
            }
        }
    }
}

/* Of runs of places, each read as if it were a text of its own, the places that hear something else than in their text:
   they are cut off from a neighbour, or their surroundings differ. Numbers of those, counted from the first run's first
   place; returns how many.

   starts, ends  of each run, in the frame
   state         of each place of the frame
   own           of each place of the runs, run behind run
*/
EXPORT int64_t places_cut_off(int64_t runs, const int64_t *starts, const int64_t *ends, int64_t total,
                              const int32_t *text_of, const int8_t *state, const int8_t *own, int64_t *out)
{
    int64_t count = 0, number = 0;
    for (int64_t run = 0; run < runs; run++) {
        const int64_t begin = starts[run], end = ends[run];
        for (int64_t place = begin; place < end; place++, number++) {
            int cut = own[number] != state[place];
            for (int64_t other = place - TAPS / 2; other <= place + TAPS / 2; other++) {
                const int outside = other < begin || other >= end;
                cut |= outside && other >= 0 && other < total && text_of[other] == text_of[place];
            }
            if (cut) {
                out[count++] = number;
            }
        }
    }
    return count;
}
