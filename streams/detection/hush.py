"""Hush: a channel from which a brand's customers have always been heard, and now are not."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import exp, log

from streams.detection.baseline import HOUR_MS, Baseline
from streams.detection.contract import Verdict

DAY_HOURS = 24


@dataclass(slots=True)
class _Rhythm:
    """What the past hours of one channel say of silence."""

    last: int
    """The last hour in which it was heard."""
    longest: int
    """The longest silence so far, in hours."""
    surprise: list[float] = field(default_factory=list)
    """Hour of the day → how surprising its silence is: minus the logarithm of its probability."""
    voices: list[float] = field(default_factory=list)
    """Hour of the day → voices that are expected in it."""


@dataclass(frozen=True, slots=True)
class Hush:
    """Fires when a silence is longer than chance, the hours of the day and every silence so far explain.

    How likely an hour is silent is learned for each hour of the day (with those beside it) from whether it was, so
    that bursts don't count and one author adds at most one voice an hour: (silent + ½) / (hours + 1), the estimator of
    Krichevsky and Trofimov ("The Performance of Universal Encoding", IEEE Transactions on Information Theory 27,
    1981). A silence's probability is the product over its hours; at night it hardly falls, and of who is seldom heard
    it falls slowly. Hours are not independent of each other (nights, weekends, holidays), so a silence must also last
    twice as long as the longest before it.

    >>> heard = Baseline(first_ms=0, hours={hour: 3 for hour in range(120) if 8 <= hour % 24 < 22})
    >>> Hush().judge(126, heard).reason  # Six in the morning: a night like others.
    'below_minimum'
    >>> Hush().judge(144, heard).reason  # The end of a day on which nobody was heard.
    'fired'
    >>> Hush().due(heard)
    138
    """

    warm_up_hours: int = 72
    """From the first hour that was heard to the last, at least."""
    warm_up_heard: int = 24
    """Hours that were heard, at least."""
    voices: float = 12.0
    """So many must be missing."""
    shortest: int = 3
    """Hours that a silence must last."""
    longer: float = 2.0
    """So many times as long as the longest before it."""
    probability: float = 1e-5
    """At most so likely."""
    gives_up: int = 7 * DAY_HOURS
    """A silence of so many hours is what is usual now."""

    def judge(self, hour: int, heard: Baseline) -> Verdict:
        """The verdict at the begin of an hour on the silence since the channel was heard last.

        Args:
            hour: Since the epoch.
            heard: Hours in which it was heard, with the voices that are certain; begins with the first of them.
        """
        rhythm = self._rhythm(heard)
        if rhythm is None:
            return Verdict("no_baseline", 0, None, None)
        silent = range(rhythm.last + 1, hour)
        if not silent:
            return Verdict("below_baseline", heard.hours[rhythm.last], None, None)
        missing = sum(rhythm.voices[at % DAY_HOURS] for at in silent)
        surprise = sum(rhythm.surprise[at % DAY_HOURS] for at in silent)
        chance = float(f"{exp(-surprise):.4g}")
        window_ms = len(silent) * HOUR_MS
        if missing < self.voices or len(silent) < self.shortest:
            return Verdict("below_minimum", 0, round(missing, 3), chance, window_ms)
        fired = surprise >= -log(self.probability) and len(silent) >= self.longer * rhythm.longest
        return Verdict("fired" if fired else "below_baseline", 0, round(missing, 3), chance, window_ms)

    def due(self, heard: Baseline) -> int | None:
        """The hour at whose begin it fires, if nothing is heard until then; None where it never does."""
        rhythm = self._rhythm(heard)
        if rhythm is None:
            return None
        shortest = max(self.shortest, -int(-self.longer * rhythm.longest // 1))
        missing = surprise = 0.0
        for hour in range(rhythm.last + 1, rhythm.last + 1 + self.gives_up):
            missing += rhythm.voices[hour % DAY_HOURS]
            surprise += rhythm.surprise[hour % DAY_HOURS]
            if hour - rhythm.last >= shortest and missing >= self.voices and surprise >= -log(self.probability):
                return hour + 1
        return None

    def _rhythm(self, heard: Baseline) -> _Rhythm | None:
        if heard.learned is None:
            heard.learned = {}
        if self not in heard.learned:
            heard.learned[self] = self._learn(heard)
        known: _Rhythm | None = heard.learned[self]
        return known

    def _learn(self, heard: Baseline) -> _Rhythm | None:
        hours = list(heard.hours)
        if len(hours) < self.warm_up_heard or hours[-1] - hours[0] < self.warm_up_hours:
            return None
        rhythm = _Rhythm(hours[-1], max(b - a - 1 for a, b in pairwise(hours)))
        known, silent, voices = [0] * DAY_HOURS, [0] * DAY_HOURS, [0] * DAY_HOURS
        for hour in range(hours[0], hours[-1] + 1):
            count = heard.hours.get(hour, 0)
            at = hour % DAY_HOURS
            known[at] += 1
            silent[at] += not count
            voices[at] += count
        for at in range(DAY_HOURS):
            near = (at - 1, at, (at + 1) % DAY_HOURS)
            total = sum(known[hour] for hour in near)
            rhythm.surprise.append(-log((sum(silent[hour] for hour in near) + 0.5) / (total + 1.0)))
            rhythm.voices.append(sum(voices[hour] for hour in near) / max(total, 1))
        return rhythm
