"""The reader's weights: what is stored in the package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from schemas.scored import EMOTIONS
from streams.scoring.structure import STATES
from streams.scoring.words import Vocabulary, embedded

WEIGHTS = Path(__file__).with_name("weights.npz")
FAMILIES = ("anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral", "negative")
"""Ekman's six and neutral, as GoEmotions joins its labels, and all of those that are negative."""
SENTIMENT = slice(0, 3)
EMOTION = slice(3, 3 + len(EMOTIONS))
FAMILY = slice(EMOTION.stop, EMOTION.stop + len(FAMILIES))
FELT = slice(EMOTION.start, FAMILY.stop)
"""Emotions and families: what is a probability of its own each."""
OUTPUTS = FAMILY.stop
UNITS = 128
MOOD_UNITS, FELT_UNITS = slice(OUTPUTS, OUTPUTS + UNITS), slice(OUTPUTS + UNITS, OUTPUTS + 2 * UNITS)
"""What the sums over a text are rectified into before they speak once more, of its sentiment and of what is felt: some
words mean another thing in the same text as others ("love", "forty minutes")."""
SUMS = FELT_UNITS.stop
"""What is summed over the places of a text."""
HEADS = 2
"""Weights of a place: one for its part in the sentiment, one for its part in emotions and families."""
LONGEST_WEIGHT = 3.0
"""A place weighs between exp(-3) and exp(3)."""
TAPS = 5
FINE = 1 << 14
"""Steps of 1 in which words stand somewhere: sums stay below 2^50."""
FULL_TAP = 4_500
"""Largest tap of a known word, in steps of int16: seven of them, surroundings and pair included, don't overflow."""


@dataclass(slots=True)
class Weights:
    """The tables and what turns their sums into probabilities."""

    words: NDArray[np.uint8]
    """The words that have rows of their own, in UTF-8, a line each."""
    table: NDArray[np.int8]
    """rows × dimensions: words, letters, styles."""
    scales: NDArray[np.float16]
    """What one step of int8 is worth in each row."""
    maps: NDArray[np.float32]
    """dimensions × (taps × channels), in steps of the taps' int16."""
    states: NDArray[np.int16]
    """states × channels: what an atom's surroundings add."""
    pairs: NDArray[np.uint32]
    """The keys of the pairs of words that have rows of their own, ascending."""
    pair_table: NDArray[np.int8]
    """(1 + pairs) × channels: what each pair adds where its second word stands; the first row is nothing."""
    pair_steps: NDArray[np.int16]
    """What one step of int8 is worth in each channel, in steps of int16."""
    out: NDArray[np.float32]
    """channels × (outputs, units, heads), from steps of int16."""
    bias: NDArray[np.float32]
    """Of outputs and units."""
    mood_units: NDArray[np.float32]
    """units × 3: what each adds to the sentiment."""
    felt_units: NDArray[np.float32]
    """units × (emotions, families)."""
    power: NDArray[np.float32]
    """The power of the summed weights by which a text's sums are divided, for each head."""
    sentiment_slope: NDArray[np.float32]
    """One number: what the sentiment's logits are multiplied by (temperature scaling: Guo et al., ICML 2017)."""
    felt_slope: NDArray[np.float32]
    felt_shift: NDArray[np.float32]
    """Platt scaling (Platt 1999) of each emotion and family: probability = sigmoid(slope × logit + shift)."""
    thresholds: NDArray[np.float32]
    """Probability from which an emotion is told."""
    family_thresholds: NDArray[np.float32]
    """The same for each family."""

    @property
    def channels(self) -> int:
        """Rectified numbers of a place."""
        return int(self.states.shape[1])

    def fingerprint(self) -> int:
        """Of what says what words mean."""
        return crc32(self.table.data) ^ crc32(self.words.data)

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> Weights:
        """Reads a weights file.

        Raises:
            ValueError: The file was made for another shape of model than this version's.
        """
        with np.load(path) as stored:
            missing = [field.name for field in fields(cls) if field.name not in stored]
            if missing:
                raise ValueError(f"{path} lacks {', '.join(missing)}: run make train")
            weights = cls(**{field.name: stored[field.name] for field in fields(cls)})
        channels = weights.states.shape[1]
        shapes = {
            "maps": (weights.table.shape[1], TAPS * channels),
            "states": (STATES, channels),
            "pair_table": (len(weights.pairs) + 1, channels),
            "out": (channels, SUMS + HEADS),
            "bias": (SUMS,),
            "mood_units": (MOOD_UNITS.stop - MOOD_UNITS.start, SENTIMENT.stop),
            "felt_units": (FELT_UNITS.stop - FELT_UNITS.start, FELT.stop - FELT.start),
        }
        for name, shape in shapes.items():
            if getattr(weights, name).shape != shape:
                raise ValueError(f"{path} holds {name} of {getattr(weights, name).shape}, not {shape}: run make train")
        # Stored in half precision; a model of this size does not notice.
        weights.maps = weights.maps.astype(np.float32)
        return weights

    def save(self, path: Path = WEIGHTS) -> None:
        """Writes a weights file."""
        stored = {field.name: getattr(self, field.name) for field in fields(self)}
        np.savez_compressed(path, **{**stored, "maps": self.maps.astype(np.float16)})

    def vocabulary(self) -> Vocabulary:
        """The words that have rows of their own."""
        return _vocabulary(self.words.tobytes())

    def embedded(self, norms: Sequence[str], flags: Sequence[int]) -> NDArray[np.float64]:
        """Where some words stand, by their norms and flags, in whole steps: words × dimensions."""
        rows = self.vocabulary().rows(norms, flags)
        whole: NDArray[np.float64] = np.rint(embedded(rows, self.table, self.scales) * FINE)
        return whole

    def tempered(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Calibrated logits of sentiment: texts × 3."""
        out: NDArray[np.float32] = logits * self.sentiment_slope
        return out


@lru_cache(maxsize=4)
def _vocabulary(words: bytes) -> Vocabulary:
    return Vocabulary(words.decode("utf-8").split("\n"))


@lru_cache(maxsize=1)
def shared_weights() -> Weights:
    """The weights of the package, read once a process."""
    return Weights.load()
