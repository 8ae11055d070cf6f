"""Share: of the voices in an hour, more than usual say the same, while no more speak than usual."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.metrics import Silence
from streams.detection.baseline import HOUR_MS, Baseline
from streams.detection.chance import binomial_tail
from streams.detection.contract import PartSample, Verdict


@dataclass(frozen=True, slots=True)
class Share:
    """Tests the share of the voices that say something against its share in the past hours, over two horizons.

    What makes all customers speak more makes them complain more, and a series of complaints that rises and falls with
    the volume needs a big burst. Their share does not: given how many speak, the number of those who say it is
    binomial. Shares stray more than that, by the hour of the day and by what people talk about, so the count and the
    crowd are divided by the dispersion of past windows of that length around their share, without the worst of them:
    quasi-binomial (McCullagh and Nelder, "Generalized Linear Models", 1989, section 4.5). As with ``Surge``, the hour
    is judged every five minutes and the last six at each full hour; one author counts once an hour.

    >>> whole = Baseline(first_ms=0, hours={hour: 40 for hour in range(72)})
    >>> part = Baseline(first_ms=0, hours={hour: 4 for hour in range(72)})
    >>> def hour(voices, of):
    ...     return PartSample(72 * HOUR_MS, 71 * HOUR_MS, 0, voices, of, of_expected=40.0, repeats=0)
    >>> Share().judge(hour(20, 40), part, whole).reason
    'fired'
    >>> Share().judge(hour(60, 120), part, whole).reason  # There are three times as many: a surge tells that.
    'not_flat'
    >>> Share().judge(hour(6, 40), part, whole).reason
    'below_minimum'
    """

    minimum: int = 8
    """Fewer voices that say it never fire."""
    crowd: int = 20
    """In fewer voices a share says nothing."""
    rise: float = 0.15
    """The share must have risen by so much."""
    odds: float = 3.0
    """The odds that a voice says it must be so many times the usual ones: shares near 0 and 1 are judged alike."""
    probability: float = 1e-6
    """At most so likely under the baseline."""
    flat: float = 2.0
    """So many times the expected crowd is no normal volume: that is for those who judge counts."""
    slow_hours: int = 6
    """Length of the second horizon."""
    slow_minimum: int = 36
    """Least voices (summed over its hours) on the second horizon: as many an hour as ``Surge.minimum``."""
    warm_up_hours: int = 24
    """Hours of past without which there is no baseline."""
    warm_up_voices: int = 100
    """Voices in them, likewise."""
    floor: float = 0.02
    """Least usual share: nobody is surprised by the first who says it."""
    calm_odds: float = 2.0
    """Below so many times the usual odds it is dying down."""

    def judge(self, sample: PartSample, part: Baseline, whole: Baseline) -> Verdict:
        """See ``PartDetector``."""
        span = whole.span(sample.past_ms)
        fast = self._judge(sample.voices, sample.of, sample, part, whole, span, HOUR_MS)
        if fast.fired or sample.end_ms % HOUR_MS:
            return fast
        length_ms = self.slow_hours * HOUR_MS
        if sample.free_ms > sample.end_ms - length_ms:
            return fast
        end = sample.end_ms // HOUR_MS
        before = range(end - self.slow_hours, end - 1)
        voices, of = sample.voices + sum(part.counts(before)), sample.of + sum(whole.counts(before))
        span = whole.span(min(sample.past_ms, sample.end_ms - length_ms))
        slow = self._judge(voices, of, sample, part, whole, span, length_ms)
        # What is dying down already is old news.
        late = voices < self.slow_minimum or self.is_calm(sample, slow)
        return slow if slow.fired and not late else fast

    def is_calm(self, sample: PartSample, verdict: Verdict) -> bool:
        """See ``PartDetector``."""
        if sample.voices < self.minimum / 2 or not verdict.of:
            return True
        return _odds(sample.voices / sample.of) < self.calm_odds * _odds((verdict.expected or 0.0) / verdict.of)

    def calm_below(self, verdict: Verdict) -> float:
        """The share below which an alert may come to its end, for people."""
        odds = self.calm_odds * _odds((verdict.expected or 0.0) / verdict.of) if verdict.of else 0.0
        return odds / (1.0 + odds)

    def _judge(
        self, voices: int, of: int, sample: PartSample, part: Baseline, whole: Baseline, span: range, window_ms: int
    ) -> Verdict:
        if voices < self.minimum / 2 and not sample.lasts:  # As with most series: not worth looking at the past.
            return Verdict("below_minimum", voices, None, None, window_ms, of)
        usual = self._usual(part, whole, span, window_ms // HOUR_MS)
        if usual is None:
            return Verdict("no_baseline", voices, None, None, window_ms, of)
        share, dispersion = usual
        expected = round(of * share, 3)

        def silent(reason: Silence, chance: float | None = None) -> Verdict:
            if chance is None and sample.lasts and of:
                chance = binomial_tail(voices / dispersion, of / dispersion, share)
            return Verdict(reason, voices, expected, chance, window_ms, of)

        if voices < self.minimum or of < self.crowd:
            return silent("below_minimum")
        found = voices / of
        if found - share < self.rise or _odds(found) < self.odds * _odds(share):
            return silent("below_baseline")
        chance = binomial_tail(voices / dispersion, of / dispersion, share)
        if chance > self.probability:
            return silent("below_baseline", chance)
        if sample.of_expected is None or sample.of >= self.flat * max(sample.of_expected, 1.0):
            return silent("not_flat", chance)
        return silent("fired", chance)

    def _usual(self, part: Baseline, whole: Baseline, span: range, length: int) -> tuple[float, float] | None:
        """The usual share and the dispersion around it of so many hours; worked out once an hour, None without a
        baseline.
        """
        if len(span) < max(self.warm_up_hours, 2 * length):
            return None
        if part.learned is None:
            part.learned = {}
        key = (self, span, length)
        if key not in part.learned:
            part.learned[key] = self._learn(part, whole, span, length)
        known: tuple[float, float] | None = part.learned[key]
        return known

    def _learn(self, part: Baseline, whole: Baseline, span: range, length: int) -> tuple[float, float] | None:
        parts, wholes = part.counts(span), whole.counts(span)
        if sum(wholes) < self.warm_up_voices:
            return None
        starts = range(len(span) - length + 1)
        sums = [(sum(parts[at : at + length]), sum(wholes[at : at + length])) for at in starts]
        sums = [(k, n) for k, n in sums if n]
        share = self._share(sums)
        # The worst twentieth (at least two) is left out: a past incident must not make deaf for the next.
        squares = sorted(((k - n * share) ** 2 / (n * share * (1.0 - share)), k, n) for k, n in sums)
        kept = squares[: max(len(squares) - max(2, len(squares) // 20), 1)]
        share = self._share([(k, n) for _, k, n in kept])
        return share, max(1.0, sum(square for square, *_ in kept) / len(kept))

    def _share(self, hours: list[tuple[int, int]]) -> float:
        """The share over some hours, never quite 0 or 1."""
        share = sum(k for k, _ in hours) / max(sum(n for _, n in hours), 1)
        return min(max(share, self.floor), 1.0 - self.floor)


def _odds(share: float) -> float:
    return share / max(1.0 - share, 1e-9)
