"""Surge: more distinct voices in an hour than the same hours of other days make likely."""

from __future__ import annotations

import math
from dataclasses import dataclass

from streams.detection.baseline import HOUR_MS, Baseline
from streams.detection.contract import Sample, Verdict

DAY_HOURS = 24


@dataclass(frozen=True, slots=True)
class Surge:
    """Tests an hour's distinct voices against a negative binomial learned from the past hours.

    The expectation is the trimmed mean of the same hour of day, plus and minus one, on past days, shrunk towards the
    mean of all past hours while there are few such days; the dispersion is that of the past hours around the daily
    rhythm, so that a series that is bursty by nature needs a bigger burst (it habituates). One author counts once.

    Counting events against an overdispersed seasonal baseline follows Noufaily et al., "An improved algorithm for
    outbreak detection in multiple surveillance systems", Statistics in Medicine 32 (2013).

    >>> past = Baseline(first_ms=0, hours={hour: 2 for hour in range(72)})
    >>> surge = Surge()
    >>> surge.judge(Sample(72 * HOUR_MS, voices=3, mentions=3, top_voice_share=0.34), past).reason
    'below_minimum'
    >>> surge.judge(Sample(72 * HOUR_MS, voices=20, mentions=22, top_voice_share=0.1), past).reason
    'fired'
    >>> surge.judge(Sample(72 * HOUR_MS, voices=2, mentions=40, top_voice_share=0.97), past).reason
    'one_voice'
    """

    minimum: int = 6
    """Fewer distinct voices never fire: that is an anecdote, not a spike."""
    ratio: float = 2.0
    """Observed must be at least so many times the expectation."""
    probability: float = 1e-4
    """At most so likely under the baseline."""
    warm_up_hours: int = 24
    """Hours of past without which there is no baseline."""
    prior_hours: float = 3.0
    """Weight of the overall mean against the same hours of other days."""
    floor: float = 0.25
    """Least expectation, in voices an hour: nobody is surprised by the first complaint."""
    calm_ratio: float = 1.5
    """Below this the surge is dying down."""

    def judge(self, sample: Sample, past: Baseline) -> Verdict:
        """See ``Detector``."""
        span = past.span(sample.end_ms - HOUR_MS)
        if len(span) < self.warm_up_hours:
            return Verdict("no_baseline", sample.voices, None, None)
        expected, dispersion = self._expect(past, span, (sample.end_ms - HOUR_MS // 2) // HOUR_MS)
        enough = max(self.minimum, self.ratio * expected)
        if sample.voices < enough:
            loud = sample.mentions >= 2 * enough and sample.top_voice_share >= 0.5
            short = sample.voices < self.minimum
            silence = "one_voice" if loud else "below_minimum" if short else "below_baseline"
            return Verdict(silence, sample.voices, round(expected, 3), None)  # type: ignore[arg-type]
        chance = negative_binomial_tail(sample.voices, expected, dispersion)
        return Verdict(
            "fired" if chance <= self.probability else "below_baseline", sample.voices, round(expected, 3), chance
        )

    def calm_below(self, verdict: Verdict) -> float:
        """See ``Detector``."""
        return round(max(self.calm_ratio * (verdict.expected or 0.0), self.minimum / 2), 1)

    def _expect(self, past: Baseline, span: range, hour: int) -> tuple[float, float]:
        """Voices expected in an hour around ``hour``, and the variance over the mean (at least 1)."""
        counts = past.counts(span)
        overall = trimmed_mean(counts)
        same = [
            past.hours.get(other, 0)
            for days in range(1, len(span) // DAY_HOURS + 2)
            for other in range(hour - days * DAY_HOURS - 1, hour - days * DAY_HOURS + 2)
            if other in span
        ]
        weight = self.prior_hours
        expected = (weight * overall + len(same) * trimmed_mean(same)) / (weight + len(same))
        expected = max(expected, self.floor)
        mean = sum(counts) / len(counts)
        spread = sum((count - mean) ** 2 for count in counts) / len(counts)
        return expected, max(1.0, spread / max(mean, self.floor))


def trimmed_mean(values: list[int], trim: float = 0.1) -> float:
    """Mean without the highest tenth (at least one of four or more): a past spike does not raise what is usual."""
    if not values:
        return 0.0
    drop = max(int(len(values) * trim), 1) if len(values) >= 4 else 0
    kept = sorted(values)[: len(values) - drop]
    return sum(kept) / len(kept)


def negative_binomial_tail(count: int, mean: float, dispersion: float) -> float:
    """P(X ≥ count) of a negative binomial with this mean and variance = dispersion × mean; Poisson at dispersion 1.

    >>> round(negative_binomial_tail(3, 1.0, 1.0), 4)  # 1 - P(0) - P(1) - P(2) of Poisson(1)
    0.0803
    >>> negative_binomial_tail(0, 1.0, 2.0)
    1.0
    """
    if count <= 0:
        return 1.0
    # The tail is summed upwards from ``count``: the complement would lose the small probabilities that matter.
    if dispersion <= 1.001:
        log_term = count * math.log(mean) - mean - math.lgamma(count + 1)
        size, chance = math.inf, 0.0
    else:
        chance = 1.0 - 1.0 / dispersion
        size = mean / (dispersion - 1.0)
        log_term = (
            math.lgamma(count + size)
            - math.lgamma(size)
            - math.lgamma(count + 1)
            + size * math.log1p(-chance)
            + count * math.log(chance)
        )
    term = math.exp(log_term)
    total, k = 0.0, count
    while term > total * 1e-12 and k < count + 100_000:
        total += term
        k += 1
        term *= mean / k if size == math.inf else chance * (k - 1 + size) / k
    return min(1.0, float(f"{total:.4g}"))
