"""One page for all that goes wrong at once, and no more pages than people want."""

from __future__ import annotations

from streams.changes import Changes
from streams.effects import Effects
from streams.paging import Budget, Paging, Terms
from streams.topics import ALERTS
from tests.stories.telling import Story, moment, story
from tests.support.records import MINUTE, catalogs


def reasons(it: Story) -> list[str]:
    return [incident.reason for _, incident in it.incidents]


def storm() -> Story:
    """Two different crowds complain of two things, one after the other; the second is over first."""
    acme = story().quiet(days=3).at("day 4 09:00")
    acme.complain("late_delivery", voices=60, over="4h").at("day 4 10:00")
    for number in range(30):
        acme.say(after=f"{number}m", author=f"buyer {number}", points=["checkout_fails"], sentiment=-0.8)
    return acme


def test_an_incident_is_told_once_with_all_that_it_is_made_of() -> None:
    acme = storm().at("day 4 20:00")
    assert {alert.pain_point for _, alert in acme.alerts} == {"late_delivery", "checkout_fails"}
    assert len({incident.fingerprint for _, incident in acme.incidents}) == 1
    assert reasons(acme).count("first") == reasons(acme).count("joined") == reasons(acme).count("recovered") == 1
    page = acme.incidents[0][1].fingerprint
    assert {alert.incident for _, alert in acme.alerts} == {page}
    joined = next(incident for _, incident in acme.incidents if incident.reason == "joined")
    assert {part.pain_point for part in joined.parts} == {"late_delivery", "checkout_fails"}
    assert "; with it " in joined.title
    assert joined.severity == min(part.severity for part in joined.parts)
    last = acme.incidents[-1][1]
    assert last.status == "resolved"
    assert all(part.status == "resolved" for part in last.parts)
    assert last.ends_at == max(part.ends_at for part in last.parts if part.ends_at)
    assert last.starts_at == min(part.starts_at for part in last.parts)
    # It is not over while a part of it goes on.
    over = [when for when, alert in acme.alerts if alert.status == "resolved"]
    assert [when for when, incident in acme.incidents if incident.status == "resolved"] == [max(over)]
    assert [incident.revision for _, incident in acme.incidents] == list(range(1, len(acme.incidents) + 1))


def test_what_an_incident_says_is_so_at_that_moment_also_where_another_part_of_it_changed() -> None:
    acme = storm().at("day 4 20:00")
    told = [incident for _, incident in acme.incidents if incident.status != "resolved"]
    heard = {
        (window.pain_point, window.window_end): window.rolling_1h.voices
        for point in ("late_delivery", "checkout_fails")
        for window in acme.windows(point)
        if window.rolling_1h is not None
    }
    held = set()
    for incident in told:
        assert incident.window_seconds == 3600
        for shown in (incident, *(part for part in incident.parts if part.status != "resolved")):
            voices = heard.get((shown.pain_point or "", incident.updated_at))  # Quiet minutes have no window.
            if voices is not None:
                assert f": {voices} voices in 1 h" in shown.title
                held.add((incident.reason, shown.pain_point))
        assert f": {incident.observed} voices in 1 h, {incident.expected:.1f} expected" in incident.title
    assert {("joined", "late_delivery"), ("joined", "checkout_fails")} <= held


def test_who_complains_of_nothing_in_particular_is_nobodys_in_particular() -> None:
    acme = (
        story()
        .quiet(days=3)
        .at("day 4 09:00")
        .complain("checkout_fails", voices=3, over="30m")
        .grumble(voices=30, over="30m")
    )
    (first,) = [alert for _, alert in acme.at("day 4 10:00").alerts if alert.reason == "first"]
    assert first.kind == "surge" and first.pain_points["checkout_fails"] > 0
    assert (first.owner, first.runbook, first.journey_stage) == (None, None, None)


