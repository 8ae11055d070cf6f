"""The weight table at work: a frame of texts → sentiment, emotions, and each word's part in them.

The table is made by ``make train`` (``training/``); MODEL_CARD.md beside this file tells from what, and how well it
reads.
A better reader with the same two methods (`prepare`, `judge`) can take its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streams.scoring.features import (
    LETTERS_AT,
    NEGATED_AT,
    PAIRS_AT,
    ROWS,
    Structure,
    negated_rows,
    neighbour_rows,
    new_word_rows,
    structure,
)
from streams.scoring.tokens import EMOJI, Frame, Lexicon

WEIGHTS = Path(__file__).with_name("weights.npz")
SENTIMENT, EMOTION = slice(0, 3), slice(3, 31)
OUTPUTS = 31
BLOCKS = (0, LETTERS_AT, NEGATED_AT, PAIRS_AT, ROWS)
"""Rows between two of these share one int8 scale per output."""
SHORTEST_SENTENCE = 4
"""Atoms that a sentence needs to be felt by itself, its full stop included."""
MOST_ATOMS = 60_000
"""Atoms that are remembered before the lexicon begins anew: about 20 MB with their weights."""


@dataclass(slots=True)
class Weights:
    """The table and what turns its sums into probabilities."""

    table: NDArray[np.int8]
    scales: NDArray[np.float32]
    """blocks × outputs: what one step of int8 is worth."""
    bias: NDArray[np.float32]
    sentiment_temper: float
    """Divides the sentiment's logits (temperature scaling: Guo et al., ICML 2017)."""
    emotion_slope: NDArray[np.float32]
    emotion_shift: NDArray[np.float32]
    """Platt scaling of each emotion: probability = sigmoid(slope × logit + shift)."""
    thresholds: NDArray[np.float32]
    """Probability from which an emotion is told."""

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> Weights:
        """Reads a weights file.

        Raises:
            ValueError: The file was made for other features than this version's.
        """
        with np.load(path) as stored:
            weights = cls(
                stored["table"], stored["scales"], stored["bias"], float(stored["sentiment_temper"]),
                stored["emotion_slope"], stored["emotion_shift"], stored["thresholds"],
            )  # fmt: skip
        if weights.table.shape != (ROWS, OUTPUTS):
            raise ValueError(f"{path} holds a table of {weights.table.shape}, not {(ROWS, OUTPUTS)}: run make train")
        return weights

    def save(self, path: Path = WEIGHTS) -> None:
        """Writes a weights file."""
        np.savez_compressed(
            path, table=self.table, scales=self.scales, bias=self.bias, sentiment_temper=self.sentiment_temper,
            emotion_slope=self.emotion_slope, emotion_shift=self.emotion_shift, thresholds=self.thresholds,
        )  # fmt: skip


