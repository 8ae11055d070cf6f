"""What turns logits into probabilities and probabilities into what is told, set on the share kept for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell.evaluation.figures import f1
from schemas.scored import EMOTIONS

_GRID = np.linspace(0.03, 0.75, 73)
LEAN = {"anger": 0.3, "joy": 0.5, "optimism": -0.8}
"""Log odds added to what Reddit's comments lead one to expect: who posts tells of anger and joy more often, and of
optimism less (chosen on TweetEval's emotions)."""
FEW = 40
"""Texts with a label up to which its threshold follows from the probabilities alone."""


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities, each on its own."""
    out: NDArray[np.float32] = 1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30)))
    return out


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities over the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    out: NDArray[np.float32] = shifted / shifted.sum(axis=-1, keepdims=True)
    return out


def slope(
    logits: NDArray[np.float32],
    labels: NDArray[np.int64],
    weight: NDArray[np.float32],
    beside: NDArray[np.float32] | float = 0.0,
) -> float:
    """The factor that makes the labels likeliest (temperature scaling: Guo et al., ICML 2017), from a fine grid.

    ``beside`` are other logits that are added to the scaled ones.
    """
    rows = np.arange(len(labels))
    grid = np.geomspace(0.2, 3.0, 80)
    losses = [
        -float(np.sum(weight * np.log(softmax(logits * factor + beside)[rows, labels] + 1e-9))) for factor in grid
    ]
    return float(grid[int(np.argmin(losses))])


def platt(
    logit: NDArray[np.float32],
    label: NDArray[np.bool_],
    beside: NDArray[np.float32] | float = 0.0,
    faith: float = 3.0,
) -> tuple[float, float]:
    """Slope and shift of the logistic curve through the labels (Platt 1999), by Newton's method.

    ``beside`` are other logits that are added. ``faith`` in what the model says already: a prior that keeps rare labels
    near slope 1 and shift 0.
    """
    factor, shift = 1.0, 0.0
    for _ in range(50):
        chance = sigmoid(factor * logit + shift + beside)
        error, weight = chance - label, np.maximum(chance * (1 - chance), 1e-6)
        gradient = np.array(
            [np.sum(error * logit) + faith * (factor - 1), np.sum(error) + 0.3 * faith * shift], dtype=np.float64
        )
        cross = float(np.sum(weight * logit))
        hessian = np.array(
            [[np.sum(weight * logit * logit) + faith, cross], [cross, np.sum(weight) + 0.3 * faith]], dtype=np.float64
        )
        step = np.linalg.solve(hessian, gradient)
        factor, shift = factor - float(np.clip(step[0], -1, 1)), shift - float(np.clip(step[1], -1, 1))
    return factor, shift


def threshold(probability: NDArray[np.float32], label: NDArray[np.bool_]) -> float:
    """The probability from which telling the label gives the best F1.

    What the labels say is a matter of luck where they are few, so it is averaged with what calibrated probabilities
    lead one to expect (Lipton et al. 2014), which stands alone up to ``FEW`` labels.
    """
    total = float(probability.sum())
    hoped = np.array(
        [2 * float(probability[probability >= at].sum()) / (float((probability >= at).sum()) + total) for at in _GRID]
    )
    if label.sum() > FEW:
        met = np.array([f1(label, probability >= at) for at in _GRID])
        hoped = (hoped + np.convolve(np.pad(met, 2, mode="edge"), np.ones(5) / 5, mode="valid")) / 2
    return float(_GRID[int(np.argmax(hoped))])


@dataclass
class Calibration:
    """Of the sentiment one slope; of emotions and families a slope, a shift and a threshold each."""

    sentiment_slope: float
    slopes: NDArray[np.float32]
    shifts: NDArray[np.float32]
    thresholds: NDArray[np.float32]


@dataclass
class Beside:
    """Another reader's calibrated logits of the same texts, whose mean with one's own is told."""

    mood: NDArray[np.float32]
    felt: NDArray[np.float32]
    share: float
    """What one's own count for."""


def calibrated(
    mood: NDArray[np.float32],
    labels: NDArray[np.int64],
    weight: NDArray[np.float32],
    felt: NDArray[np.float32],
    truth: NDArray[np.bool_],
    beside: Beside | None = None,
) -> Calibration:
    """From logits of sentiment with labels and weights, and logits of emotions and families with the truth."""
    share = beside.share if beside else 1.0
    others = (1.0 - share) * beside.felt if beside else np.zeros_like(felt)
    found = []
    for at in range(felt.shape[1]):
        factor, shift = platt(share * felt[:, at], truth[:, at], others[:, at])
        shift += LEAN.get(EMOTIONS[at], 0.0) if at < len(EMOTIONS) else 0.0
        chances = sigmoid(share * factor * felt[:, at] + shift + others[:, at])
        found.append((factor, shift / share, threshold(chances, truth[:, at])))
    slopes, shifts, thresholds = (np.array(column, dtype=np.float32) for column in zip(*found, strict=True))
    other_mood = (1.0 - share) * beside.mood if beside else 0.0
    return Calibration(slope(share * mood, labels, weight, other_mood), slopes, shifts, thresholds)
