"""What the next hours of a series will most likely bring, with how sure that is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil, exp, log, sqrt

from streams.detection.habit import DAY_HOURS, Habit

AHEAD = 6
"""Hours that are looked ahead."""
WARM_UP_HOURS = 48
"""Hours that must have been learned from: before them nothing is known about the day's rhythm or about errors."""
KNOWN_HOURS = 24
"""Hours that must have been learned from before a forecast's error says anything: nobody believed the first ones."""
ERRORS = 336
"""Past errors that are remembered of each hour ahead: two weeks'."""
FORGET_HOURS = 336
"""After such a gap what was usual counts for nothing."""
LARGEST_ERROR = 8.0
"""Spreads that an error counts as at most: a range that holds everything says nothing."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What one hour to come is expected to bring."""

    hour: int
    """Hours since the epoch."""
    expected: float
    """The middle: as likely to be exceeded as not."""
    low: float
    """Fewer are as unlikely as more than ``high``; at least 0."""
    high: float


@dataclass(slots=True)
class Forecast:
    """Forecasts the counts of the next hours from those of the past ones, with ranges that have proved right before.

    The middle is the habit of the series (level and hour of day, on the scale of the logarithm), to which what is
    unusual now returns at the pace at which it did so before (an autoregressive remainder). The range is conformal:
    the errors that the same forecasts, so many hours ahead, have made in the past two weeks, each by the spread that
    was expected there, tell how wide it must be (Lei et al., "Distribution-Free Predictive Inference for Regression",
    JASA 113, 2018). So it is right as often as it says without any belief about how counts are distributed, as long
    as the series goes on as it did. What nobody could know, such as a complaint that is new, stays outside.

    Bounded: two weeks of errors for each hour ahead. Counts are those of whole hours, in order; None is a gap.

    >>> forecast = Forecast()
    >>> for hour in range(242):
    ...     forecast.learn(hour, (20 if hour % 24 < 12 else 40) + hour % 5)
    >>> [(it.hour, round(it.expected)) for it in forecast.ahead(0.8)[::3]]
    [(242, 22), (245, 24)]
    >>> near, sure = forecast.ahead(0.8)[0], forecast.ahead(0.95)[0]
    >>> sure.low <= near.low < near.expected < near.high <= sure.high
    True
    """

    hours: int = AHEAD
    """How far it looks ahead."""
    start: float = 8.0
    """See ``Habit.start``, for an hour's count."""
    noise: float = 1.0
    """See ``Habit.noise``."""

    habit: Habit = field(init=False)
    next_hour: int | None = field(init=False, default=None)
    """The hour after the last that was learned."""
    _last: float = field(init=False)
    """The last hour's remainder: its logarithm without what is usual."""
    _square: float = field(init=False)
    _product: float = field(init=False)
    _excess: float = field(init=False)
    """Variance of the remainders beyond what chance does to counts of their size."""
    _pending: deque[tuple[int, tuple[tuple[float, float], ...]]] = field(init=False)
    """Of the last hours: the hour, and (logarithm, spread) that were forecast for those after it."""
    _errors: tuple[deque[float], ...] = field(init=False)

    def __post_init__(self) -> None:
        self._forget()

    def learn(self, hour: int, count: float | None) -> None:
        """Take in the count of a whole hour (hours since the epoch), later than those before; None where there is none.

        Raises:
            ValueError: The hour is not later than the last one.
        """
        if self.next_hour is not None and hour < self.next_hour:
            raise ValueError(f"hour {hour} is not after hour {self.next_hour - 1}")
        if self.next_hour is not None and hour - self.next_hour > FORGET_HOURS:
            self._forget()
        follows = hour == self.next_hour
        self.next_hour = hour + 1
        if count is None:
            self._last = 0.0
            return
        value = log(count + self.start)
        for since, forecasts in self._pending:
            ahead = hour - since
            if ahead <= self.hours:
                middle, spread = forecasts[ahead - 1]
                error = (value - middle) / spread
                self._errors[ahead - 1].append(min(max(error, -LARGEST_ERROR), LARGEST_ERROR))
        clock = hour % DAY_HOURS + 0.5
        if self.habit.hours:
            usual = self.habit.usual(clock)
            remainder = value - usual
            # Half of what is known is from the last two days, as with the level.
            part = max(0.015, 1.0 / self.habit.hours)
            if follows:
                self._product += part * (remainder * self._last - self._product)
            square = remainder * remainder
            self._square += part * (square - self._square)
            self._excess += part * (square - self._chance(usual) - self._excess)
            self._last = remainder
        self.habit.learn(count, clock, elapsed=1.0)
        if self.habit.hours >= KNOWN_HOURS:
            self._pending.append((hour, tuple(self._middles(hour))))

    def ahead(self, coverage: float) -> list[Expected]:
        """The next hours, each with the range that holds the count so often; empty while too little is known.

        Args:
            coverage: Share of hours that lie within their range, above 0 and below 1.
        """
        if self.next_hour is None or self.habit.hours < WARM_UP_HOURS:
            return []
        found = []
        for hour, (middle, spread), errors in zip(
            range(self.next_hour, self.next_hour + self.hours),
            self._middles(self.next_hour - 1),
            self._errors,
            strict=True,
        ):
            low, high = _quantiles(errors, coverage)
            found.append(
                Expected(
                    hour, self._count(middle), self._count(middle + low * spread), self._count(middle + high * spread)
                )
            )
        return found

    def _forget(self) -> None:
        self.habit = Habit(start=self.start, noise=self.noise)
        self._last = self._square = self._product = self._excess = 0.0
        self._pending = deque(maxlen=self.hours)
        self._errors = tuple(deque(maxlen=ERRORS) for _ in range(self.hours))

    def _middles(self, hour: int) -> Iterable[tuple[float, float]]:
        """Logarithm and spread of each hour after this one."""
        persistence = 0.0
        if self._square > 0.0:
            persistence = min(max(self._product / self._square, 0.0), 0.95)
        excess = max(self._excess, 0.0)
        remainder = self._last
        for ahead in range(1, self.hours + 1):
            remainder *= persistence
            middle = self.habit.usual((hour + ahead) % DAY_HOURS + 0.5) + remainder
            yield middle, sqrt(self._chance(middle) + excess)

    def _chance(self, logarithm: float) -> float:
        """Variance that chance alone (Poisson) gives the logarithm of a started count."""
        started = exp(logarithm)
        return (max(started - self.start, 0.0) + self.noise) / (started * started)

    def _count(self, logarithm: float) -> float:
        return max(exp(logarithm) - self.start, 0.0)


