"""Surge: more distinct voices in an hour than the same hours of other days make likely."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from schemas.metrics import Silence
from streams.detection.baseline import HOUR_MS, Baseline
from streams.detection.chance import negative_binomial_tail
from streams.detection.contract import Sample, Verdict
from streams.detection.habit import Habit

DAY_HOURS = 24


@dataclass(slots=True)
class _Learned:
    """What the past hours of one series say, until the next one is over; each part is worked out when it is asked."""

    span: range
    """The past hours."""
    counts: list[int]
    """Voices in each of them."""
    overall: float
    """Their mean."""
    weight: float
    """Hours that the overall mean counts for."""
    floor: float
    """Least expectation."""
    dispersion: float | None = None
    """Of the hours around what was expected; None while nobody has asked."""
    habits: dict[int, Habit] = field(default_factory=dict)
    """Hours of a horizon → what its sums are used to."""
    _rhythm: list[float | None] = field(default_factory=lambda: [None] * DAY_HOURS)

    def expected(self, hour: int) -> float:
        """Voices that are expected in an hour, by its place in the day."""
        known = self._rhythm[hour % DAY_HOURS]
        if known is None:
            same = self._at(hour - 1) + self._at(hour) + self._at(hour + 1)
            known = (self.weight * self.overall + len(same) * trimmed_mean(same)) / (self.weight + len(same))
            known = self._rhythm[hour % DAY_HOURS] = max(known, self.floor)
        return known

    def usual(self) -> list[float]:
        """What is expected in each of the past hours."""
        return [self.expected(hour) for hour in self.span]

    def _at(self, hour: int) -> list[int]:
        return self.counts[(hour - self.span.start) % DAY_HOURS :: DAY_HOURS]


@dataclass(frozen=True, slots=True)
class Surge:
    """Tests distinct voices against a negative binomial learned from the past hours, over two horizons.

    The hour that ends now catches bursts, every five minutes; the last six hours catch slow swells, at each full
    hour. The expectation of an hour is the trimmed mean of the same hour of day, plus and minus one, on past days,
    shrunk towards the mean of all past hours while there are few such days. The dispersion is that of the past hours
    around this daily rhythm without the worst of them, so that a series that is bursty by nature needs a bigger burst
    (it habituates), and one past incident does not hide the next. One author counts once an hour.

    Series of attention also drift by themselves for hours, which such a test takes for news about once a week. What
    passes it is therefore held against the habit of the series, the same as that of ``groundswell series``: it must
    deviate clearly more than the strangest hour of a usual day.

    Counting events against an overdispersed seasonal baseline follows Noufaily et al., "An improved algorithm for
    outbreak detection in multiple surveillance systems", Statistics in Medicine 32 (2013).

    >>> past = Baseline(first_ms=0, hours={hour: 2 for hour in range(72)})
    >>> surge = Surge()
    >>> surge.judge(Sample(72 * HOUR_MS, 71 * HOUR_MS, 0, voices=3, mentions=3, top_voice_share=0.34), past).reason
    'below_minimum'
    >>> surge.judge(Sample(72 * HOUR_MS, 71 * HOUR_MS, 0, voices=20, mentions=22, top_voice_share=0.1), past).reason
    'fired'
    >>> surge.judge(Sample(72 * HOUR_MS, 71 * HOUR_MS, 0, voices=2, mentions=40, top_voice_share=0.97), past).reason
    'one_voice'
    """

    minimum: int = 6
    """Fewer distinct voices never fire: that is an anecdote, not a spike."""
    ratio: float = 2.0
    """Observed must be at least so many times the expectation."""
    probability: float = 1e-4
    """At most so likely under the baseline."""
    slow_hours: int = 6
    """Length of the second horizon."""
    slow_minimum: int = 20
    """Least voices (summed over its hours) on the second horizon."""
    warm_up_hours: int = 24
    """Hours of past without which there is no baseline."""
    prior_hours: float = 3.0
    """Weight of the overall mean against the same hours of other days."""
    floor: float = 0.25
    """Least expectation, in voices an hour: nobody is surprised by the first complaint."""
    start: float = 8.0
    """See ``Habit.start``, for an hour."""
    strangeness: float = 1.3
    """An hour must deviate so many times as much as the strangest of a usual day does."""
    calm_ratio: float = 1.5
    """Below this the surge is dying down."""

    def judge(self, sample: Sample, past: Baseline) -> Verdict:
        """See ``Detector``."""
        fast = self._judge_hour(sample, past)
        if fast.reason != "below_baseline" or sample.end_ms % HOUR_MS:
            return fast
        slow = self._judge_slow(sample, past)
        return slow if slow is not None and slow.fired else fast

    def calm_below(self, verdict: Verdict) -> float:
        """See ``Detector``."""
        hourly = (verdict.expected or 0.0) * HOUR_MS / verdict.window_ms
        return round(max(self.calm_ratio * hourly, self.minimum / 2), 1)

    def _judge_hour(self, sample: Sample, past: Baseline) -> Verdict:
        span = past.span(sample.past_ms)
        if len(span) < self.warm_up_hours:
            return Verdict("no_baseline", sample.voices, None, None)
        learned = self._learned(past, span)
        expected = learned.expected((sample.end_ms - HOUR_MS // 2) // HOUR_MS)
        enough = max(self.minimum, self.ratio * expected)
        if sample.voices < enough:
            loud = sample.mentions >= 2 * enough and sample.top_voice_share >= 0.5
            few: Silence = "below_minimum" if sample.voices < self.minimum else "below_baseline"
            chance = self._chance(sample, learned, expected) if sample.lasts else None
            return Verdict("one_voice" if loud else few, sample.voices, round(expected, 3), chance)
        verdict = self._verdict(sample.voices, expected, self._chance(sample, learned, expected), HOUR_MS)
        if verdict.fired and self._is_used_to(sample, learned, span, 1, sample.voices):
            return replace(verdict, reason="below_baseline")
        return verdict

    def _chance(self, sample: Sample, learned: _Learned, expected: float) -> float:
        """How likely the past makes at least as many voices in the hour."""
        if learned.dispersion is None:
            learned.dispersion = _dispersion(learned.counts, learned.usual())
        return negative_binomial_tail(sample.voices, expected, learned.dispersion)

    def _judge_slow(self, sample: Sample, past: Baseline) -> Verdict | None:
        length = self.slow_hours
        if sample.free_ms > sample.end_ms - length * HOUR_MS:
            return None
        span = past.span(min(sample.past_ms, sample.end_ms - length * HOUR_MS))
        if len(span) < max(self.warm_up_hours, 2 * length):
            return None
        end = sample.end_ms // HOUR_MS
        hours = range(end - length, end)
        observed = sample.voices + sum(past.counts(hours[:-1]))
        if observed < self.slow_minimum:
            return None  # As with most series: not worth looking at the past.
        learned = self._learned(past, span)
        expected = sum(learned.expected(hour) for hour in hours)
        if observed < self.ratio * expected:
            return None
        counts, usual = learned.counts, learned.usual()
        starts = range(len(span) - length + 1)
        dispersion = _dispersion(
            [sum(counts[start : start + length]) for start in starts],
            [sum(usual[start : start + length]) for start in starts],
        )
        chance = negative_binomial_tail(observed, expected, dispersion)
        verdict = self._verdict(observed, expected, chance, length * HOUR_MS)
        if verdict.fired and self._is_used_to(sample, learned, span, length, observed):
            return None
        return verdict

    def _is_used_to(self, sample: Sample, learned: _Learned, span: range, length: int, observed: int) -> bool:
        """Whether what the series does by itself from day to day explains so many voices in so many hours."""
        habit = learned.habits.get(length)
        if habit is None:
            habit = learned.habits[length] = Habit(start=self.start * length**0.5)
            total = sum(learned.counts[: length - 1])
            for index in range(length - 1, len(span)):
                total += learned.counts[index]
                hour = span[index] % DAY_HOURS + 0.5
                habit.judge(total, hour)
                habit.learn(total, hour, elapsed=1.0)
                total -= learned.counts[index - length + 1]
        _, deviation = habit.judge(observed, (sample.end_ms - HOUR_MS // 2) / HOUR_MS % DAY_HOURS)
        return deviation < self.strangeness * habit.largest

    def _verdict(self, observed: int, expected: float, chance: float, window_ms: int) -> Verdict:
        reason: Silence = "fired" if chance <= self.probability else "below_baseline"
        return Verdict(reason, observed, round(expected, 3), chance, window_ms)

    def _learned(self, past: Baseline, span: range) -> _Learned:
        """What the past hours say; worked out once an hour."""
        if past.learned is None:
            past.learned = {}
        known: dict[tuple[Surge, range], _Learned] = past.learned
        learned = known.get((self, span))
        if learned is None:
            counts = past.counts(span)
            learned = _Learned(span, counts, trimmed_mean(counts), self.prior_hours, self.floor)
            known[self, span] = learned
        return learned


def _dispersion(counts: list[int], usual: list[float]) -> float:
    """Variance of the counts around what is usual for them, over its mean; at least 1 (Poisson).

    The worst twentieth (at least two) is left out: one past incident must not make the detector deaf for the next,
    while a series that is bursty all the time keeps its bursts.
    """
    squares = sorted((count - mean) ** 2 / mean for count, mean in zip(counts, usual, strict=True))
    kept = squares[: len(squares) - max(2, len(squares) // 20)]
    return max(1.0, sum(kept) / len(kept))


def trimmed_mean(values: list[int], trim: float = 0.1) -> float:
    """Mean without the highest tenth (at least one of four or more): a past spike does not raise what is usual."""
    if not values:
        return 0.0
    drop = max(int(len(values) * trim), 1) if len(values) >= 4 else 0
    kept = sorted(values)[: len(values) - drop]
    return sum(kept) / len(kept)
