"""What stands around each atom of a frame: clauses, sentences, what a negator reaches, what a contrast weighs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.native import function, pointer
from streams.scoring.chunks import Frame
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
)  # fmt: skip

FAR = 1 << 30
NEGATION_SCOPE = 4
"""Words after a negator that it turns, at most; a clause's end and a contrast end it sooner."""
STATES = 16
"""What an atom's surroundings may be to the model: four bits (``structure.c``)."""
_BITS = np.array(
    [WORD, EMOJI, TRANSPARENT, CLAUSE_END, SENTENCE_END, QUESTION, NEGATOR, LIFTS, CONTRAST], dtype=np.int32
)
"""The flags that ``structure.c`` asks for, in its order."""
_structure = function("structure", "npppnnpppppppppp")


@dataclass(slots=True)
class Structure:
    """What stands around each atom of a frame; one entry an atom, unless another is named."""

    flags: NDArray[np.int32]
    since_negator: NDArray[np.int64]
    """Atoms since the last negator of the clause; FAR where there is none."""
    clause: NDArray[np.int32]
    """Number of the clause, over the whole frame; contrast words open one."""
    clause_starts: NDArray[np.int64]
    sentence: NDArray[np.int32]
    """Number of the sentence, over the whole frame."""
    sentence_starts: NDArray[np.int64]
    state: NDArray[np.int8]
    """Bits: negated; behind a contrast of its sentence; before one; part of a question."""
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
    since = np.empty(count, dtype=np.int64)
    solid = np.empty(count, dtype=np.bool_)
    state = np.empty(count, dtype=np.int8)
    clause, sentence, clause_bits, sentence_bits = np.empty((4, count), dtype=np.int32)
    clause_starts, sentence_starts = np.empty((2, count), dtype=np.int64)
    sizes = np.empty(2, dtype=np.int64)
    _structure(
        count,
        pointer(flags, np.int32),
        pointer(frame.text_of, np.int32),
        pointer(_BITS, np.int32),
        FAR,
        NEGATION_SCOPE,
        pointer(since, np.int64),
        pointer(state, np.int8),
        pointer(solid, np.bool_),
        pointer(clause, np.int32),
        pointer(clause_starts, np.int64),
        pointer(clause_bits, np.int32),
        pointer(sentence, np.int32),
        pointer(sentence_starts, np.int64),
        pointer(sentence_bits, np.int32),
        pointer(sizes, np.int64),
    )
    clauses, sentences = sizes.tolist()
    return Structure(
        flags,
        since,
        clause,
        clause_starts[:clauses],
        sentence,
        sentence_starts[:sentences],
        state,
        clause_bits[:clauses],
        sentence_bits[:sentences],
        solid,
    )
