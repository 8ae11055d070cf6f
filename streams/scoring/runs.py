"""Weighted sums and directions of runs of places: texts, sentences, clauses.

A product of floats hangs in its last digit on how large the arrays are, and what is read of a text must not hang on its
neighbours in a frame. So products are taken run by run: long runs by themselves, and many short ones that are equally
long in one call, which ends in the same digits as each by itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]
Steps = NDArray[np.int16]
"""What places say, in whole steps: kept so, for they are many."""

AT_ONCE: Final = 512
"""Places that are worked on at once, so that they stay in the processor's cache."""
_LONG: Final = 64
"""Places from which on a run is worked on by itself."""


def weighted(hidden: Steps, weight: Floats, starts: Numbers, ends: Numbers) -> Floats:
    """Runs × heads × channels: the weighted sums of what the places (rows of ``hidden``) of each run say."""
    out = np.empty((len(starts), len(weight), hidden.shape[1]), dtype=np.float32)
    long, alike = _by_size(starts, ends)
    for run, start, end in long:
        said = hidden[start:end].astype(np.float32)
        for head, counts in enumerate(weight):
            np.dot(counts[start:end], said, out=out[run, head])
    for runs, places in alike:
        said = np.take(hidden, places, axis=0).astype(np.float32)
        for head, counts in enumerate(weight):
            out[runs, head] = np.matmul(np.take(counts, places)[:, None], said)[:, 0]
    return out


def spoken(hidden: Steps, weight: Floats, vectors: Floats, starts: Numbers, ends: Numbers) -> Floats:
    """What the places of each run add in the direction of its own vector (of channels), run behind run."""
    sizes = ends - starts
    begins = np.cumsum(sizes) - sizes
    out = np.empty(int(sizes.sum()), dtype=np.float32)
    long, alike = _by_size(starts, ends)
    said, known = np.empty((0, hidden.shape[1]), dtype=np.float32), -1
    for run, start, end in long:
        if start != known:  # A text is asked for each of its emotions.
            said, known = hidden[start:end].astype(np.float32), start
        begin = int(begins[run])
        out[begin : begin + end - start] = np.dot(said, vectors[run]) * weight[start:end]
    for runs, places in alike:
        heard = np.matmul(np.take(hidden, places, axis=0).astype(np.float32), vectors[runs, :, None])[:, :, 0]
        out[places + (begins - starts)[runs, None]] = heard * np.take(weight, places)
    return out


def _by_size(
    starts: Numbers, ends: Numbers
) -> tuple[Iterable[tuple[int, int, int]], Iterator[tuple[Numbers, Numbers]]]:
    """Long runs of places, with their bounds; and short ones, some that are equally long at once, with their places."""
    sizes = ends - starts
    long = np.flatnonzero(sizes >= _LONG)
    short = np.flatnonzero(sizes < _LONG)

    def alike() -> Iterator[tuple[Numbers, Numbers]]:
        order = short[np.argsort(sizes[short], kind="stable")]
        bounds = np.flatnonzero(np.diff(sizes[order], prepend=0, append=0)).tolist()
        for begin, end in itertools.pairwise(bounds):
            size = int(sizes[order[begin]])
            offsets, many = np.arange(size), AT_ONCE // size
            for at in range(begin, end, many):
                runs = order[at : min(at + many, end)]
                yield runs, starts[runs, None] + offsets

    return zip(long.tolist(), starts[long].tolist(), ends[long].tolist(), strict=True), alike()


def products(rows: Floats, matrix: Floats) -> Floats:
    """Each row by itself times the matrix: in one product its last digit would hang on the number of rows."""
    out: Floats = np.matmul(rows[:, None], matrix)[:, 0]
    return out
