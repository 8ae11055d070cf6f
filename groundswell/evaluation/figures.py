"""The arithmetic of the figures: accuracy, recall, F1, calibration error, shares of one (not per cent)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def macro_recall(truth: NDArray[np.int64], guess: NDArray[np.int64]) -> float:
    """Mean over the classes of the share that was recognised."""
    return float(np.mean([np.mean(guess[truth == label] == label) for label in np.unique(truth)]))


def f1(truth: NDArray[np.bool_], guess: NDArray[np.bool_]) -> float:
    """Harmonic mean of precision and recall of one label; 0 where it is neither there nor guessed."""
    both = float(np.sum(truth & guess))
    return 2 * both / total if (total := float(np.sum(truth) + np.sum(guess))) else 0.0


def macro_f1(truth: NDArray[np.bool_], guess: NDArray[np.bool_]) -> float:
    """Mean F1 over the columns: texts × labels."""
    return float(np.mean([f1(truth[:, at], guess[:, at]) for at in range(truth.shape[1])]))


def class_f1(truth: Sequence[str], guess: Sequence[str]) -> float:
    """Mean F1 over the classes that are there, one class a text."""
    there, said = np.array(truth, dtype=object), np.array(guess, dtype=object)
    return float(np.mean([f1(there == name, said == name) for name in sorted(set(truth))]))


def calibration_error(truth: NDArray[np.bool_], probability: NDArray[np.float64], bins: int = 15) -> float:
    """Expected calibration error (Guo et al., ICML 2017) of one probability per case, with bins of equal width."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = [
        abs(float(np.mean(truth[place == at])) - float(np.mean(probability[place == at]))) * float(np.mean(place == at))
        for at in np.unique(place)
    ]
    return float(np.sum(gaps))
