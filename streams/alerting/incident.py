"""What pages somebody: one incident for all that a brand's customers complain of at once, with its alerts inside.

An incident is an alert of its own kind. It begins with the first of its parts and is over when all of them are; in
between it is told anew when a part joins, when it gets worse, and as a reminder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from schemas.alerts import Kind, Reason
from schemas.base import epoch_ms, stamp
from streams.alerting.episode import RETURN_MS, duration, fingerprint_of, reminder, reminds

Group = Literal["customers", "sources"]
GROUPS: dict[str, Group] = {
    "pain_point": "customers",
    "surge": "customers",
    "volume": "customers",
    "share": "customers",
    "mood": "customers",
    "silence": "sources",
}
"""Kind of alert → what it is grouped with. Good news is none of them, and pages by itself."""

PARTS = 64
"""Parts of an incident that it remembers; those that were over first are forgotten."""

Record = dict[str, Any]
"""``schemas.alerts.Alert`` in wire form."""


def incident_of(brand: str, kind: Kind) -> str | None:
    """The fingerprint of the incident that an alert of this kind belongs to; None where it pages by itself."""
    group = GROUPS.get(kind)
    return None if group is None else fingerprint_of(brand, "incident", group)


@dataclass(slots=True)
class Incident:
    """The state of one group of a brand's alerts."""

    brand: str
    fingerprint: str
    revision: int = 0
    status: Literal["quiet", "firing", "resolved"] = "quiet"
    severity: int = 4
    starts_ms: int = 0
    detected_ms: int = 0
    ends_ms: int = 0
    repeats: int = 0
    parts: dict[str, Record] = field(default_factory=dict)
    """Fingerprint → its last record, in order of detection."""
    told_ms: int = 0
    """When it was told last."""
    step: int = 0
    """Where it is on the schedule of reminders."""

    @property
    def firing(self) -> bool:
        """Whether a part of it goes on."""
        return self.status == "firing"

    def advance(
        self, changes: list[Record], now_ms: int, *, restless: bool, fresh: Callable[[Record], Record]
    ) -> Record | None:
        """Take in what its parts have told at this moment; gives its own new state where people should know.

        Args:
            changes: Their records, in order of publication.
            restless: Whether a part is not dying down: of what is over soon nobody needs reminding.
            fresh: Gives the record of a part that goes on with the numbers of this moment. What it told last may be
                hours old when another part changes.
        """
        reason = self._take(changes, now_ms)
        if not self.firing:
            return None
        worst = min(record["severity"] for record in self.parts.values())
        if all(record["status"] == "resolved" for record in self.parts.values()):
            reason, self.status = "recovered", "resolved"
            self.ends_ms = max(_ms(record["ends_at"]) for record in self.parts.values())
        elif reason is None and worst < self.severity:
            reason = "severity_rose"
        elif reason is None and restless and reminds(self, now_ms):
            reason = "reminder"
            self.repeats += 1
        self.severity = worst if reason == "first" else min(worst, self.severity)
        if reason is None:
            return None
        while now_ms - self.detected_ms >= reminder(self.step):
            self.step += 1
        self.revision += 1
        self.told_ms = now_ms
        told = {record["fingerprint"] for record in changes}
        for fingerprint, record in self.parts.items():
            if record["status"] != "resolved" and fingerprint not in told:
                self.parts[fingerprint] = fresh(record)
        return self._record(reason, now_ms)

    def _take(self, changes: list[Record], now_ms: int) -> Reason | None:
        reason: Reason | None = None
        for record in changes:
            fingerprint = record["fingerprint"]
            over = record["status"] == "resolved"
            if not self.firing:
                if over:
                    continue  # It began before there were incidents.
                reason = self._begin(record, now_ms)
            elif reason is None and not over:
                known = self.parts.get(fingerprint)
                if known is None or known["status"] == "resolved":
                    reason = "joined"
            if fingerprint not in self.parts and over:
                continue
            self.parts[fingerprint] = record
            self.starts_ms = min(self.starts_ms, _ms(record["starts_at"]))
        while len(self.parts) > PARTS:
            over_first = [name for name, record in self.parts.items() if record["status"] == "resolved"]
            del self.parts[(over_first or list(self.parts))[0]]
        return reason

    def _begin(self, record: Record, now_ms: int) -> Reason:
        returned = record["reason"] == "returned" and now_ms - self.ends_ms < RETURN_MS and self.revision > 0
        self.status = "firing"
        if returned:
            return "returned"
        self.parts, self.repeats, self.step, self.severity = {}, 0, 0, 4
        self.starts_ms, self.detected_ms = _ms(record["starts_at"]), now_ms
        return "first"

    def _record(self, reason: Reason, now_ms: int) -> Record:
        over = reason == "recovered"
        parts = list(self.parts.values())
        # What it shows is the worst of what goes on; of equals, what was there first.
        going = [record for record in parts if over or record["status"] != "resolved"]
        main = min(going, key=lambda record: record["severity"])
        worst = min(parts, key=lambda record: record["severity"])
        others = [_name(record) for record in going if record is not main]
        title = main["title"]
        if over:
            title = f"{_name(main)}: back to normal after {duration(self.ends_ms - self.starts_ms)}"
        if others:
            title += f"; with it {', '.join(others[:3])}" + (f" and {len(others) - 3} more" if len(others) > 3 else "")
        return main | {
            "fingerprint": self.fingerprint,
            "revision": self.revision,
            "status": "resolved" if over else "firing" if reason == "first" else "updated",
            "reason": reason,
            "kind": "incident",
            "title": title,
            "severity": self.severity,
            "severity_why": worst["severity_why"] if len(parts) == 1
            else f"the worst of its {len(parts)}, {_name(worst)}: {worst['severity_why']}",
            "starts_at": stamp(self.starts_ms),
            "detected_at": stamp(self.detected_ms),
            "updated_at": stamp(now_ms),
            "ends_at": stamp(self.ends_ms) if over else None,
            "recovery_seconds": (self.ends_ms - self.starts_ms) / 1000 if over else None,
            "repeats": self.repeats,
            "resolves_when": main["resolves_when"] if len(going) == 1 else "all of its alerts are over",
            "incident": None,
            "parts": [_part(record) for record in parts],
        }  # fmt: skip

    def to_state(self) -> list[Any]:
        """As JSON values."""
        return [getattr(self, name) for name in self.__slots__]

    @classmethod
    def from_state(cls, state: list[Any]) -> Incident:
        """The incident that ``to_state`` stored."""
        return cls(*state)


def _name(record: Record) -> str:
    """What an alert is called, without its numbers."""
    name: str = record["title"].partition(":")[0]
    return name


def _part(record: Record) -> Record:
    """As ``schemas.alerts.IncidentPart`` in wire form."""
    names = ("fingerprint", "kind", "pain_point", "channel", "title", "severity", "status", "starts_at", "ends_at")
    return {name: record[name] for name in (*names, "voices")}


def _ms(timestamp: str) -> int:
    return epoch_ms(datetime.fromisoformat(timestamp))
