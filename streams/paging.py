"""What of a brand's alerts reaches people: grouped into incidents, and not more of them a week than they want."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from schemas.base import epoch_ms
from streams.alerting import Incident, incident_of
from streams.catalog import Catalog
from streams.changes import Changes
from streams.effects import Effects
from streams.settings import Settings
from streams.topics import ALERTS
from streams.windows.rolling import DAY_MS, HOUR_MS

WEEK_MS = 7 * DAY_MS
_PLACE = re.compile(r"\{(brand|pain_point|kind|from_ms|to_ms)\}")

REMEMBERED = 1_000
"""Pages of the last week that are remembered."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How people want to be told."""

    budget: int | None = None
    """Pages a week and brand; None: no budget."""
    dashboard: str | None = None
    """Link with places to be filled in, see ``Settings.dashboard_url``."""
    early_warning: bool = False
    """Whether windows say what heads for a spike."""

    @classmethod
    def of(cls, settings: Settings) -> Terms:
        """What the settings say."""
        return cls(settings.alert_budget, settings.dashboard_url, settings.early_warning)


@dataclass(slots=True)
class Budget:
    """Pages of the last week, of which there should not be more than so many.

    Nobody knows what the rest of the week brings. So a new page passes while there have been fewer than the budget of
    pages that were at least as severe: of the least severe there are as many as the budget allows, and what is worse
    than all of them passes. What gets worse while it is held back is judged anew.
    """

    most: int | None
    """None: no budget."""
    passed: list[list[int]] = field(default_factory=list)
    """(when in ms, severity) of what has passed."""
    held: dict[str, int] = field(default_factory=dict)
    """Fingerprint → severity, of what is held back."""

    def admit(self, alert: dict[str, Any], now_ms: int) -> bool:
        """Whether people are told of a record of an alert that pages, in wire form."""
        fingerprint, severity = alert["fingerprint"], alert["severity"]
        fresh = alert["reason"] == "first"
        if fresh:
            self.held.pop(fingerprint, None)
        elif severity < self.held.get(fingerprint, 0):
            del self.held[fingerprint]
            self._note(now_ms, severity)
            return True
        elif fingerprint in self.held:
            if alert["status"] == "resolved":
                del self.held[fingerprint]
            return False
        else:
            return True
        self.passed = [it for it in self.passed if it[0] > now_ms - WEEK_MS]
        if self.most is not None and sum(it[1] <= severity for it in self.passed) >= self.most:
            self.held[fingerprint] = severity
            return False
        self._note(now_ms, severity)
        return True

    def _note(self, now_ms: int, severity: int) -> None:
        self.passed.append([now_ms, severity])
        del self.passed[:-REMEMBERED]

    def to_state(self) -> list[Any]:
        """As JSON values."""
        return [self.passed, self.held]


