"""The changes of one brand, and which of them lie near an alert's onset."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from math import exp
from typing import Any

from schemas.base import epoch_ms, stamp
from schemas.changes import Change
from streams.effects import Effects
from streams.windows.rolling import DAY_MS, HOUR_MS

KEPT = 500
"""Changes of a brand that are remembered; the oldest are forgotten."""
BEFORE_MS = DAY_MS
"""How long before the onset a change may lie."""
AFTER_MS = HOUR_MS
"""How long after it: an onset is an estimate."""
SHOWN = 5
FADE_HOURS = 6.0
"""After so many hours a change is e times less likely to be why."""
NAMED = 3.0
"""So many times likelier is a change that names what the alert is concentrated in."""

DIMENSIONS = ("version", "product", "region", "channel")


@dataclass(slots=True)
class Changes:
    """What is known of one brand."""

    brand: str
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Id → ``schemas.changes.Change`` in wire form, with the moment in milliseconds under ``at``."""

    def hear(self, change: Change, effects: Effects) -> None:
        """Take one in; the same again changes nothing."""
        value = change.model_dump(mode="json", exclude_none=True, exclude={"schema_version", "brand", "id"})
        value["at"] = epoch_ms(change.at)
        words = f"{change.brand}\x1f{value['at']}\x1f{change.what}"
        id_ = change.id or blake2b(words.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        if self.known.get(id_) == value:
            return
        self.known[id_] = value
        if len(self.known) > KEPT:
            del self.known[min(self.known, key=lambda name: (self.known[name]["at"], name))]
            effects.counts["change_dropped"] += 1
        effects.keep(self.brand, "changes", "", self)

    def near(self, alert: dict[str, Any], onset_ms: int, now_ms: int) -> list[dict[str, Any]]:
        """Those near an onset, the likeliest first, as ``schemas.changes.NearChange`` in wire form.

        What has not happened by now is nobody's reason. Likelihood falls with the time between change and onset, and is
        three times as high for each product, version, region or channel that it names and that drives the alert.

        Args:
            alert: ``schemas.alerts.Alert`` in wire form.
        """
        drivers = {(it["dimension"], it["value"]): it for it in alert["drivers"]}
        found = []
        for id_, change in self.known.items():
            before_ms = onset_ms - change["at"]
            if not -AFTER_MS <= before_ms <= BEFORE_MS or change["at"] > now_ms:
                continue
            likely = exp(-abs(before_ms) / (FADE_HOURS * HOUR_MS))
            likely *= 0.5 if before_ms < 0 else 1.0
            when = f"{abs(before_ms) // 60_000} min {'after' if before_ms < 0 else 'before'} the onset"
            reasons = [when]
            for name in DIMENSIONS:
                driver = drivers.get((name, change.get(name)))
                if driver is not None:
                    likely *= NAMED
                    share = f"{driver['share']:.0%}, usually {driver['usual']:.0%}"
                    reasons.append(f"{name} {driver['value']} is {share}")
            found.append((-likely, -change["at"], id_, before_ms, "; ".join(reasons)))
        found.sort()
        return [
            self.known[id_] | {"at": stamp(self.known[id_]["at"]), "minutes_before": before_ms // 60_000, "why": why}
            for _, _, id_, before_ms, why in found[:SHOWN]
        ]

    def to_state(self) -> dict[str, Any]:
        """As JSON values."""
        return self.known
