"""From timestamps to figures."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


class FailedError(RuntimeError):
    """A contestant did not do its job, so it has no figures; the message says what was wrong."""


@dataclass(frozen=True)
class Run:
    """One run under full load."""

    events: int
    rate: float
    """Events a second, from the first to the last event."""
    cpu: float
    """Seconds of processor time per 1,000 events, all processes of the contestant."""
    broker_cpu: float
    """The same of the broker."""
    peak_mb: float
    """Most resident memory, all processes of the contestant together."""


@dataclass(frozen=True)
class Delay:
    """Latencies, in milliseconds."""

    count: int
    p50: float
    p99: float
    worst: float
    rate: float | None = None
    """Events a second that arrived meanwhile; None where that does not matter."""


@dataclass(frozen=True)
class Span:
    """From when to when something was worked on, in milliseconds since 1970, and how many events that was."""

    begin_ms: int
    end_ms: int
    events: int

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events * 1000 / (self.end_ms - self.begin_ms)


def span(arrived_ms: Sequence[int], until_ms: int, since_ms: int = 0) -> Span:
    """The time in which the events were worked on, without what came before.

    The first outputs say when the work had begun; they themselves are not counted, for nobody knows how long they took.

    Args:
        arrived_ms: When the output of each event arrived.
        until_ms: When all was done.
        since_ms: Outputs up to then are not counted either.

    Raises:
        FailedError: There is nothing behind the first outputs.
    """
    begin = max(min(arrived_ms), since_ms)
    counted = sum(moment > begin for moment in arrived_ms)
    if not counted or until_ms <= begin:
        raise FailedError("too few events to tell a rate; give more: EVENTS=…")
    return Span(begin, until_ms, counted)


def delay(latencies_ms: Sequence[float], arrived_ms: Sequence[int] = ()) -> Delay:
    """Percentiles by nearest rank.

    Args:
        arrived_ms: When the events arrived, to tell at which rate.

    Raises:
        FailedError: There are none.
    """
    if not latencies_ms:
        raise FailedError("nothing came whose latency could be told")
    ordered = sorted(latencies_ms)
    took_ms = max(arrived_ms) - min(arrived_ms) if arrived_ms else 0
    rate = (len(arrived_ms) - 1) * 1000 / took_ms if took_ms else None
    return Delay(len(ordered), percentile(ordered, 50), percentile(ordered, 99), ordered[-1], rate)


def percentile(ordered: Sequence[float], percent: int) -> float:
    """The smallest value that at least ``percent`` of a hundred don't exceed; the values are in order."""
    return ordered[max(-(-len(ordered) * percent // 100) - 1, 0)]


def median(runs: Sequence[Run]) -> Run:
    """The median of each figure."""
    return Run(
        runs[0].events,
        statistics.median(run.rate for run in runs),
        statistics.median(run.cpu for run in runs),
        statistics.median(run.broker_cpu for run in runs),
        max(run.peak_mb for run in runs),
    )