@dataclass(slots=True)
class Paging:
    """The incidents of one brand, and its budget."""

    brand: str
    catalog: Catalog
    terms: Terms
    incidents: dict[str, Incident] = field(default_factory=dict)
    """By fingerprint."""
    budget: Budget = field(init=False)

    def __post_init__(self) -> None:
        self.budget = Budget(self.terms.budget)

    @property
    def firing(self) -> bool:
        """Whether there is an incident."""
        return any(incident.firing for incident in self.incidents.values())

    def tell(
        self,
        first: int,
        restless: Collection[str],
        now_ms: int,
        effects: Effects,
        known: Changes,
        shown: Callable[[str], dict[str, Any] | None],
    ) -> None:
        """Group what has been told at this moment, and hold back what is beyond the budget.

        Args:
            first: Where in the records of ``effects`` this moment begins: there its alerts are, not yet grouped.
            restless: Fingerprints of the alerts that fire and are not dying down.
            known: The brand's changes.
            shown: Gives what an alert that was not told at this moment would show, by fingerprint, in wire form.
        """

        def fresh(part: dict[str, Any]) -> dict[str, Any]:
            """A part of an incident with the numbers of this moment; what is known of it stays."""
            record = shown(part["fingerprint"])
            if record is None:
                return part
            self._say_where(record)
            return part | record | {name: part[name] for name in ("status", "reason", "revision")}

        pages: list[dict[str, Any]] = []
        changes: dict[str, list[dict[str, Any]]] = {}
        for topic, _, alert in effects.records[first:]:
            if topic is ALERTS:
                fingerprint = incident_of(self.brand, alert["kind"])
                alert["incident"] = fingerprint
                self._say_where(alert)
                if alert["status"] != "resolved":
                    onset_ms = epoch_ms(datetime.fromisoformat(alert["starts_at"]))
                    alert["changes"] = known.near(alert, onset_ms, now_ms)
                if fingerprint is None:
                    pages.append(alert)
                else:
                    changes.setdefault(fingerprint, []).append(alert)
        for fingerprint in sorted({*changes, *(name for name, it in self.incidents.items() if it.firing)}):
            incident = self.incidents.get(fingerprint)
            if incident is None:
                incident = self.incidents[fingerprint] = Incident(self.brand, fingerprint)
            moves = any(name in restless for name in incident.parts)
            page = incident.advance(changes.get(fingerprint, []), now_ms, restless=moves, fresh=fresh)
            if fingerprint in changes or page is not None:
                effects.keep(self.brand, "incident", fingerprint, incident)
            if page is not None:
                effects.publish(ALERTS, fingerprint, page)
                effects.counts[f"incident_{page['status']}"] += 1
                pages.append(page)
        for page in sorted(pages, key=lambda page: (page["severity"], page["fingerprint"])):
            if not self.budget.admit(page, now_ms):
                page["held"] = "over_budget"
                effects.counts["alert_over_budget"] += page["reason"] == "first"
            effects.keep(self.brand, "budget", "", self.budget)

    def _say_where(self, alert: dict[str, Any]) -> None:
        """Add who can act on it, and where to look."""
        point = alert["pain_point"] or _main_point(alert)
        if point is not None and point in self.catalog:
            entry = self.catalog.entry(point)
            alert |= {"journey_stage": entry.journey_stage, "owner": entry.owner, "runbook": entry.runbook}
        else:
            alert |= {"journey_stage": None, "owner": None, "runbook": None}
        if self.terms.dashboard is not None:
            alert["dashboard"] = _filled(self.terms.dashboard, alert)

    # What is kept.

    def restore_incident(self, fingerprint: str, state: Any) -> None:
        """Take in one stored incident."""
        self.incidents[fingerprint] = Incident.from_state(state)

    def restore_budget(self, state: Any) -> None:
        """Take in the stored pages of the last week."""
        self.budget.passed, self.budget.held = state


def _main_point(alert: dict[str, Any]) -> str | None:
    """What an alert of the brand as a whole is mostly about: a pain point that half of its voices an hour name.

    Whoever owns what three of forty customers mention can't act on what the forty have.
    """
    hourly = alert["observed"] * HOUR_MS / (alert["window_seconds"] * 1000)
    return next((point for point, voices in alert["pain_points"].items() if 2 * voices >= hourly), None)


def _filled(link: str, alert: dict[str, Any]) -> str:
    """The link with its places filled in: some hours before the onset, until an hour after what is known."""
    starts_ms, until_ms = (epoch_ms(datetime.fromisoformat(alert[name])) for name in ("starts_at", "updated_at"))
    values = {
        "brand": alert["brand"],
        "pain_point": alert["pain_point"] or "*",
        "kind": alert["kind"],
        "from_ms": str(starts_ms - 6 * HOUR_MS),
        "to_ms": str(until_ms + HOUR_MS),
    }
    return _PLACE.sub(lambda match: quote(values[match[1]].encode("utf-8", "replace"), safe=""), link)
