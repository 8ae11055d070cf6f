"""The early warnings of a run: each from its first window to its last, as one, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal

from streams.backtest.told import Told, moment_ms

WARNED_OF = ("pain_point", "surge", "volume")
"""Kinds of alert that warnings are about."""


@dataclass(slots=True)
class Foretold:
    """One early warning."""

    brand: str
    pain_point: str
    """Id of the catalog; ``*``: the brand as a whole."""
    kind: str
    since_ms: int
    observed: int
    """Voices in the hour when it began; this and the next three."""
    projected: int
    line: int
    chance: float
    outcome: Literal["open", "crossed", "withdrawn"] = "open"
    ends_ms: int | None = None
    """When the line was crossed, or when it was withdrawn; None where the recording ends before."""

    @property
    def lead_minutes(self) -> float | None:
        """From the warning to the line; None where it was not crossed."""
        return (self.ends_ms - self.since_ms) / 60_000 if self.outcome == "crossed" and self.ends_ms else None


@dataclass(slots=True)
class Warnings:
    """Those of a run, in order of time."""

    all: list[Foretold] = field(default_factory=list)
    _open: dict[tuple[str, str, str], Foretold] = field(default_factory=dict)

    def take(self, window: dict[str, Any]) -> None:
        """Take in a window of ``metrics`` with a ``heading``, in wire form."""
        heading = window["heading"]
        place = window["brand"], window["pain_point"], heading["kind"]
        since_ms = moment_ms(heading["since"])
        it = self._open.get(place)
        if it is None or it.since_ms != since_ms:
            numbers = {name: heading[name] for name in ("observed", "projected", "line", "chance")}
            it = self._open[place] = Foretold(*place, since_ms, **numbers)
            self.all.append(it)
        if heading["status"] != "warned":
            it.outcome, it.ends_ms = heading["status"], moment_ms(window["window_end"])
            del self._open[place]

    @property
    def crossed(self) -> list[Foretold]:
        """Those that came true."""
        return [it for it in self.all if it.outcome == "crossed"]

    @property
    def false(self) -> list[Foretold]:
        """Those that were withdrawn."""
        return [it for it in self.all if it.outcome == "withdrawn"]

    @property
    def share_crossed(self) -> float | None:
        """Of those whose outcome is known, the share that came true; None where there are none."""
        known = len(self.crossed) + len(self.false)
        return len(self.crossed) / known if known else None

    @property
    def median_lead(self) -> float | None:
        """Minutes of event time from a warning that came true to the line."""
        return median(it.lead_minutes or 0.0 for it in self.crossed) if self.crossed else None

    def warned_of(self, alerts: Iterable[Told]) -> tuple[int, int]:
        """How many of these alerts there was a warning of, and how many are of a kind that could have had one."""
        could = [alert for alert in alerts if alert.kind in WARNED_OF]
        return sum(self._was_warned_of(alert, self.crossed) for alert in could), len(could)

    @staticmethod
    def _was_warned_of(alert: Told, crossed: Sequence[Foretold]) -> bool:
        return any(
            it.brand == alert.brand and it.since_ms < alert.detected_ms and it.ends_ms == alert.detected_ms
            for it in crossed
        )
