"""The alerts of a run: the records of one episode, from firing to resolved, as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from streams.backtest.labels import Mood


@dataclass(slots=True, eq=False)
class Told:
    """One alert, from its first record to its last."""

    fingerprint: str
    brand: str
    kind: str
    pain_point: str | None
    """Id of the catalog; None: the brand as a whole."""
    title: str
    """Its first one."""
    starts_ms: int
    """The onset."""
    detected_ms: int
    """End of the window in which it was seen first: when people were told, in event time."""
    window_ms: int
    """Length of that window."""
    observed: int
    """Voices in it."""
    expected: float
    """Voices that the baseline expected in it."""
    ratio: float
    ends_ms: int | None = None
    """When it was over; None while it lasts."""
    severity: int = 4
    """The worst it came to; 1 is the worst there is."""
    voices: int = 0
    """Since the onset."""
    mentions: int = 0
    top_voice_share: float = 0.0
    records: int = 0
    sentiment: float = 0.0
    """Mean of its mentions."""
    points: set[str] = field(default_factory=set)
    """Pain points that it speaks of: its own, and those that many of its voices name too."""
    held: bool = False
    """Whether it was held back from the first to the last of its records: beyond the budget."""
    quotes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Event id → quote, as ``schemas.alerts.Quote`` in wire form."""

    @property
    def mood(self) -> Mood:
        """Whose voices it counts."""
        if self.kind in ("surge", "pain_point", "share", "mood"):
            return "negative"
        return "nonneg" if self.kind == "delight" or self.sentiment >= 0 else "negative"

    def take(self, alert: dict[str, Any]) -> None:
        """Take in its next record, in wire form."""
        self.held = (self.held or not self.records) and alert.get("held") is not None
        self.records += 1
        self.severity = min(self.severity, alert["severity"])
        self.voices, self.mentions = alert["voices"], alert["mentions"]
        self.top_voice_share, self.sentiment = alert["top_voice_share"], alert["sentiment"]
        self.ends_ms = None if alert["ends_at"] is None else moment_ms(alert["ends_at"])
        # The point that most name, and those that at least half as many name.
        named: dict[str, int] = alert["pain_points"]
        most = max(named.values(), default=0)
        self.points.update(point for point, voices in named.items() if 2 * voices >= most)
        self.quotes.update((quote["event_id"], quote) for quote in alert["quotes"])


def told(records: Iterable[dict[str, Any]]) -> list[Told]:
    """Alerts in order of detection, from all their records in order of publication, in wire form."""
    found: dict[tuple[str, str], Told] = {}
    for alert in records:
        episode = (alert["fingerprint"], alert["detected_at"])
        if episode not in found:
            found[episode] = Told(
                fingerprint=alert["fingerprint"],
                brand=alert["brand"],
                kind=alert["kind"],
                pain_point=alert["pain_point"],
                title=alert["title"],
                starts_ms=moment_ms(alert["starts_at"]),
                detected_ms=moment_ms(alert["detected_at"]),
                window_ms=alert["window_seconds"] * 1000,
                observed=alert["observed"],
                expected=alert["expected"],
                ratio=alert["ratio"],
                points={alert["pain_point"]} if alert["pain_point"] else set(),
            )
        found[episode].take(alert)
    return sorted(found.values(), key=lambda it: (it.detected_ms, it.brand, it.kind, it.pain_point or ""))


def moment_ms(stamp: str) -> int:
    """Milliseconds since 1970 of a moment in wire form."""
    return round(datetime.fromisoformat(stamp).timestamp() * 1000)
