#include "../native/native.h"

/* What a place's surroundings are, as bits. */
enum { NEGATED = 1, AFTER = 2, BEFORE = 4, ASKED = 8 };

/* The flags of an atom that are asked for. */
typedef struct {
    int32_t word, emoji, transparent, clause_end, sentence_end, question, negator, lifts, contrast;
} Bits;

/* What stands around each of `count` places.

   flags, text_of    of each place
   far               what stands for "no negator before"
   scope             places behind a negator that it turns
   since … solid     an entry a place; clauses and sentences as many entries as there are: their numbers are in `sizes`
*/
EXPORT void structure(int64_t count, const int32_t *flags, const int32_t *text_of, const Bits *bits, int64_t far,
                      int64_t scope, int64_t *since, int8_t *state, int8_t *solid, int32_t *clause,
                      int64_t *clause_starts, int32_t *clause_bits, int32_t *sentence, int64_t *sentence_starts,
                      int32_t *sentence_bits, int64_t *sizes)
{
    int32_t clauses = -1, sentences = -1;
    int64_t negator = -1, first = -1, last = -1;
    for (int64_t at = 0; at < count; at++) {
        const int32_t is = flags[at];
        const int opens = at == 0 || text_of[at] != text_of[at - 1];
        const int32_t before = opens ? 0 : flags[at - 1];
        if (opens || (before & bits->clause_end) || (is & bits->contrast)) {
            clause_starts[++clauses] = at;
            clause_bits[clauses] = 0;
            negator = -1;
        }
        if (opens || (before & bits->sentence_end)) {
            sentence_starts[++sentences] = at;
            sentence_bits[sentences] = 0;
            first = last = -1;
        }
        clause[at] = clauses;
        clause_bits[clauses] |= is;
        sentence[at] = sentences;
        sentence_bits[sentences] |= is;
        since[at] = negator < 0 ? far : at - negator;
        state[at] = since[at] <= scope && (is & bits->word) ? NEGATED : 0;
        solid[at] = (is & (bits->word | bits->emoji)) && !(is & bits->transparent);
        const int ends = at + 1 == count || text_of[at + 1] != text_of[at];
        if ((is & bits->negator) && (ends || !(flags[at + 1] & bits->lifts))) {
            negator = at;
        }
        if (is & bits->contrast) {
            first = first < 0 ? at : first;
            last = at;
        }
        if (ends || (is & bits->sentence_end)) {
            const int asked = (sentence_bits[sentences] & bits->question) != 0;
            for (int64_t place = sentence_starts[sentences]; place <= at && (asked || first >= 0); place++) {
                state[place] |= (int8_t)((first >= 0 && place >= first ? AFTER : 0) | (place < last ? BEFORE : 0) |
                                         (asked ? ASKED : 0));
            }
        }
    }
    sizes[0] = clauses + 1;
    sizes[1] = sentences + 1;
}
