"""What the screen shows: records go in, rows come out. Knows no terminal, no broker and no clock."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from schemas.alerts import Alert
from schemas.metrics import WindowMetrics
from schemas.silences import Acknowledgement, Silence, SilenceRecord
from streams.silencing import acknowledged_by, matches, newest_episodes, state_of

ALERTS_KEPT: Final = 1_000
"""Open alerts that are held; beyond it, the least severe goes, of those the one that has been quiet longest."""
SERIES_KEPT: Final = 500
"""Pain points that are held; the one that was heard of longest ago goes first."""
BRANDS_KEPT: Final = 500
MUTES_KEPT: Final = 2_000
"""Silences, and as many acknowledgements; the oldest are forgotten first."""
MINUTES: Final = 60
"""Of event time, that a sparkline shows."""
READINGS: Final = 16
"""Of the offsets; the rates are those between the oldest and the newest."""
BARS: Final = "▁▂▃▄▅▆▇█"

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Offsets:
    """Where the topics ended, and how far the workers were, at one moment."""

    at: float
    """Monotonic seconds."""
    arrived: int
    """Records on the raw topics, ever."""
    refused: int
    """Records in quarantine, ever."""
    waiting: int
    """Records that the workers have not finished."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What flows now."""

    arriving: float
    """Raw records a second."""
    refused: float
    """Quarantined records a second."""
    waiting: int


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An open alert, and why people are not told of it, if they aren't."""

    alert: Alert
    muted: str | None


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A brand's pain point over the last hour of its event time."""

    brand: str
    pain_point: str
    voices: int
    """Of the last hour, summed over minutes: somebody who speaks in two minutes counts twice."""
    minutes: tuple[int, ...]
    """Voices of each minute, oldest first."""


@dataclass(slots=True)
class Board:
    """Takes what the topics bring, in any order and any number of times."""

    away: str | None = None
    """What is wrong with the broker; None while it answers."""
    unreadable: int = 0
    """Records that were not what their topic should hold."""
    _alerts: dict[str, Alert] = field(default_factory=dict)
    _over: OrderedDict[str, int] = field(default_factory=OrderedDict)
    """Fingerprint → revision with which it ended: an older record must not open it again."""
    _series: OrderedDict[tuple[str, str], dict[int, int]] = field(default_factory=OrderedDict)
    _newest: OrderedDict[str, int] = field(default_factory=OrderedDict)
    """Brand → its newest minute."""
    _silences: OrderedDict[str, Silence] = field(default_factory=OrderedDict)
    _acknowledged: OrderedDict[str, Acknowledgement] = field(default_factory=OrderedDict)
    _offsets: deque[Offsets] = field(default_factory=lambda: deque(maxlen=READINGS))

    def take(self, value: object) -> None:
        """One record of ``alerts``, ``metrics`` or ``silences``, or a reading of the offsets."""
        if isinstance(value, Alert):
            self._take_alert(value)
        elif isinstance(value, WindowMetrics):
            self._take_window(value)
        elif isinstance(value, SilenceRecord):
            self._take_mute(value.root)
        elif isinstance(value, Offsets):
            if self._offsets and value.arrived < self._offsets[-1].arrived:
                self._offsets.clear()  # The topics were made anew.
            self._offsets.append(value)

    def alerts(self, now: datetime) -> list[AlertRow]:
        """The open ones, the worst first; equally bad ones by how new they are."""
        rows = sorted(self._alerts.values(), key=lambda it: it.fingerprint)
        rows.sort(key=lambda it: it.detected_at, reverse=True)
        rows.sort(key=lambda it: (it.kind == "delight", it.severity))
        return [AlertRow(it, self._muted(it, now)) for it in rows]

    def alert(self, fingerprint: str) -> Alert | None:
        """An open alert."""
        return self._alerts.get(fingerprint)

    def series(self, limit: int) -> list[SeriesRow]:
        """The pain points with most voices in the last hour."""
        rows = []
        for (brand, pain_point), counts in self._series.items():
            newest = self._newest.get(brand, 0)
            minutes = tuple(counts.get(minute, 0) for minute in range(newest - MINUTES + 1, newest + 1))
            if any(minutes):
                rows.append(SeriesRow(brand, pain_point, sum(minutes), minutes))
        rows.sort(key=lambda row: (-row.voices, row.brand, row.pain_point))
        return rows[:limit]

    def rates(self) -> Rates | None:
        """What flows; None until it was looked twice."""
        if len(self._offsets) < 2:
            return None
        first, last = self._offsets[0], self._offsets[-1]
        seconds = last.at - first.at
        if seconds <= 0:
            return None
        arriving, refused = (last.arrived - first.arrived) / seconds, (last.refused - first.refused) / seconds
        return Rates(arriving, max(refused, 0.0), last.waiting)

    def _take_alert(self, alert: Alert) -> None:
        name = alert.fingerprint
        known = self._alerts.get(name)
        if alert.revision <= max(self._over.get(name, 0), known.revision if known else 0):
            return
        if alert.status == "resolved":
            self._alerts.pop(name, None)
            self._over[name] = alert.revision
            _forget(self._over, ALERTS_KEPT)
            return
        self._alerts[name] = alert
        if len(self._alerts) > ALERTS_KEPT:
            worst = max(self._alerts.values(), key=lambda it: (it.severity, -it.updated_at.timestamp(), it.fingerprint))
            del self._alerts[worst.fingerprint]

    def _take_window(self, window: WindowMetrics) -> None:
        minute = int(window.window_start.timestamp()) // 60
        newest = self._newest[window.brand] = max(self._newest.get(window.brand, 0), minute)
        self._newest.move_to_end(window.brand)
        for brand in _forget(self._newest, BRANDS_KEPT):
            for key in [key for key in self._series if key[0] == brand]:
                del self._series[key]
        if window.pain_point == "*":
            return
        key = (window.brand, window.pain_point)
        counts = self._series.setdefault(key, {})
        self._series.move_to_end(key)
        counts[minute] = window.window.voices
        for old in [it for it in counts if it <= newest - MINUTES]:
            del counts[old]
        _forget(self._series, SERIES_KEPT)

    def _take_mute(self, it: object) -> None:
        if isinstance(it, Silence):
            self._silences[it.id] = it
            _forget(self._silences, MUTES_KEPT)
        elif isinstance(it, Acknowledgement):
            self._acknowledged[it.id] = it
            _forget(self._acknowledged, MUTES_KEPT)

    def _muted(self, alert: Alert, now: datetime) -> str | None:
        for silence in self._silences.values():
            if state_of(silence, now) == "active" and matches(silence.matchers, alert):
                return "silenced"
        known = newest_episodes(self._acknowledged.values())
        return None if acknowledged_by(alert, known) is None else "acknowledged"


def sparkline(values: Sequence[int], width: int) -> str:
    """Bars, each the sum of as many values as it takes for so many bars; the newest is the last.

    >>> sparkline([0, 1, 2, 4], 4)
    '▁▃▅█'
    >>> sparkline([0, 0], 2)
    '▁▁'
    """
    size = -(-len(values) // width) or 1
    ends = range(len(values), 0, -size)
    sums = [sum(values[max(end - size, 0) : end]) for end in ends][::-1]
    top = max(sums, default=0) or 1
    return "".join(BARS[-(-value * (len(BARS) - 1) // top)] for value in sums)


def _forget(held: OrderedDict[Key, Value], most: int) -> list[Key]:
    """Let go of the oldest beyond so many; says which."""
    gone = []
    while len(held) > most:
        gone.append(held.popitem(last=False)[0])
    return gone
