"""Fingerprints of wordings: alike for texts that are alike, so that copies are known without keeping what was said.

Eight smallest hashes of what a text says in any three words that follow each other (MinHash: Broder, 1997), each with a
hash function of its own: two texts share each of them with the probability that three such words of either are in both.
What is no word (handles, links, emoji, punctuation, redacted data), case, apostrophes, elongation and the digits of
numbers make no difference.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

KEYS = 8
"""Hashes of a fingerprint; each is three characters of the url-safe base64 alphabet."""
SIZE = KEYS * 3
_ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", dtype=np.uint8)
LEAST_WORDS = 10
"""A text of fewer words has none: people who have nothing to do with each other write the same few words."""
OWN_WORDS = 3
"""So many words before what is passed on make a text somebody's own."""

_RUN = 3
"""Words that are looked at together."""
_FACTORS = np.array([
    0x25e4e172237fc80b, 0xc3f4da93ee2de5fd, 0x69f6955ae9aa59f1, 0x52d72979c35aa5e7,
    0xbb27dccac3e712f5, 0xbe766d1e8158074d, 0xacc2bf691d8c0e2f, 0xf2cc0feba8b7206b,
], dtype=np.uint64)  # fmt: skip
_SHIFTS = np.array([
    0x46a99156e82a79a5, 0xdb67444be00e5aec, 0xe1756f252451e192, 0x3dbf015da6e2fc66,
    0x6329fca0b4a2c126, 0xee46b023f810a52d, 0x95e40cbcc354bc8a, 0x2902c5e773fc4425,
], dtype=np.uint64)  # fmt: skip
"""Eight hash functions that know nothing of each other: the upper half of a · x + b in 64 bits."""

# "RT @somebody: …", and a text in quotes whose speaker is named first, as people quoted before there was a button.
_PASSED_ON = re.compile("[\\s.]{0,5}(?:RT:? ?|[\"“']{1,2})(?:@\\w|\\[handle\\])")
# The look back stands behind the "T", so that the search leaps from one to the next.
_PASSES_ON = re.compile(r"T(?<=\b[RM]T) ?:? ?(?:@\w|\[handle\])")


class Words(Protocol):
    """The atoms of many texts, flat, in order (`streams.scoring.tokens.Frame`)."""

    atoms: NDArray[np.int32]
    starts: NDArray[np.int64]
    text_of: NDArray[np.int32]


def is_repost(text: str) -> bool:
    """Whether the text begins by passing on what somebody else wrote."""
    return text[:1] in "R\"“'. " and _PASSED_ON.match(text) is not None


class Wordings:
    """Tells the fingerprints of frames; keeps the hash of each atom."""

    def __init__(self) -> None:
        self._hashes = np.zeros(0, dtype=np.uint32)

    def clear(self) -> None:
        """The atoms' numbers begin anew."""
        self._hashes = self._hashes[:0]

    def of(
        self, frame: Words, hashes: Sequence[int], flags: Sequence[int], word: int, texts: Sequence[str]
    ) -> list[str | None]:
        """The fingerprint of each text; None for one with too few words.

        Args:
            frame: The texts as atoms.
            hashes: Of every atom so far, the hash of its word.
            flags: Of every atom so far, what is known of it.
            word: The flag of words.
            texts: As they are published, to see what is passed on.
        """
        begin = len(self._hashes)
        if begin < len(hashes):
            new = np.array(hashes[begin:], dtype=np.uint32)
            # 0 stands for what is no word.
            new = np.where((np.array(flags[begin:]) & word) != 0, np.maximum(new, 1), 0)
            self._hashes = np.concatenate([self._hashes, new.astype(np.uint32)])
        hashed = self._hashes[frame.atoms]
        kept = np.flatnonzero(hashed)
        hashed, owner = hashed[kept], frame.text_of[kept]
        count = np.bincount(owner, minlength=len(texts))
        least = np.full(len(texts), LEAST_WORDS)
        for at, text in enumerate(texts):
            if is_repost(text):
                least[at] = _RUN
            elif "T" in text and (found := _PASSES_ON.search(text)):
                # What follows is somebody else's; a comment of some words before it is a voice of its own.
                before = text[: found.start() - 1]
                least[at] = LEAST_WORDS if len(before.split()) < OWN_WORDS else len(text) + 1
        out: list[str | None] = [None] * len(texts)
        if len(hashed) < _RUN:
            return out
        runs = (hashed[:-2] * np.uint32(0x9E3779B1) + hashed[1:-1]) * np.uint32(0x85EBCA77) + hashed[2:]
        runs ^= runs >> np.uint32(15)
        runs *= np.uint32(0x2C1B3C6D)
        runs ^= runs >> np.uint32(12)
        together = np.flatnonzero((owner[2:] == owner[:-2]) & (count >= least)[owner[2:]])
        if not len(together):
            return out
        runs, owner = runs[together], owner[together]
        begins = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
        keys = np.empty((len(begins), KEYS), dtype=np.uint32)
        wide = runs.astype(np.uint64)
        for at, (factor, shift) in enumerate(zip(_FACTORS, _SHIFTS, strict=True)):
            keys[:, at] = np.minimum.reduceat((wide * factor + shift) >> np.uint64(32), begins)
        # The smallest of many begin with zeros: what tells them apart stands behind.
        signs = np.stack([_ALPHABET[(keys >> np.uint32(shift)) & np.uint32(63)] for shift in (0, 6, 12)], axis=-1)
        written = signs.tobytes().decode("ascii")
        for place, at in enumerate(owner[begins].tolist()):
            out[at] = written[place * SIZE : (place + 1) * SIZE]
        return out
