"""Exponentials and logarithms that are the same on every processor, and the curves that are made of them.

What a text reads must not hang on the machine: numpy's have another last digit with AVX-512, with AVX2 and without
(``curves.c``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.native import function, pointer

Floats = NDArray[np.float32]

NEVER, SURELY = 1e-6, 1.0 - 1e-6
"""The probabilities beyond which log odds are not told apart."""
_exponential = function("curves_exponential", "npp")
_logarithm = function("curves_logarithm", "npp")
_power = function("curves_power", "nnppp")


def exponential(values: Floats) -> Floats:
    """e to the power of each number, of the same shape."""
    values = np.ascontiguousarray(values, dtype=np.float32)
    out = np.empty_like(values)
    _exponential(values.size, pointer(values, np.float32), pointer(out, np.float32))
    return out


def logarithm(values: Floats) -> Floats:
    """The natural logarithm of each number, all of them above 0, of the same shape."""
    values = np.ascontiguousarray(values, dtype=np.float32)
    out = np.empty_like(values)
    _logarithm(values.size, pointer(values, np.float32), pointer(out, np.float32))
    return out


def power(values: Floats, powers: Floats) -> Floats:
    """Rows of numbers, all of them above 0, each row to a power of its own."""
    values, powers = (np.ascontiguousarray(given, dtype=np.float32) for given in (values, powers))
    if values.ndim != 2 or powers.shape != values.shape[:1]:
        raise ValueError(f"{powers.shape} powers don't fit rows of {values.shape}")
    out = np.empty_like(values)
    _power(*values.shape, pointer(values, np.float32), pointer(powers, np.float32), pointer(out, np.float32))
    return out


def sigmoid(odds: Floats) -> Floats:
    """The probability of each log odds."""
    return np.float32(1.0) / (np.float32(1.0) + exponential(-odds))


def log_odds(chances: Floats) -> Floats:
    """What makes a probability when `sigmoid` is put over it."""
    near: Floats = np.clip(chances, np.float32(NEVER), np.float32(SURELY))
    return logarithm(near / (np.float32(1.0) - near))


def softmax(logits: Floats) -> Floats:
    """Probabilities of each row."""
    chances = exponential(logits - logits.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    return chances
