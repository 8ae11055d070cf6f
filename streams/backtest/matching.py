"""Which alert tells which incident, and which should not have been sent.

An alert tells an incident of its brand when it was detected in the incident's time and speaks of the same thing.
Labels are in whole hours, so an alert may come up to an hour early, if it still fires when the incident begins; and up
to an hour late, for then the hour that it judged still holds a part of the incident.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from streams.backtest.labels import Incident, Labels, LoudHour
from streams.backtest.told import Told
from streams.windows.rolling import HOUR_MS

TOLERANCE_MS = HOUR_MS

Standing = Literal["must", "may", "false", "loud"]
"""What an alert is to the labels: it tells an incident that must or may be told; none; or it comes from a loud hour."""

Points = Callable[[Incident | LoudHour], frozenset[str]]
"""The pain points that a label's reason means; empty where that is not known."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One alert, and what the labels say of it."""

    alert: Told
    standing: Standing
    incidents: tuple[str, ...]
    """Ids of the incidents that it tells."""
    loud: tuple[LoudHour, ...]
    """The loud hours that it comes from."""
    again: bool
    """Whether an earlier alert had told one of these incidents: a second page for it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One incident, and what was told of it."""

    incident: Incident
    alerts: tuple[Told, ...]
    """In order of detection."""
    fires_already: Told | None
    """Where none came: an alert about the same that had begun before, and went on into it."""

    @property
    def delay_minutes(self) -> float | None:
        """From the incident's begin to the first alert, in event time; negative: it came before."""
        return (self.alerts[0].detected_ms - self.incident.start_ms) / 60_000 if self.alerts else None

    @property
    def as_such(self) -> bool:
        """Whether an alert is of the incident's own kind: a brand as a whole, instead of a part of it."""
        whole = not (self.incident.reason or self.incident.pain_points)
        return any(whole == (alert.pain_point is None) for alert in self.alerts)


def match(alerts: Sequence[Told], labels: Labels, points: Points) -> tuple[list[Judged], list[Answer]]:
    """What the labels say of each alert, and what was told of each incident, in their orders.

    Args:
        alerts: In order of detection.
        labels: Those that can be judged with this recording.
        points: What their reasons mean.
    """
    answers = [_answer(incident, alerts, points) for incident in labels.incidents]
    judged, told_before = [], set[str]()
    for alert in alerts:
        mine = [answer.incident for answer in answers if alert in answer.alerts]
        ids = {incident.id for incident in mine}
        loud = tuple(
            hour
            for hour in labels.loud
            if comes_from(alert, hour, points(hour)) and not ids & set(hour.inside_incident)
        )
        standing: Standing = "false"
        if loud:
            standing = "loud"
        elif mine:
            standing = "must" if any(incident.wanted == "must" for incident in mine) else "may"
        again = bool(ids & told_before)
        judged.append(Judged(alert, standing, tuple(incident.id for incident in mine), loud, again))
        told_before |= ids
    return judged, answers


def speaks_of(alert: Told, incident: Incident, points: frozenset[str]) -> bool:
    """Whether an alert is about what an incident is about, at whatever time.

    Of an incident that is a brand as a whole speaks any alert of the brand that counts the same mood's voices. Of one
    with a reason, those that speak of its pain points; where it is not known which these are, any of the mood.
    """
    if alert.kind == "silence":
        return False  # Nobody speaks there.
    if alert.brand != incident.brand or incident.mood not in (None, alert.mood):
        return False
    return not points or bool(points & alert.points)


def tells(alert: Told, incident: Incident, points: frozenset[str]) -> bool:
    """Whether an alert tells an incident: see the module."""
    if not speaks_of(alert, incident, points):
        return False
    if alert.detected_ms < incident.start_ms:
        lasts = alert.ends_ms is None or alert.ends_ms > incident.start_ms
        return lasts and incident.start_ms - alert.detected_ms <= TOLERANCE_MS
    return alert.detected_ms < incident.end_ms + TOLERANCE_MS


def comes_from(alert: Told, loud: LoudHour, points: frozenset[str]) -> bool:
    """Whether an alert comes from a loud hour: it was detected in it, or has its onset there."""
    if alert.brand != loud.brand or (points and not points & alert.points):
        return False
    end_ms = loud.hour_ms + HOUR_MS
    return loud.hour_ms < alert.detected_ms <= end_ms or loud.hour_ms <= alert.starts_ms < end_ms


def _answer(incident: Incident, alerts: Sequence[Told], points: Points) -> Answer:
    meant = points(incident)
    found = tuple(alert for alert in alerts if tells(alert, incident, meant))
    before = [
        alert
        for alert in alerts
        if alert.detected_ms < incident.start_ms
        and (alert.ends_ms is None or alert.ends_ms > incident.start_ms)
        and speaks_of(alert, incident, meant)
    ]
    return Answer(incident, found, before[-1] if before and not found else None)
