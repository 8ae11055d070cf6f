"""What words add to their neighbours' places and to their own, and what the places of a frame say.

A word is folded once into what it adds ("taps": a width-5 convolution as table look-ups), and a pair of neighbours that
is met often adds something of its own. Rectified, that is what a place says; how much it counts hangs on what it says.
The sums are taken in ``places.c``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streams.native import constant, function, pointer
from streams.scoring.chunks import Frame
from streams.scoring.curves import exponential
from streams.scoring.pairs import PairIndex, word_keys
from streams.scoring.runs import Floats, Numbers, Steps
from streams.scoring.weights import FINE, FULL_TAP, HEADS, LONGEST_WEIGHT, SUMS, TAPS, Weights
from streams.scoring.words import SPELT

_CHANNELS, _COARSE, _ROWS = (constant(f"places_{name}") for name in ("channels", "coarse", "rows"))
"""What ``places.c`` is made for: numbers of a place; bits of them that are rounded away; rows of a table of taps."""
_MADE_FOR = _CHANNELS, constant("places_taps"), constant("places_heads")
_FULL_OUT = 255
"""Largest step of what a place's numbers are weighed by: with 128 channels of at most 31,500, sums stay below 2^24
steps of 1 << ``_COARSE``."""
_NEW_AT_ONCE = 256
"""Words that are folded at once: their letters are many, and a frame of new words has to stay small."""
_places = function("places", "npnppppppppppppp")
_cut_off = function("places_cut_off", "nppnpppp")


class Places:
    """Keeps what words add as they come, each spelling once; row 0 is nothing."""

    def __init__(self, weights: Weights) -> None:
        """Takes the reader's weights.

        Raises:
            ValueError: They have another shape than the library is made for.
        """
        if (weights.channels, TAPS, HEADS) != _MADE_FOR:
            raise ValueError(f"channels, taps and heads are {(weights.channels, TAPS, HEADS)}; in model.h {_MADE_FOR}")
        # Whole numbers add up exactly in any order while they stay below 2^53 in double precision, 2^24 in single.
        if _CHANNELS * (TAPS + 2) * FULL_TAP // (1 << _COARSE) * _FULL_OUT >= 1 << 24:
            raise ValueError(f"{_CHANNELS} channels don't add up exactly: COARSE has to grow with them")
        self._weights = weights
        self._maps = np.rint(weights.maps * FINE).astype(np.float64)
        weighing = weights.out[:, SUMS:].T
        self._step = np.abs(weighing).max(axis=1)[:, None] / np.float32(_FULL_OUT)
        self._weighing = np.ascontiguousarray(np.rint(weighing / self._step))
        self._pairs = PairIndex(weights.pairs)
        self.clear()

    def clear(self) -> None:
        """Forgets all words."""
        self._rows = np.zeros(0, dtype=np.int64)
        """Of each atom, its row: "Late" and "late" have the same."""
        self._row_of: dict[tuple[str, int], int] = {}
        """How a word is spelt → its row."""
        self._keys = np.zeros(1, dtype=np.uint64)
        self._tables = [self._table()]

    def _table(self) -> Steps:
        """Room for some rows: rows × (taps × channels). Tables grow in number, so that none has to be moved.

        One is large enough for numpy to ask for large pages (4 MB), whose places are found sooner; what nobody has
        written to takes no memory.
        """
        return np.zeros((_ROWS, TAPS * _CHANNELS), dtype=np.int16)

    def learn(self, norms: Sequence[str], flags: Sequence[int]) -> None:
        """Folds the weights of the atoms that are new, by their norms and flags."""
        known, before = self._row_of, len(self._row_of) + 1
        rows: list[int] = []
        fresh: list[int] = []
        for atom, spelt in enumerate((norm, bits & SPELT) for norm, bits in zip(norms, flags, strict=True)):
            row = known.get(spelt)
            if row is None:
                row = known[spelt] = len(known) + 1
                fresh.append(atom)
            rows.append(row)
        self._rows = np.concatenate([self._rows, np.array(rows, dtype=np.int64)])
        self._keys = np.concatenate([self._keys, word_keys([norms[atom] for atom in fresh])])
        while before + len(fresh) > _ROWS * len(self._tables):
            self._tables.append(self._table())
        for begin in range(0, len(fresh), _NEW_AT_ONCE):
            some = fresh[begin : begin + _NEW_AT_ONCE]
            stand = self._weights.embedded([norms[atom] for atom in some], [flags[atom] for atom in some])
            taps = np.clip(np.rint(stand @ self._maps / FINE**2), -FULL_TAP, FULL_TAP).astype(np.int16)
            for row, folded in enumerate(taps, before + begin):
                self._tables[row // _ROWS][row % _ROWS] = folded

    def say(self, frame: Frame, state: NDArray[np.int8], which: Numbers | None = None) -> tuple[Steps, Floats]:
        """What places say (places × channels), and what each head lets them count for (heads × places).

        Args:
            frame: The texts, of atoms that are known.
            state: What the surroundings of each of its places are.
            which: The places that are asked for; None: all.
        """
        rows, weights = self._rows[frame.atoms], self._weights
        tables = np.array([pointer(table, np.int16) for table in self._tables], dtype=np.uintp)
        count = len(rows) if which is None else len(which)
        said = np.empty((count, _CHANNELS), dtype=np.int16)
        weight = np.empty((HEADS, count), dtype=np.float32)
        _places(
            count,
            0 if which is None else pointer(which, np.int64),
            len(rows),
            pointer(rows, np.int64),
            pointer(frame.text_of, np.int32),
            pointer(state, np.int8),
            pointer(tables, np.uintp),
            pointer(weights.states, np.int16),
            pointer(self._keys, np.uint64),
            pointer(self._pairs.known, np.uint32),
            pointer(self._pairs.starts, np.int32),
            pointer(weights.pair_table, np.int8),
            pointer(weights.pair_steps, np.int16),
            pointer(self._weighing, np.float32),
            pointer(said, np.int16),
            pointer(weight, np.float32),
        )
        weight *= self._step
        np.clip(weight, -LONGEST_WEIGHT, LONGEST_WEIGHT, out=weight)
        return said, exponential(weight)


def cut_off(whole: Frame, state: NDArray[np.int8], starts: Numbers, ends: Numbers, own: NDArray[np.int8]) -> Numbers:
    """Of runs of places, each read as a text of its own, the places that then hear something else, run behind run.

    They have other neighbours, or their surroundings differ.

    Args:
        whole: The frame that the runs are of.
        state: What the surroundings of its places are.
        starts: Where each run begins in it.
        ends: Where each ends.
        own: What the surroundings of the runs' places are to themselves, run behind run.
    """
    out = np.empty(len(own), dtype=np.int64)
    runs, texts = (pointer(starts, np.int64), pointer(ends, np.int64)), pointer(whole.text_of, np.int32)
    count = _cut_off(
        len(starts), *runs, len(state), texts, pointer(state, np.int8), pointer(own, np.int8), pointer(out, np.int64)
    )
    return out[:count]
