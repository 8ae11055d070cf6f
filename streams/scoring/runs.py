"""Weighted sums and directions of runs of places: texts, sentences, clauses.

What is read of a text must not hang on its neighbours in a frame, to the last digit. So each run is summed by itself
(``runs.c``), place after place; and rows are multiplied by a matrix so, too: products of whole frames would hang in
their last digit on the number of rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.native import function, pointer
from streams.scoring.weights import HEADS

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]
Steps = NDArray[np.int16]
"""What places say, in whole steps: kept so, for they are many."""

_weighted = function("weighted", "npppnpnp")
_spoken = function("spoken", "npppppp")
_products = function("products", "nnnppp")
_largest = function("largest", "nppppppnpp")
_EIGHT = 8


def weighted(hidden: Steps, weight: Floats, starts: Numbers, ends: Numbers) -> Floats:
    """Runs × heads × channels: the weighted sums of what the places (rows of ``hidden``) of each run say."""
    heads, total = weight.shape
    if heads not in (1, HEADS):
        raise ValueError(f"weights of {heads} heads; there are 1 or {HEADS}")
    out = np.empty((len(starts), heads, hidden.shape[1]), dtype=np.float32)
    said, counts = pointer(hidden, np.int16), pointer(weight, np.float32)
    _weighted(
        len(starts),
        pointer(starts, np.int64),
        pointer(ends, np.int64),
        said,
        heads,
        counts,
        total,
        pointer(out, np.float32),
    )
    return out


def spoken(hidden: Steps, weight: Floats, vectors: Floats, starts: Numbers, ends: Numbers) -> Floats:
    """What the places of each run add in the direction of its own vector (of channels), run behind run."""
    out = np.empty(int((ends - starts).sum()), dtype=np.float32)
    said, counts, directions = pointer(hidden, np.int16), pointer(weight, np.float32), pointer(vectors, np.float32)
    _spoken(
        len(starts),
        pointer(starts, np.int64),
        pointer(ends, np.int64),
        said,
        counts,
        directions,
        pointer(out, np.float32),
    )
    return out


def largest(
    values: Floats,
    starts: Numbers,
    ends: Numbers,
    solid: NDArray[np.bool_],
    names: NDArray[np.int32],
    *,
    share: float,
    least: float,
    most: int,
) -> tuple[Numbers, Numbers]:
    """The places of each run's largest values: of each run how many, and the places, run behind run, largest first.

    Args:
        values: Of the places of each run, run behind run.
        starts: Where each run begins among the frame's places.
        ends: Where it ends.
        solid: Of each place of the frame, whether it may be told.
        names: What it would be told as; each is told once.
        share: Part of the run's largest value from which one is told, if it is above 0.
        least: The value from which one is told.
        most: How many of a run.
    """
    counts, places = np.empty(len(starts), dtype=np.int64), np.empty(len(starts) * most, dtype=np.int64)
    bounds = np.array([share, least], dtype=np.float32)
    total = _largest(
        len(starts),
        pointer(starts, np.int64),
        pointer(ends, np.int64),
        pointer(values, np.float32),
        pointer(solid, np.bool_),
        pointer(names, np.int32),
        pointer(bounds, np.float32),
        most,
        pointer(counts, np.int64),
        pointer(places, np.int64),
    )
    return counts, places[:total]


class Matrix:
    """What rows are multiplied by."""

    def __init__(self, numbers: Floats) -> None:
        """Takes its numbers: inner × columns."""
        self.inner, self.columns = numbers.shape
        # Lines are filled up: the library takes eight columns at once.
        self.lines = np.zeros((self.inner, -(-self.columns // _EIGHT) * _EIGHT), dtype=np.float32)
        self.lines[:, : self.columns] = numbers


def products(rows: Floats, matrix: Matrix) -> Floats:
    """Each row by itself times the matrix: rows × columns."""
    kept = np.ascontiguousarray(rows)
    if kept.shape[1] != matrix.inner:
        raise ValueError(f"rows of {kept.shape[1]} don't fit a matrix of {matrix.inner} lines")
    outer = matrix.lines.shape[1]
    out = np.empty((len(kept), outer), dtype=np.float32)
    lines = pointer(matrix.lines, np.float32)
    _products(len(kept), matrix.inner, outer, pointer(kept, np.float32), lines, pointer(out, np.float32))
    return out[:, : matrix.columns]
