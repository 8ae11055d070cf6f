"""What the texts of a frame may hold that has to be cleaned, told of all of them at once.

Most texts need few of the patterns that normalise and redact, and trying one costs more than all that is done here for
a text: a few numpy operations over the characters of the whole frame. A sign may be shown in vain, never be missing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MAIL, LINK, HANDLE, NUMBER = 1, 2, 4, 8
"""What `streams.scoring.redact` may find."""

_ASCII_END = 128
"""Stands for every character beyond ASCII."""
_DIGIT, _CAPITAL, _CODE, _WORD, _BEFORE_MAIL, _BLANK, _UNCLEAN = (1 << bit for bit in range(7))
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
    table[_ASCII_END] = _DIGIT | _CODE | _WORD | _BEFORE_MAIL | _UNCLEAN
    return table


_CLASSES = _classes()


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
    """What a normalised text may hold of `MAIL`, `LINK`, `HANDLE` and `NUMBER`."""
    codes, starts = _codes(texts)
    classes = _CLASSES[codes]
    found = np.zeros(len(codes), dtype=np.uint8)
    _find_addresses(codes, classes, found)
    _find_numbers(codes, classes, found)
    digit = (classes & _DIGIT) != 0
    signs = np.bitwise_or.reduceat(found[:-1], starts[:-1])
    # A phone number, a card and an IBAN have seven digits at least.
    signs[np.add.reduceat(digit[:-1], starts[:-1], dtype=np.int32) >= 7] |= NUMBER
    # A number sign stands before the digits of a code, a colon within an address of IPv6.
    before = np.logical_or.reduceat(((codes == ord("#")) | (codes == ord(":")))[:-1], starts[:-1])
    signs[before & np.logical_or.reduceat(digit[:-1], starts[:-1])] |= NUMBER
    out: list[int] = signs.tolist()
    return out


def _codes(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The characters of all texts, a line break before each and at the end; where each begins, and the end."""
    joined = "\n".join(["", *texts, ""])
    wide = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    starts = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum([len(text) + 1 for text in texts], out=starts[1:])
    return np.minimum(wide, _ASCII_END).astype(np.uint8), starts


def _find_addresses(codes: NDArray[np.uint8], classes: NDArray[np.uint8], found: NDArray[np.uint8]) -> None:
    """Marks mail addresses, handles and links, each at one of its characters."""
    at = np.flatnonzero(codes == ord("@"))
    found[at[(classes[at - 1] & _BEFORE_MAIL) != 0]] |= MAIL
    found[at[(classes[at + 1] & _WORD) != 0]] |= HANDLE
    colon = np.flatnonzero(codes[:-2] == ord(":"))
    found[colon[(codes[colon + 1] == ord("/")) & (codes[colon + 2] == ord("/"))]] |= LINK
    dot = np.flatnonzero(codes[2:] == ord("."))
    found[dot[((codes[dot] | 32) == ord("w")) & ((codes[dot + 1] | 32) == ord("w"))]] |= LINK


def _find_numbers(codes: NDArray[np.uint8], classes: NDArray[np.uint8], found: NDArray[np.uint8]) -> None:
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
