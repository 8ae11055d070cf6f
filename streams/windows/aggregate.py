"""Sums over records that forget the order in which the records came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

MILLI = 1000
"""Fractions are summed as whole thousandths: sums of floats depend on their order, sums of integers do not."""

EVERYTHING = "*"
"""The series of all that a brand's customers say."""

NEGATIVE = "*negative"
"""The series of what they say with negative sentiment; judged, not published."""

TOP_EMOTIONS = 8

Segments = dict[str, dict[str, int]]


@dataclass(slots=True)
class Observation:
    """What the windows keep of one scored record."""

    event: int
    """64-bit identity of source and event id."""
    time_ms: int
    voice: str
    label: str
    sentiment: int
    """Thousandths, -1000 … 1000."""
    effort: int
    churn: int
    delighted: bool
    emotions: Mapping[str, int]
    """Emotion → probability in thousandths."""
    segments: tuple[tuple[str, str], ...]
    """(dimension, value) pairs: channel, product, version, region, language, journey."""
    points: tuple[str, ...]
    """Pain points and delights that it names, the main one first."""
    quote: dict[str, Any]
    customer: bool = True
    """False for the company's own words: remembered as read, not counted as a voice."""


@dataclass(slots=True)
class Aggregate:
    """Sums of one series over some span of event time. All numbers are integers; fractions are in thousandths."""

    mentions: int = 0
    negative: int = 0
    positive: int = 0
    sentiment: int = 0
    effort: int = 0
    churn: int = 0
    delighted: int = 0
    emotions: dict[str, int] = field(default_factory=dict)
    voices: dict[str, int] = field(default_factory=dict)
    segments: Segments = field(default_factory=dict)

    def observe(self, seen: Observation) -> None:
        """Count one record."""
        self.mentions += 1
        if seen.label == "negative":
            self.negative += 1
        elif seen.label == "positive":
            self.positive += 1
        self.sentiment += seen.sentiment
        self.effort += seen.effort
        self.churn += seen.churn
        self.delighted += seen.delighted
        emotions = self.emotions
        for emotion, probability in seen.emotions.items():
            if probability:
                emotions[emotion] = emotions.get(emotion, 0) + probability
        self.voices[seen.voice] = self.voices.get(seen.voice, 0) + 1
        for dimension, value in seen.segments:
            values = self.segments.setdefault(dimension, {})
            values[value] = values.get(value, 0) + 1

    def add(self, other: Aggregate) -> None:
        """Count everything that ``other`` counted."""
        self._combine(other, 1)

    def subtract(self, other: Aggregate) -> None:
        """Forget everything that ``other`` counted; it must have been added before."""
        self._combine(other, -1)

    def _combine(self, other: Aggregate, sign: int) -> None:
        self.mentions += sign * other.mentions
        self.negative += sign * other.negative
        self.positive += sign * other.positive
        self.sentiment += sign * other.sentiment
        self.effort += sign * other.effort
        self.churn += sign * other.churn
        self.delighted += sign * other.delighted
        _combine_counts(self.emotions, other.emotions, sign)
        _combine_counts(self.voices, other.voices, sign)
        for dimension, values in other.segments.items():
            _combine_counts(self.segments.setdefault(dimension, {}), values, sign)

    @property
    def top_voice_share(self) -> float:
        """The loudest voice's share of the mentions, 0 to 1."""
        return round(max(self.voices.values()) / self.mentions, 4) if self.mentions else 0.0

    @property
    def mean_sentiment(self) -> float:
        """Mean sentiment, -1 to 1; 0 where there is none."""
        return self._mean(self.sentiment)

    def mean_emotions(self, top: int = TOP_EMOTIONS) -> dict[str, float]:
        """Emotion → mean probability, strongest first."""
        strongest = sorted(self.emotions.items(), key=lambda item: (-item[1], item[0]))[:top]
        return {emotion: self._mean(total) for emotion, total in strongest if total}

    def tally(self) -> dict[str, Any]:
        """The numbers as ``schemas.metrics.Tally`` in wire form."""
        count = self.mentions
        return {
            "mentions": count,
            "voices": len(self.voices),
            "negative": self.negative,
            "positive": self.positive,
            "sentiment": self._mean(self.sentiment),
            "effort": self._mean(self.effort),
            "churn_risk": self._mean(self.churn),
            "delight_share": round(self.delighted / count, 4) if count else 0.0,
            "top_voice_share": self.top_voice_share,
            "emotions": self.mean_emotions(),
        }

    def shares(self, dimension: str, top: int = 5) -> dict[str, float]:
        """Value → its share of the mentions in one dimension, most frequent first."""
        values = sorted(self.segments.get(dimension, {}).items(), key=lambda item: (-item[1], item[0]))
        return {value: round(count / self.mentions, 4) for value, count in values[:top] if self.mentions}

    def _mean(self, total: int) -> float:
        return round(total / (self.mentions * MILLI), 4) if self.mentions else 0.0

    def to_state(self) -> list[Any]:
        """As JSON values, short because it is stored with every frame."""
        return [
            self.mentions,
            self.negative,
            self.positive,
            self.sentiment,
            self.effort,
            self.churn,
            self.delighted,
            self.emotions,
            self.voices,
            self.segments,
        ]

    @classmethod
    def from_state(cls, state: list[Any]) -> Aggregate:
        """The aggregate that ``to_state`` stored."""
        return cls(*state)


def merged(parts: Iterable[Aggregate]) -> Aggregate:
    """The sum of the parts, as one aggregate of its own."""
    total = Aggregate()
    for part in parts:
        total.add(part)
    return total


def _combine_counts(into: dict[str, int], counts: Mapping[str, int], sign: int) -> None:
    for key, count in counts.items():
        total = into.get(key, 0) + sign * count
        if total:
            into[key] = total
        else:
            into.pop(key, None)
