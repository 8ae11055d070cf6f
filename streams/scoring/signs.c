#include "../native/native.h"

/* What may be found, and what a character is: the bits of signs.py, in its order. */
enum {
    GIVEN = 1 << 0,
    TITLE = 1 << 1,
    BOX = 1 << 3,
    FOREIGN = 1 << 4,
    BIRTH = 1 << 5,
    PAPER = 1 << 6,
    CODE = 1 << 7,
    STREET_WORD = 1 << 8,
    BEFORE_NAME = 1 << 9,
    MENTION = 1 << 10,
    INTRODUCED = 1 << 11,
    STREET = 1 << 12,
    STATE = 1 << 13,
    POSTCODE = 1 << 14,
    LONG = 1 << 15,
    DOTTED = 1 << 16,
    COLONS = 1 << 17,
    SIGNED = 1 << 18,
    NUMBERED = 1 << 19,
    /* What a text is marked with because of a word; of some it is told where the word stands. */
    SHOWN = (1 << 9) - 1,
    /* Of a word for a code: one may stand behind it. */
    FOLLOWED = 1 << 30,
    PLACED = GIVEN | TITLE | PAPER | CODE,
};
enum { DIGIT = 1, CAPITAL = 2, BLANK = 4, UNCLEAN = 8, BEYOND = 16 };

#define WIDTH 5 /* characters of a cue */
#define SIGNS 28 /* of a cue's alphabet */
#define TABLE_BITS 20
#define NEAR 3 /* places from a digit of a long number to the next, at most */
#define LONG_DIGITS 7
#define BOOKING 6 /* capitals of a booking */
#define CODE_WITHIN 70 /* signs from the beginning of what a code is called to its first digit, at most */

/* Characters (UTF-32) → codes: ASCII as it is, `beyond` for all else; returns how many of these are in `like`. */
EXPORT int64_t signs_codes(int64_t count, const uint32_t *characters, uint8_t beyond, int64_t likes,
                           const uint32_t *like, uint8_t *codes, int64_t *odd)
{
    int64_t found = 0;
    for (int64_t at = 0; at < count; at++) {
        codes[at] = characters[at] < beyond ? (uint8_t)characters[at] : beyond;
        for (int64_t one = 0; codes[at] == beyond && one < likes; one++) {
            if (characters[at] == like[one]) {
                odd[found++] = at;
            }
        }
    }
    return found;
}

/* Whether each text may have another normal form than itself. A text begins with a line break that is not its own;
   begins has one entry more than there are texts. */
EXPORT void signs_untidy(int64_t texts, const int64_t *begins, const uint8_t *codes, const uint8_t *classes,
                         uint8_t *untidy)
{
    for (int64_t text = 0; text < texts; text++) {
        uint8_t before = classes[codes[begins[text]]] & BLANK, found = 0;
        for (int64_t at = begins[text] + 1; at <= begins[text + 1]; at++) {
            const uint8_t is = classes[codes[at]];
            found |= (is & before & BLANK) | (at < begins[text + 1] ? is & UNCLEAN : 0);
            before = is;
        }
        untidy[text] = found != 0;
    }
}

INLINE int introduces(const uint8_t *space)
{
    /* "I'm", "I am"; "this is". */
    const uint8_t last = space[-1] | 32, second = space[-2] | 32;
    return (last == 'm' && (second == '\'' || second == 'a')) ||
           (last == 's' && second == 'i' && (space[-3] | 32) == ' ' && (space[-4] | 32) == 's');
}

/* Which signs of an address stand around a space, before a capital or not. */
INLINE int32_t addressed(const uint8_t *space, const uint8_t *classes, int named)
{
#define IS(step) classes[space[step]]
    int32_t found = 0;
    /* "12 Baker Street", "221B Baker Street", "45 W 34th St". */
    if (named && ((IS(-1) | IS(-2)) & DIGIT)) {
        found |= NUMBERED;
    }
    if ((IS(1) & DIGIT) && (IS(-1) & (DIGIT | CAPITAL))) {
        /* "SW1A 1AA"; "IL 62704". */
        if (IS(2) & IS(3) & CAPITAL) {
            found |= POSTCODE;
        }
        if ((IS(-1) & IS(-2) & CAPITAL) && (IS(3) & IS(5) & DIGIT)) {
            found |= STATE;
        }
    }
    return found;
}

/* Whether a number stands behind "#", where up to four letters and a dash may stand before its digits. */
INLINE int numbered(const uint8_t *sign, const uint8_t *classes)
{
    if (classes[sign[1]] & DIGIT) {
        return 1;
    }
    for (int step = 2; step <= 6 && (classes[sign[1]] & CAPITAL); step++) {
        if (classes[sign[step]] & DIGIT) {
            return 1;
        }
    }
    return 0;
}

/* "AB-12345". */
INLINE int dashed(const uint8_t *dash, const uint8_t *classes)
{
    int found = classes[dash[-1]] & CAPITAL;
    for (int step = 1; step <= 5 && found; step++) {
        found = classes[dash[step]] & DIGIT;
    }
    return found != 0;
}

EXPORT const int32_t signs_width = WIDTH, signs_table = 1 << TABLE_BITS;

/* The place of a cue in the table, from its characters as a number. */
INLINE uint32_t bucket(uint32_t value) { return (value * UINT32_C(0x9E3779B1)) >> (32 - TABLE_BITS); }

