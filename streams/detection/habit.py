"""What a series of counts is used to: its level, its daily rhythm, and how far it strays from them by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, log, sqrt

DAY_HOURS = 24


@dataclass(slots=True)
class Habit:
    """Exponentially weighted level, hour-of-day profile and variance of the logarithm of a count, in bounded memory.

    Counts of attention multiply rather than add, so they are judged on the scale of their logarithm, started so that
    small numbers are not exaggerated (Tukey, "Exploratory Data Analysis", 1977: started logs). Level and variance are
    geometric moving averages (Roberts, "Control Chart Tests Based on Geometric Moving Averages", Technometrics 1,
    1959). Past bursts stay in the variance, of which the larger of a short and a long memory counts, and in the mean of
    each day's largest deviation: what is bursty, or has just been, needs a bigger burst. What chance alone does to a
    count of that size (Poisson) is the least variance.

    >>> habit = Habit(start=16)
    >>> for hour in range(240):
    ...     habit.learn(20 if hour % 24 < 12 else 40, hour % 24 + 0.5, elapsed=1)
    >>> [round(expected) for expected, _ in (habit.judge(30, 6.5), habit.judge(30, 18.5))]
    [23, 39]
    >>> habit.judge(60, 6.5)[1] > 4 > habit.judge(60, 18.5)[1]
    True
    """

    start: float
    """Added to each count before its logarithm is taken: counts well below it hardly differ."""
    short_hours: float = 48.0
    """Half-life of the level and of the shorter memory of the variance."""
    long_hours: float = 336.0
    """Half-life of the longer memory of the variance."""
    noise: float = 1.0
    """Added to the expected count where the least variance is worked out: nobody is surprised by the first few."""
    profile_hours: float = 14.0
    """Hours that each hour of the day remembers: one a day makes two weeks."""
    prior_hours: float = 2.0
    """Weight of the level against what is known of one hour of the day."""

    largest_prior: float = 3.0
    """Largest deviation of a day before anything is known."""
    largest_prior_days: float = 2.0
    """Days that this is worth against those that are known."""
    largest_least: float = 2.0
    largest_most: float = 8.0
    """A day's largest deviation counts as at most that: an incident must not make deaf for the next."""

    hours: float = 0.0
    """Hours that were learned from."""
    days: int = 0
    """Days whose largest deviation is known."""
    level: float = 0.0
    recent: float = 0.0
    lasting: float = 0.0
    profile: list[float] = field(default_factory=lambda: [0.0] * DAY_HOURS)
    known: list[float] = field(default_factory=lambda: [0.0] * DAY_HOURS)
    _total: float = 0.0
    _usual_largest: float | None = None
    """What ``largest`` is until the day is over."""
    _largest: float = 0.0
    _hour: float = 0.0
    _elapsed: float = 0.0
    _short: float = 0.0
    _long: float = 0.0

    def judge(self, count: float, hour: float) -> tuple[float, float]:
        """The count that is expected, and by how many standard deviations this one differs; (count, 0) at first.

        Args:
            count: At least 0.
            hour: Of the day, with its fraction: 0 ≤ hour < 24.
        """
        if not self.hours:
            return count, 0.0
        usual = self.usual(hour)
        return self._deviation(log(count + self.start) - usual, usual)

    @property
    def largest(self) -> float:
        """The largest deviation of a usual day: the mean over all days so far."""
        if self._usual_largest is None:
            known = self.largest_prior_days + self.days
            mean = (self.largest_prior_days * self.largest_prior + self._total) / known
            self._usual_largest = max(self.largest_least, mean)
        return self._usual_largest

    def judge_and_learn(self, count: float, hour: float, elapsed: float) -> tuple[float, float, float]:
        """The same as to judge, to ask for the largest deviation, and to learn, in three quarters of the time.

        Returns:
            The count that is expected, by how many standard deviations this one differs, and the largest deviation of
            a usual day.
        """
        if not self.hours:
            self.learn(count, hour, elapsed)
            return count, 0.0, self.largest
        usual = self.usual(hour)
        value = log(count + self.start)
        mean, deviation = self._deviation(value - usual, usual)
        largest = self.largest
        self._take_in(value, value - usual, hour, elapsed)
        return mean, deviation, largest

    def learn(self, count: float, hour: float, elapsed: float) -> None:
        """Take the count in as a part of what is usual; what lasts longer weighs more.

        Args:
            elapsed: Hours that the count stands for.
        """
        value = log(count + self.start)
        if not self.hours:
            self.level = value
        self._take_in(value, value - self.usual(hour), hour, elapsed)

    def _deviation(self, remainder: float, usual: float) -> tuple[float, float]:
        started = exp(usual)
        mean = started - self.start
        if mean < 0.0:
            mean = 0.0
        variance = max(self.recent, self.lasting)
        chance = (mean + self.noise) / (started * started)
        if chance > variance:
            variance = chance
        deviation = remainder / sqrt(variance)
        if deviation > self._largest:
            self._largest = deviation
        return mean, deviation

    def _take_in(self, value: float, remainder: float, hour: float, elapsed: float) -> None:
        if hour < self._hour:
            self._usual_largest = None
            if self.hours >= DAY_HOURS / 2:
                self.days += 1
                self._total += min(self._largest, self.largest_most)
            self._largest = 0.0
        self._hour = hour
        if elapsed != self._elapsed:
            self._elapsed = elapsed
            self._short = 1.0 - 0.5 ** (elapsed / self.short_hours)
            self._long = 1.0 - 0.5 ** (elapsed / self.long_hours)
        square = remainder * remainder
        self.hours += elapsed
        even = elapsed / self.hours
        short = max(even, self._short)
        long = max(even, self._long)
        self.level += short * (value - self.level)
        self.recent += short * (square - self.recent)
        self.lasting += long * (square - self.lasting)
        at = int(hour)
        known = self.known[at] + elapsed
        if known > self.profile_hours:
            known = max(self.profile_hours, elapsed)
        self.known[at] = known
        self.profile[at] += (value - self.level - self.profile[at]) * elapsed / known

    def usual(self, hour: float) -> float:
        """The expected logarithm: the level and the profile, linear between the middles of two hours."""
        at = int(hour)
        part = hour - at - 0.5
        if part < 0.0:
            part, beside = -part, at - 1
        else:
            beside = at + 1 if at + 1 < DAY_HOURS else 0
        here, there, prior = self.known[at], self.known[beside], self.prior_hours
        return (
            self.level
            + (1.0 - part) * self.profile[at] * here / (here + prior)
            + part * self.profile[beside] * there / (there + prior)
        )
