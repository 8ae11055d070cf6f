#include "../native/native.h"
#include <math.h>

/* Letters that are taken together. */
#define FEWEST 3
#define MOST 5

/* A step of the checksum of ISO 3309 (as zlib's crc32), bit by bit: eight of them a letter, and no table to keep. */
INLINE uint32_t crc(uint32_t sum, uint8_t letter)
{
    sum ^= letter;
    for (int bit = 0; bit < 8; bit++) {
        sum = sum >> 1 ^ (sum & 1 ? UINT32_C(0xEDB88320) : 0);
    }
    return sum;
}

/* The rows of words in the table of embeddings, and what each counts for; returns how many there are.

   letters      the words in UTF-8, "<" before and ">" behind each
   begins       where each begins; and the end
   own          each word's own row; -1: none
   flags        what is known of it: whether its letters count (`spelt`), and how it is written
   letters_at   the first row of letters; behind all `buckets` of them, those of the two styles
   rows, scales room for all of them: one and two a word, and three times its letters
   starts       of each word, where its rows begin
*/
EXPORT int64_t words_rows(int64_t count, const uint8_t *letters, const int64_t *begins, const int64_t *own,
                          const int64_t *flags, int64_t spelt, int64_t capitals, int64_t elongated, int64_t letters_at,
                          int64_t buckets, int64_t *rows, float *scales, int64_t *starts)
{
    int64_t next = 0;
#define ROW(row, scale) (rows[next] = (row), scales[next++] = (scale))
    for (int64_t word = 0; word < count; word++) {
        starts[word] = next;
        ROW(own[word] < 0 ? 0 : own[word], own[word] < 0 ? 0.0f : 1.0f);
        const int64_t first = next, size = begins[word + 1] - begins[word];
        for (int width = FEWEST; width <= MOST && (flags[word] & spelt); width++) {
            for (int64_t at = 0; at + width <= size; at++) {
                uint32_t sum = UINT32_MAX;
                for (int letter = 0; letter < width; letter++) {
                    sum = crc(sum, letters[begins[word] + at + letter]);
                }
                ROW(letters_at + (int64_t)(~sum & (uint32_t)(buckets - 1)), 0.0f);
            }
        }
        /* The root of their number keeps long words from shouting. */
        const float scale = (float)(1.0 / sqrt(next > first ? (double)(next - first) : 1.0));
        for (int64_t row = first; row < next; row++) {
            scales[row] = scale;
        }
        if (flags[word] & capitals) {
            ROW(letters_at + buckets, 1.0f);
        }
        if (flags[word] & elongated) {
            ROW(letters_at + buckets + 1, 1.0f);
        }
    }
    return next;
}

/* count × inner: the sums of the words' rows of the table, each times its factor; in double precision, in which no order
   of adding them shows in the whole steps that are made of them. `inner` is a multiple of 8. */
FAST void words_embedded(int64_t count, const int64_t *starts, int64_t total, const int64_t *rows,
                         const float *factors, int64_t inner, const int8_t *table, double *out)
{
    for (int64_t word = 0; word < count; word++) {
        const int64_t end = word + 1 < count ? starts[word + 1] : total;
        for (int64_t eight = 0; eight < inner; eight += 8) {
            doubles8 sum = {0};
            for (int64_t row = starts[word]; row < end; row++) {
                const bytes8 *from = (const bytes8 *)(table + rows[row] * inner + eight);
                sum += __builtin_convertvector(*from, doubles8) * (double)factors[row];
            }
            *(doubles8 *)(out + word * inner + eight) = sum;
        }
    }
}
