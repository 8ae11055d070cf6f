"""Sums over records that forget the order in which the records came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from streams.windows.observation import DIMENSIONS, Observation

MILLI = 1000
"""Fractions are summed as whole thousandths: sums of floats depend on their order, sums of integers do not."""

EVERYTHING = "*"
"""The series of all that a brand's customers say."""

NEGATIVE = "*negative"
"""The series of what they say with negative sentiment; judged, not published."""

TOP_EMOTIONS = 8

Segments = dict[str, dict[str, int]]


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
    copied: int = 0
    """Mentions that are counted under another's voice: they repeat its words, or their author posts as machines do."""

    def observe(self, group: list[Observation]) -> None:
        """Count some records."""
        negative = positive = sentiment = effort = churn = delighted = copied = 0
        emotions, voices = self.emotions, self.voices
        combinations: dict[tuple[str | None, ...], int] = {}
        # Local names: adding to attributes would take most of the time that a record costs here.
        for seen in group:
            label = seen.label
            if label == "negative":
                negative += 1
            elif label == "positive":
                positive += 1
            sentiment += seen.sentiment
            effort += seen.effort
            churn += seen.churn
            delighted += seen.delighted
            copied += seen.copied
            for emotion, probability in seen.emotions.items():
                if probability:
                    emotions[emotion] = emotions.get(emotion, 0) + probability
            voice, combination = seen.voice, seen.segments
            voices[voice] = voices.get(voice, 0) + 1
            combinations[combination] = combinations.get(combination, 0) + 1
        self.mentions += len(group)
        self.negative += negative
        self.positive += positive
        self.sentiment += sentiment
        self.effort += effort
        self.churn += churn
        self.delighted += delighted
        self.copied += copied
        segments = self.segments
        for combination, count in combinations.items():
            for dimension, value in zip(DIMENSIONS, combination, strict=True):
                if value:
                    values = segments.get(dimension)
                    if values is None:
                        values = segments[dimension] = {}
                    values[value] = values.get(value, 0) + count

    def add(self, other: Aggregate) -> None:
        """Count everything that ``other`` counted."""
        self._combine(other, 1)
        add_counts(self.emotions, other.emotions)
        add_counts(self.voices, other.voices)
        self._add_segments(other)

    def subtract(self, other: Aggregate) -> None:
        """Forget everything that ``other`` counted; it must have been added before."""
        self._combine(other, -1)
        subtract_counts(self.emotions, other.emotions)
        subtract_counts(self.voices, other.voices)
        self._subtract_segments(other)

    def _combine(self, other: Aggregate, sign: int) -> None:
        self.mentions += sign * other.mentions
        self.negative += sign * other.negative
        self.positive += sign * other.positive
        self.sentiment += sign * other.sentiment
        self.effort += sign * other.effort
        self.churn += sign * other.churn
        self.delighted += sign * other.delighted
        self.copied += sign * other.copied

    def _add_segments(self, other: Aggregate) -> None:
        segments = self.segments
        for dimension, values in other.segments.items():
            mine = segments.get(dimension)
            if mine is None:
                segments[dimension] = dict(values)
            else:
                add_counts(mine, values)

    def _subtract_segments(self, other: Aggregate) -> None:
        for dimension, values in other.segments.items():
            subtract_counts(self.segments[dimension], values)

    def speak_as(self, voices: Mapping[str, str]) -> bool:
        """Count what some authors said under other voices; gives whether they said anything.

        Args:
            voices: Author → voice; no voice is an author, too.
        """
        mine = self.voices
        moved = [(voice, mine.pop(author)) for author, voice in voices.items() if author in mine]
        for voice, count in moved:
            mine[voice] = mine.get(voice, 0) + count
            self.copied += count
        return bool(moved)

    @property
    def loudest(self) -> int:
        """Mentions of the loudest voice."""
        return max(self.voices.values(), default=0)

    @property
    def top_voice_share(self) -> float:
        """The loudest voice's share of the mentions, 0 to 1."""
        return round(self.loudest / self.mentions, 4) if self.mentions else 0.0

    @property
    def mean_sentiment(self) -> float:
        """Mean sentiment, -1 to 1; 0 where there is none."""
        return self._mean(self.sentiment)

    def mean_emotions(self, top: int = TOP_EMOTIONS) -> dict[str, float]:
        """Emotion → mean probability, strongest first."""
        strongest = sorted([(-total, emotion) for emotion, total in self.emotions.items()])[:top]
        whole = self.mentions * MILLI
        return {emotion: round(-total / whole, 4) for total, emotion in strongest}

    def tally(self) -> dict[str, Any]:
        """The numbers as ``schemas.metrics.Tally`` in wire form."""
        count = self.mentions
        whole = count * MILLI or 1
        return {
            "mentions": count,
            "voices": len(self.voices),
            "negative": self.negative,
            "positive": self.positive,
            "sentiment": round(self.sentiment / whole, 4),
            "effort": round(self.effort / whole, 4) if self.effort else 0.0,
            "churn_risk": round(self.churn / whole, 4) if self.churn else 0.0,
            "delight_share": round(self.delighted / count, 4) if self.delighted else 0.0,
            "top_voice_share": self.top_voice_share,
            "copied": self.copied,
            "emotions": self.mean_emotions(),
        }

    def shares(self, dimension: str, top: int = 5) -> dict[str, float]:
        """Value → its share of the mentions in one dimension, most frequent first."""
        values = sorted([(-count, value) for value, count in self.segments.get(dimension, {}).items()])
        return {value: round(-count / self.mentions, 4) for count, value in values[:top] if self.mentions}

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
            self.copied,
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


def add_counts(into: dict[str, int], counts: Mapping[str, int]) -> None:
    """Add some counts to others."""
    if not into:
        into.update(counts)
        return
    known = into.get
    for key, count in counts.items():
        into[key] = known(key, 0) + count


def subtract_counts(into: dict[str, int], counts: Mapping[str, int]) -> None:
    """Take some counts, which were added before, away from others; what is left of nothing is forgotten."""
    for key, count in counts.items():
        rest = into[key] - count
        if rest:
            into[key] = rest
        else:
            del into[key]
