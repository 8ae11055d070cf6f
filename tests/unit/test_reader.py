"""The reader: each raw record becomes one scored record or one in quarantine, and origins tell how far they got."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from schemas.progress import PROGRESS_HEADER, REPLAY_HEADER
from schemas.quarantine import Quarantined
from streams.reader import MARKS_KEPT, Raw, Reader
from streams.scoring import Event, Scorer
from streams.topics import QUARANTINE, SCORED
from tests.support.records import BASE_MS, HOUR, MINUTE, mark, scored

NOW_MS = BASE_MS + 2 * HOUR


class Hearing(Scorer):
    """Scores without reading; texts that say so fail."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def score(self, events: Sequence[Event]) -> list[dict[str, Any]]:
        self.calls.append(len(events))
        if any("poison" in event.text for _, event, _ in events):
            raise RuntimeError("it can't be heard")
        return [
            scored(event.id, int(event.created_at.timestamp() * 1000), brand=event.brand, source=source)
            | {"origin": origin}
            for source, event, origin in events
        ]


@pytest.fixture
def reader() -> Reader:
    return Reader(Hearing(), future_ms=10 * MINUTE)


def raw(offset: int, value: bytes | None = None, *, headers: Any = (), arrived_ms: int = NOW_MS, **fields: Any) -> Raw:
    event = {"id": f"e{offset}", "brand": "Acme", "text": "Hm.", "author": "a", "created_at": "2026-03-02T00:00:00Z"}
    value = orjson.dumps(event | fields) if value is None else value
    return Raw("t.posts.v1", 1, offset, arrived_ms, b"key", value, headers)


def live_ms(reader: Reader) -> int | None:
    return reader.progress()["t.posts.v1:1"].live_ms


def replay(name: str) -> list[tuple[str, bytes | None]]:
    return [(REPLAY_HEADER, name.encode())]


def marked(offset: int, value: bytes) -> Raw:
    return raw(offset, value, headers=[*replay("r1"), (PROGRESS_HEADER, b"1")])


def test_each_record_has_one_place_and_its_origin(reader: Reader) -> None:
    effects = reader.read("posts", [raw(5), raw(6, b"{"), raw(7, brand="Bean")])
    assert [(topic, key) for topic, key, _ in effects.records] == [
        (QUARANTINE, "t.posts.v1:1:6"),
        (SCORED, "Acme"),
        (SCORED, "Bean"),
    ]
    assert effects.records[1][2]["origin"] == {"topic": "t.posts.v1", "partition": 1, "offset": 5}
    assert effects.counts == {"scored": 2, "quarantined": 1, "quarantined_invalid_json": 1}
    assert reader.progress()["t.posts.v1:1"].offset == 7


def test_quarantine_keeps_everything(reader: Reader) -> None:
    headers = [("trace", b"\xff\x00"), ("none", None)]
    ((_, _, value),) = reader.read("posts", [raw(6, b"\x00\xff{", headers=headers)]).records
    kept = Quarantined.model_validate_json(orjson.dumps(value))
    assert (kept.key, kept.value, kept.headers) == (b"key", b"\x00\xff{", headers)
    assert b64decode(value["value"]) == b"\x00\xff{"
    assert kept.reason == "invalid_utf8"


def test_one_record_that_can_not_be_heard_costs_no_other(reader: Reader) -> None:
    effects = reader.read("posts", [raw(1), raw(2, text="poison"), raw(3)])
    assert [value["origin"]["offset"] for topic, _, value in effects.records if topic is SCORED] == [1, 3]
    ((_, _, value),) = [record for record in effects.records if record[0] is QUARANTINE]
    assert (value["reason"], value["detail"]) == ("scoring_failed", "RuntimeError: it can't be heard")


def test_an_empty_frame_is_nothing(reader: Reader) -> None:
    assert reader.read("posts", []).records == []
    assert reader.progress() == {}


