"""Mood: the same customers as ever, but more of them are unhappy, or they are unhappy in another way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import sqrt
from typing import Any

from schemas.metrics import Silence
from streams.detection.baseline import HOUR_MS, Baseline
from streams.detection.chance import normal_tail
from streams.detection.contract import PartSample, Verdict
from streams.detection.share import Share

FEELINGS = (
    "anger", "annoyance", "confusion", "disappointment", "disapproval", "disgust", "embarrassment", "fear", "grief",
    "nervousness", "remorse", "sadness",
)  # fmt: skip
"""The emotions of ``schemas.scored.EMOTIONS`` of which more is worse."""

MILLI = 1000


@dataclass(slots=True)
class Feelings:
    """What is usual for the emotions of a brand's customers: of each, its level and how far an hour strays from it.

    Exponentially weighted mean and variance of hourly means (Roberts, "Control Chart Tests Based on Geometric Moving
    Averages", Technometrics 1, 1959), an hour weighing as many voices as it has. The variance is that of one voice:
    an hour of n voices strays by its root over that of n.
    """

    hours: float = 0.0
    """Hours that were learned from, the older ones fading."""
    voices: float = 0.0
    """Records in them, likewise."""
    sums: dict[str, float] = field(default_factory=dict)
    """Emotion → its probabilities, summed over the records."""
    squares: dict[str, float] = field(default_factory=dict)
    """Emotion → squared deviations of hours from the level, times their records, summed over the hours."""

    half_life_hours = 120.0
    cap = 9.0
    """An hour's squared deviation counts as at most so many times the usual: an incident must not make deaf."""

    def level(self, emotion: str) -> float:
        """Mean probability."""
        return self.sums.get(emotion, 0.0) / self.voices if self.voices else 0.0

    def variance(self, emotion: str) -> float:
        """Of one voice; at least that of a coin which falls with the level's probability."""
        level = self.level(emotion)
        found = self.squares.get(emotion, 0.0) / self.hours if self.hours else 0.0
        return max(found, level * (1.0 - level))

    def learn(self, count: int, emotions: Mapping[str, int]) -> None:
        """Take in an hour.

        Args:
            count: Its records; at least 1.
            emotions: Emotion → sum of its probabilities in thousandths.
        """
        fade = 0.5 ** (1.0 / self.half_life_hours)
        for emotion in FEELINGS:
            total = emotions.get(emotion, 0) / MILLI
            if not total and emotion not in self.sums:
                continue
            square = count * (total / count - self.level(emotion)) ** 2 if self.voices else 0.0
            if self.hours >= 12.0:
                square = min(square, self.cap * self.variance(emotion))
            self.sums[emotion] = fade * self.sums.get(emotion, 0.0) + total
            self.squares[emotion] = fade * self.squares.get(emotion, 0.0) + square
        self.hours = fade * self.hours + 1.0
        self.voices = fade * self.voices + count

    def to_state(self) -> list[Any]:
        """As JSON values."""
        return [self.hours, self.voices, self.sums, self.squares]

    @classmethod
    def from_state(cls, state: list[Any]) -> Feelings:
        """What ``to_state`` stored."""
        return cls(*state)


@dataclass(frozen=True, slots=True)
class MoodSample:
    """The mood of one hour."""

    unhappy: PartSample
    """The unhappy among all voices."""
    emotions: Mapping[str, int]
    """Emotion → sum of its probabilities over the hour's records, in thousandths."""


@dataclass(frozen=True, slots=True)
class Mood:
    """Fires where the share of the unhappy rises at normal volume, or one bad emotion does.

    The first is the test of ``Share`` on the voices whose records are negative. The second holds the hour's mean of
    each bad emotion against its level with a control chart. What loud voices may have added to an emotion is taken
    away before: as if each of their records beyond the first had been nothing but it.

    >>> whole = Baseline(first_ms=0, hours={hour: 40 for hour in range(72)})
    >>> unhappy = Baseline(first_ms=0, hours={hour: 18 for hour in range(72)})
    >>> feelings = Feelings()
    >>> for hour in range(72):
    ...     feelings.learn(40, {"anger": 2_000, "disappointment": 9_000})
    >>> def hour(unhappy, emotions, repeats=0):
    ...     part = PartSample(72 * HOUR_MS, 71 * HOUR_MS, 0, unhappy, 40, of_expected=40.0, repeats=repeats)
    ...     return MoodSample(part, emotions)
    >>> found, feeling = Mood().judge(hour(36, {"anger": 2_000}), unhappy, whole, feelings)
    >>> found.reason, feeling
    ('fired', None)
    >>> found, feeling = Mood().judge(hour(20, {"anger": 19_000}), unhappy, whole, feelings)
    >>> found.reason, feeling, found.observed
    ('fired', 'anger', 19)
    >>> Mood().judge(hour(20, {"anger": 19_000}, repeats=15), unhappy, whole, feelings)[0].reason
    'one_voice'
    """

    share: Share = field(default_factory=Share)
    """What judges the share of the unhappy; its minimum, crowd, rise and odds hold for emotions too."""
    probability: float = 1e-7
    """An emotion's rise is at most so likely under the baseline: there are a dozen of them."""

    def judge(
        self, sample: MoodSample, unhappy: Baseline, whole: Baseline, feelings: Feelings
    ) -> tuple[Verdict, str | None]:
        """The verdict, and the emotion that it is about; None where it is the share of the unhappy."""
        verdict = self.share.judge(sample.unhappy, unhappy, whole)
        if verdict.fired:
            return verdict, None
        found = self._judge_emotions(sample, feelings)
        return (verdict, None) if found is None else found

    def is_calm(self, sample: MoodSample, verdict: Verdict, feeling: str | None) -> bool:
        """Whether an alert on the mood may come to its end (hysteresis).

        Args:
            feeling: The emotion that it is about.
        """
        part = sample.unhappy
        if feeling is not None:
            part = replace(part, voices=sample.emotions.get(feeling, 0) // MILLI)
        return self.share.is_calm(part, verdict)

    def judge_emotion(self, emotion: str, sample: MoodSample, feelings: Feelings) -> Verdict:
        """The verdict on one emotion."""
        part, share = sample.unhappy, self.share
        level = feelings.level(emotion)
        felt = sample.emotions.get(emotion, 0) / MILLI
        least = max(felt - part.repeats, 0.0)
        expected = round(part.of * level, 3)

        def told(reason: Silence, chance: float | None = None, observed: float = least) -> Verdict:
            if chance is None and part.lasts and part.of:
                chance = normal_tail((least / part.of - level) * sqrt(part.of / feelings.variance(emotion)))
            return Verdict(reason, int(observed), expected, chance, HOUR_MS, part.of)

        if feelings.hours < share.warm_up_hours / 2 or feelings.voices < share.warm_up_voices:
            return Verdict("no_baseline", int(least), None, None, HOUR_MS, part.of)
        if part.of < share.crowd or felt < share.minimum:
            return told("below_minimum")
        if not self._rises(felt / part.of, level):
            return told("below_baseline")
        if least < share.minimum or not self._rises(least / part.of, level):
            return told("one_voice", observed=felt)
        deviation = (least / part.of - level) * sqrt(part.of / feelings.variance(emotion))
        chance = normal_tail(deviation)
        if chance > self.probability:
            return told("below_baseline", chance)
        flat = part.of_expected is not None and part.of < share.flat * max(part.of_expected, 1.0)
        return told("fired" if flat else "not_flat", chance)

    def _judge_emotions(self, sample: MoodSample, feelings: Feelings) -> tuple[Verdict, str] | None:
        """The most surprising emotion, where it fires or is a near thing; else None."""
        found = [(self.judge_emotion(emotion, sample, feelings), emotion) for emotion in FEELINGS]
        told = [(v, emotion) for v, emotion in found if v.reason in ("fired", "not_flat", "one_voice")]
        rank = {"fired": 0, "not_flat": 1, "one_voice": 2}
        return min(told, key=lambda it: (rank[it[0].reason], it[0].probability or 0.0, it[1]), default=None)

    def _rises(self, share: float, level: float) -> bool:
        level = max(level, self.share.floor)
        odds = (share / max(1.0 - share, 1e-9)) / (level / max(1.0 - level, 1e-9))
        return share - level >= self.share.rise and odds >= self.share.odds
