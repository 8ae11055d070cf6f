"""The detector of a plain series: one count at a time, in order of time, against what it was used to before."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from streams.detection.habit import Habit

MINUTE_S = 60.0
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S
STEPS_LOOKED_AT = 15

Reason = Literal[
    "fired", "firing", "below_baseline", "below_minimum", "no_baseline", "no_value", "out_of_order", "far_ahead"
]


@dataclass(frozen=True, slots=True)
class Horizon:
    """How a series is looked at over one length of time."""

    seconds: float
    start: float
    """See ``Habit.start``."""
    short_hours: float
    """See ``Habit.short_hours``."""
    noise: float
    """See ``Habit.noise``."""
    limit: float
    """What is unusual. Of the fast horizon: times the largest deviation of a usual day. Of the slow one: standard
    deviations."""
    ratio: float
    """Least multiple of what is expected."""
    minimum: float
    """Least count: fewer are an anecdote."""
    largest_prior_days: float = 5.0
    """See ``Habit.largest_prior_days``: the first days of a series say little about its days."""

    def habit(self) -> Habit:
        """A habit that knows nothing yet."""
        return Habit(
            start=self.start,
            short_hours=self.short_hours,
            noise=self.noise,
            largest_prior_days=self.largest_prior_days,
        )


class Point(NamedTuple):
    """What the detector thinks of one row; a tuple, for one is made for every row."""

    score: float
    """0 to 1; 0.5 or more exactly where an alert fires."""
    reason: Reason
    observed: float = 0.0
    """Count in the window that decided."""
    expected: float | None = None
    """What is usual there; None without a baseline."""
    window_s: float = 0.0

    @property
    def fired(self) -> bool:
        """Whether an alert fires here."""
        return self.reason == "fired"


FAST = Horizon(15 * MINUTE_S, start=16.0, short_hours=48.0, noise=2.0, limit=1.78, ratio=2.0, minimum=6.0)
SLOW = Horizon(6 * HOUR_S, start=48.0, short_hours=96.0, noise=3.0, limit=3.5, ratio=1.5, minimum=20.0)


@dataclass(slots=True)
class SeriesDetector:
    """Finds bursts and swells in a series of counts, each by what the series was used to before; one alert an episode.

    Two horizons are judged at each row: the last fifteen minutes for bursts, to which unusual hours behind them give
    a little more weight, and the last six hours for what swells slowly. After an alert the series is muted: in this
    time only a much bigger burst fires again, and afterwards nothing does before the series was quiet once.

    Causal and in bounded memory: six hours of counts, at most one a minute, and two habits. There is one configuration
    for every series; ``bench/detection`` tells how well it does.

    >>> detector = SeriesDetector()
    >>> usual = [detector.feed(300.0 * n, 20 + n % 5) for n in range(1_000)]
    >>> sum(point.fired for point in usual), usual[0].reason, usual[-1].reason
    (0, 'no_baseline', 'below_baseline')
    >>> detector.feed(300_000.0, 400).reason
    'fired'
    >>> detector.feed(300_300.0, 500).reason
    'firing'
    """

    fast: Horizon = FAST
    slow: Horizon = SLOW
    slow_weight: float = 0.05
    """What a standard deviation of the slow horizon adds to the evidence for a burst."""
    warm_up_s: float = 2 * DAY_S
    """Time that must have been learned from, without which there is no baseline; gaps don't count."""
    warm_up_rows: int = 48
    mute_s: float = 18 * HOUR_S
    escalation: float = 8.0
    """So many times the first hour of an episode fires again in it: three doublings, a class of its own."""
    forget_s: float = 14 * DAY_S
    """After such a gap what was usual counts for nothing."""

    _windows: tuple[_Window, _Window] = field(init=False)
    _habits: tuple[Habit, Habit] = field(init=False)
    _steps: list[float] = field(init=False)
    _step: float = field(init=False)
    _rows: int = field(init=False)
    _learned_s: float = field(init=False)
    _alert_s: float | None = field(init=False)
    _peak: float = field(init=False)
    _last_s: float | None = field(init=False, default=None)
    _ahead_s: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._forget()

    def feed(self, time_s: float, value: float | None) -> Point:
        """Judge one row, then learn it.

        Args:
            time_s: Seconds of a clock with days of 86,400 s; its hour of day is that of the rhythm.
            value: The count since the row before, 0 to 10¹²; None where it is missing.
        """
        if value is None:
            return Point(0.0, "no_value")
        if self._last_s is None:
            self._begin(time_s, value)
            return Point(0.0, "no_baseline")
        elapsed = time_s - self._last_s
        # Where hardly anything is known yet, it is the rows before that were far ahead.
        anew = elapsed < -DAY_S and self._rows < self.warm_up_rows
        if not anew and elapsed <= 0.0:
            return Point(0.0, "out_of_order")
        if not anew and not self._goes_on(time_s, elapsed):
            return Point(0.0, "far_ahead")
        if anew or elapsed > max(self.forget_s, 3 * self._step):
            self._forget()
            self._begin(time_s, value)
            return Point(0.0, "no_baseline")
        self._last_s = time_s
        if len(self._steps) < STEPS_LOOKED_AT:
            self._steps.append(elapsed)
            self._step = sorted(self._steps)[len(self._steps) // 2]
        for window in self._windows:
            window.add(time_s, value)
        # A gap is as long as nothing: what was usual is remembered as it was before.
        return self._judge(time_s, min(elapsed, 2 * self._step))

    def _begin(self, time_s: float, value: float) -> None:
        self._last_s = time_s
        for window in self._windows:
            window.add(time_s, value)

    def _goes_on(self, time_s: float, elapsed: float) -> bool:
        """Whether time has really moved on so far: a single row that is far ahead must not age the series."""
        if elapsed > DAY_S and elapsed > 3 * self._step and (self._ahead_s is None or time_s < self._ahead_s):
            self._ahead_s = time_s
            return False
        self._ahead_s = None
        return True

    def _judge(self, time_s: float, elapsed_s: float) -> Point:
        """The verdict on the two windows that end here, which are learned then."""
        # A time just below 0 is rounded up to a whole day.
        hour, elapsed = time_s % DAY_S / HOUR_S % 24.0, elapsed_s / HOUR_S
        fast, slow = self.fast, self.slow
        burst, swell = self._windows[0].count(self._step), self._windows[1].count(self._step)
        if burst is None:
            return Point(0.0, "no_baseline")
        expected, deviation, largest = self._habits[0].judge_and_learn(burst, hour, elapsed)
        surprise = deviation / largest
        usual, background = 0.0, 0.0
        if swell is not None:
            usual, background, _ = self._habits[1].judge_and_learn(swell, hour, elapsed)
        self._rows += 1
        self._learned_s += elapsed_s
        if self._rows < self.warm_up_rows or self._learned_s < self.warm_up_s:
            return Point(0.0, "no_baseline")
        surprise = (surprise + self.slow_weight * min(max(background, -2.0), 6.0)) / fast.limit
        background /= slow.limit
        bursts = surprise >= 1.0 and burst >= max(fast.minimum, fast.ratio * expected)
        swells = swell is not None and background >= 1.0 and swell >= max(slow.minimum, slow.ratio * usual)
        evidence = max(surprise, background, 0.0)
        seen = (burst, expected, fast.seconds)
        if swell is not None and swells and not bursts:
            seen = (swell, usual, slow.seconds)
        if self._begins(time_s, burst, evidence, bursts=bursts, swells=swells):
            return Point(round(1.0 - 0.5 / evidence, 6), "fired", *seen)
        score = round(min(0.5 * evidence, 0.499999), 6)
        if bursts or swells:
            return Point(score, "firing", *seen)
        return Point(score, "below_baseline" if evidence < 1.0 else "below_minimum", *seen)

    def _begins(self, time_s: float, burst: float, evidence: float, *, bursts: bool, swells: bool) -> bool:
        """Whether an alert fires here: a new episode, or one that has become much worse."""
        if self._alert_s is None:
            if not (bursts or swells):
                return False
        elif time_s - self._alert_s < HOUR_S:
            self._peak = max(self._peak, burst)
            return False
        elif not (bursts and burst >= self.escalation * self._peak):
            if time_s - self._alert_s >= self.mute_s and evidence < 0.5:
                self._alert_s = None
            return False
        self._alert_s, self._peak = time_s, burst
        return True

    def _forget(self) -> None:
        self._windows = _Window(self.fast.seconds), _Window(self.slow.seconds)
        self._habits = self.fast.habit(), self.slow.habit()
        self._steps, self._step = [], 0.0
        self._rows, self._learned_s = 0, 0.0
        self._alert_s, self._peak = None, 0.0


@dataclass(slots=True)
class _Window:
    """The counts of the last so many seconds, one a minute at most."""

    seconds: float
    rows: int = 0
    total: float = 0.0
    counts: deque[tuple[float, float, int]] = field(default_factory=deque)
    """(time, count, rows) of each minute that has any."""

    def add(self, time_s: float, value: float) -> None:
        """Take in a row, and let go of those that are too old."""
        counts = self.counts
        self.total += value
        self.rows += 1
        if counts and time_s - counts[-1][0] < MINUTE_S:
            first_s, count, rows = counts.pop()
            counts.append((first_s, count + value, rows + 1))
        else:
            counts.append((time_s, value, 1))
        # Clocks jitter: a row that is younger than the whole length by less than a second is let go all the same.
        until = time_s - self.seconds + 1.0
        while counts[0][0] <= until and len(counts) > 1:
            _, count, rows = counts.popleft()
            self.total -= count
            self.rows -= rows

    def count(self, step_s: float) -> float | None:
        """The count of the whole length, rows that are missing taken to be like the others; None where most are."""
        full = max(self.seconds / step_s, 1.0)
        return None if self.rows < 0.5 * full else max(self.total, 0.0) * full / self.rows
