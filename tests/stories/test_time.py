"""Late, early, twice, never, and all over again: what time does to what was said."""

from __future__ import annotations

from datetime import datetime

from streams.topics import METRICS
from tests.stories.telling import Story, at, moment, story


def minute(acme: Story, start: str, point: str = "late_delivery") -> list[tuple[int, int]]:
    """(mentions, late) of each closed record about one minute."""
    return [(w.window.mentions, w.late) for w in acme.windows(point) if w.window_start == at(start)]


def spoken(acme: Story) -> set[datetime]:
    """The minutes of closed windows in which somebody spoke."""
    return {window.window_start for window in acme.windows("*") if window.window.mentions}


def test_a_late_record_is_counted_and_its_window_told_again() -> None:
    acme = story().quiet(days=3).at("day 4 09:00").say(points=["late_delivery"], author="early").at("day 4 11:00")
    acme.say(late_by="2h", points=["late_delivery"], author="late").silence("5m")
    assert minute(acme, "day 4 09:00") == [(1, 0), (2, 1)]
    # It also counts in the sums that still hold its minute.
    acme.say(points=["late_delivery"], author="third").silence("30m")
    latest = acme.windows("late_delivery")[-1]
    assert latest.rolling_24h is not None
    assert (latest.rolling_24h.mentions, latest.rolling_24h.voices) == (3, 3)


def test_what_comes_late_is_not_counted_before_it_was_said() -> None:
    # Between two full hours of a quiet brand nothing is due, and its sums stand where they were last needed.
    acme = story().quiet(days=3).at("day 4 09:01").say(author="one").at("day 4 10:58")
    acme.say(late_by="40m", points=["late_delivery"], author="late").silence("2h")
    for window in acme.windows("late_delivery"):
        assert window.window_start >= at("day 4 10:18"), f"{window.window_start}: it was written at 10:18"


def test_a_record_later_than_a_day_changes_nothing() -> None:
    acme = story().quiet(days=3).at("day 4 09:00").say(author="one").at("day 4 12:00")
    before, stored = len(acme.world.told), dict(acme.world.partition.stored)
    acme.say(late_by="25h", points=["late_delivery"], author="late").silence("1m")
    assert [topic.short_name for _, topic, _, _ in acme.world.told[before:] if topic is METRICS] == []
    assert acme.world.partition.listener.brands["Acme"].feeds.heard == {}
    assert {key for key in acme.world.partition.stored if ".0" in key} == {key for key in stored if ".0" in key}


def test_a_brand_that_fell_silent_does_not_take_last_weeks_records_for_new() -> None:
    acme = story("Acme").say(author="one")
    other = story("Other", world=acme.world).quiet(days=4)
    assert acme.world.partition.listener.brands["Acme"].due_ms is None
    acme.say(late_by="2d", points=["late_delivery"], author="late").silence("2h")
    assert acme.windows("late_delivery") == []
    assert other.windows("*")


def test_the_same_event_twice_counts_once() -> None:
    acme = story().quiet(days=1).at("day 2 09:00")
    acme.say(id_="twin", points=["late_delivery"]).say(id_="twin", after="2m", late_by="2m", points=["late_delivery"])
    acme.at("day 2 12:00").say(id_="twin", late_by="3h", points=["late_delivery"]).silence("30m")
    assert minute(acme, "day 2 09:00") == [(1, 0)]


def test_a_clock_that_does_not_move_closes_nothing() -> None:
    acme = story()
    acme.world.silent.add("tickets.v1")
    acme.quiet(days=2).complain("late_delivery", voices=30, over="1h").silence("5h")
    assert acme.windows("*") == []
    assert acme.windows("*", closed=False), "open windows are told all the same"
    assert acme.alerts == []
    # As soon as the last origin has reported, everything happens that should have happened.
    acme.world.silent.clear()
    acme.silence("5m")
    assert [alert.status for _, alert in acme.alerts][:1] == ["firing"]
    assert acme.alerts[0][1].starts_at == at("day 3 00:00")
    assert acme.alerts[-1][1].status == "resolved"


def test_open_windows_are_told_as_they_grow() -> None:
    acme = story().say(author="one").say(after="30s", author="two").silence("1m")
    grown = [window.window.voices for window in acme.windows("*", closed=False)]
    assert grown == [1, 2]
    assert all(window.rolling_1h is None and window.decision is None for window in acme.windows("*", closed=False))
    acme.silence("30m")
    assert acme.windows("*")[0].window.voices == 2


def test_a_replay_has_a_time_of_its_own() -> None:
    live = story("Live").quiet(days=2)
    old = story("Old", world=live.world).replay_mark("r1", None)
    for minute_ in range(0, 50, 5):
        old.replayed("r1", f"day 1 03:{minute_:02d}", author=f"a{minute_}", points=["late_delivery"])
    closed = len(live.windows("*"))
    live.silence("1m")
    assert old.windows("*") == [], "nobody has said yet how far the replay has got"
    old.replay_mark("r1", "day 1 03:30").silence("1m")
    # Ten minutes of lateness: 03:00, 03:05, 03:10 and 03:15 are over.
    assert spoken(old) == {at(f"day 1 03:{m:02d}") for m in (0, 5, 10, 15)}
    assert all(window.window_end <= at("day 1 03:20") for window in old.windows("*"))
    old.replay_mark("r1", "day 1 03:45", ended=True).silence("1m")
    assert spoken(old) == {at(f"day 1 03:{m:02d}") for m in range(0, 50, 5)}
    # Live time took no notice, and goes on.
    assert all(window.window_end <= at("day 3 00:00") for window in live.windows("*")[closed:])
    live.say(author="late riser").silence("30m")
    assert at("day 3 00:03") in {window.window_start for window in live.windows("*")}
    assert len(old.windows("*")) == len([w for w in old.windows("*") if w.window_end <= at("day 1 03:46")])


def test_a_replay_that_was_given_up_lets_go() -> None:
    acme = story().at("day 2 00:00").replay_mark("r1", "day 1 01:00")
    acme.replayed("r1", "day 1 01:00", author="replayed").silence("1m")
    acme.say(author="live").silence("4m")
    assert acme.windows("*") == [], "both feed the brand, and the replay is far behind"
    acme.silence("30m")
    assert at("day 2 00:01") in {window.window_start for window in acme.windows("*")}


def test_a_replay_that_was_given_up_lets_go_after_its_worker_died_too() -> None:
    acme = story().at("day 2 00:00").replay_mark("r1", "day 1 01:00")
    acme.replayed("r1", "day 1 01:00", author="replayed").silence("1m")
    acme.say(author="live").silence("1m")
    acme.world.reader.keep(set())  # Another score worker takes over; it has not seen the marks.
    acme.restart().silence("30m")
    assert at("day 2 00:01") in {window.window_start for window in acme.windows("*")}


def test_time_passes_in_steps_of_any_length() -> None:
    def told(step: str) -> list[object]:
        acme = story().quiet(days=2).complain("late_delivery", voices=15, over="30m")
        while acme.world.now_ms < moment("day 3 04:00"):
            acme.silence(step)
        return [alert for _, alert in acme.alerts]

    assert told("1m") == told("7m") == told("1h")
    assert len(told("1h")) >= 2
