"""Atoms → rows of the embedding table: the word itself, its letters, how it is written.

A word that the table knows has a row of its own; every word has those of its letter 3- to 5-grams besides (hashed, as
in fastText: Bojanowski et al., TACL 2017), so that an unknown or misspelt word still says something.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.native import function, pointer
from streams.scoring.alike import family_of
from streams.scoring.tokens import CAPITALS, ELONGATED, LETTERS

BUCKETS = 1 << 15
"""Rows for letters."""
STYLES = 2
"""Rows for how a word is written: in capitals, elongated."""


_rows = function("words_rows", "nppppnnnnnppp")
_embedded = function("words_embedded", "npnppnpp")
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
        known = self._row
        told = [family_of(norm) or norm for norm in norms]
        flags = np.array(flags_of, dtype=np.int64)
        spelt = [f"<{norm}>".encode("utf-8", "replace") for norm in told]
        ends = np.cumsum([0, *map(len, spelt)])
        letters = np.frombuffer(b"".join(spelt), dtype=np.uint8)
        own = np.array([known.get(norm, -1) for norm in told], dtype=np.int64)
        room = 3 * (len(told) + len(letters))
        rows, scales = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.float32)
        starts = np.empty(len(told), dtype=np.int64)
        count = _rows(
            len(told),
            pointer(letters, np.uint8),
            pointer(ends, np.int64),
            pointer(own, np.int64),
            pointer(flags, np.int64),
            *(LETTERS, CAPITALS, ELONGATED),
            self.letters_at,
            BUCKETS,
            pointer(rows, np.int64),
            pointer(scales, np.float32),
            pointer(starts, np.int64),
        )
        return Rows(rows[:count], scales[:count], starts)


def embedded(rows: Rows, table: NDArray[np.int8], scales: NDArray[np.float16]) -> NDArray[np.float64]:
    """The sums of words' rows: words × dimensions.

    Args:
        rows: Of each word.
        table: rows × dimensions.
        scales: What a step of each row is worth.
    """
    factors = scales[rows.rows] * rows.scales
    count, inner = len(rows.starts), table.shape[1]
    if inner % 8:
        raise ValueError(f"{inner} dimensions are no multiple of 8")
    out = np.empty((count, inner), dtype=np.float64)
    _embedded(
        count,
        pointer(rows.starts, np.int64),
        len(factors),
        pointer(rows.rows, np.int64),
        pointer(factors, np.float32),
        inner,
        pointer(table, np.int8),
        pointer(out, np.float64),
    )
    return out
