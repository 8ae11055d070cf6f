"""CloudEvents' headers: what we publish is read by the CloudEvents SDK, and the same content is the same event."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import orjson
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from cloudevents.core.formats.json import JSONFormat

from streams.cloudevents import FEEDS, TIMES, Envelope, envelopes, schema_of
from streams.effects import Effects
from streams.settings import Settings
from streams.stages import publisher as publishing
from streams.topics import DERIVED, METRICS, SCORED, Topic
from tests.golden.path import WIRE, versions


def records(topic: Topic) -> list[tuple[bytes, dict[str, Any], bytes]]:
    path = WIRE / versions(WIRE)[-1] / f"{topic.short_name}.jsonl"
    held = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    return [(record["key"].encode(), record["value"], orjson.dumps(record["value"])) for record in held]


def parsed(topic: Topic, key: bytes, value: dict[str, Any], body: bytes) -> Any:
    message = KafkaMessage(headers=dict(Envelope(topic).headers(key, value, body)), key=key, value=body)
    return from_binary_event(message, JSONFormat())


@pytest.mark.parametrize("topic", [topic for topic in DERIVED if topic.name in TIMES], ids=lambda topic: topic.name)
def test_the_sdk_reads_every_topic(topic: Topic) -> None:
    events = [parsed(topic, *record) for record in records(topic)]
    for (key, value, _), event in zip(records(topic), events, strict=True):
        assert event.get_specversion() == "1.0"
        assert event.get_type() == f"groundswell.{topic.name}"
        assert event.get_subject() == key.decode()
        assert event.get_dataschema() == schema_of(topic)
        assert event.get_datacontenttype() == "application/json"
        assert event.get_time() == datetime.fromisoformat(value[TIMES[topic.name]])
        assert event.get_data() == value
    assert len({event.get_id() for event in events}) == len(events)


def test_what_changes_is_another_event_and_what_is_told_again_is_not() -> None:
    (key, value, body), *_ = records(METRICS)
    changed = value | {"closed": not value["closed"]}
    first, again = parsed(METRICS, key, value, body), parsed(METRICS, key, value, body)
    assert first.get_id() == again.get_id()
    assert parsed(METRICS, key, changed, orjson.dumps(changed)).get_id() != first.get_id()


def test_every_topic_that_a_stage_publishes_has_a_time() -> None:
    published = {SCORED.name, METRICS.name, *(topic.name for topic in FEEDS)}
    assert TIMES.keys() == published == envelopes("all").keys()
    assert envelopes("off") == {}
    for topic in DERIVED:
        if topic.name in TIMES:
            assert TIMES[topic.name] in topic.value.model_fields


@pytest.mark.parametrize(
    ("which", "with_headers"), [("off", set()), ("feeds", {"alerts"}), ("all", {"alerts", "scored"})]
)
def test_the_setting_says_who_carries_them(monkeypatch: pytest.MonkeyPatch, which: str, with_headers: set[str]) -> None:
    added: list[tuple[str, dict[str, bytes]]] = []

    class Box:
        full = False

        def __init__(self, *_: Any) -> None: ...

        def partition_for(self, *_: Any) -> int:
            return 0

        def add(self, topic: str, _partition: int, _key: bytes, _value: bytes, headers: Any = ()) -> None:
            added.append((topic.split(".")[1], dict(headers)))

    monkeypatch.setattr(publishing, "Outbox", Box)
    settings = Settings(cloudevents=which)
    effects = Effects()
    for topic in (SCORED, FEEDS[0]):
        key, value, _ = records(topic)[0]
        effects.publish(topic, key.decode(), value)
    publisher = publishing.Publisher(settings, None, {f"groundswell.{SCORED.name}": 1})  # type: ignore[arg-type]
    asyncio.run(publisher.put(effects))
    assert {name for name, headers in added if "ce_id" in headers} == with_headers
    assert {name for name, _ in added} == {"scored", "alerts"}
