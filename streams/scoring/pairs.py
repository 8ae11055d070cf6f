"""Pairs of neighbouring words that are met often, and what each is to the reader beyond its two words.

A pair is known by 32 bits of a hash of both words; one that was not met in training says nothing of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from streams.scoring.alike import family_of

UNKNOWN = 0
"""The row of every pair that is not known."""
_HERE, _BEFORE, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0xBF58476D1CE4E5B9)
_FIRST_BITS = 16
_TOP, _FOLD = np.uint64(32), np.uint64(29)


def word_keys(norms: Iterable[str]) -> NDArray[np.uint64]:
    """A number for each word; words that are alike (``alike.txt``) share theirs, and nothing has 0."""
    return np.array(
        [crc32((family_of(norm) or norm).encode("utf-8", "replace")) if norm else 0 for norm in norms], dtype=np.uint64
    )


def pair_keys(here: NDArray[np.uint64], before: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """The hash of each pair, from its words' keys; ``before`` is 0 where a text begins."""
    mixed = here * _HERE + before * _BEFORE
    mixed ^= mixed >> _FOLD
    mixed *= _MIX
    return (mixed >> _TOP).astype(np.uint32)


class PairIndex:
    """The row of each pair: 1 … by its place among those that are known, or ``UNKNOWN``.

    The first bits of a key say where to begin to look, in a seventh of the time of a search by halves.
    """

    def __init__(self, known: NDArray[np.uint32]) -> None:
        """Takes the keys of the pairs that are known, ascending."""
        firsts = np.arange(1 << _FIRST_BITS, dtype=np.uint32) << np.uint32(32 - _FIRST_BITS)
        self._starts = np.searchsorted(known, firsts)
        self._count = len(known)
        # A last one that no key is above, so that no step leaves the array.
        self._known = np.append(known, np.uint32(0xFFFF_FFFF))

    def rows(self, keys: NDArray[np.uint32]) -> NDArray[np.int64]:
        """The row of each pair, or ``UNKNOWN``."""
        at = np.take(self._starts, keys >> np.uint32(32 - _FIRST_BITS))
        behind = np.flatnonzero(np.take(self._known, at) < keys)
        while len(behind):
            at[behind] += 1
            behind = behind[np.take(self._known, at[behind]) < keys[behind]]
        found = (np.take(self._known, at) == keys) & (at < self._count)
        return np.where(found, at + 1, UNKNOWN)