def expected_range(
    counts: Sequence[float], first_hour: int, *, hours: int = AHEAD, coverage: float = 0.8
) -> list[Expected]:
    """What the hours after these counts will most likely bring; empty while fewer than two days are known.

    Args:
        counts: One an hour, without holes; of a ``Baseline``: ``past.counts(span)``.
        first_hour: Hours since the epoch of the first count; of a ``Baseline``: ``span.start``.
        hours: How many are looked ahead.
        coverage: Share of hours that lie within their range.

    >>> [round(it.high) for it in expected_range([10] * 72, 0, hours=2)]
    [10, 10]
    >>> expected_range([10] * 24, 0)
    []
    """
    if len(counts) < WARM_UP_HOURS:
        return []
    forecast = Forecast(hours=hours)
    for hour, count in enumerate(counts, first_hour):
        forecast.learn(hour, count)
    return forecast.ahead(coverage)


def _quantiles(errors: Iterable[float], coverage: float) -> tuple[float, float]:
    """The lower and the upper edge that hold the middle share of past errors, and of one to come."""
    ranked = sorted(errors)
    count = len(ranked)
    # One to come is as likely to be of any rank among them (exchangeability): n + 1 gaps for n errors.
    beyond = (1.0 - coverage) / 2.0 * (count + 1)
    below, above = int(beyond), ceil(count + 1 - beyond)
    low = ranked[max(below - 1, 0)]
    high = ranked[min(above, count) - 1]
    return min(low, 0.0), max(high, 0.0)
