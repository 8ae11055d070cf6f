"""What the texts of a frame may hold that has to be cleaned, told of all of them at once.

Most texts need few of the patterns that normalise and redact, and trying one costs more than all that is done here for
a text: a few numpy operations over the characters of the whole frame. A sign may be shown in vain, never be missing; of
most it is told where they stand, so that a long text is not searched because of one word in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from streams.scoring.anchored import LIKE_ASCII

GIVEN, TITLE, FAREWELL, BOX, FOREIGN, BIRTH, PAPER, CODE, _STREET, _BEFORE_NAME = (1 << bit for bit in range(10))
"""What words tell of: names that are given, behind a title or below a greeting; post-office boxes and streets of other
countries; dates of birth, papers, codes; a kind of street; what ends as words do behind which a name may stand."""
MENTION, INTRODUCED, STREET, STATE, POSTCODE, LONG, DOTTED, COLONS, SIGNED, _NUMBERED = (
    1 << bit for bit in range(10, 20)
)
"""What else may be found: names behind such words and behind "I'm"; streets, "IL 62704", postcodes; seven digits near
each other, dots and colons as in internet addresses, "#12345" or "AB-12345"; a capital behind a number."""
EVERYTHING = (1 << 19) - 1 - _STREET - _BEFORE_NAME
_SHOWN = GIVEN | TITLE | FAREWELL | BOX | FOREIGN | BIRTH | PAPER | CODE | _STREET
"""What a text is marked with because of a word."""
_PLACED = GIVEN | TITLE | PAPER | CODE
"""Of what it is told where the word stands."""

_ASCII_END = 128
"""Stands for every character beyond ASCII."""
_DIGIT, _CAPITAL, _BLANK, _UNCLEAN, _BEYOND = (1 << bit for bit in range(5))
"""What a character is; the ends of texts are line breaks here."""


def _classes() -> NDArray[np.uint8]:
    table = np.zeros(_ASCII_END + 1, dtype=np.uint8)
    for number in range(_ASCII_END):
        sign = chr(number)
        table[number] = (
            _DIGIT * sign.isdigit()
            | _CAPITAL * sign.isupper()
            | _BLANK * (sign in " \n")
            | _UNCLEAN * (sign in "&<" or not sign.isprintable())
        )
    table[_ASCII_END] = _DIGIT | _UNCLEAN | _BEYOND
    return table


_CLASSES = _classes()
_ROOM = 8
_WIDTH = 5
"""Characters of a cue that are compared."""
_FOLDED = " 0abcdefghijklmnopqrstuvwxyz"
_OTHER = len(_FOLDED)
"""Stands for every letter beyond ASCII; small letters, 0 for digits and a space for all else are the others."""
_FOLD = np.array(
    [
        _FOLDED.index("0" if chr(at).isdigit() else chr(at).lower() if chr(at).isalpha() else " ")
        for at in range(_ASCII_END)
    ]
    + [_OTHER],
    dtype=np.uint32,
)
_SIGNS = _OTHER + 1
_NEAR = 3
"""Places from a digit of a long number to the next, at most."""
_LIKE_ASCII = np.array([ord(sign) for sign in LIKE_ASCII], dtype=np.uint32)
_CODE_WITHIN = 70
"""Signs from the beginning of what a code is called to its first digit, at most."""
_CUES: dict[int, str] = {
    # "£" stands for a letter beyond ASCII, "?" for any sign, "_" for what parts words. What is longer is a piece of it.
    GIVEN: "name",
    TITLE: "_mr_ _mrs_ _ms_ miss_ _mist _dr_ _prof herr_ frau_ _se£o _seno _sra_ _mons _mada _mme_",
    _BEFORE_NAME: "alled named me_of on_of ld_by ed_by k_for d_for ke_to en_to ng_to lk_to ed_to ut_to"
    " ks_to os_to ps_to ou_to lt_to ak_to _with agent ?lady leman ??rep ative eague visor"
    " nager eward rdess ndant loyee clerk ciate sband ?wife ??son ghter other ather ??mom"
    " ??mum ??dad ister riend rtner",
    FAREWELL: "egard incer yours aithf gr££e ordia salud greet espec thank _thx cheer _best _ciao _love _xoxo advan",
    BOX: "o_box o__bo obox",
    FOREIGN: "ra£e_ rasse str__ gasse grach traat laan_ allee _rue_ oulev hemin mpass calle"
    " venid avda_ _via_ viale piazz corso _rua_",
    _STREET: "_stre _st_ _aven _ave_ _av_ _road _rd_ _lane _ln_ _driv _dr_ _boul _blvd _terr _cour _ct_"
    " _clos _cres _squa _sq_ _park _pkwy _high _hwy_ _gard _grov _mews _whar _quay _plac _way_",
    BIRTH: "born _dob d_o_b do_b d_ob birth gebur gebor n£_le n£e_l nacid",
    CODE: "_orde _book _rese _conf _trac _invo _tick _case _clai _ref _acc _cust _memb _poli _parc _ship _loca _pnr"
    " _rece _seri _imei _vouc _mile _loya _rma _tag _reco _gift _freq",
    PAPER: "_ssn l_sec _ni_n l_ins _dni _nie _cpf asspo licen _bsn adhaa pesel codic steue tax_i numme"
    " known _ktn edres asswo assco pass_ _pin _cvv _cvc y_cod",
}


def _bucket(signs: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The place in the table of every five characters that follow each other along the first axis."""
    size = len(signs) - _WIDTH + 1
    value = signs[:size].copy()
    for at in range(1, _WIDTH):
        value *= np.uint32(_SIGNS)
        value += signs[at : at + size]
    value *= np.uint32(0x9E3779B1)
    value >>= np.uint32(12)
    return value