def quantised(table: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """The table in int8 and its scales per block and output; what is beyond 127 steps is clipped."""
    scales = np.empty((len(BLOCKS) - 1, OUTPUTS), dtype=np.float32)
    small = np.empty(table.shape, dtype=np.int8)
    for block, (begin, end) in enumerate(pairwise(BLOCKS)):
        part = table[begin:end]
        scales[block] = np.maximum(np.quantile(np.abs(part), 0.9999, axis=0), 1e-6) / 127
        small[begin:end] = np.clip(np.rint(part / scales[block]), -127, 127)
    return small, scales


@lru_cache(maxsize=1)
def shared_weights() -> Weights:
    """The weights of the package, read once a process."""
    return Weights.load()


@dataclass(slots=True)
class Prepared:
    """A frame of texts as atoms, with what stands around each."""

    frame: Frame
    around: Structure


@dataclass(slots=True)
class Judged:
    """What the model thinks of each text of a frame, and why."""

    sentiment: NDArray[np.float32]
    """texts × 3 logits, tempered: negative, neutral, positive."""
    emotions: NDArray[np.float32]
    """texts × 28 probabilities."""
    clause_values: NDArray[np.float32]
    """P(positive) - P(negative) of each clause by itself."""
    parts: NDArray[np.float32]
    """Each atom's part in positive less negative, in logits; a pair's part is split between its two."""


class Model:
    """Reads frames of texts. Not to be shared between threads: it learns words as they come."""

    def __init__(self, weights: Weights | None = None) -> None:
        self.weights = weights or shared_weights()
        self.lexicon = Lexicon()
        self._begin()

    def _begin(self) -> None:
        self.lexicon.clear_all()
        self.generation = getattr(self, "generation", -1) + 1
        """Grows whenever the lexicon begins anew: what was kept per atom is then void."""
        self._flags = np.zeros(0, dtype=np.int32)
        self._hashes = np.zeros(0, dtype=np.uint32)
        self._words = np.zeros((0, OUTPUTS), dtype=np.float32)

    def _rows(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Rows of the table as numbers, whichever block they are of."""
        block = np.searchsorted(BLOCKS, rows, side="right") - 1
        out: NDArray[np.float32] = self.weights.table[rows] * self.weights.scales[block]
        return out

    def _learn(self) -> None:
        """Folds the weights of the atoms that are new."""
        begin, end = len(self._flags), len(self.lexicon.norm)
        if begin == end:
            return
        lexicon = self.lexicon
        self._flags = np.concatenate([self._flags, np.array(lexicon.flags[begin:], dtype=np.int32)])
        hashes = np.array(lexicon.hashes[begin:], dtype=np.uint32)
        self._hashes = np.concatenate([self._hashes, hashes])
        # Rows of letters are many: in slices, so that a frame of new words stays small.
        folded = [self._words]
        for at in range(begin, end, 5_000):
            rows, scales, starts = new_word_rows(lexicon, at, min(at + 5_000, end))
            folded.append(np.add.reduceat(self._rows(rows) * scales[:, None], starts, axis=0))
        self._words = np.concatenate(folded)

    def prepare(self, texts: list[str]) -> Prepared:
        """The texts as atoms."""
        if len(self.lexicon.norm) > MOST_ATOMS:
            self._begin()
        frame = self.lexicon.read(texts)
        self._learn()
        return Prepared(frame, structure(frame, self._flags))

    def _strongest(
        self, whole: NDArray[np.float32], parts: NDArray[np.float32], frame: Frame, around: Structure
    ) -> NDArray[np.float32]:
        """The emotions' logits of each text or of its most moved sentence, whichever is higher; emotions × texts.

        A letter of five calm sentences and one furious one is a furious letter. Neutral (the last) is of the whole.
        """
        opens = around.sentence_starts
        counts = np.diff(np.append(opens, len(frame.atoms)))
        sentences: NDArray[np.float32] = np.add.reduceat(parts, opens, axis=1)
        sentences /= np.sqrt(counts, dtype=np.float32)
        sentences += self.weights.bias[EMOTION, None]
        sentences[:, counts < SHORTEST_SENTENCE] = -np.inf
        owners = frame.text_of[opens]
        first = np.flatnonzero(np.append(True, owners[1:] != owners[:-1]))
        strongest = np.maximum(whole, np.maximum.reduceat(sentences, first, axis=1))
        strongest[-1] = whole[-1]
        return strongest

    def _parts(self, prepared: Prepared, read: NDArray[np.bool_]) -> NDArray[np.float32]:
        """What each atom adds to each output where it stands: atoms × outputs."""
        frame, around, weights = prepared.frame, prepared.around, self.weights
        atoms = frame.atoms
        parts: NDArray[np.float32] = np.take(self._words, atoms, axis=0)
        turned = np.flatnonzero(around.negated)
        parts[turned] += self._rows(negated_rows(self._hashes[atoms[turned]]))
        rows, together = neighbour_rows(frame, self._hashes)
        pairs = np.take(weights.table, rows, axis=0) * (weights.scales[-1] * np.float32(0.5))
        pairs[~together] = 0.0
        parts[1:] += pairs
        parts[:-1] += pairs
        unread = ~read[frame.text_of] & ((around.flags & EMOJI) == 0)
        if unread.any():
            parts[unread] = 0.0
        return parts

    def judge(self, prepared: Prepared, read: NDArray[np.bool_]) -> Judged:
        """What the texts feel like; of a text that is not ``read`` only emoji speak."""
        frame, around, weights = prepared.frame, prepared.around, self.weights
        # Outputs × atoms: sums over the atoms of a text run over neighbours in memory.
        parts = np.ascontiguousarray(self._parts(prepared, read).T)
        counts = np.diff(np.append(frame.starts, len(frame.atoms)))
        sums: NDArray[np.float32] = np.add.reduceat(parts, frame.starts, axis=1)
        sums /= np.sqrt(counts, dtype=np.float32)
        sums += weights.bias[:, None]
        temper = np.float32(1.0 / weights.sentiment_temper)
        feeling = parts[SENTIMENT]
        clause_counts = np.diff(np.append(around.clause_starts, len(frame.atoms)))
        clauses: NDArray[np.float32] = np.add.reduceat(feeling, around.clause_starts, axis=1)
        clauses /= np.sqrt(clause_counts, dtype=np.float32)
        clauses = (clauses + weights.bias[SENTIMENT, None]) * temper
        chances: NDArray[np.float32] = np.exp(clauses - clauses.max(axis=0))
        felt = self._strongest(sums[EMOTION], parts[EMOTION], frame, around)
        felt = felt * weights.emotion_slope[:, None] + weights.emotion_shift[:, None]
        emotions = 1.0 / (1.0 + np.exp(-np.clip(felt, -30.0, 30.0)))
        return Judged(
            np.ascontiguousarray(sums[SENTIMENT].T * temper, dtype=np.float32),
            np.ascontiguousarray(emotions.T, dtype=np.float32),
            (chances[2] - chances[0]) / chances.sum(axis=0),
            feeling[2] - feeling[0],
        )
