"""The whole path in one thread: what it would publish does not depend on how it is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import orjson

from schemas.base import stamp
from schemas.raw import Source
from streams.detection import detector
from streams.effects import Record
from streams.recorded import RecordedEvent
from streams.replay import replay
from streams.topics import ALERTS, ALL, METRICS, QUARANTINE, SCORED
from tests.support.hearing import Fixed
from tests.support.records import BASE_MS, DAY, HOUR, MINUTE, catalogs

Event = tuple[Source, RecordedEvent]


def event(source: Source, at_ms: int, author: str, text: str = "A late parcel.") -> Event:
    id_ = f"{source} {at_ms} {author}"
    fields = {"id": id_, "brand": "Acme", "text": text, "author": author, "created_at": stamp(at_ms)}
    return source, RecordedEvent(id_, orjson.dumps(fields), at_ms)


def events() -> list[Event]:
    quiet = [event("reviews", BASE_MS + hour * HOUR, f"r{hour}", "Fine.") for hour in range(0, 30, 3)]
    sources: tuple[Source, ...] = ("posts", "tickets", "reviews")
    spike = [event(sources[n % 3], BASE_MS + DAY + 8 * HOUR + n * MINUTE, f"a{n}") for n in range(30)]
    broken = [("posts", RecordedEvent(None, b"{", BASE_MS + HOUR))]
    after = [event("posts", BASE_MS + DAY + 12 * HOUR, "last", "Fine.")]
    return sorted(quiet + spike + broken + after, key=lambda each: each[1].time_ms)


def replayed(recorded: Iterable[Event], frame: int = 500) -> list[Record]:
    arguments: dict[str, Any] = {"lateness_ms": 10 * MINUTE, "future_ms": 10 * MINUTE, "now_ms": BASE_MS + 30 * DAY}
    return list(
        replay(recorded, scorer=Fixed(), catalogs=catalogs(), detector=detector("surge"), frame=frame, **arguments)
    )


def final(records: list[Record]) -> dict[tuple[str, str], Any]:
    """The last value of each key; of windows, those that are closed."""
    return {
        (topic.short_name, key): value
        for topic, key, value in records
        if topic not in (SCORED, QUARANTINE) and (topic is not METRICS or value["closed"])
    }


def test_every_record_has_one_place() -> None:
    counts = Counter(topic.short_name for topic, _, _ in replayed(events()))
    assert counts["scored"] + counts["quarantine"] == len(events())
    assert counts["quarantine"] == 1


def test_how_much_is_read_at_once_changes_nothing() -> None:
    told = [replayed(events(), frame) for frame in (1, 7, 500)]
    assert final(told[0]) == final(told[1]) == final(told[2])
    alerts = [[value for topic, _, value in records if topic is ALERTS] for records in told]
    assert alerts[0] == alerts[1] == alerts[2]
    assert alerts[0][0]["status"] == "firing"
    assert alerts[0][-1]["status"] == "resolved"


def test_its_last_minute_is_closed() -> None:
    windows = [value for topic, _, value in replayed(events()) if topic is METRICS and value["closed"]]
    assert max(window["window_start"] for window in windows) == "2026-03-03T12:00:00.000Z"


def test_events_that_overtake_each_other_within_the_lateness_change_nothing() -> None:
    nearly_last = event("tickets", BASE_MS + DAY + 12 * HOUR - 9 * MINUTE, "nearly last", "Fine.")
    ordered = sorted([*events(), nearly_last], key=lambda each: each[1].time_ms)
    overtaken = [*events(), nearly_last]
    for frame in (1, 7, 500):
        assert final(replayed(overtaken, frame)) == final(replayed(ordered))


def test_what_it_publishes_fits_the_schemas() -> None:
    models = {topic: topic.value for topic in ALL}
    for topic, key, value in replayed(events()):
        models[topic].model_validate_json(orjson.dumps(value))
        assert isinstance(key, str)


def test_nothing_makes_nothing() -> None:
    assert replayed([]) == []
