"""What the texts of a frame may hold that has to be cleaned, told of all of them at once.

Most texts need few of the patterns that normalise and redact, and trying one costs more than all that is done here for
a text: a few numpy operations over the characters of the whole frame. A sign may be shown in vain, never be missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

MAIL, LINK, HANDLE, NUMBER = 1, 2, 4, 8
GIVEN, TITLE, MENTION, FAREWELL, PLACE, BIRTH, PAPER = 16, 32, 64, 128, 256, 512, 1024
CODE = 2048
"""What `streams.scoring.redact` may find: the second line is that of `streams.scoring.people`."""

EVERYTHING = (1 << 12) - 1

_ASCII_END = 128
"""Stands for every character beyond ASCII."""
_DIGIT, _CAPITAL, _CODE, _WORD, _BEFORE_MAIL, _BLANK, _UNCLEAN, _BEYOND = (1 << bit for bit in range(8))
"""What a character is; the ends of texts are line breaks here."""


def _classes() -> NDArray[np.uint8]:
    table = np.zeros(_ASCII_END + 1, dtype=np.uint8)
    for number in range(_ASCII_END):
        sign = chr(number)
        table[number] = (
            _DIGIT * sign.isdigit()
            | _CAPITAL * sign.isupper()
            | _CODE * (sign.isalnum() or sign == "-")
            | _WORD * (sign.isalnum() or sign == "_")
            | _BEFORE_MAIL * (sign.isalnum() or sign in "_.+%-")
            | _BLANK * (sign in " \n")
            | _UNCLEAN * (sign in "&<" or not sign.isprintable())
        )
    table[_ASCII_END] = _DIGIT | _CODE | _WORD | _BEFORE_MAIL | _UNCLEAN | _BEYOND
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
_CODED, _STREET, _NUMBERED, _BEFORE_NAME = 1 << 12, 1 << 13, 1 << 14, 1 << 15
"""What a code is called, a kind of street, a capital behind a number, how words end behind which a name may stand."""
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
    PLACE: "o_box o__bo obox ra£e_ rasse str__ gasse grach traat laan_ allee _rue_ oulev hemin mpass calle"
    " venid avda_ _via_ viale piazz corso _rua_",
    _STREET: "_stre _st_ _aven _ave_ _av_ _road _rd_ _lane _ln_ _driv _dr_ _boul _blvd _terr _cour _ct_"
    " _clos _cres _squa _sq_ _park _pkwy _high _hwy_ _gard _grov _mews _whar _quay _plac _way_",
    BIRTH: "born _dob d_o_b do_b d_ob birth gebur gebor n£_le n£e_l nacid",
    _CODED: "_orde _book _rese _conf _trac _invo _tick _case _clai _ref _acc _cust _memb _poli _parc _ship _loca _pnr"
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


def untidy(texts: Sequence[str]) -> list[bool]:
    """Whether a text may have another normal form than itself."""
    codes, starts = _codes(texts)
    classes = _CLASSES[codes]
    blank = (classes & _BLANK) != 0
    unclean = (classes & _UNCLEAN) != 0
    unclean[starts[:-1]] = False  # The line breaks between the texts are ours.
    unclean[:-1] |= blank[:-1] & blank[1:]
    out: list[bool] = np.logical_or.reduceat(unclean[:-1], starts[:-1]).tolist()
    return out


def personal(texts: Sequence[str]) -> list[int]:
    """What a normalised text may hold of `MAIL`, `LINK`, `HANDLE`, `NUMBER` and what is told of people."""
    codes, starts = _codes(texts)
    classes = _CLASSES[codes]
    found = np.zeros(len(codes), dtype=np.uint16)
    _find_addresses(codes, classes, found)
    _find_numbers(codes, classes, found)
    found = _find_people(codes, classes, found)
    digit = (classes & _DIGIT) != 0
    _find_codes(classes, digit, starts, found)
    signs = np.bitwise_or.reduceat(found[:-1], starts[:-1])
    # A phone number, a card and an IBAN have seven digits at least.
    signs[np.add.reduceat(digit[:-1], starts[:-1], dtype=np.int32) >= 7] |= NUMBER
    # A number sign stands before the digits of a code, a colon within an address of IPv6.
    before = np.logical_or.reduceat(((codes == ord("#")) | (codes == ord(":")))[:-1], starts[:-1])
    signs[before & np.logical_or.reduceat(digit[:-1], starts[:-1])] |= NUMBER
    signs[((signs & _STREET) != 0) & ((signs & _NUMBERED) != 0)] |= PLACE
    # What other letters may stand for ("ſ" for "s") is left to the patterns.
    beyond = np.logical_or.reduceat(((classes & _BEYOND) != 0)[:-1], starts[:-1])
    signs[beyond & ((signs & NUMBER) != 0)] |= CODE
    without = np.uint16(0xFFFF ^ (BIRTH | PAPER))
    signs[~np.logical_or.reduceat(digit[:-1], starts[:-1])] &= without
    signs &= np.uint16(EVERYTHING)
    for at in np.flatnonzero(signs & FAREWELL).tolist():
        # A greeting is followed by a name where the text ends with a capital, or further lines follow.
        last = texts[at][-40:].split()[-1:]
        capital = last and (last[0][0].isupper() or last[0][0] > "\x7f")
        if not capital and "\n" not in texts[at]:
            signs[at] &= np.uint16(0xFFFF ^ FAREWELL)
    out: list[int] = signs.tolist()
    return out


def _codes(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The characters of all texts, a line break before each and at the end; where each begins, and the end."""
    joined = "\n".join(["", *texts, ""])
    wide = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    starts = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum([len(text) + 1 for text in texts], out=starts[1:])
    return np.minimum(wide, _ASCII_END).astype(np.uint8), starts


