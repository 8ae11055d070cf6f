"""Atoms → rows of the weight table: words, their letters, negated words and neighbouring pairs.

Every feature is a bucket of a hashed table (the hashing trick: Weinberger et al., ICML 2009), so an unknown word still
has its letters and nothing has to be looked up but arrays. A word's own row and those of its letters are summed once
per process ("folded"); a text is then the sum over its atoms and pairs, divided by the root of their number. Because
it is a sum, each word's part in a decision is known exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from streams.scoring.tokens import (
    CAPITALS,
    CLAUSE_END,
    CONTRAST,
    ELONGATED,
    LETTERS,
    LIFTS,
    NEGATOR,
    SENTENCE_END,
    WORD,
    Frame,
    Lexicon,
)

WORDS, LETTERS_BUCKETS, NEGATED, PAIRS = 1 << 16, 1 << 16, 1 << 14, 1 << 17
WORDS_AT = 8
"""Row of the first word bucket; the rows before it are the bias (0), capitals (1) and elongation (2)."""
LETTERS_AT = WORDS_AT + WORDS
NEGATED_AT = LETTERS_AT + LETTERS_BUCKETS
PAIRS_AT = NEGATED_AT + NEGATED
ROWS = PAIRS_AT + PAIRS
BIAS, CAPITALS_ROW, ELONGATED_ROW = 0, 1, 2

FAR = 1 << 30
NEGATION_SCOPE = 4
"""Words after a negator that it turns, at most; a clause's end and a contrast end it sooner."""


def word_rows(norm: str, flags: int, hashed: int) -> list[int]:
    """The rows whose sum is the word: itself, its letter 3- to 5-grams, capitals, elongation."""
    rows = [WORDS_AT + (hashed & (WORDS - 1))]
    if flags & LETTERS:
        spelt = f"<{norm}>".encode("utf-8", "replace")
        size = len(spelt)
        rows += [
            LETTERS_AT + (crc32(spelt[at : at + width]) & (LETTERS_BUCKETS - 1))
            for width in (3, 4, 5)
            for at in range(size - width + 1)
        ]
    return rows


def letter_scale(rows: int) -> float:
    """What letter rows count for: the root of their number keeps long words from shouting."""
    return 1.0 / math.sqrt(max(1, rows - 1))


@dataclass(slots=True)
class Structure:
    """What stands around each atom of a frame; one entry an atom."""

    flags: NDArray[np.int32]
    since_negator: NDArray[np.int64]
    """Atoms since the last negator of the clause; FAR where there is none."""
    negated: NDArray[np.bool_]
    clause: NDArray[np.int32]
    """Number of the clause, over the whole frame; contrast words open one."""
    clause_starts: NDArray[np.int64]
    sentence: NDArray[np.int32]
    """Number of the sentence, over the whole frame."""
    sentence_starts: NDArray[np.int64]


def structure(frame: Frame, flags_of: NDArray[np.int32]) -> Structure:
    """Negation, clauses and sentences of a frame, from the flags of each atom."""
    flags = flags_of[frame.atoms]
    count = len(flags)
    index = np.arange(count, dtype=np.int64)
    opens_text = np.zeros(count, dtype=np.bool_)
    opens_text[frame.starts] = True

    after_end = np.zeros(count, dtype=np.bool_)
    after_end[1:] = (flags[:-1] & CLAUSE_END) != 0
    opens = opens_text | after_end | ((flags & CONTRAST) != 0)
    clause = np.cumsum(opens, dtype=np.int32) - 1
    clause_starts = np.flatnonzero(opens)

    sentence_opens = opens_text.copy()
    sentence_opens[1:] |= (flags[:-1] & SENTENCE_END) != 0
    sentence = np.cumsum(sentence_opens, dtype=np.int32) - 1

    is_negator = (flags & NEGATOR) != 0
    is_negator[:-1] &= (flags[1:] & LIFTS) == 0
    last = np.maximum.accumulate(np.where(is_negator, index, -1))
    before = np.empty_like(last)
    before[0], before[1:] = -1, last[:-1]
    since = np.where(before >= clause_starts[clause], index - before, FAR)
    negated = (since <= NEGATION_SCOPE) & ((flags & WORD) != 0)
    return Structure(flags, since, negated, clause, clause_starts, sentence, np.flatnonzero(sentence_opens))


def neighbour_rows(frame: Frame, hashes: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The row of each atom with the next one of the frame, and whether the two are of one text."""
    of_atoms = hashes[frame.atoms].astype(np.uint64)
    mixed = of_atoms[:-1] * np.uint64(0x9E3779B1) + of_atoms[1:] * np.uint64(0x85EBCA77)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    rows = PAIRS_AT + (mixed >> np.uint64(40)).astype(np.int64) % PAIRS
    return rows, frame.text_of[1:] == frame.text_of[:-1]


def pair_rows(frame: Frame, hashes: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the pairs of neighbouring atoms of one text, and the index of each pair's second atom."""
    rows, together = neighbour_rows(frame, hashes)
    first = np.flatnonzero(together)
    return rows[first], first + 1


def negated_rows(hashes: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Rows that are added for words in a negation's scope."""
    return NEGATED_AT + ((hashes.astype(np.int64) >> 7) & (NEGATED - 1))


def new_word_rows(
    lexicon: Lexicon, begin: int, end: int
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]:
    """Rows, their weights, and where each atom begins among them, for the atoms ``begin`` … ``end - 1``."""
    rows: list[int] = []
    scales: list[float] = []
    starts: list[int] = []
    for norm, flags, hashed in zip(
        lexicon.norm[begin:end], lexicon.flags[begin:end], lexicon.hashes[begin:end], strict=True
    ):
        starts.append(len(rows))
        own = word_rows(norm, flags, hashed)
        scale = letter_scale(len(own))
        scales.append(1.0 if norm else 0.0)
        scales += [scale] * (len(own) - 1)
        if flags & CAPITALS:
            own.append(CAPITALS_ROW)
            scales.append(1.0)
        if flags & ELONGATED:
            own.append(ELONGATED_ROW)
            scales.append(1.0)
        rows += own
    return np.array(rows, dtype=np.int64), np.array(scales, dtype=np.float32), np.array(starts, dtype=np.int64)
