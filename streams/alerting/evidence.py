"""What an alert shows beside its numbers: what the spike is concentrated in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from streams.windows.aggregate import Aggregate

DRIVERS = 5
"""Values that are named at most, and so many words besides."""
WORDS = 3
MIN_RISE = 0.1
"""A value's share must have risen by this much to be named as a driver."""
WORD_RISE = 0.25
"""The same of a word: of many words some are always said more often than usual."""
WORD_VOICES = 3
KNOWN_MENTIONS = 20
"""Fewer mentions before don't say what is usual: then all of the brand's customers do."""

DIMENSIONS = ("channel", "product", "version", "region", "language")

Counts = tuple[dict[str, int], int]
"""Value → how many have it; and how many there are."""


@dataclass(slots=True)
class Evidence:
    """What is known about one series at one moment; what costs much is asked for only where it is told."""

    hour: Aggregate
    """The hour that was judged."""
    day: Aggregate
    """The 24 hours that end with it."""
    episode: Aggregate | None = None
    """What of these belongs to the alert; None where that is not known, or all of them do."""
    everyone: Callable[[], tuple[Aggregate, Aggregate]] = field(default=lambda: (Aggregate(), Aggregate()))
    """Gives the hour and the day of all the brand's customers."""
    overlap: Callable[[], dict[str, int]] = dict
    """Gives the pain points; it looks at every voice."""
    points: Callable[[], tuple[Counts, Counts]] = field(default=lambda: (({}, 0), ({}, 0)))
    """Gives the voices that name each pain point now, and in the day before the hour."""
    words: Callable[[], tuple[Counts, Counts]] = field(default=lambda: (({}, 0), ({}, 0)))
    """Gives the voices that say each word now, and before, as far as quotes are kept."""

    @property
    def pain_points(self) -> dict[str, int]:
        """Pain point → voices of the hour that name it too, most first."""
        return self.overlap()


def drivers(evidence: Evidence) -> list[dict[str, Any]]:
    """Values whose share in the hour rose most, and behind them words, as ``schemas.alerts.Driver`` in wire form.

    Usual is what was so in the day's hours before the alert; where too little was said then, what all customers said.
    """
    hour = evidence.hour
    whole, less = evidence.day, evidence.episode or hour
    if whole.mentions - less.mentions < KNOWN_MENTIONS:
        less, whole = evidence.everyone()
    before = whole.mentions - less.mentions
    found: list[tuple[float, str, str, float, float]] = []
    for dimension in DIMENSIONS:
        past, lately = whole.segments.get(dimension, {}), less.segments.get(dimension, {})
        usual = {value: count - lately.get(value, 0) for value, count in past.items()}
        found += _risen(dimension, (hour.segments.get(dimension, {}), hour.mentions), (usual, before), 2, MIN_RISE)
    now, past_points = evidence.points()
    found += _risen("pain_point", now, past_points, 2, MIN_RISE)
    said, past_words = evidence.words()
    words = sorted(_risen("word", said, past_words, WORD_VOICES, WORD_RISE))
    chosen = sorted(found)[:DRIVERS] + _apart(words)
    return [
        {"dimension": dimension, "value": value, "share": round(share, 4), "usual": round(usual, 4)}
        for _, dimension, value, share, usual in chosen
    ]


def _risen(
    dimension: str, now: Counts, past: Counts, least: int, rise: float
) -> list[tuple[float, str, str, float, float]]:
    """(the rise, negative; dimension; value; share; usual share) of what rose enough; nothing without a past."""
    (counts, of), (before, before_of) = now, past
    if not of or not before_of:
        return []
    found = []
    for value, count in counts.items():
        share, usual = count / of, max(before.get(value, 0), 0) / before_of
        if count >= least and share - usual >= rise:
            found.append((usual - share, dimension, value, share, usual))
    return found


def _apart(words: Sequence[tuple[float, str, str, float, float]]) -> list[tuple[float, str, str, float, float]]:
    """The first words that have nothing in common; a pair of words takes the place of one that it holds."""
    chosen: list[tuple[float, str, str, float, float]] = []
    for it in words:
        mine = set(it[2].split())
        if all(mine.isdisjoint(other[2].split()) for other in chosen):
            chosen.append(it)
        if len(chosen) == WORDS:
            break
    return chosen
