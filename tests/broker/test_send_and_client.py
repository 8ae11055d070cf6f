"""Sent, and read again: replays with their marks, typed records, quarantine and back, on a real Kafka."""

import asyncio
import contextlib
import itertools
import os
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from typer.testing import CliRunner, Result

from groundswell.cli import app
from groundswell.cli.exits import Exit
from schemas.progress import PROGRESS_HEADER, REPLAY_HEADER, ReplayMark
from schemas.quarantine import Quarantined
from schemas.raw import Source
from schemas.scored import Origin
from streams import admin
from streams.broker import Broker
from streams.client import NoSuchTopicError, Received, Unreadable, subscribe
from streams.outbox import partition_of
from streams.recorded import RecordedEvent
from streams.send import SendError, SendReport, send
from streams.settings import Settings
from streams.topics import ALERTS, POSTS, QUARANTINE, RAW, SCORED, TICKETS

T0 = 1_770_000_000_000


def events(count: int, source: Source = "posts") -> Iterator[tuple[Source, RecordedEvent]]:
    for n in range(count):
        value = {"id": f"{source}-{n}", "brand": "Acme", "text": f"text {n}", "author": "ann", "n": n}
        value["created_at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(T0 / 1000 + n))
        yield source, RecordedEvent(f"{source}-{n}", orjson.dumps(value), T0 + n * 1000)


def sent(settings: Settings, what: Any, **how: Any) -> SendReport:
    assert settings.broker is not None
    how.setdefault("replay", "r1")
    return asyncio.run(send(what, settings=settings, address=settings.broker, **how))


def everything(settings: Settings, topic: str) -> dict[int, list[Any]]:
    """partition → its records, as they stand on the topic."""
    consumer = KafkaConsumer(bootstrap_servers=settings.broker, max_partition_fetch_bytes=32 << 20)
    places = [TopicPartition(topic, number) for number in range(settings.partitions)]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    ends = consumer.end_offsets(places)
    found: dict[int, list[Any]] = {place.partition: [] for place in places}
    while any(consumer.position(place) < end for place, end in ends.items()):
        for place, records in consumer.poll(timeout_ms=500).items():
            found[place.partition] += records
    consumer.close()
    return found


def is_mark(record: Any) -> bool:
    return any(name == PROGRESS_HEADER for name, _ in record.headers)


@pytest.fixture
def topics(settings: Settings) -> Settings:
    assert settings.broker is not None
    admin.create(settings, settings.broker)
    return settings


def test_a_replay_keeps_its_promises(topics: Settings) -> None:
    mixed = sorted(itertools.chain(events(3_000), events(2_000, "tickets")), key=lambda pair: pair[1].time_ms)
    report = sent(topics, mixed, sources=("posts", "tickets"))
    assert (report.sent, report.first_ms, report.last_ms) == (5_000, T0, T0 + 2_999_000)
    assert report.bytes == sum(len(event.value) for _, event in mixed)
    origins = {topic.full_name(topics.topic_prefix): topics.partitions for topic in (POSTS, TICKETS)}
    for source, count in (("posts", 3_000), ("tickets", 2_000)):
        topic = RAW[source].full_name(topics.topic_prefix)
        found = everything(topics, topic)
        values = [record.value for records in found.values() for record in records if not is_mark(record)]
        assert Counter(values) == Counter(event.value for of, event in mixed if of == source)
        assert len(values) == count
        for partition, records in found.items():
            assert all((REPLAY_HEADER, b"r1") in record.headers for record in records)
            assert is_mark(records[0]) and is_mark(records[-1])
            marks = [ReplayMark.model_validate_json(record.value) for record in records if is_mark(record)]
            assert len(marks) == report.marks
            assert all(mark.origins == origins and mark.replay == "r1" for mark in marks)
            assert marks[0].time_ms is None and not any(mark.ended for mark in marks[:-1])
            assert marks[-1].ended and marks[-1].time_ms == report.last_ms
            reached = -1
            for record in records:
                if is_mark(record):
                    reached = max(reached, ReplayMark.model_validate_json(record.value).time_ms or -1)
                else:
                    assert partition_of(record.key, topics.partitions) == partition
                    assert T0 + orjson.loads(record.value)["n"] * 1000 >= reached
    assert not any(everything(topics, RAW["reviews"].full_name(topics.topic_prefix)).values())


def test_bytes_without_a_key_and_large_ones_arrive_whole(topics: Settings) -> None:
    values = [b"{broken", b"\xff\xfe", b"", b"x" * 5_000_000, b"y" * 8_300_000]
    sent(topics, [("posts", RecordedEvent(None, value, T0)) for value in values])
    found = everything(topics, POSTS.full_name(topics.topic_prefix))
    assert Counter(r.value for records in found.values() for r in records if not is_mark(r)) == Counter(values)


def test_live_events_have_neither_header_nor_mark(topics: Settings) -> None:
    assert sent(topics, events(10), replay=None).marks == 0
    found = everything(topics, POSTS.full_name(topics.topic_prefix))
    records = [record for records in found.values() for record in records]
    assert len(records) == 10 and not any(record.headers for record in records)


def test_a_paced_replay_tells_time_in_silence(topics: Settings) -> None:
    first, last = list(events(1)), [("posts", RecordedEvent("late", b"{}", T0 + 4_000_000))]
    report = sent(topics, [*first, *last], speed=1_600.0)
    marks = [
        ReplayMark.model_validate_json(record.value).time_ms
        for record in everything(topics, POSTS.full_name(topics.topic_prefix))[0]
        if is_mark(record)
    ]
    between = [time_ms for time_ms in marks if time_ms and T0 < time_ms < T0 + 4_000_000]
    assert between and marks[1:] == sorted(marks[1:])
    assert report.sent == 2


def test_an_interrupted_replay_still_ends(topics: Settings) -> None:
    async def interrupted() -> None:
        assert topics.broker is not None
        running = asyncio.Event()
        replay = send(
            events(1_000_000), settings=topics, address=topics.broker, replay="r1", speed=1_000.0,
            on_progress=lambda *_: running.set(),
        )  # fmt: skip
        task = asyncio.create_task(replay)
        await running.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(interrupted())
    for records in everything(topics, POSTS.full_name(topics.topic_prefix)).values():
        assert ReplayMark.model_validate_json(records[-1].value).ended


def test_a_source_that_fails_still_ends_its_replay(topics: Settings) -> None:
    def failing() -> Iterator[tuple[Source, RecordedEvent]]:
        yield from events(700)
        raise ValueError("the file is broken")

    for piped in (False, True):
        with pytest.raises(ValueError, match="the file is broken"):
            sent(topics, failing(), piped=piped)
        found = everything(topics, POSTS.full_name(topics.topic_prefix))
        assert all(ReplayMark.model_validate_json(records[-1].value).ended for records in found.values())
    assert sum(not is_mark(r) for records in found.values() for r in records) >= 700


def test_a_pipe_that_waits_holds_nothing_back(topics: Settings) -> None:
    go = threading.Event()

    def slow() -> Iterator[tuple[Source, RecordedEvent]]:
        yield from events(10)
        assert go.wait(60)
        yield from events(5, "tickets")

    async def run() -> SendReport:
        assert topics.broker is not None
        task = asyncio.create_task(send(slow(), settings=topics, address=topics.broker, replay=None, piped=True))
        name = POSTS.full_name(topics.topic_prefix)
        while sum(admin.end_offsets(topics, topics.broker, [name]).values()) < 10:  # noqa: ASYNC110 – the broker doesn't tell.
            await asyncio.sleep(0.05)
        go.set()
        return await task

    assert asyncio.run(run()).sent == 15


def test_topics_that_are_not_there_are_named(settings: Settings) -> None:
    with pytest.raises(SendError, match=r"posts\.v1.*groundswell topics create"):
        sent(settings, events(1))
    with pytest.raises(NoSuchTopicError, match="groundswell topics create"):
        subscribe("posts", settings=settings, address=str(settings.broker))
    assert not admin.end_offsets(settings, str(settings.broker), [POSTS.full_name(settings.topic_prefix)])


def received(settings: Settings, topic: str, **how: Any) -> list[Received[Any]]:
    how = {"from_beginning": True, "until_end": True, **how}
    return list(subscribe(topic, settings=settings, address=str(settings.broker), **how))


def publish(settings: Settings, topic: Any, *records: tuple[bytes | None, bytes | None], **headers: bytes) -> None:
    producer = KafkaProducer(bootstrap_servers=settings.broker, acks="all")
    for key, value in records:
        name = topic.full_name(settings.topic_prefix)
        producer.send(name, value=value, key=key, headers=list(headers.items()), partition=0).get(timeout=30)
    producer.close()


def test_what_was_sent_is_received_typed(topics: Settings) -> None:
    sent(topics, events(500))
    found = received(topics, "posts")
    assert {record.key for record in found} == {f"posts-{n}" for n in range(500)}
    assert all(record.value.extra["n"] == int(record.value.id.removeprefix("posts-")) for record in found)
    offsets = defaultdict(list)
    for record in found:
        offsets[record.partition].append(record.offset)
    assert all(each == sorted(each) for each in offsets.values())


def test_what_is_no_record_is_told_and_passed_over(topics: Settings) -> None:
    good = next(events(1))[1].value
    publish(topics, POSTS, (b"1", b"{"), (b"2", b'{"id": 1}'), (b"3", None), (b"4", good))
    told: list[Unreadable] = []
    found = received(topics, "posts.v1", on_unreadable=told.append)
    assert [record.key for record in found] == ["4"]
    assert [it.offset for it in told] == [0, 1] and "id" in told[1].reason


def alert(revision: int, fingerprint: str = "f") -> bytes:
    value = {
        "fingerprint": fingerprint, "revision": revision, "status": "firing", "reason": "first", "brand": "Acme",
        "kind": "surge", "title": "Many voices", "severity": 2, "severity_why": "many", "window_seconds": 3600,
        "starts_at": "2026-02-01T00:00:00Z", "detected_at": "2026-02-01T00:05:00Z",
        "updated_at": "2026-02-01T00:05:00Z", "observed": 9, "expected": 1.0, "ratio": 9.0, "probability": 0.001,
        "voices": 9, "mentions": 9, "top_voice_share": 0.1, "sentiment": -0.5, "resolves_when": "it is quiet",
        "quotes": [{"text": "It \x1b[31mbroke", "created_at": "2026-02-01T00:04:00Z", "source": "posts",
                    "channel": "x", "event_id": "1"}],
    }  # fmt: skip
    return orjson.dumps(value)


def test_replayed_revisions_and_progress_are_hidden(topics: Settings) -> None:
    publish(topics, ALERTS, *[(b"f", alert(n)) for n in (1, 2, 1, 2, 3)], (b"g", alert(1, "g")))
    publish(topics, ALERTS, (b"p", alert(9)), **{PROGRESS_HEADER: b"1"})
    assert [(r.value.fingerprint, r.value.revision) for r in received(topics, "alerts")] == [
        ("f", 1), ("f", 2), ("f", 3), ("g", 1),
    ]  # fmt: skip


def test_scored_records_of_one_origin_are_seen_once(topics: Settings, run: "Run") -> None:
    texts = [{"text": "late again", "brand": "Acme", "author": "a", "id": str(n)} for n in range(4)]
    lines = b"\n".join(map(orjson.dumps, texts))
    values = [orjson.loads(line) for line in run("score", "--all", stdin=lines).stdout.splitlines()]
    records = []
    for offset in (0, 1, 2, 1, 2, 3):
        origin = Origin(topic="posts", partition=0, offset=offset).model_dump()
        whole = {**values[offset], "created_at": "2026-02-01T00:00:00Z", "origin": origin, "author": "p"}
        records.append((b"Acme", orjson.dumps(whole)))
    publish(topics, SCORED, *records)
    assert [r.value.origin.offset for r in received(topics, "scored")] == [0, 1, 2, 3]


def test_a_subscriber_starts_now_and_a_group_goes_on(topics: Settings) -> None:
    sent(topics, events(3))
    later = subscribe("tickets", settings=topics, address=str(topics.broker))
    sent(topics, events(2, "tickets"))
    assert {next(later).key, next(later).key} == {"tickets-0", "tickets-1"}
    later.close()  # type: ignore[attr-defined]
    assert len(received(topics, "posts", group=f"{topics.group}-g")) == 3
    sent(topics, events(1))
    assert len(received(topics, "posts", group=f"{topics.group}-g")) == 1


Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings, broker: Broker, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Run:
    for name in list(os.environ):
        if name.startswith("GROUNDSWELL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GROUNDSWELL_BROKER", broker.address)
    monkeypatch.setenv("GROUNDSWELL_TOPIC_PREFIX", settings.topic_prefix)
    monkeypatch.setenv("GROUNDSWELL_GROUP", settings.group)
    monkeypatch.setenv("GROUNDSWELL_PARTITIONS", str(settings.partitions))
    monkeypatch.setenv("GROUNDSWELL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(app, list(arguments), input=stdin, prog_name="groundswell")

    return run


def test_topics_are_created_checked_and_used(run: Run, tmp_path: Any, settings: Settings) -> None:
    missing = run("topics", "check", "--json")
    assert missing.exit_code == Exit.PROBLEM
    assert {orjson.loads(line)["what"] for line in missing.stdout.splitlines()} == {"missing"}
    assert run("worker").exit_code == Exit.PROBLEM
    assert "created" in run("topics", "create").stdout
    assert run("topics", "check").exit_code == 0

    file = tmp_path / "p.csv"
    file.write_text("id,author,text,created_at\n1,ann,bad coffee,2026-02-01T00:00:00Z\n2,bob,ok,2026-02-01T00:01:00Z\n")
    report = orjson.loads(run("send", str(file), "--as", "posts", "--set", "brand=B&B", "--json").stdout)
    assert (report["sent"], report["too_large"]) == (2, []) and report["replay"].startswith("p-")
    assert "Sent 1 tickets" in run("send", "-", "--as", "ticket", "--live", stdin='{"id":"t"}\n').stdout
    shown = run("tail", "posts", "--from-beginning", "--until-end")
    assert shown.exit_code == 0 and "B&B ann: bad coffee" in shown.stdout
    (line,) = run("tail", "posts", "--from-beginning", "--limit", "1", "--json").stdout.splitlines()
    assert orjson.loads(line)["value"]["brand"] == "B&B"
    unreadable = run("tail", "tickets", "--from-beginning", "--until-end")
    assert unreadable.exit_code == Exit.PROBLEM and "is left out" in unreadable.stderr

    found = {f["name"]: f for f in map(orjson.loads, run("doctor", "--json").stdout.splitlines())}
    assert found["broker"]["ok"] and found["topics"]["ok"] and found["clock"]["ok"]
    assert not found["lag"]["ok"] and "groundswell worker" in found["lag"]["todo"]


def test_an_alert_is_good_to_read(run: Run, topics: Settings) -> None:
    publish(topics, ALERTS, (b"f", alert(1)))
    shown = run("tail", "alerts", "--from-beginning", "--limit", "1").stdout
    for part in (
        "FIRING",
        "Acme: Many voices",
        "9 voices in 1 h, 1.0 expected (×9.0)",
        "“It �[31mbroke”",
        "f revision 1",
    ):
        assert part in shown


def test_quarantine_and_back(run: Run, topics: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = POSTS.full_name(topics.topic_prefix)
    for offset, (reason, key, value) in enumerate(
        [("invalid_json", b"k", b"{\xff"), ("empty_text", None, b"{}"), ("empty_record", None, None)]
    ):
        record = Quarantined.model_validate(
            {
                "origin": {"topic": raw, "partition": 0, "offset": offset}, "reason": reason, "detail": f"bad {offset}",
                "arrived_at": "2026-02-01T00:00:00Z",
            }
        ).model_copy(update={"key": key, "value": value, "headers": [("h", b"\x00v"), ("none", None)]})  # fmt: skip
        body = record.model_dump_json(round_trip=True).encode()
        # Twice, as after a restart.
        publish(topics, QUARANTINE, (f"{raw}:0:{offset}".encode(), body), (b"again", body))

    listed = [orjson.loads(line) for line in run("quarantine", "list", "--json").stdout.splitlines()]
    assert [(it["origin"], it["reason"]) for it in listed] == [
        (f"{raw}:0:0", "invalid_json"), (f"{raw}:0:1", "empty_text"), (f"{raw}:0:2", "empty_record"),
    ]  # fmt: skip
    assert "The newest 1 are shown" in run("quarantine", "list", "--limit", "1").stdout
    shown = run("quarantine", "show", f"{raw}:0:0").stdout
    assert "bad 0" in shown and "value (2 bytes)" in shown and "header h: �v" in shown
    assert run("quarantine", "show", f"{raw}:0:9").exit_code == Exit.PROBLEM

    assert "Put 1 records back." in run("quarantine", "requeue", f"{raw}:0:0").stdout
    (again,) = [record for records in everything(topics, raw).values() for record in records]
    assert (again.key, again.value) == (b"k", b"{\xff")
    assert list(again.headers) == [("h", b"\x00v"), ("none", None)]
    assert orjson.loads(run("quarantine", "requeue", "--reason", "empty_text", "--json").stdout)["requeued"] == 1
    assert "Put 3 records back." in run("quarantine", "requeue", "--all").stdout
    assert sum(len(records) for records in everything(topics, raw).values()) == 5
    # Under another prefix, none of these topics is ours.
    admin.create(topics.model_copy(update={"topic_prefix": "other."}), str(topics.broker))
    publish(topics.model_copy(update={"topic_prefix": "other."}), QUARANTINE, (b"foreign", body))
    monkeypatch.setenv("GROUNDSWELL_TOPIC_PREFIX", "other.")
    foreign = run("quarantine", "requeue", "--all")
    assert foreign.exit_code == Exit.PROBLEM and "1 come from a topic that is none of ours" in foreign.stderr
    assert run("quarantine", "requeue", f"{raw}:0:9").exit_code == Exit.PROBLEM
