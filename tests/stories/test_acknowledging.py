"""Who acknowledges a part of an incident: its reminders stop once all that fires in it is known, and not before."""

from __future__ import annotations

from datetime import UTC, datetime

from schemas.alerts import Alert
from schemas.silences import Acknowledgement
from streams.silencing import Silences, acknowledgement_id
from tests.stories.telling import Story, story

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def storm() -> Story:
    """One crowd complains for half a day, another one joins it for an hour, with a run-up of its own."""
    acme = story().quiet(days=3).at("day 4 09:00")
    acme.complain("late_delivery", voices=400, over="14h").at("day 4 11:00")
    for number in range(40):
        acme.say(after=f"{3 * number // 2}m", author=f"buyer {number}", points=["checkout_fails"], sentiment=-0.8)
    return acme.at("day 5 04:00")


def told(acme: Story, *known: Alert, after: str = "") -> list[str]:
    """Reasons of the incident's records that people hear, who have acknowledged these alerts.

    Args:
        after: The reason of the incident's record with which they do.
    """
    silences, heard = Silences(), list[str]()
    waiting = bool(after)
    for _, incident in acme.incidents:
        if not waiting:
            for alert in known:
                it = Acknowledgement(
                    id=acknowledgement_id(alert), fingerprint=alert.fingerprint, starts_at=alert.starts_at,
                    detected_at=alert.detected_at, title=alert.title, created_at=NOW, created_by="ana",
                )  # fmt: skip
                silences.take(it.id, it.model_dump_json().encode(), NOW)
        if silences.decide(incident, NOW).why_not is None:
            heard.append(incident.reason)
        waiting = waiting and incident.reason != after
    return heard


def first(acme: Story, point: str) -> Alert:
    return next(alert for _, alert in acme.alerts if alert.pain_point == point and alert.reason == "first")


def test_an_incident_reminds_until_every_part_that_fires_is_acknowledged() -> None:
    acme = storm()
    late, checkout = first(acme, "late_delivery"), first(acme, "checkout_fails")
    everything = [incident.reason for _, incident in acme.incidents]
    assert everything.count("reminder") >= 3
    # While the second crowd complains, one of two is not everything; before it came and when it is gone, it is.
    both = [
        incident
        for _, incident in acme.incidents
        if incident.reason == "reminder" and sum(part.status != "resolved" for part in incident.parts) > 1
    ]
    assert 0 < len(both) < everything.count("reminder")
    assert told(acme, late).count("reminder") == len(both)
    assert "reminder" not in told(acme, late, checkout)
    # What is news is told all the same.
    assert told(acme, late, checkout) == [reason for reason in everything if reason != "reminder"]


def test_an_incident_that_is_acknowledged_stays_so_when_its_onset_moves() -> None:
    acme = story().quiet(days=3).at("day 4 09:00")
    # The unhappy begin slowly; the point that joins them has the earlier onset.
    acme.complain("checkout_fails", voices=5, over="2h").at("day 4 10:30")
    acme.complain("late_delivery", voices=300, over="12h").at("day 4 11:00")
    acme.complain("checkout_fails", voices=90, over="6h").at("day 5 04:00")
    onsets = [incident.starts_at for _, incident in acme.incidents]
    assert onsets[-1] < onsets[0], "the story does not do what it is for"
    incident = acme.incidents[0][1]
    assert "reminder" in told(acme)
    assert "reminder" not in told(acme, incident)
