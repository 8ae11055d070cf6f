#include "../native/native.h"

/* Words that are looked at for one, at most: many that pass for nothing ("so", "very") may stand at one position. */
#define MOST 64

/* Of a word, the nearest one on a side that fits an element within reach; -1 where none does. */
INLINE int64_t nearest(int64_t at, int64_t side, int64_t count, const int64_t *fits, const int64_t *positions,
                       const uint8_t *fitting, int64_t elements, int64_t element, int64_t reach)
{
    int64_t other = at + side;
    for (int step = 0; step < MOST && other >= 0 && other < count; step++, other += side) {
        const int64_t away = (positions[other] - positions[at]) * side;
        if (away > reach) {
            break;
        }
        if (away > 0 && fitting[fits[other] * elements + element]) {
            return other;
        }
    }
    return -1;
}

/* The phrases among `count` words; returns how many.

   fits         what each word is to the phrases
   positions    where it stands, ascending
   key_starts   of each fit, where its keys begin
   key_counts   how many they are
   keys         of each key, its phrase
   key_places   its place in the phrase
   fitting      fits × elements: whether words of a fit fit an element
   lengths      of each phrase, its elements
   longest      the most of those
   phrases      phrases × longest: the elements
   gaps         phrases × longest: words that may stand before each
   found        the phrases that are there, as many as there are keys at most
   places       of those × longest: the places of their words; behind the last one, it again
*/
EXPORT int64_t index_find(int64_t count, const int64_t *fits, const int64_t *positions, const int64_t *key_starts,
                          const int64_t *key_counts, const int64_t *keys, const int64_t *key_places,
                          const uint8_t *fitting, int64_t elements, const int64_t *lengths, int64_t longest,
                          const int64_t *phrases, const int64_t *gaps, int64_t *found, int64_t *places)
{
    int64_t hits = 0;
    for (int64_t at = 0; at < count; at++) {
        const int64_t begin = key_starts[fits[at]], end = begin + key_counts[fits[at]];
        for (int64_t key = begin; key < end; key++) {
            const int64_t phrase = keys[key], middle = key_places[key], length = lengths[phrase];
            const int64_t *wanted = phrases + phrase * longest, *gap = gaps + phrase * longest;
            int64_t *mine = places + hits * longest, step;
            mine[middle] = at;
            for (step = middle - 1; step >= 0; step--) {
                mine[step] = nearest(mine[step + 1], -1, count, fits, positions, fitting, elements, wanted[step],
                                     gap[step + 1] + 1);
                if (mine[step] < 0) {
                    break;
                }
            }
            if (step >= 0) {
                continue;
            }
            for (step = middle + 1; step < length; step++) {
                mine[step] = nearest(mine[step - 1], 1, count, fits, positions, fitting, elements, wanted[step],
                                     gap[step] + 1);
                if (mine[step] < 0) {
                    break;
                }
            }
            if (step < length) {
                continue;
            }
            for (; step < longest; step++) {
                mine[step] = mine[length - 1];
            }
            found[hits++] = phrase;
        }
    }
    return hits;
}
