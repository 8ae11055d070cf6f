"""Alerts as detect publishes them, made without a stream."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from schemas.alerts import Alert
from streams.alerting import Episode, Evidence, Judged, advance, fingerprint_of
from streams.windows.aggregate import Aggregate
from tests.support.records import BASE_MS, HOUR


def alert(brand: str = "Acme", pain_point: str | None = "late_delivery", revision: int = 1, **changed: Any) -> Alert:
    """The first record of an alert's life, or another with what is changed in it.

    By its revision, it is ``first`` or a ``reminder`` unless a ``reason`` is given, and its status follows.
    """
    kind = "pain_point" if pain_point else "surge"
    fingerprint = fingerprint_of(brand, kind, pain_point)
    episode = Episode(brand, kind, pain_point, pain_point or "What customers say", fingerprint)
    episode.begin(BASE_MS, BASE_MS)
    judged = Judged(False, 20, 1.0, 20.0, HOUR, 1e-9, "fewer than 3 voices an hour, for an hour")
    first = Alert.model_validate(advance(episode, judged, Evidence(Aggregate(), Aggregate()), BASE_MS))
    reason = changed.pop("reason", "first" if revision == 1 else "reminder")
    status = {"first": "firing", "recovered": "resolved"}.get(reason, "updated")
    ends_at = first.starts_at + timedelta(hours=3) if status == "resolved" else None
    return first.model_copy(
        update={"revision": revision, "reason": reason, "status": status, "ends_at": ends_at, **changed}
    )


def later(alert: Alert, **passed: float) -> datetime:
    """The onset of another episode."""
    return alert.starts_at + timedelta(**passed)
