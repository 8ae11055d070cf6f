"""Pairs of neighbouring words that are met often, and what each is to the reader beyond its two words.

A pair is known by 32 bits of a hash of both words; one that was not met in training says nothing of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from streams.native import constant, function, pointer
from streams.scoring.alike import family_of

UNKNOWN = 0
"""The row of every pair that is not known."""
_FIRST_BITS = constant("pair_first_bits")
_pair_keys = function("pair_keys", "nppp")
_pair_rows = function("pair_rows", "npppp")


def word_keys(norms: Iterable[str]) -> NDArray[np.uint64]:
    """A number for each word; words that are alike (``alike.txt``) share theirs, and nothing has 0."""
    return np.array(
        [crc32((family_of(norm) or norm).encode("utf-8", "replace")) if norm else 0 for norm in norms], dtype=np.uint64
    )


def pair_keys(here: NDArray[np.uint64], before: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """The hash of each pair, from its words' keys; ``before`` is 0 where a text begins."""
    out = np.empty(len(here), dtype=np.uint32)
    _pair_keys(len(here), pointer(here, np.uint64), pointer(before, np.uint64), pointer(out, np.uint32))
    return out


class PairIndex:
    """The row of each pair: 1 … by its place among those that are known, or ``UNKNOWN``.

    The first bits of a key say where to look.
    """

    def __init__(self, known: NDArray[np.uint32]) -> None:
        """Takes the keys of the pairs that are known, ascending."""
        firsts = np.arange(1 << _FIRST_BITS, dtype=np.uint32) << np.uint32(32 - _FIRST_BITS)
        self.known = np.ascontiguousarray(known)
        self.starts = np.append(np.searchsorted(known, firsts), len(known)).astype(np.int32)
        """Of each value of a key's first bits, where the first such key stands; and the end."""

    def rows(self, keys: NDArray[np.uint32]) -> NDArray[np.int64]:
        """The row of each pair, or ``UNKNOWN``."""
        out = np.empty(len(keys), dtype=np.int64)
        known, starts = pointer(self.known, np.uint32), pointer(self.starts, np.int32)
        _pair_rows(len(keys), pointer(keys, np.uint32), known, starts, pointer(out, np.int64))
        return out
