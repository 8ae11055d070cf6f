"""An alert's life, told."""

from __future__ import annotations

import pytest

from tests.stories.telling import at, moment, story
from tests.support.records import MINUTE


def test_a_spike_fires_reminds_on_a_widening_schedule_and_recovers() -> None:
    acme = (
        story("Acme").quiet(days=3).at("day 4 09:00").complain("late_delivery", voices=20, over="1h", product="Beans")
    )
    acme.expect_alert("late_delivery", between=("day 4 09:10", "day 4 10:10"), kind="pain_point", ends_at=None)
    first = acme.alert
    assert first is not None
    assert first.starts_at == at("day 4 09:00")
    assert first.observed == first.voices == first.mentions == 7
    assert first.title == f"Late delivery: 7 voices in 1 h, {first.expected:.1f} expected"
    assert 3 <= len(first.quotes) <= 6
    assert len({quote.text for quote in first.quotes}) == len(first.quotes)
    assert [quote.created_at for quote in first.quotes] == sorted((q.created_at for q in first.quotes), reverse=True)
    assert first.pain_points == {"late_delivery": 7}
    assert first.sentiment == pytest.approx(-0.7)
    assert ("product", "Beans") in {(driver.dimension, driver.value) for driver in first.drivers}

    # It goes on all day; 30 minutes, 2 hours and 6 hours after its detection it reminds, and never in between; ten
    # minutes after it had got worse, nobody needs to hear of it again.
    for hour in range(10, 18):
        acme.at(f"day 4 {hour}:00").complain("late_delivery", voices=20, over="1h")
    acme.skip_updates(until="day 4 19:00")
    updates = [alert for _, alert in acme.alerts if alert.reason == "reminder"]
    waits = [(alert.updated_at - first.detected_at).total_seconds() / 3600 for alert in updates]
    assert waits == [pytest.approx(2 / 3), pytest.approx(2, abs=0.1), pytest.approx(6, abs=0.1)]
    assert [alert.repeats for alert in updates] == [1, 2, 3]
    # A number that is usual is told as likely, not as certain.
    assert all(0 < alert.probability < 1 for alert in updates)
    others = [alert.reason for _, alert in acme.alerts if alert.reason not in ("first", "reminder")]
    assert set(others) <= {"severity_rose"}
    assert updates[-1].voices == 20

    acme.expect_resolved("late_delivery", between=("day 4 19:00", "day 4 20:30"))
    last = acme.alert
    assert last is not None
    assert last.ends_at is not None
    assert last.recovery_seconds == (last.ends_at - first.starts_at).total_seconds()
    assert at("day 4 18:50") <= last.ends_at <= at("day 4 19:00")
    assert last.mentions == 180
    assert [alert.revision for _, alert in acme.alerts] == list(range(1, len(acme.alerts) + 1))
    assert len({alert.fingerprint for _, alert in acme.alerts}) == 1


def test_one_furious_author_stays_silent() -> None:
    acme = story().quiet(days=3).at("day 4 09:00")
    acme.complain("late_delivery", voices=1, each=40, over="1h", author="furious", sentiment=-0.95)
    acme.expect_silence("late_delivery", "one_voice", between=("day 4 09:30", "day 4 12:00"))
    hour = next(window for window in acme.windows("late_delivery") if window.window_end == at("day 4 10:00"))
    assert hour.rolling_1h is not None
    assert (hour.rolling_1h.mentions, hour.rolling_1h.voices, hour.rolling_1h.top_voice_share) == (40, 1, 1.0)


def test_without_a_past_there_is_no_baseline() -> None:
    acme = story().at("day 1 09:00").complain("late_delivery", voices=30, over="1h")
    acme.expect_silence("late_delivery", "no_baseline", between=("day 1 09:30", "day 1 12:00"))


def test_a_pain_point_speaks_for_the_brand() -> None:
    acme = story().quiet(days=3).at("day 4 09:00").complain("checkout_fails", voices=25, over="1h")
    acme.expect_alert("checkout_fails", between=("day 4 09:10", "day 4 10:00"))
    acme.at("day 4 12:00")
    assert {alert.pain_point for _, alert in acme.alerts} == {"checkout_fails"}
    reasons = [window.decision.reason for window in acme.windows("*") if window.decision]
    assert "inhibited" in reasons
    assert "fired" not in reasons


def test_unhappy_customers_without_one_reason_are_a_surge() -> None:
    acme = story().quiet(days=3).at("day 4 09:00")
    # Delighted customers at the same time must not be quoted in it.
    acme.praise("personal_touch", voices=4, over="1h").grumble(voices=25, over="1h")
    acme.expect_alert(None, between=("day 4 09:10", "day 4 10:10"), kind="surge")
    assert acme.alert is not None
    assert acme.alert.title.startswith("Many unhappy customers of Acme: ")
    assert acme.alert.quotes
    assert all("grumbler" in quote.text for quote in acme.alert.quotes)


