"""What the texts of a frame may hold that has to be cleaned, told of all of them at once.

Most texts need few of the patterns that normalise and redact, and trying one costs more than all that is done here for
a text: two passes over its characters (``signs.c``). A sign may be shown in vain, never be missing; of most it is told
where they stand, so that a long text is not searched because of one word in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from streams.native import constant, function, pointer
from streams.scoring.anchored import LIKE_ASCII

GIVEN, TITLE, FAREWELL, BOX, FOREIGN, BIRTH, PAPER, CODE, _STREET, _BEFORE_NAME = (1 << bit for bit in range(10))
"""What words tell of: names that are given, behind a title or below a greeting; post-office boxes and streets of other
countries; dates of birth, papers, codes; a kind of street; what ends as words do behind which a name may stand."""
MENTION, INTRODUCED, STREET, STATE, POSTCODE, LONG, DOTTED, COLONS, SIGNED = (1 << bit for bit in range(10, 19))
"""What else may be found: names behind such words and behind "I'm"; streets, "IL 62704", postcodes; seven digits near
each other, dots and colons as in internet addresses, "#12345" or "AB-12345"."""
EVERYTHING = (1 << 19) - 1 - _STREET - _BEFORE_NAME
_ASCII_END = 128
"""Stands for every character beyond ASCII."""
_DIGIT, _CAPITAL, _BLANK, _UNCLEAN, _BEYOND = (1 << bit for bit in range(5))
"""What a character is; the ends of texts are line breaks here."""


_buckets = function("signs_buckets", "npp")
_narrow = function("signs_codes", "npnnppp")
_untidy = function("signs_untidy", "npppp")
_personal = function("signs_personal", "npnppppppppp")


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
_WIDTH = constant("signs_width")
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
_LIKE_ASCII = np.array([ord(sign) for sign in LIKE_ASCII], dtype=np.uint32)
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


def _cue_table() -> NDArray[np.uint16]:
    table = np.zeros(constant("signs_table"), dtype=np.uint16)
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
            fives = np.array(list(product(*places)), dtype=np.uint32)
            buckets = np.empty(len(fives), dtype=np.int64)
            _buckets(len(fives), pointer(fives, np.uint32), pointer(buckets, np.int64))
            table[buckets] |= bit
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
    codes, begins, _ = _codes(texts)
    out = np.empty(len(texts), dtype=np.bool_)
    _untidy(
        len(texts),
        pointer(begins, np.int64),
        pointer(codes, np.uint8),
        pointer(_CLASSES, np.uint8),
        pointer(out, np.bool_),
    )
    found: list[bool] = out.tolist()
    return found


def personal(texts: Sequence[str]) -> list[Shown | None]:
    """What normalised texts may hold, their links, handles and mail addresses taken out; None: nothing of all this."""
    codes, begins, odd = _codes(texts)
    cues = np.empty(len(codes), dtype=np.uint16)
    signs, starts = np.empty(len(texts), dtype=np.int64), np.empty(len(texts) + 1, dtype=np.int64)
    places, kinds = np.empty((2, 3 * len(codes)), dtype=np.int64)
    spots = _personal(
        len(texts),
        pointer(begins, np.int64),
        len(codes),
        pointer(codes, np.uint8),
        pointer(_CLASSES, np.uint8),
        pointer(_FOLD, np.uint32),
        pointer(_TABLE, np.uint16),
        pointer(cues, np.uint16),
        pointer(signs, np.int64),
        pointer(starts, np.int64),
        pointer(places, np.int64),
        pointer(kinds, np.int64),
    )
    for text in np.flatnonzero(signs & FAREWELL).tolist():
        # A greeting is followed by a name where the text ends with a capital, or further lines follow.
        last = texts[text][-40:].split()[-1:]
        capital = last and (last[0][0].isupper() or last[0][0] > "\x7f")
        if not capital and "\n" not in texts[text]:
            signs[text] &= ~FAREWELL
    out: list[Shown | None] = [None] * len(texts)
    found = np.flatnonzero(signs).tolist()
    pairs = list(zip(places[:spots].tolist(), kinds[:spots].tolist(), strict=True)) if found else []
    bounds = starts.tolist()
    for text, bits in zip(found, signs[found].tolist(), strict=True):
        out[text] = Shown(bits, pairs[bounds[text] : bounds[text + 1]])
    for text in set((np.searchsorted(begins, odd, side="right") - 1).tolist()):
        out[text] = EVERYWHERE
    return out


def _codes(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """The characters of all texts, a line break before each, and room at both ends, so that nothing has to look where
    the frame ends; where each begins, with its line break, and the end; the places of letters beyond ASCII that
    patterns may take for ASCII ones.
    """
    joined = "\n".join(["\n" * (_ROOM - 1), *texts, "\n" * _ROOM])
    begins = np.full(len(texts) + 1, _ROOM - 1, dtype=np.int64)
    begins[1:] += np.cumsum([len(text) + 1 for text in texts])
    if joined.isascii():
        return np.frombuffer(joined.encode("ascii"), dtype=np.uint8), begins, np.zeros(0, dtype=np.int64)
    wide = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    codes, odd = np.empty(len(wide), dtype=np.uint8), np.empty(len(wide), dtype=np.int64)
    like = pointer(_LIKE_ASCII, np.uint32)
    count = _narrow(
        len(wide),
        pointer(wide, np.uint32),
        _ASCII_END,
        len(_LIKE_ASCII),
        like,
        pointer(codes, np.uint8),
        pointer(odd, np.int64),
    )
    return codes, begins, odd[:count]
