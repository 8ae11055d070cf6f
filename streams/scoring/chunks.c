#include "../native/native.h"
#include <string.h>

/* No letter of UTF-8: it stands between texts. */
#define BETWEEN 0xFF

EXPORT const int32_t chunks_between = BETWEEN;

/* A line break is a chunk of its own, and so is a text that has none: the entry 0. */
#define BREAK 0

/* What is known of chunks. */
typedef struct {
    const uint8_t *keys;     /* their letters, one chunk behind the other */
    const int64_t *begins;   /* of each entry, where its letters begin */
    const int32_t *sizes;    /* how many they are */
    int32_t *slots;          /* hash table: entry + 1, or 0 */
    uint32_t *tags;          /* of each slot, more bits of its entry's hash */
    int64_t mask;            /* slots less one; a power of two less one */
    uint64_t secret[2];      /* the hash's key */
} Known;

/* SipHash-1-3 (Aumasson and Bernstein, 2012; the form that CPython hashes strings with): who sends texts does not know the
   key, and can't make chunks that all want the same slot. */
INLINE uint64_t turned(uint64_t value, int bits) { return value << bits | value >> (64 - bits); }

INLINE void sip_round(uint64_t *v)
{
    v[0] += v[1], v[2] += v[3];
    v[1] = turned(v[1], 13) ^ v[0], v[3] = turned(v[3], 16) ^ v[2];
    v[0] = turned(v[0], 32);
    v[2] += v[1], v[0] += v[3];
    v[1] = turned(v[1], 17) ^ v[2], v[3] = turned(v[3], 21) ^ v[0];
    v[2] = turned(v[2], 32);
}

INLINE uint64_t hashed(const uint64_t *secret, const uint8_t *letters, int64_t size)
{
    uint64_t v[4] = {secret[0] ^ UINT64_C(0x736f6d6570736575), secret[1] ^ UINT64_C(0x646f72616e646f6d),
                     secret[0] ^ UINT64_C(0x6c7967656e657261), secret[1] ^ UINT64_C(0x7465646279746573)};
    uint64_t part = (uint64_t)size << 56;
    const uint8_t *end = letters + (size & ~(int64_t)7);
    for (; letters < end; letters += 8) {
        uint64_t eight;
        memcpy(&eight, letters, 8);
        v[3] ^= eight;
        sip_round(v);
        v[0] ^= eight;
    }
    for (int at = 0; at < (size & 7); at++) {
        part |= (uint64_t)end[at] << (8 * at);
    }
    v[3] ^= part;
    sip_round(v);
    v[0] ^= part;
    v[2] ^= 0xFF;
    for (int round = 0; round < 3; round++) {
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The slot of a chunk, or the free one that would be its. */
INLINE int64_t slot_of(const Known *known, const uint8_t *letters, int64_t size)
{
    const uint64_t hash = hashed(known->secret, letters, size);
    const uint32_t tag = (uint32_t)(hash >> 32);
    int64_t slot = (int64_t)hash & known->mask;
    for (;; slot = (slot + 1) & known->mask) {
        const int32_t entry = known->slots[slot] - 1;
        if (entry < 0 || (known->tags[slot] == tag && known->sizes[entry] == size &&
                          memcmp(known->keys + known->begins[entry], letters, (size_t)size) == 0)) {
            return slot;
        }
    }
}

/* Puts the entries `from` … `to - 1` into the table. */
EXPORT void chunks_insert(const Known *known, int64_t from, int64_t to)
{
    for (int64_t entry = from; entry < to; entry++) {
        const uint8_t *letters = known->keys + known->begins[entry];
        const int64_t slot = slot_of(known, letters, known->sizes[entry]);
        known->slots[slot] = (int32_t)entry + 1;
        known->tags[slot] = (uint32_t)(hashed(known->secret, letters, known->sizes[entry]) >> 32);
    }
}

/* Bytes of the white space that begins here, as str.split() knows it in UTF-8; 0 where there is none. */
INLINE int64_t space(const uint8_t *text, int64_t left)
{
    if (text[0] <= ' ') {
        return text[0] == ' ' || (text[0] >= 0x09 && text[0] <= 0x0D) || text[0] >= 0x1C;
    }
    if (text[0] == 0xC2) {
        return left > 1 && (text[1] == 0x85 || text[1] == 0xA0) ? 2 : 0;
    }
    if (text[0] < 0xE1 || text[0] > 0xE3 || left < 3) {
        return 0;
    }
    const uint32_t three = (uint32_t)text[0] << 16 | (uint32_t)text[1] << 8 | text[2];
    return three == 0xE19A80 || (three >= 0xE28080 && three <= 0xE2808A) || three == 0xE280A8 || three == 0xE280A9 ||
                   three == 0xE280AF || three == 0xE2819F || three == 0xE38080
               ? 3
               : 0;
}

/* The chunks of texts, in order; returns how many.

   raw       the texts in UTF-8, each followed by BETWEEN
   begins    of each chunk, where it begins in `raw`
   sizes     its bytes; none where a text has no chunk
   entries   what is known of it, by number; -1: nothing
   texts     which text it belongs to
*/
EXPORT int64_t chunks_find(int64_t size, const uint8_t *raw, const Known *known, int64_t *begins, int32_t *sizes,
                           int32_t *entries, int32_t *texts)
{
    int64_t count = 0, opened = 0;
    int32_t text = 0;
#define CHUNK(from, many, entry)                                                                                       \
    (begins[count] = (from), sizes[count] = (int32_t)(many), entries[count] = (entry), texts[count++] = text)
    for (int64_t at = 0; at < size;) {
        if (raw[at] == BETWEEN) {
            if (count == opened) {
                CHUNK(at, 0, BREAK);
            }
            opened = count;
            text++;
            at++;
            continue;
        }
        const int64_t gap = space(raw + at, size - at);
        if (gap) {
            if (raw[at] == '\n') {
                CHUNK(at, 1, BREAK);
            }
            at += gap;
            continue;
        }
        int64_t end = at + 1;
        while (raw[end] != BETWEEN && !space(raw + end, size - end)) {
            end++;
        }
        CHUNK(at, end - at, known->slots[slot_of(known, raw + at, end - at)] - 1);
        at = end;
    }
    return count;
}

/* The atoms of chunks, in order; returns how many.

   all       the atoms of all entries, one behind the other
   first     of each entry, where its atoms begin
   many      how many they are
   atoms     of each place, its atom
   owners    its text
   starts    of each text, its first place
   places    of each chunk, its first place
*/
EXPORT int64_t chunks_atoms(int64_t count, const int32_t *entries, const int32_t *texts, const int32_t *all,
                            const int64_t *first, const int32_t *many, int32_t *atoms, int32_t *owners,
                            int64_t *starts, int64_t *places)
{
    int64_t place = 0;
    for (int64_t chunk = 0; chunk < count; chunk++) {
        if (chunk == 0 || texts[chunk] != texts[chunk - 1]) {
            starts[texts[chunk]] = place;
        }
        places[chunk] = place;
        const int32_t *mine = all + first[entries[chunk]];
        for (int32_t at = 0; at < many[entries[chunk]]; at++) {
            atoms[place] = mine[at];
            owners[place++] = texts[chunk];
        }
    }
    return place;
}