def test_a_wave_of_delight_is_good_news() -> None:
    acme = story().quiet(days=3).at("day 4 09:00").praise("personal_touch", voices=25, over="1h")
    acme.expect_alert("personal_touch", between=("day 4 09:10", "day 4 10:10"), kind="delight", severity=4)
    acme.at("day 4 12:00")
    assert {alert.severity for _, alert in acme.alerts} == {4}
    assert {alert.kind for _, alert in acme.alerts} == {"delight"}


def test_an_alert_resolves_in_silence() -> None:
    acme = story().quiet(days=3).at("day 4 09:00").complain("late_delivery", voices=12, over="30m")
    acme.expect_alert("late_delivery", between=("day 4 09:10", "day 4 10:00")).skip_updates(until="day 4 11:30")
    acme.expect_resolved("late_delivery", between=("day 4 11:30", "day 4 11:50"))
    assert acme.alert is not None
    # Its last words leave the hour between 10:05 and 10:30; from then on it is calm, and an hour later it is over.
    assert at("day 4 10:05") <= (acme.alert.ends_at or at("day 1 00:00")) <= at("day 4 10:30")
    assert acme.alert.observed == 0


def test_the_same_trouble_again_is_a_new_episode_of_the_same_alert() -> None:
    acme = story().quiet(days=3).at("day 4 09:00").complain("late_delivery", voices=12, over="30m").at("day 4 14:00")
    before = len(acme.alerts)
    assert acme.alerts[-1][1].status == "resolved"
    # It has to be bigger than the first one: a series that has been bursty surprises less.
    acme.skip_updates(until="day 4 14:00").quiet(days=1).at("day 5 15:00")
    acme.complain("late_delivery", voices=60, over="30m")
    acme.expect_alert("late_delivery", between=("day 5 15:10", "day 5 16:00"), starts_at=at("day 5 15:00"))
    assert acme.alert is not None
    assert acme.alert.fingerprint == acme.alerts[0][1].fingerprint
    assert acme.alert.revision == before + 1
    assert acme.alert.repeats == 0


def test_a_restart_in_the_middle_of_an_alert_changes_nothing() -> None:
    def told(minutes: list[int]) -> list[object]:
        acme = story().quiet(days=3).at("day 4 09:00").complain("late_delivery", voices=40, over="2h")
        for minute in range(300):
            acme.world.pass_until(moment("day 4 09:00") + minute * MINUTE)
            if minute in minutes:
                acme.restart()
        return [alert for _, alert in acme.alerts]

    unbroken = told([])
    assert len(unbroken) >= 3
    assert told(list(range(0, 300, 7))) == unbroken


def test_another_brand_is_not_touched() -> None:
    acme = story("Acme")
    bean = story("Bean & Benevolence", world=acme.world)
    for _ in range(3):
        noon = acme.world.now_ms
        bean.say(after="1h", author="a").say(after="7h", author="b")
        acme.quiet(days=1)
        assert acme.world.now_ms > noon
    acme.at("day 4 09:00").complain("late_delivery", voices=20, over="1h")
    acme.expect_alert("late_delivery", between=("day 4 09:10", "day 4 10:10")).at("day 4 13:00")
    assert bean.alerts == []
    assert bean.windows("late_delivery") == []


def test_texts_that_are_really_read_raise_the_same_alert() -> None:
    acme = story("Acme", packs=("generic",)).quiet(days=2).at("day 3 09:00")
    for number in range(20):
        acme.write("posts", "My order hasn't arrived.", author=f"@writer{number}", after=f"{number * 2}m", network="x")
    acme.expect_alert("late_delivery", between=("day 3 09:10", "day 3 10:00"))
    assert acme.alert is not None
    assert acme.alert.quotes[0].channel == "x"
    assert "@writer" not in acme.alert.model_dump_json()


def test_a_second_incident_as_big_as_yesterdays_is_told_too() -> None:
    acme = story().quiet(days=3).at("day 4 09:00").complain("late_delivery", voices=40, over="30m")
    acme.skip_updates(until="day 4 14:00").quiet(days=1).at("day 5 15:00")
    acme.complain("late_delivery", voices=40, over="30m")
    acme.expect_alert("late_delivery", between=("day 5 15:10", "day 5 16:00"))


def test_a_crowd_that_does_not_complain_is_a_volume_alert() -> None:
    acme = story().quiet(days=3).at("day 4 09:00")
    for number in range(60):
        acme.say(after=f"{number}m", author=f"fan {number}", text=f"Yes please, number {number}", sentiment=0.6)
    acme.expect_alert(None, between=("day 4 09:15", "day 4 10:10"), kind="volume")
    assert acme.alert is not None
    assert acme.alert.title.startswith("Unusually many customers of Acme: ")
    assert acme.alert.severity >= 3
    assert acme.alert.quotes
    acme.skip_updates(until="day 4 13:00")
    assert [alert.reason for _, alert in acme.alerts][-1] == "recovered"
    fired = [window.decision for window in acme.windows("*") if window.decision and window.decision.reason == "fired"]
    assert [decision.observed for decision in fired] == [acme.alert.observed]