def _cue_table() -> NDArray[np.uint16]:
    table = np.zeros(1 << 20, dtype=np.uint16)
    for bit, cues in _CUES.items():
        for cue in cues.split():
            places: list[range | list[int]] = []
            for at, sign in enumerate(cue[:_WIDTH]):
                if sign == "_":
                    # A dash or a quote beyond ASCII may stand before a word, too.
                    places.append([0, _OTHER] if at == 0 else [0])
                elif sign == "?":
                    places.append(range(_SIGNS))
                else:
                    places.append([_OTHER if sign == "£" else _FOLDED.index(sign)])
            places += [range(_SIGNS)] * (_WIDTH - len(places))
            table[_bucket(np.array(list(product(*places)), dtype=np.uint32).T)[0]] |= bit
    return table


_TABLE = _cue_table()


@dataclass(slots=True)
class Shown:
    """What a text may hold, and where the words stand that say so."""

    signs: int
    spots: list[tuple[int, int]] | None = None
    """Place in the text (-1: before it) and sign, ascending; None: nobody has looked, it may be anywhere."""

    def at(self, sign: int) -> list[int] | None:
        """Where a sign was seen."""
        return None if self.spots is None else [at for at, bits in self.spots if bits & sign]


EVERYWHERE = Shown(EVERYTHING)
"""Anything may be anywhere."""


def untidy(texts: Sequence[str]) -> list[bool]:
    """Whether a text may have another normal form than itself."""
    codes, starts, _ = _codes(texts)
    classes = np.take(_CLASSES, codes)
    blank = (classes & _BLANK) != 0
    unclean = (classes & _UNCLEAN) != 0
    unclean[starts[:-1]] = False  # The line breaks between the texts are ours.
    unclean[:-1] |= blank[:-1] & blank[1:]
    out: list[bool] = np.logical_or.reduceat(unclean[:-1], starts[:-1]).tolist()
    return out