def test_what_half_of_them_name_is_whose_it_is() -> None:
    catalog = catalogs().for_brand("Acme")

    def owner(naming: int) -> object:
        effects = Effects()
        alert = {"fingerprint": "f", "kind": "delight", "status": "resolved", "reason": "recovered", "severity": 4}
        alert |= {
            "pain_point": None,
            "pain_points": {"checkout_fails": naming},
            "observed": 120,
            "window_seconds": 6 * 3600,
        }
        effects.publish(ALERTS, "f", alert)
        Paging("Acme", catalog, Terms()).tell(0, (), 0, effects, Changes("Acme"), lambda _: None)
        return alert["owner"]

    assert (owner(9), owner(10)) == (None, catalog.entry("checkout_fails").owner)


def test_good_news_is_no_part_of_an_incident() -> None:
    acme = story().quiet(days=3).at("day 4 09:00").praise("personal_touch", voices=25, over="1h").at("day 4 13:00")
    assert acme.alerts and not acme.incidents
    assert {alert.incident for _, alert in acme.alerts} == {None}


def test_a_restart_in_the_middle_of_an_incident_changes_nothing() -> None:
    def told(every: int) -> list[object]:
        acme = storm()
        for minute in range(0, 480, 20):
            acme.world.pass_until(moment("day 4 10:00") + minute * MINUTE)
            if every and minute % every == 0:
                acme.restart()
        return [incident for _, incident in acme.incidents]

    assert told(40) == told(0)


def test_an_alert_names_who_can_act_and_where_to_look() -> None:
    acme = story().quiet(days=3)
    acme.world.partition.listener.terms = Terms(dashboard="https://example.org/d?b={brand}&from={from_ms}&to={to_ms}")
    acme.world.partition.listener.brands["Acme"].paging.terms = acme.world.partition.listener.terms
    acme.at("day 4 09:00").complain("late_delivery", voices=20, over="1h").at("day 4 10:00")
    first = acme.alerts[0][1]
    assert (first.owner, first.journey_stage, first.signal) == ("Logistics", "buy", "burst")
    begin, end = moment("day 4 03:00"), round(first.updated_at.timestamp() * 1000) + 60 * MINUTE
    assert first.dashboard == f"https://example.org/d?b=Acme&from={begin}&to={end}"
    assert acme.incidents[0][1].owner == "Logistics"


def page(fingerprint: str, severity: int, reason: str = "first", status: str = "firing") -> dict[str, object]:
    return {"fingerprint": fingerprint, "severity": severity, "reason": reason, "status": status}


def test_beyond_the_budget_the_least_severe_are_held_back() -> None:
    week, hour = 7 * 24 * 60 * MINUTE, 60 * MINUTE
    budget = Budget(2)
    assert budget.admit(page("a", 3), 0)
    assert budget.admit(page("b", 3), hour)
    assert not budget.admit(page("c", 3), 2 * hour)
    assert not budget.admit(page("c", 3, "reminder"), 3 * hour)
    assert not budget.admit(page("c", 3, "recovered", "resolved"), 4 * hour)
    assert budget.admit(page("d", 2), 5 * hour)
    assert not budget.admit(page("e", 4), 6 * hour)
    # It gets worse, and is told from then on.
    assert budget.admit(page("e", 1, "severity_rose"), 7 * hour)
    assert budget.admit(page("e", 1, "reminder"), 8 * hour)
    assert budget.admit(page("a", 3, "recovered", "resolved"), 9 * hour)
    again = Budget(2, *budget.to_state())
    assert again.admit(page("f", 3), week + 2 * hour) is budget.admit(page("f", 3), week + 2 * hour) is False
    assert budget.admit(page("g", 3), 2 * week)


def test_without_a_budget_nothing_is_held_back() -> None:
    budget = Budget(None)
    assert all(budget.admit(page(str(number), 4), number) for number in range(2_000))
    assert len(budget.passed) <= 1_000


def test_what_is_held_back_stays_on_the_topic_and_says_so() -> None:
    acme = story()
    acme.world.partition.listener.terms = Terms(budget=0)
    acme.quiet(days=3).at("day 4 09:00").complain("late_delivery", voices=7, over="30m").at("day 4 12:00")
    assert {incident.held for _, incident in acme.incidents} == {"over_budget"}
    assert {alert.held for _, alert in acme.alerts} == {None}
