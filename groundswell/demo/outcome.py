"""What the topics hold after the demo week, beside what the script held."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from groundswell.demo.week import BRAND, INCIDENTS, Incident
from schemas.alerts import Alert
from streams.client import subscribe
from streams.settings import Settings

EARLY = timedelta(hours=3)
"""An alert's onset may lie so long before or after the script's beginning."""


@dataclass
class Found:
    """What was found of one incident."""

    incident: Incident
    alerts: list[Alert] = field(default_factory=list)
    """All revisions, in order."""
    silent: int = 0
    """Judgements that stayed silent because it was one voice."""

    @property
    def as_scripted(self) -> bool:
        """One alert that fired and resolved, or for a loud voice none."""
        if self.incident.kind == "loud_voice":
            return not self.alerts and self.silent > 0
        return {alert.status for alert in self.alerts} >= {"firing", "resolved"}


@dataclass
class Outcome:
    """The week in numbers."""

    events: int
    seconds_to_first_alert: float | None
    found: list[Found]
    others: dict[str, list[Alert]]
    """Fingerprint → revisions of alerts that no incident names."""
    counts: dict[str, int]
    quarantined: Counter[str]
    handoffs: Counter[str]

    @property
    def missed(self) -> list[str]:
        """Incidents that were not told as the script has them."""
        return [it.incident.id for it in self.found if not it.as_scripted]

    def summary(self) -> dict[str, Any]:
        """For programs."""
        return {
            "events": self.events,
            "seconds_to_first_alert": self.seconds_to_first_alert,
            "incidents": [
                {
                    "id": it.incident.id,
                    "kind": it.incident.kind,
                    "pain_point": it.incident.pain_point,
                    "starts_at": it.incident.starts_at,
                    "ends_at": it.incident.ends_at,
                    "as_scripted": it.as_scripted,
                    "silent_because_one_voice": it.silent,
                    "alerts": [alert.model_dump(mode="json", exclude={"quotes"}) for alert in it.alerts],
                }
                for it in self.found
            ],
            "other_alerts": [revisions[-1].model_dump(mode="json") for revisions in self.others.values()],
            "records": self.counts,
            "quarantined": dict(self.quarantined),
            "handoffs": dict(self.handoffs),
        }

    def tables(self) -> list[RenderableType]:
        """For people."""
        told = Table(title="What happened, and what was heard", title_justify="left")
        for column, right in (("the script", False), ("alert", False), ("when", False), ("voices", True)):
            told.add_column(column, justify="right" if right else "left", no_wrap=right)
        for it in self.found:
            happened = f"{it.incident.starts_at:%a %H:%M} {it.incident.title}"
            if it.alerts:
                told.add_row(happened, *_row(it.alerts))
            elif it.incident.kind == "loud_voice":
                told.add_row(happened, "none, and rightly so", f"one_voice, {it.silent} times", "1")
            else:
                told.add_row(happened, "missed", "", "")
        for revisions in self.others.values():
            told.add_row("", *_row(revisions))
        rest = Table(show_header=False, box=None)
        rest.add_row("sent", f"{self.events:,} events")
        rest.add_row("published", ", ".join(f"{name} {count:,}" for name, count in self.counts.items()))
        rest.add_row("quarantined", ", ".join(f"{reason} {count}" for reason, count in self.quarantined.most_common()))
        rest.add_row("handoffs", ", ".join(f"{status} {count}" for status, count in self.handoffs.most_common()))
        if self.seconds_to_first_alert is not None:
            rest.add_row("first alert", f"{self.seconds_to_first_alert:.1f} s after the command was given")
        return [told, rest]


def gather(settings: Settings, address: str, *, events: int, seconds_to_first_alert: float | None) -> Outcome:
    """Read the topics from their beginning to their end."""

    def held(topic: str) -> Any:
        return subscribe(topic, settings=settings, address=address, from_beginning=True, until_end=True)

    found = [Found(incident) for incident in INCIDENTS]
    others: dict[str, list[Alert]] = {}
    counts: Counter[str] = Counter()
    for received in held("alerts"):
        alert: Alert = received.value
        if alert.kind == "incident":
            counts["incidents"] += 1
            continue
        counts["alerts"] += 1
        mine = next((it for it in found if _speaks_of(alert, it.incident)), None)
        (mine.alerts if mine is not None else others.setdefault(alert.fingerprint, [])).append(alert)
    for received in held("metrics"):
        counts["metrics"] += 1
        window = received.value
        for it in found:
            if (
                window.decision is not None
                and window.decision.reason == "one_voice"
                and (window.brand, window.pain_point) == (BRAND, it.incident.pain_point)
            ):
                it.silent += 1
    handoffs: dict[str, str] = {}
    for received in held("handoffs"):
        counts["handoffs"] += 1
        handoffs[received.value.id] = received.value.status
    quarantined: Counter[str] = Counter(received.value.reason for received in held("quarantine"))
    for topic in ("scored", "pain-points", "delights"):
        counts[topic] = sum(1 for _ in held(topic))
    for it in found:
        it.alerts.sort(key=lambda alert: alert.revision)
    return Outcome(
        events,
        seconds_to_first_alert,
        found,
        {fingerprint: sorted(of, key=lambda alert: alert.revision) for fingerprint, of in others.items()},
        dict(counts),
        quarantined,
        Counter(handoffs.values()),
    )


def _speaks_of(alert: Alert, incident: Incident) -> bool:
    return (
        alert.brand == BRAND
        and alert.pain_point == incident.pain_point
        and incident.starts_at - EARLY <= alert.starts_at <= incident.ends_at + EARLY
    )


def _row(revisions: list[Alert]) -> list[str]:
    last = revisions[-1]
    over = f"over {last.ends_at:%a %H:%M}" if last.ends_at else "still firing"
    kind = "a delight" if last.kind == "delight" else f"severity {last.severity}"
    return [
        f"{last.title.partition(':')[0]}, {kind}",
        f"since {last.starts_at:%a %H:%M}, seen {last.detected_at:%H:%M}, {over}",
        f"{last.voices}",
    ]
