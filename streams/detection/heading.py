"""Is a series heading for a spike? Where its newest pace would carry it, held against the detector's own line."""

from __future__ import annotations

from dataclasses import dataclass, replace

from streams.detection.baseline import Baseline
from streams.detection.chance import negative_binomial_tail
from streams.detection.contract import Detector, Sample, Verdict

MINUTE_MS = 60_000
LARGEST = 1_000_000
"""Voices an hour beyond which no line is looked for."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What the hour of a sample holds, as far as it says how the next one will be."""

    newcomers: int
    """Voices of the hour that were first heard in its last minutes (``Heading.pace_ms``)."""
    staying: int
    """Distinct voices of what will still be in the hour when it ends later (by ``Heading.ahead_ms``)."""
    newest: int
    """Of the newcomers, those of the newer half of the minutes."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """A line that will probably be crossed."""

    by_ms: int
    """End of the hour in which it will be."""
    observed: int
    """Distinct voices in the hour that ends now."""
    projected: int
    """Those to be expected in the hour that ends then."""
    line: int
    """With so many an alert would fire."""
    chance: float
    """That there will be as many."""


@dataclass(frozen=True, slots=True)
class Heading:
    """Says when a line will more likely than not be crossed within minutes, if people go on speaking as they do now.

    Newcomers come at a rate of which little is known: what is usual at this hour counts for some minutes (a gamma
    prior, in whose place the posterior comes by as many newcomers as were heard), so those to come are negative
    binomial. With the voices that will still be in the hour by then, that gives the probability of any number; the line
    is where the detector itself would fire at that moment, with all that it knows of the series. One author counts
    once, as there. Most that seems to head for a spike has its rise behind it: where fewer come than ten minutes
    before, it says nothing. The predictive distribution is that of Gelman et al., "Bayesian Data Analysis" (3rd ed.,
    2013), 2.6.

    >>> from streams.detection.baseline import HOUR_MS
    >>> from streams.detection.surge import Surge
    >>> past = Baseline(first_ms=0, hours={hour: 2 for hour in range(72)})
    >>> sample = Sample(72 * HOUR_MS, 71 * HOUR_MS, 0, voices=9, mentions=9, top_voice_share=0.12)
    >>> verdict = Surge().judge(sample, past)
    >>> heading = Heading()
    >>> heading.look(sample, verdict, Pace(newcomers=1, staying=8, newest=1), past, Surge()) is None
    True
    >>> it = heading.look(sample, verdict, Pace(newcomers=9, staying=9, newest=5), past, Surge())
    >>> heading.look(sample, verdict, Pace(newcomers=9, staying=9, newest=3), past, Surge()) is None
    True
    >>> (verdict.reason, it.observed, it.line, it.projected)
    ('below_baseline', 9, 10, 13)
    """

    ahead_ms: int = 20 * MINUTE_MS
    """How far it looks ahead."""
    pace_ms: int = 20 * MINUTE_MS
    """Whose newcomers say how fast voices come."""
    usual_ms: int = 30 * MINUTE_MS
    """What is usual counts for so long, beside what was heard."""
    chance: float = 0.5
    """Least probability of crossing the line."""

    def promising(self, sample: Sample, verdict: Verdict, past: Baseline, detector: Detector, least: int = 0) -> bool:
        """Whether a look may give anything: with as many newcomers as there can be. Cheap, and mostly false."""
        if verdict.expected is None or verdict.fired:
            return False
        most = sample.voices + int(self._mean(sample.voices, verdict)) + 1
        return most >= least and _fires(detector, self._then(sample), past, most)

    def look(
        self, sample: Sample, verdict: Verdict, pace: Pace, past: Baseline, detector: Detector, least: int = 0
    ) -> Outlook | None:
        """The line that will probably be crossed; None where none will, or where no baseline says where it is.

        Args:
            sample: What is judged now.
            verdict: What the detector thinks of it.
            least: Fewer voices are no news, whatever the detector thinks.
        """
        if verdict.expected is None or verdict.fired or pace.newest < pace.newcomers // 2:
            return None
        mean, then = self._mean(pace.newcomers, verdict), self._then(sample)
        line = _line(detector, then, past, pace.staying + int(mean) + 1, least)
        if line is None:
            return None  # Even the number that is as likely to be missed as not is below it.
        wanted = line - pace.staying
        # The variance of a gamma mixture of Poisson counts is so many times its mean.
        spread = 1.0 + self.ahead_ms / (self.usual_ms + self.pace_ms)
        chance = 1.0 if wanted <= 0 else negative_binomial_tail(wanted, mean, spread)
        if chance < self.chance:
            return None
        return Outlook(then.end_ms, sample.voices, pace.staying + round(mean), line, chance)

    def _mean(self, newcomers: int, verdict: Verdict) -> float:
        """Newcomers that are to be expected."""
        usual = (verdict.expected or 0.0) / verdict.window_ms * self.usual_ms
        return (usual + newcomers) * self.ahead_ms / (self.usual_ms + self.pace_ms)

    def _then(self, sample: Sample) -> Sample:
        # What is past stays as it is now: the hours until then are those that are judged.
        return replace(sample, end_ms=sample.end_ms + self.ahead_ms)


def _fires(detector: Detector, sample: Sample, past: Baseline, voices: int) -> bool:
    supposed = replace(sample, voices=voices, mentions=voices, top_voice_share=1.0 / max(voices, 1))
    return detector.judge(supposed, past).fired


def _line(detector: Detector, sample: Sample, past: Baseline, most: int, least: int) -> int | None:
    """The least number of voices that fires, from ``least`` up to ``most``; detectors are monotonous in voices."""
    if not least <= most <= LARGEST or not _fires(detector, sample, past, most):
        return None
    below, fires = max(least - 1, 0), most
    while fires - below > 1:
        middle = (below + fires) // 2
        if _fires(detector, sample, past, middle):
            fires = middle
        else:
            below = middle
    return fires
