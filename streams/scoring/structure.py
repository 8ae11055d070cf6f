"""What stands around each atom of a frame: clauses, sentences, what a negator reaches, what a contrast weighs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.scoring.tokens import (
    CLAUSE_END,
    CONTRAST,
    EMOJI,
    LIFTS,
    NEGATOR,
    QUESTION,
    SENTENCE_END,
    TRANSPARENT,
    WORD,
    Frame,
)  # fmt: skip

FAR = 1 << 30
NEGATION_SCOPE = 4
"""Words after a negator that it turns, at most; a clause's end and a contrast end it sooner."""
NEGATED_STATE, AFTER_CONTRAST, BEFORE_CONTRAST, ASKED = 1, 2, 4, 8
STATES = 16
"""What an atom's surroundings are to the model, as bits."""


@dataclass(slots=True)
class Structure:
    """What stands around each atom of a frame; one entry an atom, unless another is named."""

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
    state: NDArray[np.int8]
    """``NEGATED_STATE`` and the others: negated; behind or before a contrast of its sentence; part of a question."""
    clause_bits: NDArray[np.int32]
    """The flags that any atom of a clause has, an entry a clause."""
    sentence_bits: NDArray[np.int32]
    """The same of each sentence."""
    solid: NDArray[np.bool_]
    """Whether it is a word or an emoji that means something by itself."""

    @property
    def clause_ends(self) -> NDArray[np.int64]:
        """Where each clause ends."""
        return np.append(self.clause_starts[1:], len(self.flags))

    @property
    def sentence_ends(self) -> NDArray[np.int64]:
        """Where each sentence ends."""
        return np.append(self.sentence_starts[1:], len(self.flags))


def structure(frame: Frame, flags_of: NDArray[np.int32]) -> Structure:
    """Negation, clauses, sentences and contrasts of a frame, from the flags of each atom."""
    flags = flags_of[frame.atoms]
    count = len(flags)
    index = np.arange(count, dtype=np.int64)
    opens_text = np.zeros(count, dtype=np.bool_)
    opens_text[frame.starts] = True

    contrast = (flags & CONTRAST) != 0
    after_end = np.zeros(count, dtype=np.bool_)
    after_end[1:] = (flags[:-1] & CLAUSE_END) != 0
    opens = opens_text | after_end | contrast
    clause = np.cumsum(opens, dtype=np.int32) - 1
    clause_starts = np.flatnonzero(opens)

    sentence_opens = opens_text.copy()
    sentence_opens[1:] |= (flags[:-1] & SENTENCE_END) != 0
    sentence = np.cumsum(sentence_opens, dtype=np.int32) - 1
    sentence_starts = np.flatnonzero(sentence_opens)

    is_negator = (flags & NEGATOR) != 0
    is_negator[:-1] &= (flags[1:] & LIFTS) == 0
    last = np.maximum.accumulate(np.where(is_negator, index, -1))
    before = np.empty_like(last)
    before[0], before[1:] = -1, last[:-1]
    since = np.where(before >= clause_starts[clause], index - before, FAR)
    negated = (since <= NEGATION_SCOPE) & ((flags & WORD) != 0)

    state = negated.astype(np.int8)
    turns = np.flatnonzero(contrast)
    if len(turns):
        # Within its sentence: what stands before its last contrast, and what stands behind its first.
        lasts = np.full(len(sentence_starts), -1, dtype=np.int64)
        lasts[sentence[turns]] = turns
        firsts = np.full(len(sentence_starts), count, dtype=np.int64)
        firsts[sentence[turns[::-1]]] = turns[::-1]
        state |= np.where(index >= firsts[sentence], np.int8(AFTER_CONTRAST), np.int8(0))
        state |= np.where(index < lasts[sentence], np.int8(BEFORE_CONTRAST), np.int8(0))
    clause_bits = np.bitwise_or.reduceat(flags, clause_starts)
    sentence_bits = np.bitwise_or.reduceat(flags, sentence_starts)
    asked = (sentence_bits & QUESTION) != 0
    if asked.any():
        state |= np.where(asked[sentence], np.int8(ASKED), np.int8(0))
    solid = ((flags & (WORD | EMOJI)) != 0) & ((flags & TRANSPARENT) == 0)
    return Structure(
        flags,
        since,
        negated,
        clause,
        clause_starts,
        sentence,
        sentence_starts,
        state,
        clause_bits,
        sentence_bits,
        solid,
    )
