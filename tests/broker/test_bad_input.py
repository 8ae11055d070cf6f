"""Bad input on a real Kafka: every raw record becomes exactly one scored or one quarantined record, and nobody dies."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from groundswell.demo.week import week
from schemas.quarantine import Quarantined
from schemas.scored import Scored
from streams import admin, connection
from streams.broker import Broker
from streams.outbox import BATCH_BYTES, Outbox
from streams.settings import Settings
from streams.topics import POSTS, QUARANTINE, REVIEWS, SCORED
from tests.broker.pipeline import Pipeline, eventually
from tests.properties.mutations import mutated

MUTATED = 100_000


@pytest.fixture
def pipeline(broker: Broker, settings: Settings, tmp_path: Path) -> Iterator[Pipeline]:
    with Pipeline(settings, broker.address, tmp_path) as started:
        yield started


def produce(pipeline: Pipeline, topic: str, records: list[tuple[bytes | None, bytes | None]]) -> None:
    """Write records as a stranger would: no headers, keys that may be missing, values that may be anything."""

    async def write() -> None:
        arguments = connection.aiokafka(pipeline.settings, pipeline.address)
        async with AIOKafkaProducer(**arguments, max_batch_size=BATCH_BYTES) as producer:
            outbox = Outbox(producer, {topic: pipeline.settings.partitions})
            for key, value in records:
                outbox.add(topic, outbox.partition_for(topic, key), key, value)
                if outbox.full:
                    await outbox.flush()
            await outbox.flush()

    asyncio.run(write())


@pytest.mark.timeout(420)
def test_a_hundred_thousand_mutated_records_are_all_accounted_for(pipeline: Pipeline):
    dice = random.Random(20260222)
    records = [(None, mutated(dice, number)) for number in range(MUTATED)]
    worker = pipeline.start()
    produce(pipeline, POSTS.full_name(pipeline.settings.topic_prefix), records)

    def origins() -> tuple[int, int]:
        places = []
        for topic in (SCORED, QUARANTINE):
            held = [tuple(value["origin"].values()) for _, value in pipeline.held(topic)]
            assert len(held) == len(set(held)), "without a fault nothing comes twice"
            places.append(set(held))
        assert not places[0] & places[1]
        return len(places[0]) + len(places[1]), 0

    eventually(origins, (MUTATED, 0), patience=300, why=pipeline.logs)
    assert worker.poll() is None, "the worker has died"
    quarantined = [value for _, value in pipeline.held(QUARANTINE)]
    reasons = Counter(value["reason"] for value in quarantined)
    print(f"\n{MUTATED:,} mutated: {MUTATED - len(quarantined):,} scored, {dict(reasons)}")
    assert len(reasons) >= 8
    for value in quarantined[:: len(quarantined) // 200]:
        Quarantined.model_validate(value)
    for _, value in pipeline.held(SCORED)[::500]:
        Scored.model_validate(value)


def test_what_can_not_be_read_is_kept_whole_with_its_reason(pipeline: Pipeline):
    good = orjson.loads(next(record.value for record in week() if record.source == "reviews"))
    poison: list[tuple[bytes | None, bytes | None, str]] = [
        (None, b"{", "invalid_json"),
        (b"k", b'{"id": "\xff"}', "invalid_utf8"),
        (None, None, "empty_record"),
        (None, b"", "empty_record"),
        (None, b"[1, 2]", "not_an_object"),
        (None, b"[" * 100_000, "nested_too_deep"),
        (None, orjson.dumps(good | {"text": "x" * 5_000_000}), "too_large"),
        (None, orjson.dumps(good | {"text": "x" * 200_000}), "text_too_long"),
        (None, orjson.dumps(good | {"text": " \n "}), "empty_text"),
        (None, orjson.dumps(good | {"created_at": "9999-12-31T23:59:59Z"}), "absurd_date"),
        (None, orjson.dumps(good | {"created_at": "yesterday"}), "invalid_field"),
        (None, orjson.dumps(good | {"rating": "five"}), "invalid_field"),
        (None, orjson.dumps({key: value for key, value in good.items() if key != "brand"}), "missing_field"),
        (None, orjson.dumps(good | {"schema_version": 2}), "newer_schema"),
        (None, orjson.dumps(good)[:-1] + b', "weight": NaN}', "not_a_number"),
    ]
    pipeline.start()
    produce(pipeline, REVIEWS.full_name(pipeline.settings.topic_prefix), [(key, value) for key, value, _ in poison])
    produce(pipeline, REVIEWS.full_name(pipeline.settings.topic_prefix), [(None, orjson.dumps(good))])
    eventually(lambda: len(pipeline.held(SCORED)), 1, why=pipeline.logs)
    eventually(lambda: len(pipeline.held(QUARANTINE)), len(poison), why=pipeline.logs)
    found = [Quarantined.model_validate(value) for _, value in pipeline.held(QUARANTINE)]
    assert Counter(it.reason for it in found) == Counter(reason for _, _, reason in poison)
    assert sorted(it.value or b"" for it in found) == sorted(value or b"" for _, value, _ in poison)
    assert all(it.detail for it in found)


def test_strangers_on_scored_are_quarantined_and_change_nothing(pipeline: Pipeline):
    worker = pipeline.start()
    produce(pipeline, SCORED.full_name(pipeline.settings.topic_prefix), [(b"x", b"hello"), (b"y", b'{"brand": 1}')])
    eventually(lambda: [value["reason"] for _, value in pipeline.held(QUARANTINE)], ["not_ours"] * 2, why=pipeline.logs)
    assert worker.poll() is None


def test_a_wrong_partition_count_is_refused_before_anything_is_read(broker: Broker, settings: Settings, tmp_path: Path):
    admin.create(settings, broker.address)
    name = SCORED.full_name(settings.topic_prefix)
    client = KafkaAdminClient(**connection.kafka_python(settings, broker.address))
    client.delete_topics([name])
    eventually(lambda: name in client.list_topics(), False)
    client.create_topics([NewTopic(name=name, num_partitions=7, replication_factor=1)])
    client.close()
    environment = {
        "GROUNDSWELL_BROKER": broker.address,
        "GROUNDSWELL_TOPIC_PREFIX": settings.topic_prefix,
        "GROUNDSWELL_GROUP": settings.group,
        "GROUNDSWELL_PARTITIONS": str(settings.partitions),
        "GROUNDSWELL_DATA": str(tmp_path),
        "PATH": "",
    }
    command = [sys.executable, "-m", "groundswell", "worker"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert name in ended.stderr
    assert "7" in ended.stderr
    assert "Traceback" not in ended.stderr
