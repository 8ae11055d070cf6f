"""Series made here, whose truth is known: seasonal negative binomial counts with what happens put into them.

A series is eight weeks of counts every five minutes. Its rate has a daily and a weekly rhythm and drifts by itself
(an autoregressive factor of some hours); counts around it are negative binomial. Into the last six weeks one kind of
happening is put, several times, far from each other. Whether a detector should tell it is a part of the kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STEP_S = 300
DAY = 86_400 // STEP_S
WEEKS = 8
ROWS = WEEKS * 7 * DAY
FIRST = 14 * DAY
"""No happening before two weeks are over."""
APART = 6 * DAY
BEGINS_S = 1_772_409_600.0
"""A Monday at midnight UTC."""

RATES = (0.5, 3.0, 15.0, 80.0)
"""Mean counts a row: a quiet brand, and louder ones."""
SIZES = {"burst": (3, 6, 12), "swell": (2, 3, 5), "shift": (1.5, 2.5, 4), "holiday": (0.4,), "gap": (0,), "none": (1,)}
"""Times what is usual at its height, by kind."""
LASTS = {"burst": 9, "swell": DAY // 2, "shift": DAY, "holiday": DAY, "gap": DAY // 2, "none": 0}
"""Rows; a shift stays, and is to be told in its first day."""
WANTED = ("burst", "swell", "shift")


@dataclass(frozen=True)
class Series:
    """One series and its truth."""

    kind: str
    size: float
    rate: float
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    happenings: list[tuple[float, float]]
    """(begin, end) in seconds; of kinds that nobody wants to be told, where an alert would be wrong."""


def usual(rate: float, dice: np.random.Generator) -> NDArray[np.float64]:
    """The rate of each row without anything happening."""
    rows = np.arange(ROWS)
    day = 1.0 + dice.uniform(0.3, 0.8) * np.sin(2 * np.pi * (rows / DAY - dice.uniform()))
    week = np.where(rows // DAY % 7 >= 5, dice.uniform(0.6, 1.1), 1.0)
    memory = 0.5 ** (1 / (4 * 12))
    steps = dice.normal(0.0, 0.25 * np.sqrt(1 - memory**2), ROWS)
    drift = np.empty(ROWS)
    state = 0.0
    for row in range(ROWS):
        drift[row] = state = memory * state + steps[row]
    return rate * day * week * np.exp(drift)


def make(kind: str, size: float, rate: float, seed: int) -> Series:
    """One series of a kind."""
    dice = np.random.default_rng([seed, int(rate * 100), int(size * 100), sum(kind.encode())])
    rates = usual(rate, dice)
    factor, kept, happenings = np.ones(ROWS), np.ones(ROWS, dtype=bool), []
    lasts = LASTS[kind]
    row = FIRST + int(dice.integers(APART))
    while kind != "none" and row + lasts < ROWS - DAY:
        where = slice(row, row + lasts)
        if kind == "burst":
            factor[where] = 1 + (size - 1) * np.exp(-np.arange(lasts) / 4)
        elif kind == "swell":
            factor[where] = 1 + (size - 1) * np.sin(np.pi * np.arange(lasts) / lasts)
        elif kind == "shift":
            factor[row:] *= size
        elif kind == "holiday":
            factor[where] = size
        elif kind == "gap":
            kept[where] = False
        begin = BEGINS_S + row * STEP_S
        happenings.append((begin, begin + lasts * STEP_S))
        row += lasts + APART + int(dice.integers(APART)) if kind != "shift" else ROWS
    # Variance = mean + mean² / shape.
    shape = 6.0
    means = rates * factor
    values = dice.negative_binomial(shape, shape / (shape + means)).astype(float)
    times = BEGINS_S + np.arange(ROWS, dtype=np.float64) * STEP_S
    return Series(kind, size, rate, times[kept], values[kept], happenings)


def every(seeds: int) -> Iterator[Series]:
    """All kinds, sizes and rates, so many times each."""
    for kind, sizes in SIZES.items():
        for size in sizes:
            for rate in RATES:
                for seed in range(seeds):
                    yield make(kind, size, rate, seed)
