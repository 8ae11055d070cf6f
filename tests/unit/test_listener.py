"""The listener: what a log does to a partition's state, also where the log is not as it should be."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest

from streams.listener import Incoming, Listener
from streams.topics import ALERTS, HANDOFFS, METRICS, PAIN_POINTS
from streams.windows.bounds import Bounds
from tests.support.partition import Partition
from tests.support.records import BASE_MS, DAY, HOUR, MINUTE, heard, mark, progress, scored, told


def live(at_ms: int) -> Incoming:
    """One origin, complete so far, so that the watermark is ten minutes behind it."""
    return told(progress({"posts.v1:0": at_ms}))


class Log:
    """Scored records of one origin, with offsets."""

    def __init__(self) -> None:
        self.offset = -1

    def say(self, at_ms: int, **fields: Any) -> Incoming:
        self.offset += 1
        return heard(scored(f"e{self.offset}", at_ms, origin=("posts.v1", 0, self.offset), **fields))


def windows(partition: Partition, name: str = "*") -> list[dict[str, Any]]:
    return [window for window in partition.of(METRICS) if window["pain_point"] == name and window["closed"]]


def test_an_unreadable_record_is_named_and_changes_nothing_else() -> None:
    partition, log, named = Partition(), Log(), []
    records = [log.say(BASE_MS), Incoming(b"{", progress=False), Incoming(b"{}", progress=True), log.say(BASE_MS + 1)]
    effects = partition.listener.hear(records, unreadable=lambda index, error: named.append(index))
    assert named == [1, 2]
    assert effects.counts["unreadable"] == 2
    assert len(partition.listener.brands["Acme"].windows.seen) == 2


def test_open_windows_are_told_when_asked_for_and_only_what_changed() -> None:
    partition, log = Partition(), Log()
    partition.hear([log.say(BASE_MS), log.say(BASE_MS + MINUTE, points=["late_delivery"])])
    told = [(value["pain_point"], value["window"]["mentions"]) for *_, value in partition.listener.tell_open().records]
    assert sorted(told) == [("*", 1), ("*", 1), ("late_delivery", 1)]
    assert partition.listener.tell_open().records == []
    partition.hear([log.say(BASE_MS + 1)])
    ((_, _, value),) = partition.listener.tell_open().records
    assert (value["window"]["mentions"], value["closed"]) == (2, False)
    partition.hear([log.say(BASE_MS + 2), live(BASE_MS + HOUR)])
    assert partition.listener.tell_open().records == [], "what is closed has been told"


def test_who_takes_over_tells_all_that_is_open() -> None:
    partition, log = Partition(), Log()
    partition.hear([log.say(BASE_MS), log.say(BASE_MS + MINUTE)], tell_open=True)
    partition.restart()
    assert len(partition.listener.tell_open().records) == 2


def test_no_foreign_record_ends_the_listener_or_is_counted_in_part() -> None:
    """Whoever writes to ``scored`` may write anything: every field in turn holds what it should not."""
    rng = random.Random(8)
    whole = scored("whole", BASE_MS, points=["late_delivery"], emotions={"anger": 0.9}, intensity=0.9, need="help")
    whole["signals"]["words"] = {"urgency": ["now"]}
    whole["signals"]["urgency"] = 0.9

    def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        return [path, *(found for key, child in inner for found in paths(child, (*path, key)))]

    wrong = [None, 1, -1, 10**12, 1.5, "x", "", [], {}, [1], {"a": 1}, [None], True, "2026-01-01T00:00:00", "a\x1fb"]
    for path in paths(whole):
        for bad in wrong:
            broken: Any = orjson.loads(orjson.dumps(whole))
            if path:
                target = broken
                for key in path[:-1]:
                    target = target[key]
                target[path[-1]] = bad
            else:
                broken = bad
            partition = Partition()
            effects = partition.hear([Incoming(orjson.dumps(broken), progress=False)], tell_open=True)
            partition.hear([live(BASE_MS + 2 * HOUR)])
            partition.restart()
            if effects.counts["unreadable"]:
                assert partition.listener.brands == {}, (path, bad)
    for _ in range(500):
        data = bytearray(orjson.dumps(whole))
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        Partition().hear([Incoming(bytes(data), progress=bool(rng.getrandbits(1)))], tell_open=True)


def test_state_of_a_brand_with_any_name_can_be_read_back() -> None:
    for brand in ("a|b", "ä\u3000b", "a:b", "claim", "é\n", "💡", " "):
        partition, log = Partition(), Log()
        partition.hear([log.say(BASE_MS, brand=brand, conversation="c\x1fd", urgency=0.9), live(BASE_MS + HOUR)])
        before = dict(partition.stored)
        partition.restart()
        assert set(partition.listener.brands) == {brand}
        assert partition.listener.brands[brand].desk.cases.keys() == {"c\x1fd"}
        partition.hear([live(BASE_MS + HOUR)])
        assert {key for key in partition.stored if "cell" in key} == {key for key in before if "cell" in key}


def test_an_unknown_kind_of_state_is_refused() -> None:
    with pytest.raises(ValueError, match="newer Groundswell"):
        Partition().listener.restore("Acme\x1fmood\x1f", b"[]")


def test_what_an_alert_has_counted_is_stored_with_each_minute() -> None:
    partition, log = Partition(), Log()
    partition.hear([log.say(BASE_MS + hour * HOUR) for hour in range(0, 33, 3)])
    start = BASE_MS + DAY + 9 * HOUR
    spike = [log.say(start + n * MINUTE, author=f"a{n}", points=["late_delivery"]) for n in range(20)]
    partition.hear([*spike, live(start + 25 * MINUTE)])
    assert [it["voices"] for it in partition.of(ALERTS) if it["kind"] == "pain_point"] == [10]
    # A minute is closed, and no five minutes end with it.
    partition.hear([live(start + 27 * MINUTE)])
    for _ in range(2):
        episode = partition.listener.brands["Acme"].judging.episodes["late_delivery"]
        assert len(episode.total.voices) == 17
        partition.restart()


def test_who_takes_over_calls_late_what_was_late() -> None:
    def told_windows(*, restart: bool) -> list[dict[str, Any]]:
        partition, log = Partition(), Log()
        partition.hear([log.say(BASE_MS), live(BASE_MS + 90 * MINUTE)])
        partition.hear([live(BASE_MS + 100 * MINUTE)])  # Nothing is due until the hour is full.
        if restart:
            partition.restart()
        partition.hear([log.say(BASE_MS + 85 * MINUTE)])
        partition.hear([live(BASE_MS + 3 * HOUR)])
        return windows(partition)

    assert told_windows(restart=True) == told_windows(restart=False)
    assert [window["late"] for window in told_windows(restart=True) if window["late"]] == [1]


def test_a_pain_point_that_was_first_heard_late_outlives_a_restart() -> None:
    partition, log = Partition(), Log()
    partition.hear([log.say(BASE_MS), log.say(BASE_MS + 50 * MINUTE), live(BASE_MS + HOUR + 5 * MINUTE)])
    partition.hear([log.say(BASE_MS + MINUTE, points=["late_delivery"])])
    partition.restart()
    assert partition.listener.brands["Acme"].feeds.heard == {"late_delivery": [BASE_MS + MINUTE, BASE_MS + MINUTE]}
    partition.hear([log.say(BASE_MS, points=["late_delivery"]), live(BASE_MS + 3 * HOUR)])
    (feed, *_) = partition.of(PAIN_POINTS)
    assert feed["first_heard_at"] == "2026-03-02T00:00:00.000Z"
    assert feed["last_day"]["mentions"] == 2


def test_late_sums_do_not_hold_what_was_said_after_them() -> None:
    partition, log = Partition(), Log()
    partition.hear([log.say(BASE_MS + MINUTE), live(BASE_MS + 10 * HOUR)])
    partition.hear([log.say(BASE_MS + 9 * HOUR + 20 * MINUTE, author="late")])
    partition.hear([log.say(BASE_MS + 9 * HOUR + 55 * MINUTE, author="now"), live(BASE_MS + 11 * HOUR)])
    for window in windows(partition):
        if window["window_start"] < "2026-03-02T09:20":
            assert window["rolling_24h"]["mentions"] == 1, window["window_start"]


def test_a_window_told_again_leaves_out_sums_that_are_not_known_any_more() -> None:
    partition, log = Partition(), Log()
    partition.hear([log.say(BASE_MS + hour * HOUR) for hour in range(49)] + [live(BASE_MS + 48 * HOUR)])
    partition.hear([log.say(BASE_MS + 36 * HOUR, author="late")])
    window = windows(partition)[-1]
    assert window["window_start"] == "2026-03-03T12:00:00.000Z"
    assert (window["window"]["mentions"], window["late"]) == (2, 1)
    assert window["rolling_1h"]["mentions"] == 2
    assert window["rolling_24h"] is None, "the cells of the day before are gone: half a sum would look like a whole"


def test_windows_told_again_are_told_once_for_all_records_between_two_moves_of_time() -> None:
    partition, log = Partition(), Log()
    partition.hear([log.say(BASE_MS + n * MINUTE) for n in range(300)] + [live(BASE_MS + 6 * HOUR)])
    before = len(windows(partition))
    late = [log.say(BASE_MS + n * MINUTE, author=f"late {n}") for n in range(300) for _ in range(3)]
    partition.hear(late)
    again = windows(partition)[before:]
    assert len(again) == 300
    for number, window in enumerate(again):
        assert (window["window"]["mentions"], window["late"]) == (4, 3)
        assert window["rolling_5m"]["mentions"] == 4 * min(number + 1, 5)
        assert window["rolling_24h"]["mentions"] == 4 * (number + 1)


def test_time_does_not_go_on_for_ever_after_a_record_that_came_almost_too_late() -> None:
    partition, log = Partition(), Log()
    partition.hear([log.say(BASE_MS + 25 * HOUR), live(BASE_MS + 25 * HOUR + 20 * MINUTE)])
    partition.hear([log.say(BASE_MS + 80 * MINUTE, points=["late_delivery"])])
    partition.hear([live(BASE_MS + 60 * HOUR)])
    brand = partition.listener.brands["Acme"]
    assert brand.due_ms is None
    assert brand.feeds.fed == {}


def test_the_case_that_waits_longest_is_let_go_and_never_the_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.desk.OPEN_CASES", 3)
    partition, log = Partition(), Log()
    for number in range(3):
        partition.hear([log.say(BASE_MS + number * MINUTE, conversation=f"c{number}", urgency=0.9)])
    partition.hear([log.say(BASE_MS - MINUTE, conversation="oldest of all", urgency=0.9)])
    for _ in range(2):
        assert partition.listener.brands["Acme"].desk.cases.keys() == {"c1", "c2", "oldest of all"}
        partition.restart()
    assert len(partition.of(HANDOFFS)) == 4


def test_what_is_read_again_does_not_bring_back_a_clock_that_is_over() -> None:
    partition, log = Partition(), Log()
    old = [log.say(BASE_MS, replay="r1"), told(progress(marks={"posts.v1:0": mark("r1", BASE_MS, ended=True)}))]
    partition.hear([*old, log.say(BASE_MS + HOUR), live(BASE_MS + 2 * HOUR)])
    before = dict(partition.stored)
    partition.hear([*old, live(BASE_MS + 2 * HOUR)])
    assert partition.stored == before


def test_encode_gives_json_and_none_for_a_deletion() -> None:
    partition, log = Partition(), Log()
    partition.hear([log.say(BASE_MS, conversation="c", urgency=0.9), live(BASE_MS + HOUR)])
    assert {key.split("\x1f")[1] for key in partition.stored} == {"head", "cell", "case", "clocks"}
    effects = partition.hear([log.say(BASE_MS + MINUTE, conversation="c", direction="agent")])
    assert [key for key, value in effects.state.items() if Listener.encode(value) is None] == ["Acme\x1fcase\x1fc"]


def test_a_brand_beyond_the_bound_takes_the_place_of_the_one_that_was_idle_longest() -> None:
    partition, log = Partition(bounds=Bounds(brands=3)), Log()
    partition.hear([log.say(BASE_MS + n * HOUR, brand=f"b{n}", points=["late_delivery"]) for n in range(3)])
    effects = partition.hear([log.say(BASE_MS + 3 * HOUR, brand="b3"), live(BASE_MS + 6 * HOUR)])
    assert effects.counts["too_many_brands"] == 1, "all are busy: what was said today is worth more than what comes"
    partition.hear([live(BASE_MS + 2 * DAY)])
    for number in (3, 4):
        partition.restart()
        effects = partition.hear([log.say(BASE_MS + 2 * DAY, brand=f"b{number}"), live(BASE_MS + 2 * DAY)])
        assert effects.counts["brand_dropped"] == 1
    assert partition.listener.brands.keys() == {"b2", "b3", "b4"}
    # Nothing is left of the others.
    assert {key.split("\x1f")[0] for key in partition.stored} == {"", "b2", "b3", "b4"}


def test_an_id_counts_once_within_a_day_also_where_it_comes_a_day_late_and_after_a_restart() -> None:
    partition = Partition()

    def say(id_: str, at_ms: int, offset: int) -> Incoming:
        return heard(scored(id_, at_ms, origin=("posts.v1", 0, offset)))

    first, again = BASE_MS + 30_000, BASE_MS + DAY + 29_000  # The same id with another time.
    partition.hear([say("e", first, 0), live(BASE_MS + HOUR)])
    partition.hear([say("other", again, 1), live(again + DAY - 30 * MINUTE)])
    for offset in (2, 3):
        assert partition.hear([say("e", again, offset), say("e", again + 1, offset + 10)]).counts["duplicate"] == 2
        partition.restart()
    # More than a day later it may be something new; what is kept of the old one is let go.
    partition.hear([live(again + 3 * DAY)])
    partition.hear([say("e", again + 3 * DAY, 20), live(again + 3 * DAY + HOUR)])
    assert sum(window["window"]["mentions"] for window in windows(partition)) == 3
    assert (
        len(partition.listener.brands["Acme"].windows.seen) == len(partition.listener.brands["Acme"].windows.past) + 1
    )
