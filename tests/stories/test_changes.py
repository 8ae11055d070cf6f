"""What happened near an alert's onset is named in it, the likeliest reason first."""

from __future__ import annotations

import orjson

from schemas.changes import Change
from streams.listener import Incoming
from streams.reader import Raw
from streams.topics import ALERTS, CARRIED, QUARANTINE
from tests.stories.telling import Story, at, story
from tests.support.partition import Partition
from tests.support.records import BASE_MS


def happens(it: Story, words: str, what: str, **fields: str) -> Story:
    change = Change.model_validate({"brand": it.brand, "at": at(words), "what": what, **fields})
    it.world.partition.hear([Incoming(change.model_dump_json().encode(), progress=False, change=True)])
    return it


def test_an_alert_names_the_changes_near_its_onset_the_likeliest_first() -> None:
    acme = story().quiet(days=3)
    happens(acme, "day 1 09:00", "long ago")
    happens(acme, "day 4 08:50", "a campaign begins", kind="campaign")
    happens(acme, "day 4 06:00", "Beans 2 is delivered", kind="release", product="Beans")
    happens(acme, "day 4 09:20", "somebody apologises")
    happens(acme, "day 4 18:00", "what is still to come")
    happens(story("Bean", world=acme.world), "day 4 08:59", "another brand's")
    acme.at("day 4 09:00").complain("late_delivery", voices=20, over="1h", product="Beans").restart()
    acme.expect_alert("late_delivery", between=("day 4 09:10", "day 4 10:10"))
    assert acme.alert is not None
    told = [near.what for near in acme.alert.changes]
    assert told[:2] == ["Beans 2 is delivered", "a campaign begins"]
    assert set(told) <= {"Beans 2 is delivered", "a campaign begins", "somebody apologises"}
    first, second = acme.alert.changes[:2]
    assert (first.minutes_before, second.minutes_before) == (180, 10)
    assert "product Beans is " in first.why and second.why == "10 min before the onset"
    assert acme.incidents[0][1].changes == acme.alert.changes


def test_a_change_that_comes_again_or_is_put_right_counts_once() -> None:
    acme = story().quiet(days=3)
    for _ in range(2):
        happens(acme, "day 4 08:50", "a release")
        happens(acme, "day 4 08:40", "wrong words", id="deploy 7")
    happens(acme, "day 4 08:45", "the right words", id="deploy 7")
    acme.at("day 4 09:00").complain("late_delivery", voices=20, over="1h").at("day 4 10:00")
    assert [near.what for near in acme.alerts[0][1].changes] == ["a release", "the right words"]


def test_only_so_many_changes_are_remembered_the_newest() -> None:
    partition = Partition()
    for number in range(620):
        change = Change.model_validate({"brand": "Acme", "at": BASE_MS / 1000 + number, "what": f"change {number}"})
        partition.hear([Incoming(change.model_dump_json().encode(), progress=False, change=True)])
    known = partition.listener.brands["Acme"].changes.known
    assert {it["what"] for it in known.values()} == {f"change {number}" for number in range(120, 620)}
    partition.restart()
    assert partition.listener.brands["Acme"].changes.known == known
    assert not partition.of(ALERTS)


def test_changes_are_carried_to_their_brand_and_what_is_none_goes_to_quarantine() -> None:
    reader = story().world.reader
    values: list[object] = [
        {"brand": "Acme", "at": "2026-03-02T10:00:00Z", "what": "a release", "version": "2.1"},
        {"brand": "", "at": "2026-03-02T10:00:00Z", "what": "nobody's"},
        {"brand": "Acme", "at": "2026-03-02T10:00:00", "what": "of no time zone"},
        {"brand": "Acme", "at": "9999-12-31T10:00:00Z", "what": "at the end of time"},
        {"brand": "Acme", "at": "2026-03-02T10:00:00Z", "what": "x" * 501},
        {"brand": "Ac\x1fme", "at": "2026-03-02T10:00:00Z", "what": "a separator"},
        [], None, 7,
    ]  # fmt: skip
    raws = [Raw("changes.v1", 0, n, BASE_MS, None, orjson.dumps(value)) for n, value in enumerate(values)]
    effects = reader.read_changes([*raws, Raw("changes.v1", 0, len(raws), BASE_MS, None, b"\xff{")])
    assert [(topic, key) for topic, key, _ in effects.records[:1]] == [(CARRIED, "Acme")]
    assert [topic for topic, *_ in effects.records[1:]] == [QUARANTINE] * len(values)
    assert reader.progress()["changes.v1:0"].offset == len(raws)
