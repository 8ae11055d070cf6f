"""Early warnings of one brand: a series heads for a spike, until the spike is there or the warning is withdrawn.

A warning is no alert and pages nobody. It stands in the windows of ``metrics`` for as long as it lasts, and in a gauge:
who looks may get ready, who does not look misses nothing. Its life is warned → crossed | withdrawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any, Literal

from schemas.alerts import Kind
from schemas.base import stamp
from streams.alerting import GROUPS
from streams.catalog import Catalog
from streams.detection import Heading, Outlook, Pace, Verdict
from streams.effects import Effects
from streams.judging import CROWD, Judging
from streams.subjects import subject_of
from streams.windows.aggregate import EVERYTHING, NEGATIVE
from streams.windows.rolling import HOUR_MS
from streams.windows.store import WindowStore

QUIET_MS = 6 * HOUR_MS
"""So long a series is not warned of again whose warning was withdrawn."""

WHOLES = (NEGATIVE, EVERYTHING)
"""The series of a brand as a whole; they share a window, so one of them is warned of at a time."""

CROSSED = ("fired", "firing", "inhibited")
"""Verdicts by which the line is crossed, whether or not another alert tells it already."""

Status = Literal["warned", "crossed", "withdrawn"]


@dataclass(slots=True)
class Warned:
    """What is known of one series that is warned of, or was a short while ago."""

    since_ms: int
    seen_ms: int
    """When it last looked as if the line would be crossed."""
    by_ms: int
    """This and the rest: what was seen then, see ``Outlook``."""
    observed: int
    projected: int
    line: int
    chance: float
    quiet_ms: int = 0
    """Until when there is no new warning; 0 while it is warned of."""

    def take(self, outlook: Outlook, now_ms: int) -> None:
        """It still looks so."""
        self.seen_ms, self.by_ms, self.chance = now_ms, outlook.by_ms, outlook.chance
        self.observed, self.projected, self.line = outlook.observed, outlook.projected, outlook.line

    def published(self, kind: Kind, status: Status) -> dict[str, Any]:
        """As ``schemas.metrics.Heading`` in wire form."""
        return {
            "status": status,
            "kind": kind,
            "since": stamp(self.since_ms),
            "seen": stamp(self.seen_ms),
            "by": stamp(self.by_ms),
            "observed": self.observed,
            "projected": self.projected,
            "line": self.line,
            "chance": self.chance,
        }

    def to_state(self) -> list[Any]:
        """As JSON values."""
        return list(astuple(self))


@dataclass(slots=True)
class EarlyWarning:
    """The warnings of one brand. Bounded by the series of its catalog."""

    brand: str
    on: bool
    heading: Heading = field(default_factory=Heading)
    series: dict[str, Warned] = field(default_factory=dict)

    @property
    def open(self) -> dict[str, Warned]:
        """Series → what is warned of now."""
        return {name: it for name, it in self.series.items() if not it.quiet_ms}

    def chances(self, catalog: Catalog) -> list[tuple[str, Kind, float]]:
        """(series as windows name it, kind of alert, probability of it) of each open warning."""
        return [
            (EVERYTHING if name in WHOLES else name, subject_of(name).kind(catalog), it.chance)
            for name, it in sorted(self.open.items())
        ]

    def look(
        self, verdicts: Mapping[str, Verdict], now_ms: int, judging: Judging, windows: WindowStore, effects: Effects
    ) -> dict[str, dict[str, Any]]:
        """Move the warnings on to this moment.

        Args:
            verdicts: What was just thought of each series of which anything was heard.

        Returns:
            Name of a window's series → its ``heading``, in wire form.
        """
        if not self.on:
            for name in self.series:
                effects.keep(self.brand, "heading", name, None)
            self.series.clear()
            return {}
        told: dict[str, dict[str, Any]] = {}
        # While an alert of theirs fires, people are awake: what else begins is told as an alert, and joins it.
        awake = any(GROUPS.get(subject_of(name).kind(judging.catalog)) == "customers" for name in judging.firing)
        for name in (*sorted({*verdicts, *self.series}.difference(WHOLES)), *WHOLES):
            known, verdict = self.series.get(name), verdicts.get(name)
            if known is None and verdict is None:
                continue
            outlook = None
            if verdict is not None and not awake and not (known is None and self._told_already(name)):
                outlook = self._outlook(name, verdict, now_ms, judging, windows)
            status = self._move(name, known, verdict, outlook, now_ms, effects)
            if status is not None:
                effects.counts[f"warning_{status}"] += status != "warned" or self.series[name].since_ms == now_ms
                shown = self.series.get(name) or known
                assert shown is not None
                where = EVERYTHING if name in WHOLES else name
                told.setdefault(where, shown.published(subject_of(name).kind(judging.catalog), status))
        return told

    def _move(
        self,
        name: str,
        known: Warned | None,
        verdict: Verdict | None,
        outlook: Outlook | None,
        now_ms: int,
        effects: Effects,
    ) -> Status | None:
        """The next step in the life of one series' warning; None where there is none to tell."""
        status: Status | None = None
        if known is None:
            if outlook is None:
                return None
            self.series[name] = known = Warned(now_ms, now_ms, *astuple(outlook))
            status = "warned"
        elif known.quiet_ms:
            if now_ms < known.quiet_ms:
                return None
            del self.series[name]
        elif verdict is not None and verdict.reason in CROSSED:
            del self.series[name]
            status = "crossed"
        elif outlook is not None:
            known.take(outlook, now_ms)
            status = "warned"
        elif now_ms - known.seen_ms >= self.heading.ahead_ms:
            known.quiet_ms = now_ms + QUIET_MS
            status = "withdrawn"
        else:
            return "warned"
        effects.keep(self.brand, "heading", name, self.series.get(name))
        return status

    def _told_already(self, name: str) -> bool:
        """Whether what is more precise is warned of, or was; or the other series that shares its window."""
        return name in WHOLES and any(other != name for other in self.series)

    def _outlook(
        self, name: str, verdict: Verdict, now_ms: int, judging: Judging, windows: WindowStore
    ) -> Outlook | None:
        kind = subject_of(name).kind(judging.catalog)
        if GROUPS.get(kind) != "customers" or verdict.reason in CROSSED:
            return None  # Of good news nobody needs to be warned.
        sample, past = judging.sample_of(name, now_ms, windows), judging.usual(name, now_ms)
        least = CROWD if name == EVERYTHING else 0
        if not self.heading.promising(sample, verdict, past, judging.detector, least):
            return None
        return self.heading.look(
            sample, verdict, self._pace(name, now_ms, judging, windows), past, judging.detector, least
        )

    def _pace(self, name: str, now_ms: int, judging: Judging, windows: WindowStore) -> Pace:
        before: set[str] = set()
        earlier: set[str] = set()
        staying: set[str] = set()
        loud = judging.loud(name, windows)
        for cell in windows.since(name, now_ms - HOUR_MS):
            voices = cell.aggregate(name).voices.keys() - loud
            if cell.start_ms < now_ms - self.heading.pace_ms:
                before |= voices
            if cell.start_ms < now_ms - self.heading.pace_ms // 2:
                earlier |= voices
            if cell.start_ms >= now_ms - HOUR_MS + self.heading.ahead_ms:
                staying |= voices
        voices_now = len(windows.hour.of(name).voices) - len(loud)
        return Pace(voices_now - len(before), len(staying), voices_now - len(earlier))

    # What is kept.

    def restore(self, name: str, state: Any) -> None:
        """Take in one stored warning."""
        self.series[name] = Warned(*state)
