"""Series made here, whose truth is known: mentions every five minutes, with what happens put into them.

A series is eight weeks of counts like those of a company's mentions. Its rate has a rhythm of the day and of the week,
a level that wanders for days, and a drift of some hours. Counts around it are negative binomial with a shape of each
series' own. By itself it has isolated bursts on most days, of which most are small and few are large (Pareto), each
over within the hour: what people pass on to each other, and no news. Into the last six weeks one kind of happening is
put, several times, far from each other. Whether a detector should tell it is a part of the kind. Nothing in it was
fitted to anybody's data.
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

RATES = (1.0, 5.0, 25.0, 100.0)
"""Mean counts a row: a quiet company, and louder ones."""
SIZES = {
    "burst": (3, 6, 12, 25),
    "swell": (2, 3, 5),
    "shift": (1.5, 2.5, 4),
    "holiday": (0.4,),
    "gap": (0,),
    "bursty": (1,),
    "none": (1,),
}
"""Times what is usual at its height, by kind."""
LASTS = {"burst": 18, "swell": DAY // 2, "shift": DAY, "holiday": DAY, "gap": DAY // 2, "bursty": 0, "none": 0}
"""Rows; a shift stays, and is to be told in its first day."""
WANTED = ("burst", "swell", "shift")
NATURAL = {"bursty": 2.5}
"""Bursts a day that a series has by itself; of a kind that is not named, ``USUALLY``; of ``none``, none."""
USUALLY = 0.7
TAIL = 2.0
"""Exponent of their sizes: of a hundred, ten are three times as large as the smallest, and one ten times."""


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


def wander(dice: np.random.Generator, half_life: float, deviation: float) -> NDArray[np.float64]:
    """A factor that strays from one and comes back: autoregressive, of the logarithm."""
    memory = 0.5 ** (1 / half_life)
    steps = dice.normal(0.0, deviation * np.sqrt(1 - memory**2), ROWS)
    state, found = 0.0, np.empty(ROWS)
    for row in range(ROWS):
        found[row] = state = memory * state + steps[row]
    return np.exp(found)


def usual(rate: float, dice: np.random.Generator) -> NDArray[np.float64]:
    """The rate of each row without anything happening."""
    rows = np.arange(ROWS)
    day = 1.0 + dice.uniform(0.3, 0.8) * np.sin(2 * np.pi * (rows / DAY - dice.uniform()))
    week = np.where(rows // DAY % 7 >= 5, dice.uniform(0.5, 1.1), 1.0)
    return rate * day * week * wander(dice, 4 * 12, 0.25) * wander(dice, 7 * DAY, 0.2)


def natural(rates: NDArray[np.float64], a_day: float, dice: np.random.Generator) -> NDArray[np.float64]:
    """What its own isolated bursts add to the rate of each row."""
    added = np.zeros(ROWS)
    for row in np.flatnonzero(dice.random(ROWS) < a_day / DAY).tolist():
        size = 1.5 * dice.pareto(TAIL) + 0.5
        lasts = np.arange(min(int(dice.integers(3, 12)), ROWS - row))
        added[row : row + len(lasts)] += size * rates[row] * np.exp(-lasts / 3)
    return added


def make(kind: str, size: float, rate: float, seed: int) -> Series:
    """One series of a kind."""
    dice = np.random.default_rng([seed, int(rate * 100), int(size * 100), sum(kind.encode())])
    rates = usual(rate, dice)
    own = natural(rates, 0.0 if kind == "none" else NATURAL.get(kind, USUALLY), dice)
    factor, kept, happenings = np.ones(ROWS), np.ones(ROWS, dtype=bool), []
    lasts = LASTS[kind]
    row = FIRST + int(dice.integers(APART))
    while lasts and row + lasts < ROWS - DAY:
        where = slice(row, row + lasts)
        if kind == "burst":
            # It rises within a quarter of an hour, and halves every half an hour then.
            factor[where] = 1 + (size - 1) * np.minimum((np.arange(lasts) + 1) / 3, 0.5 ** ((np.arange(lasts) - 2) / 6))
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
    shape = dice.uniform(2.0, 10.0)
    means = rates * factor + own
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