def test_a_few_more_voices_about_nothing_are_no_news() -> None:
    acme = story().quiet(days=3).at("day 4 09:00")
    for number in range(19):
        acme.say(after=f"{number}m", author=f"fan {number}", text=f"Yes please, number {number}", sentiment=0.6)
    acme.expect_no_alert(until="day 4 13:00")


def test_a_more_precise_alert_speaks_for_the_crowd() -> None:
    acme = story().quiet(days=3).at("day 4 09:00").complain("late_delivery", voices=80, over="1h")
    acme.at("day 4 13:00")
    assert {alert.kind for _, alert in acme.alerts} == {"pain_point"}


def test_what_returns_within_hours_and_is_no_worse_is_the_same_alert() -> None:
    acme = story().quiet(days=3).at("day 4 09:00").complain("late_delivery", voices=20, over="30m")
    acme.skip_updates(until="day 4 14:00").complain("late_delivery", voices=12, over="30m")
    acme.expect_update("late_delivery", between=("day 4 14:10", "day 4 15:00"), reason="returned", ends_at=None)
    first = acme.alerts[0][1]
    assert acme.alert is not None
    assert (acme.alert.starts_at, acme.alert.detected_at) == (first.starts_at, first.detected_at)
    assert 20 < acme.alert.mentions <= 32
    assert acme.alert.revision == acme.alerts[-2][1].revision + 1
    acme.skip_updates(until="day 4 19:00")
    told = [(alert.status, alert.reason) for _, alert in acme.alerts]
    assert told[-1] == ("resolved", "recovered")
    assert [reason for _, reason in told].count("first") == 1
    assert told.count(("resolved", "recovered")) == 2
    last = acme.alerts[-1][1]
    assert last.mentions == 32


def test_what_returns_worse_is_a_new_alert() -> None:
    acme = story().quiet(days=3).at("day 4 09:00").complain("late_delivery", voices=8, over="30m")
    acme.skip_updates(until="day 4 14:00").complain("late_delivery", voices=120, over="10m")
    acme.expect_alert("late_delivery", between=("day 4 14:05", "day 4 14:30"))
    assert acme.alert is not None
    assert acme.alert.mentions > 8


def test_a_restart_forgets_no_return() -> None:
    def told(restart: bool) -> list[object]:
        acme = story().quiet(days=3).at("day 4 09:00").complain("late_delivery", voices=20, over="30m")
        acme.at("day 4 14:00").complain("late_delivery", voices=12, over="30m")
        for minute in range(0, 90, 10):
            acme.world.pass_until(moment("day 4 14:00") + minute * MINUTE)
            if restart:
                acme.restart()
        acme.at("day 4 19:00")
        return [alert for _, alert in acme.alerts]

    assert told(restart=True) == told(restart=False)


def test_a_stray_post_does_not_age_a_brand() -> None:
    """One post long ago, and then a source is connected: what it usually brings is no spike."""
    acme = story().at("day 1 09:00").say(author="stray").at("day 9 09:00")
    for _ in range(8):
        acme.complain("late_delivery", voices=60, over="1h").silence("1h")
    acme.expect_silence("late_delivery", "no_baseline", between=("day 9 09:30", "day 9 17:00"))


def test_two_weeks_of_silence_begin_anew() -> None:
    acme = story().quiet(days=3).silence("20d")
    for _ in range(8):
        acme.complain("late_delivery", voices=60, over="1h").silence("1h")
    acme.expect_no_alert(until="day 25 01:00")


def test_who_writes_all_hour_makes_no_crowd_of_five_others() -> None:
    def told(rants: int) -> tuple[set[str | None], set[str]]:
        """What alerts were about, and why late deliveries stayed silent."""
        acme = story().quiet(days=3).at("day 4 09:00").complain("late_delivery", voices=5, over="50m")
        acme.say(after="30m", author="furious", points=["late_delivery"], sentiment=-0.9)
        for number in range(rants):
            acme.say(after=f"{number}m", author="furious", sentiment=-0.9)
        acme.at("day 4 11:00")
        reasons = {window.decision.reason for window in acme.windows("late_delivery") if window.decision}
        return {alert.pain_point for _, alert in acme.alerts}, reasons

    assert "late_delivery" in told(2)[0], "six people name it"
    points, reasons = told(9)
    assert points == {None}, "six are unhappy, whatever of"
    assert "one_voice" in reasons and "fired" not in reasons


def test_loud_voices_take_nothing_from_a_crowd() -> None:
    acme = story().quiet(days=3).at("day 4 09:00").complain("late_delivery", voices=20, over="1h")
    for number in range(9):
        acme.say(after=f"{number}m", author="customer 0", points=["late_delivery"], sentiment=-0.9)
    acme.expect_alert("late_delivery", between=("day 4 09:10", "day 4 09:45"))
    assert acme.alert is not None and acme.alert.voices == acme.alert.observed + 1