/* The same of `count` cues, WIDTH numbers of the alphabet each. */
EXPORT void signs_buckets(int64_t count, const uint32_t *cues, int64_t *out)
{
    for (int64_t at = 0; at < count; at++) {
        uint32_t value = 0;
        for (int sign = 0; sign < WIDTH; sign++) {
            value = value * SIGNS + cues[at * WIDTH + sign];
        }
        out[at] = bucket(value);
    }
}

/* Of each place, what the cue that begins there is a sign of; `count` codes, and as many cues but the last few. */
INLINE void look_up(int64_t count, const uint8_t *codes, const uint32_t *fold, const uint16_t *table, uint16_t *cues)
{
    const uint32_t top = SIGNS * SIGNS * SIGNS * SIGNS;
    uint32_t value = 0;
    for (int64_t at = 0; at < count; at++) {
        value = value * SIGNS + fold[codes[at]];
        if (at >= WIDTH - 1) {
            cues[at - WIDTH + 1] = table[bucket(value)];
            value -= fold[codes[at - WIDTH + 1]] * top;
        }
    }
}

/* Marks the words for a code that a place follows closely enough: the newest first, and where one is marked already, so
   are those before it that may be. */
INLINE void follow(int64_t place, int64_t first, int64_t spots, const int64_t *places, int64_t *kinds)
{
    for (int64_t spot = spots - 1; spot >= first && place - places[spot] <= CODE_WITHIN; spot--) {
        if (kinds[spot] & FOLLOWED) {
            return;
        }
        kinds[spot] |= kinds[spot] & CODE ? FOLLOWED : 0;
    }
}

/* What each text may hold, and where the words stand that say so; returns how many such spots there are.

   begins    of each text, the place of the line break before it; and that behind the last one
   count     codes
   codes     eight line breaks before the first text and behind the last
   classes   of each code, what it is
   fold      of each code, its number in a cue's alphabet
   table     of each five of those, what they are a sign of
   cues      room for as many as there are codes
   signs     of each text, what it may hold
   starts    of each text, where its spots begin
   places    where words stand, from their text's beginning (-1: before it); room for three times the codes
   kinds     their signs
*/
EXPORT int64_t signs_personal(int64_t texts, const int64_t *begins, int64_t count, const uint8_t *codes,
                              const uint8_t *classes, const uint32_t *fold, const uint16_t *table, uint16_t *cues,
                              int64_t *signs, int64_t *starts, int64_t *places, int64_t *kinds)
{
    int64_t spots = 0;
    look_up(count, codes, fold, table, cues);
    for (int64_t text = 0; text < texts; text++) {
        const int64_t begin = begins[text], end = begins[text + 1], far = begin - CODE_WITHIN - 1;
        int64_t dot = far, colon = far, digit = far, digits = 0;
        int32_t found = 0;
#define SPOT(kind) (places[spots] = at - begin - 1, kinds[spots++] = (kind))
        starts[text] = spots;
        for (int64_t at = begin; at < end; at++) {
            const uint8_t *here = codes + at, is = classes[*here];
            const int32_t cue = cues[at] & SHOWN;
            if (cue) {
                found |= cue;
                if (cue & PLACED) {
                    SPOT(cue & PLACED);
                }
            }
            if (is & DIGIT) {
                digits = at - digit > NEAR ? 1 : digits + 1;
                found |= digits >= LONG_DIGITS ? LONG : 0;
                digit = at;
                follow(at - begin - 1, starts[text], spots, places, kinds);
            } else if (is & CAPITAL) {
                int many = 1;
                while (many < BOOKING && (classes[here[many]] & CAPITAL)) {
                    many++;
                }
                if (many == BOOKING) {
                    follow(at - begin - 1, starts[text], spots, places, kinds);
                }
            } else if (*here == ' ') {
                const int named = (classes[here[1]] & (CAPITAL | BEYOND)) != 0;
                found |= addressed(here, classes, named);
                /* A comma may stand between. */
                if (named && (cues[at - WIDTH - (here[-1] == ',')] & BEFORE_NAME)) {
                    found |= MENTION;
                    SPOT(MENTION);
                }
                if (named && introduces(here)) {
                    found |= GIVEN;
                    SPOT(INTRODUCED);
                }
            } else if (*here == '.') {
                if (classes[here[-1]] & classes[here[1]] & DIGIT) {
                    found |= at - dot <= 4 ? DOTTED : 0;
                    dot = at;
                }
            } else if (*here == ':') {
                found |= at - colon <= 5 ? COLONS : 0;
                colon = at;
            } else if ((*here == '#' && numbered(here, classes)) || (*here == '-' && dashed(here, classes))) {
                found |= SIGNED;
            }
        }
        /* Of the words for a code only those stay that one may follow. */
        int64_t kept = starts[text];
        found &= ~CODE;
        for (int64_t spot = kept; spot < spots; spot++) {
            const int64_t kind = kinds[spot] & FOLLOWED ? kinds[spot] & ~(int64_t)FOLLOWED : kinds[spot] & ~(int64_t)CODE;
            found |= (int32_t)kind & CODE;
            places[kept] = places[spot];
            kinds[kept] = kind;
            kept += kind != 0;
        }
        spots = kept;
        if ((found & STREET_WORD) && (found & NUMBERED)) {
            found |= STREET;
        }
        if (digit == far) {
            found &= ~(BIRTH | PAPER | BOX | FOREIGN);
        }
        signs[text] = found & ~(STREET_WORD | NUMBERED);
    }
    starts[texts] = spots;
    return spots;
}
