"""Alerts that no count of voices alone can tell: a share that spikes, a mood that turns, a channel that stops."""

from __future__ import annotations

import pytest

from tests.stories.telling import Story, at, story
from tests.support.records import HOUR, MINUTE


def crowd(it: Story, *, hours: int, voices: int = 40, late: int = 4, unhappy: int = 0, **said: object) -> Story:
    """So many authors an hour, of which some name late deliveries and some others are unhappy."""
    for _ in range(hours):
        for number in range(voices):
            feels = -0.6 if number < late + unhappy else 0.1
            it.say(
                after=f"{number * 60 // voices}m",
                author=f"writer {it.world.now_ms} {number}",
                points=["late_delivery"] if number < late else [],
                sentiment=feels,
                **said,  # type: ignore[arg-type]
            )
        it.world.pass_until(it.world.now_ms + HOUR)
    return it


def kinds(it: Story) -> set[str]:
    return {alert.kind for _, alert in it.alerts}


def bursty(it: Story, *, days: int) -> Story:
    """Three hours of every eight bring five times as many customers, and as many more complaints."""
    for _ in range(days * 3):
        crowd(it, hours=5, voices=20, late=2)
        crowd(it, hours=3, voices=100, late=10)
    return it


def test_complaints_can_spike_while_volume_is_flat() -> None:
    acme = bursty(story(), days=3)
    acme.expect_no_alert(until="day 4 00:00")
    crowd(acme, hours=2, voices=30, late=16)
    acme.expect_alert("late_delivery", between=("day 4 00:10", "day 4 02:00"), kind="share")
    alert = acme.alert
    assert alert is not None
    assert alert.observed_of is not None and alert.observed_of < 60
    assert alert.observed / alert.observed_of > 0.3
    assert alert.expected / alert.observed_of == pytest.approx(0.1, abs=0.03)
    assert alert.title.startswith("Late delivery, more than usual: ")
    assert "usually 10%" in alert.title
    assert alert.quotes and alert.severity >= 2
    crowd(acme, hours=3, voices=30, late=3)
    acme.skip_updates(until="day 4 06:00")
    assert acme.alerts[-1][1].status == "resolved"
    assert kinds(acme) == {"share"}


def test_more_of_everything_is_no_shift_of_shares() -> None:
    acme = bursty(story(), days=3)
    crowd(acme, hours=3, voices=120, late=12)
    assert "share" not in kinds(acme.at("day 4 05:00"))


def test_a_share_that_spikes_with_the_volume_is_for_the_surge_to_tell() -> None:
    acme = crowd(story(), hours=60, voices=30, late=3)
    crowd(acme, hours=1, voices=120, late=60)
    assert kinds(acme.at("day 3 17:00")) == {"pain_point"}
    reasons = {window.others["share"].reason for window in acme.windows("late_delivery") if "share" in window.others}
    assert "not_flat" in reasons


def test_one_author_shifts_no_share() -> None:
    acme = crowd(story(), hours=60, voices=30, late=3)
    for number in range(30):
        acme.say(after=f"{number}m", author="furious", points=["late_delivery"], sentiment=-0.9)
    crowd(acme, hours=2, voices=30, late=3)
    acme.expect_no_alert(until="day 3 16:00")


def test_a_mood_can_turn_at_normal_volume() -> None:
    acme = crowd(story(), hours=60, voices=40, late=0, unhappy=18)
    acme.expect_no_alert(until="day 3 12:00")
    crowd(acme, hours=2, voices=40, late=0, unhappy=34)
    acme.expect_alert(None, between=("day 3 12:20", "day 3 14:10"), kind="mood", feeling=None)
    assert acme.alert is not None
    assert acme.alert.title.startswith("Unhappiness among customers of Acme: ")
    crowd(acme, hours=3, voices=40, late=0, unhappy=18)
    acme.skip_updates(until="day 3 18:00")
    assert acme.alerts[-1][1].status == "resolved"
    assert kinds(acme) == {"mood"}


def test_an_emotion_can_rise_among_as_many_unhappy_voices() -> None:
    acme = crowd(story(), hours=60, voices=40, late=0, unhappy=12, emotions={"disappointment": 0.3, "anger": 0.05})
    crowd(acme, hours=2, voices=40, late=0, unhappy=12, emotions={"disappointment": 0.2, "anger": 0.6})
    acme.expect_alert(None, between=("day 3 12:20", "day 3 14:10"), kind="mood", feeling="anger")
    assert acme.alert is not None
    assert acme.alert.title.startswith("Anger among customers of Acme: ")
    crowd(acme, hours=3, voices=40, late=0, unhappy=12, emotions={"disappointment": 0.3, "anger": 0.05})
    acme.skip_updates(until="day 3 18:00")
    assert acme.alerts[-1][1].status == "resolved"


