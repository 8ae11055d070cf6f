"""When did it begin? The change point before a spike, by the cumulative sum."""

from __future__ import annotations

from collections.abc import Iterable

HOUR_MS = 3_600_000


def onset_of(minutes: Iterable[tuple[int, int]], expected: float) -> int | None:
    """The start of the run-up: after the last moment at which the cumulative sum was at zero (Page, Biometrika 1954).

    Args:
        minutes: (start in ms, voices) of the minutes with voices, in order of time.
        expected: Voices expected in an hour; the sum drifts down at one and a half times that rate.
    """
    drift = 1.5 * max(expected, 1.0) / HOUR_MS
    onset: int | None = None
    total, previous = 0.0, 0
    for start_ms, voices in minutes:
        total -= drift * (start_ms - previous)
        if onset is None or total <= 0.0:
            onset, total = start_ms, 0.0
        total += voices
        previous = start_ms
    return onset
