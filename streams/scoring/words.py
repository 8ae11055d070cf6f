"""Atoms → rows of the embedding table: the word itself, its letters, how it is written.

A word that the table knows has a row of its own; every word has those of its letter 3- to 5-grams besides (hashed, as
in fastText: Bojanowski et al., TACL 2017), so that an unknown or misspelt word still says something.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from streams.scoring.alike import family_of
from streams.scoring.tokens import CAPITALS, ELONGATED, LETTERS

BUCKETS = 1 << 15
"""Rows for letters."""
STYLES = 2
"""Rows for how a word is written: in capitals, elongated."""


def letter_buckets(norm: str) -> list[int]:
    """The buckets of a word's letter 3- to 5-grams, its ends marked."""
    spelt = f"<{norm}>".encode("utf-8", "replace")
    size = len(spelt)
    return [crc32(spelt[at : at + width]) & (BUCKETS - 1) for width in (3, 4, 5) for at in range(size - width + 1)]


SPELT = LETTERS | CAPITALS | ELONGATED
"""What a word's rows hang on besides its norm: bits of an atom's flags."""


@dataclass(slots=True)
class Rows:
    """Of some atoms: Σ table[rows] × scales over each atom's span is its embedding."""

    rows: NDArray[np.int64]
    scales: NDArray[np.float32]
    starts: NDArray[np.int64]


class Vocabulary:
    """The words that have rows of their own. Rows: words, then buckets of letters, then styles."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words
        self._row = {word: row for row, word in enumerate(words)}
        self.letters_at = len(words)
        self.styles_at = self.letters_at + BUCKETS
        self.size = self.styles_at + STYLES

    def rows(self, norms: Sequence[str], flags_of: Sequence[int]) -> Rows:
        """The rows of some atoms, by their norms and flags; an atom that says nothing has one, of scale 0."""
        rows: list[int] = []
        scales: list[float] = []
        starts: list[int] = []
        known = self._row
        for written, flags in zip(norms, flags_of, strict=True):
            starts.append(len(rows))
            norm = family_of(written) or written
            row = known.get(norm, -1)
            rows.append(max(row, 0))
            scales.append(1.0 if row >= 0 else 0.0)
            if flags & LETTERS:
                buckets = letter_buckets(norm)
                # The root of their number keeps long words from shouting.
                scale = 1.0 / math.sqrt(max(1, len(buckets)))
                rows += [self.letters_at + bucket for bucket in buckets]
                scales += [scale] * len(buckets)
            if flags & CAPITALS:
                rows.append(self.styles_at)
                scales.append(1.0)
            if flags & ELONGATED:
                rows.append(self.styles_at + 1)
                scales.append(1.0)
        return Rows(
            np.array(rows, dtype=np.int64), np.array(scales, dtype=np.float32), np.array(starts, dtype=np.int64)
        )