def test_the_anger_of_one_author_is_no_mood() -> None:
    acme = crowd(story(), hours=60, voices=40, late=0, unhappy=12, emotions={"anger": 0.05})
    for number in range(50):
        acme.say(after=f"{number}m", author="furious", sentiment=-0.9, emotions={"anger": 0.95})
    crowd(acme, hours=2, voices=40, late=0, unhappy=12, emotions={"anger": 0.05})
    acme.expect_no_alert(until="day 3 16:00")
    reasons = {window.others["mood"].reason for window in acme.windows("*") if "mood" in window.others}
    assert "one_voice" in reasons


def days(it: Story, *, count: int, channels: tuple[str, ...], voices: int = 4) -> Story:
    """So many voices an hour on each channel, from eight to ten at night."""
    for _ in range(count):
        it.world.pass_until(it.world.now_ms + 8 * HOUR)
        for hour in range(14):
            for channel in channels:
                for number in range(voices):
                    after = f"{hour * 60 + number * 13}m"
                    it.say(after=after, author=f"{channel} {number}", channel=channel)
        it.world.pass_until(it.world.now_ms + 16 * HOUR)
    return it


def test_a_channel_that_stops_is_told_and_speaks_again() -> None:
    acme = days(story(), count=5, channels=("x", "forum"))
    acme.expect_no_alert(until="day 6 00:00")
    days(acme, count=1, channels=("x",))
    acme.expect_alert(None, between=("day 6 12:00", "day 6 20:00"), kind="silence", channel="forum")
    alert = acme.alert
    assert alert is not None
    assert alert.starts_at == at("day 5 22:00")
    assert (alert.observed, alert.severity) == (0, 3)
    assert alert.expected > 20
    assert alert.title.startswith("Silence on forum: nobody in ")
    acme.skip_updates(until="day 7 09:02").restart()
    acme.say(author="somebody", channel="forum")
    acme.expect_resolved(None, between=("day 7 09:03", "day 7 09:20"), ends_at=at("day 7 09:02"))
    assert kinds(acme) == {"silence"}


def test_a_silence_is_told_also_where_nobody_speaks_at_all() -> None:
    acme = days(story(), count=5, channels=("x",)).silence("40h")
    told = [alert for _, alert in acme.alerts if alert.reason == "first"]
    assert [alert.kind for alert in told] == ["silence"]
    # After a week it is what is usual, and nobody is reminded any more.
    acme.silence("10d")
    last = acme.alerts[-1][1]
    assert (last.status, last.reason) == ("resolved", "expired")
    count = len(acme.alerts)
    assert len(acme.silence("10d").alerts) == count


def test_the_silences_that_every_day_and_week_have_are_no_news() -> None:
    acme = story()
    for _ in range(2):
        days(acme, count=5, channels=("x",)).silence("2d")
    days(acme, count=3, channels=("x",))
    # The first weekend is longer than any silence before it: that can't be known. The second one is known.
    assert [alert.detected_at < at("day 8 00:00") for _, alert in acme.alerts if alert.reason == "first"] == [True]


def test_of_a_tiny_brand_a_silence_says_nothing() -> None:
    acme = story().quiet(days=5).silence("20h")
    acme.expect_no_alert(until="day 6 20:00")
    bean = story("Bean")
    for _ in range(6):
        bean.say(author="regular").silence("1d")
    bean.expect_no_alert(until="day 12 00:00")


def test_what_lies_between_two_clocks_is_no_silence() -> None:
    """A week is replayed, and years later the brand is heard live."""
    acme = story()
    acme.replay_mark("old", "day 1 00:00")
    start = acme.world.now_ms
    for hour in range(24 * 6):
        moment = f"day {hour // 24 + 1} {hour % 24:02}:30"
        acme.replayed("old", moment, author=f"a{hour % 5}", channel="x")
        acme.replayed("old", moment, author=f"b{hour % 5}", channel="x")
    acme.replay_mark("old", "day 6 23:30", ended=True)
    acme.world.pass_until(start + 10 * MINUTE)
    acme.at("day 300 00:00").say(author="live", channel="x").silence("2d")
    assert "silence" not in kinds(acme)