def test_what_lies_ahead_is_judged_by_its_arrival_and_not_by_who_reads_it_when(reader: Reader) -> None:
    ahead = {"created_at": "2026-03-02T02:00:00Z"}
    early = raw(1, arrived_ms=BASE_MS + 2 * HOUR - 11 * MINUTE, **ahead)
    in_time = raw(2, arrived_ms=BASE_MS + 2 * HOUR - 9 * MINUTE, **ahead)
    for frames in ([early, in_time], [in_time, early]):
        effects = reader.read("posts", frames)
        ((_, _, value),) = [record for record in effects.records if record[0] is QUARANTINE]
        assert (value["reason"], value["origin"]["offset"]) == ("absurd_date", 1)


class TestLiveTime:
    def test_it_goes_with_the_newest_and_never_back(self, reader: Reader) -> None:
        reader.read("posts", [raw(1, created_at="2026-03-02T01:00:00Z"), raw(2)])
        reader.read("posts", [raw(3)])
        assert live_ms(reader) == BASE_MS + HOUR

    def test_a_clock_that_is_ahead_does_not_carry_others_with_it(self, reader: Reader) -> None:
        reader.read("posts", [raw(1, created_at="2026-03-02T02:05:00Z", arrived_ms=NOW_MS - MINUTE)])
        assert live_ms(reader) == NOW_MS - MINUTE

    def test_when_all_is_read_it_is_the_brokers(self, reader: Reader) -> None:
        reader.read("posts", [raw(1)])
        reader.complete("t.posts.v1", 1, 1, NOW_MS)
        assert live_ms(reader) == NOW_MS
        reader.complete("t.posts.v1", 1, 0, NOW_MS - HOUR)
        assert live_ms(reader) == NOW_MS

    def test_neither_a_replay_nor_what_is_broken_moves_it(self, reader: Reader) -> None:
        reader.read("posts", [raw(1, headers=replay("r1")), raw(2, b"{")])
        assert live_ms(reader) is None


class TestReplays:
    def test_records_say_who_sent_them(self, reader: Reader) -> None:
        effects = reader.read("posts", [raw(1, headers=replay("r1")), raw(2, b"{", headers=replay("r1"))])
        assert {value["origin"]["replay"] for _, _, value in effects.records} == {"r1"}

    def test_a_mark_is_no_event(self, reader: Reader) -> None:
        value = mark("r1", BASE_MS).model_dump_json().encode()
        effects = reader.read("posts", [marked(1, value)])
        assert effects.records == []
        told = reader.progress()["t.posts.v1:1"]
        assert (told.offset, told.replays["r1"].time_ms, told.live_ms) == (1, BASE_MS, None)

    def test_an_end_is_told_once(self, reader: Reader) -> None:
        value = mark("r1", BASE_MS, ended=True).model_dump_json().encode()
        reader.read("posts", [marked(1, value)])
        assert "r1" in reader.progress()["t.posts.v1:1"].replays
        assert reader.progress()["t.posts.v1:1"].replays == {}

    @pytest.mark.parametrize("value", [b"", b"{", b"{}", b'{"replay":"r1","origins":{},"sent_ms":"x"}'])
    def test_what_only_looks_like_a_mark_is_kept_too(self, reader: Reader, value: bytes) -> None:
        ((topic, _, kept),) = reader.read("posts", [marked(1, value)]).records
        assert (topic, kept["reason"]) == (QUARANTINE, "not_ours")
        assert reader.progress()["t.posts.v1:1"].replays == {}

    def test_only_so_many_are_remembered(self, reader: Reader) -> None:
        for number in range(MARKS_KEPT + 5):
            value = mark(f"r{number}", BASE_MS).model_dump_json().encode()
            reader.read("posts", [marked(number, value)])
        assert list(reader.progress()["t.posts.v1:1"].replays) == [f"r{n}" for n in range(5, MARKS_KEPT + 5)]


def test_origins_that_others_read_now_are_forgotten(reader: Reader) -> None:
    reader.read("posts", [raw(1)])
    reader.keep({"t.posts.v1:0"})
    assert reader.progress() == {}