def _find_addresses(codes: NDArray[np.uint8], classes: NDArray[np.uint8], found: NDArray[np.uint16]) -> None:
    """Marks mail addresses, handles and links, each at one of its characters."""
    at = np.flatnonzero(codes == ord("@"))
    found[at[(classes[at - 1] & _BEFORE_MAIL) != 0]] |= MAIL
    found[at[(classes[at + 1] & _WORD) != 0]] |= HANDLE
    slash = np.flatnonzero(codes[1:] == ord("/")) + 1
    slash = slash[(codes[slash - 1] | 32) == ord("u")]
    found[slash[(classes[slash - 2] & (_WORD | _BEYOND)) != _WORD]] |= HANDLE
    # "jane (at) example (dot) com".
    close = np.flatnonzero((codes == ord(")")) | (codes == ord("]")))
    found[close[((codes[close - 1] | 32) == ord("t")) & ((codes[close - 2] | 32) == ord("a"))]] |= MAIL
    colon = np.flatnonzero(codes[:-2] == ord(":"))
    found[colon[(codes[colon + 1] == ord("/")) & (codes[colon + 2] == ord("/"))]] |= LINK
    dot = np.flatnonzero(codes[2:] == ord("."))
    found[dot[((codes[dot] | 32) == ord("w")) & ((codes[dot + 1] | 32) == ord("w"))]] |= LINK


def _find_numbers(codes: NDArray[np.uint8], classes: NDArray[np.uint8], found: NDArray[np.uint16]) -> None:
    """Marks what is long enough for a code, six capitals, and two dots with an address's digits between them."""
    both = classes[:-1] & classes[1:]
    four = both[:-2] & both[2:]
    code = (four[:-1] & classes[4:] & _CODE) != 0
    capitals = (four[:-2] & both[4:] & _CAPITAL) != 0
    either = classes[:-1] | classes[1:]
    digits = ((either[:-3] | either[2:-1] | classes[4:]) & _DIGIT) != 0
    found[: len(code)][code & digits] |= NUMBER
    found[: len(capitals)][capitals] |= NUMBER
    dot = np.flatnonzero(codes == ord("."))
    near = dot[1:][np.diff(dot) <= 4]
    found[near[(classes[near - 1] & _DIGIT) != 0]] |= NUMBER


def _find_codes(
    classes: NDArray[np.uint8], digit: NDArray[np.bool_], starts: NDArray[np.int64], found: NDArray[np.uint16]
) -> None:
    """Marks what a code is called where a digit, or the six capitals of a booking, stand near enough behind it."""
    called = np.flatnonzero(found & _CODED)
    capital = (classes & _CAPITAL) != 0
    twice = capital[:-1] & capital[1:]
    told = digit.copy()
    if len(twice) > 4:
        told[: len(twice) - 4] |= twice[:-4] & twice[2:-2] & twice[4:]
    near = np.append(np.flatnonzero(told), len(digit) + _CODE_WITHIN)
    # Within the same text.
    ends = np.minimum(called + _CODE_WITHIN, starts[np.searchsorted(starts[:-1], called, side="right")])
    found[called[near[np.searchsorted(near, called)] <= ends]] |= CODE


def _find_people(codes: NDArray[np.uint8], classes: NDArray[np.uint8], found: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Marks words beside which names, dates of birth and papers stand, and what looks like an address."""
    # With room at both ends, so that nothing below has to look where the frame ends.
    codes = np.pad(codes, _ROOM, constant_values=ord("\n"))
    classes, found = np.pad(classes, _ROOM), np.pad(found, _ROOM)
    cues = np.zeros(len(codes), dtype=np.uint16)
    cues[: 1 - _WIDTH] = np.take(_TABLE, _bucket(np.take(_FOLD, codes)))
    found |= cues & np.uint16(0xFFFF ^ _BEFORE_NAME)
    capital, digit = (classes & _CAPITAL) != 0, (classes & _DIGIT) != 0
    space = np.flatnonzero(codes == ord(" "))
    named = space[(classes[space + 1] & (_CAPITAL | _BEYOND)) != 0]
    # A comma may stand between.
    ends = named - _WIDTH - (codes[named - 1] == ord(","))
    found[named[(cues[ends] & _BEFORE_NAME) != 0]] |= MENTION
    # "I'm Jane", "I am Jane", "this is Jane".
    last, second, third = codes[named - 1] | 32, codes[named - 2] | 32, codes[named - 3] | 32
    am = (last == ord("m")) & ((second == ord("'")) | (second == ord("a")))
    this = (last == ord("s")) & (second == ord("i")) & (third == ord(" ")) & ((codes[named - 4] | 32) == ord("s"))
    found[named[am | this]] |= GIVEN
    # "12 Baker Street", "221B Baker Street", "45 W 34th St".
    found[named[digit[named - 1] | digit[named - 2]]] |= _NUMBERED
    # "SW1A 1AA"; "IL 62704".
    code = space[digit[space + 1] & (digit | capital)[space - 1]]
    found[code[capital[code + 2] & capital[code + 3]]] |= PLACE
    found[code[capital[code - 1] & capital[code - 2] & digit[code + 3] & digit[code + 5]]] |= PLACE
    return found[_ROOM:-_ROOM]
