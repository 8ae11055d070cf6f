"""The product's detectors on made series of distinct voices an hour: four weeks, as one brand's pain point has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from streams.detection import Baseline, Detector, Sample
from streams.detection.baseline import HOUR_MS

HOURS = 28 * 24
FIRST = 5 * 24
APART = 4 * 24
QUIET_MS = 18 * HOUR_MS
RATES = (0.05, 0.4, 2.0, 8.0, 30.0)
"""Mean voices an hour."""
SIZES: tuple[float | None, ...] = (None, 4.0, 8.0, 16.0)
"""Times what is usual at that hour, and at least so many voices more; None: nothing happens."""
LASTS = 3


@dataclass(slots=True)
class Found:
    """What one detector found in the series of one rate."""

    happened: int = 0
    found: int = 0
    false: int = 0
    weeks: float = 0.0


def voices(rate: float, size: float | None, seed: int) -> tuple[list[int], list[int]]:
    """Voices of each hour, and the hours at which something begins."""
    dice = np.random.default_rng([seed, int(rate * 100), int((size or 0) * 10)])
    hours = np.arange(HOURS)
    day = 1.0 + dice.uniform(0.4, 0.9) * np.sin(2 * np.pi * (hours / 24 - dice.uniform()))
    steps = dice.normal(0.0, 0.35 * np.sqrt(1 - 0.8**2), HOURS)
    drift = np.empty(HOURS)
    state = 0.0
    for hour in range(HOURS):
        drift[hour] = state = 0.8 * state + steps[hour]
    means = rate * day * np.exp(drift)
    begins = []
    hour = FIRST + int(dice.integers(APART))
    while size is not None and hour + LASTS < HOURS - 24:
        means[hour : hour + LASTS] = np.maximum(means[hour : hour + LASTS] * size, means[hour : hour + LASTS] + size)
        begins.append(hour)
        hour += APART + int(dice.integers(APART))
    shape = 4.0
    return dice.negative_binomial(shape, shape / (shape + means)).tolist(), begins


def alerts_of(detector: Detector, counts: list[int]) -> Iterator[int]:
    """The hours at whose end an alert begins; 18 hours later the next may."""
    past = Baseline(first_ms=0)
    muted_ms = 0
    for hour, count in enumerate(counts):
        end_ms = (hour + 1) * HOUR_MS
        share = 1 / count if count else 0.0
        fired = detector.judge(Sample(end_ms, end_ms - HOUR_MS, muted_ms - QUIET_MS, count, count, share), past).fired
        past.record(hour, count)
        if fired and end_ms >= muted_ms:
            muted_ms = end_ms + QUIET_MS
            yield hour


def judged(detector: Detector, rate: float, size: float | None, seeds: int) -> Found:
    """What a detector finds in so many series of a kind."""
    found = Found()
    for seed in range(seeds):
        counts, begins = voices(rate, size, seed)
        told: set[int] = set()
        for hour in alerts_of(detector, counts):
            about = [begin for begin in begins if begin <= hour < begin + LASTS + 6]
            if about:
                told.add(about[0])
            else:
                found.false += 1
        found.found += len(told)
        found.happened += len(begins)
        found.weeks += HOURS / 168
    return found