def personal(texts: Sequence[str]) -> list[Shown | None]:
    """What normalised texts may hold, their links, handles and mail addresses taken out; None: nothing of all this."""
    codes, starts, odd = _codes(texts)
    # With room at both ends, so that nothing below has to look where the frame ends.
    codes = np.pad(codes, _ROOM, constant_values=ord("\n"))
    begins = starts[:-1] + _ROOM
    classes = np.take(_CLASSES, codes)
    cues = np.zeros(len(codes), dtype=np.uint16)
    cues[: 1 - _WIDTH] = np.take(_TABLE, _bucket(np.take(_FOLD, codes)))
    digits = np.flatnonzero(classes & _DIGIT)

    def owners(places: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.searchsorted(begins, places, side="right") - 1

    signs = np.zeros(len(texts), dtype=np.int64)
    named = _before_names(codes, classes)
    # A comma may stand between.
    called = named[(cues[named - _WIDTH - (codes[named - 1] == ord(","))] & _BEFORE_NAME) != 0]
    given = _introduced(codes, named)
    told = [(called, MENTION), (given, GIVEN), *_numbers(codes, classes, digits), *_addresses(codes, classes, named)]
    for places, sign in told:
        signs[owners(places)] |= sign
    seen = np.flatnonzero(cues & _SHOWN)
    bits = cues[seen].astype(np.int64)
    whose = owners(seen)
    for sign in (GIVEN, TITLE, FAREWELL, BOX, FOREIGN, BIRTH, PAPER, CODE, _STREET):
        signs[whose[(bits & sign) != 0]] |= sign
    near = _near_codes(classes, digits, seen[(bits & CODE) != 0], np.append(begins, len(codes)))
    signs &= ~CODE
    signs[owners(near)] |= CODE
    signs[((signs & _STREET) != 0) & ((signs & _NUMBERED) != 0)] |= STREET
    digital = np.zeros(len(texts), dtype=np.bool_)
    digital[owners(digits)] = True
    signs[~digital] &= ~(BIRTH | PAPER | BOX | FOREIGN)
    signs &= EVERYTHING
    for at in np.flatnonzero(signs & FAREWELL).tolist():
        # A greeting is followed by a name where the text ends with a capital, or further lines follow.
        last = texts[at][-40:].split()[-1:]
        capital = last and (last[0][0].isupper() or last[0][0] > "\x7f")
        if not capital and "\n" not in texts[at]:
            signs[at] &= ~FAREWELL
    out: list[Shown | None] = [None] * len(texts)
    found = np.flatnonzero(signs).tolist()
    places, kinds = _spots(seen, bits, called, given)
    bounds = np.searchsorted(places, np.append(begins, len(codes))).tolist()
    pairs = list(zip((places - begins[owners(places)] - 1).tolist(), kinds.tolist(), strict=True)) if found else []
    for at, bit in zip(found, signs[found].tolist(), strict=True):
        out[at] = Shown(bit, pairs[bounds[at] : bounds[at + 1]])
    for at in set((np.searchsorted(starts, odd, side="right") - 1).tolist()):
        out[at] = EVERYWHERE
    return out


def _codes(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """The characters of all texts, a line break before each and at the end; where each begins, and the end; the places
    of letters beyond ASCII that patterns may take for ASCII ones.
    """
    joined = "\n".join(["", *texts, ""])
    starts = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum([len(text) + 1 for text in texts], out=starts[1:])
    if joined.isascii():
        return np.frombuffer(joined.encode("ascii"), dtype=np.uint8), starts, np.zeros(0, dtype=np.int64)
    wide = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    beyond = np.flatnonzero(wide > _ASCII_END)
    odd = beyond[np.isin(wide[beyond], _LIKE_ASCII)]
    return np.minimum(wide, _ASCII_END).astype(np.uint8), starts, odd


def _spots(
    seen: NDArray[np.int64], bits: NDArray[np.int64], called: NDArray[np.int64], given: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places that patterns are tried at, ascending, and their signs."""
    kept = np.flatnonzero(bits & _PLACED)
    places = np.concatenate([seen[kept], called, given])
    kinds = np.concatenate([bits[kept] & _PLACED, np.full(len(called), MENTION), np.full(len(given), INTRODUCED)])
    order = np.argsort(places, kind="stable")
    return places[order], kinds[order]


def _before_names(codes: NDArray[np.uint8], classes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The spaces behind which a capital stands."""
    space = np.flatnonzero(codes == ord(" "))
    found: NDArray[np.int64] = space[(classes[space + 1] & (_CAPITAL | _BEYOND)) != 0]
    return found


def _introduced(codes: NDArray[np.uint8], named: NDArray[np.int64]) -> NDArray[np.int64]:
    """The spaces behind "I'm", "I am" and "this is"."""
    last, second, third = codes[named - 1] | 32, codes[named - 2] | 32, codes[named - 3] | 32
    am = (last == ord("m")) & ((second == ord("'")) | (second == ord("a")))
    this = (last == ord("s")) & (second == ord("i")) & (third == ord(" ")) & ((codes[named - 4] | 32) == ord("s"))
    found: NDArray[np.int64] = named[am | this]
    return found


def _numbers(
    codes: NDArray[np.uint8], classes: NDArray[np.uint8], digits: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], int]]:
    """Where numbers stand: seven digits near each other, dots and colons as in an address, behind "#" or "AB-"."""
    # Six steps in a row, none of them too long.
    far = np.cumsum(np.diff(digits, prepend=-_NEAR) > _NEAR)
    long = digits[: max(len(digits) - 6, 0)][far[6:] == far[:-6]]
    dot = np.flatnonzero(codes == ord("."))
    dot = dot[(classes[dot - 1] & classes[dot + 1] & _DIGIT) != 0]
    colon = np.flatnonzero(codes == ord(":"))
    sign = np.flatnonzero(codes == ord("#"))
    # Up to four letters and a dash may stand before its digits.
    behind = np.full(len(sign), _DIGIT, dtype=np.uint8)
    for step in range(2, 7):
        behind |= np.where((classes[sign + step] & _DIGIT) != 0, np.uint8(_DIGIT | _CAPITAL), np.uint8(0))
    dash = np.flatnonzero(codes == ord("-"))
    dash = dash[(classes[dash - 1] & _CAPITAL) != 0]
    for step in range(1, 6):
        dash = dash[(classes[dash + step] & _DIGIT) != 0]
    return [
        (long, LONG),
        (dot[1:][np.diff(dot) <= 4], DOTTED),
        (colon[1:][np.diff(colon) <= 5], COLONS),
        (sign[(behind & classes[sign + 1] & (_DIGIT | _CAPITAL)) != 0], SIGNED),
        (dash, SIGNED),
    ]


def _addresses(
    codes: NDArray[np.uint8], classes: NDArray[np.uint8], named: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], int]]:
    """What looks like a part of an address."""
    # "12 Baker Street", "221B Baker Street", "45 W 34th St".
    numbered = named[((classes[named - 1] | classes[named - 2]) & _DIGIT) != 0]
    space = np.flatnonzero(codes == ord(" "))
    space = space[((classes[space + 1] & _DIGIT) != 0) & ((classes[space - 1] & (_DIGIT | _CAPITAL)) != 0)]
    # "SW1A 1AA"; "IL 62704".
    post = space[(classes[space + 2] & classes[space + 3] & _CAPITAL) != 0]
    state = (classes[space - 1] & classes[space - 2] & _CAPITAL) != 0
    state &= (classes[space + 3] & classes[space + 5] & _DIGIT) != 0
    return [(numbered, _NUMBERED), (post, POSTCODE), (space[state], STATE)]


def _near_codes(
    classes: NDArray[np.uint8], digits: NDArray[np.int64], called: NDArray[np.int64], bounds: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Of what codes are called, that behind which a digit, or the six capitals of a booking, stand near enough."""
    if not len(called):
        return called
    capital = np.flatnonzero((classes & _CAPITAL) != 0)
    six = capital[:-5][capital[5:] - capital[:-5] == 5] if len(capital) > 5 else capital[:0]
    told = np.append(np.sort(np.concatenate([digits, six])), bounds[-1] + _CODE_WITHIN)
    # Within the same text.
    ends = np.minimum(called + _CODE_WITHIN, bounds[np.searchsorted(bounds, called, side="right")])
    return called[told[np.searchsorted(told, called)] <= ends]
