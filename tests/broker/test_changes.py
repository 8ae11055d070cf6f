"""A change that somebody notes reaches the alert that begins near it, and what heads for it is told before, on a real
Kafka as in a replay."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson
from kafka import KafkaConsumer, TopicPartition

from schemas.changes import Change
from schemas.progress import CHANGE_HEADER
from streams import connection
from streams.broker import Broker
from streams.paging import Terms
from streams.recorded import RecordedEvent
from streams.settings import Settings
from streams.topics import ALERTS, METRICS, SCORED
from tests.broker.pipeline import Events, Pipeline, eventually, truth_of
from tests.support.records import BASE_MS, DAY, HOUR, MINUTE

GENERIC = ("generic",)


def said() -> Events:
    """Two quiet days, and then late parcels, one more every five minutes."""
    moments = [(BASE_MS + hour * HOUR, f"regular {hour % 5}", "Hello there.") for hour in range(0, 48, 2)]
    moments += [(BASE_MS + 2 * DAY + n * MINUTE, f"writer {n}", "My order hasn't arrived.") for n in range(0, 100, 5)]
    told: Events = []
    for number, (at_ms, author, text) in enumerate(moments):
        created_at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()
        event = {"id": f"{number}", "brand": "Acme", "text": text, "author": author, "created_at": created_at}
        told.append(("posts", RecordedEvent(f"{number}", orjson.dumps(event), at_ms)))
    return told


def test_a_spike_is_warned_of_and_its_alert_names_the_change_that_a_command_noted(
    broker: Broker, settings: Settings, tmp_path: Path
) -> None:
    with Pipeline(settings, broker.address, tmp_path, GENERIC) as pipeline:
        pipeline.start(GROUNDSWELL_EARLY_WARNING="true")
        environment = os.environ | {
            "GROUNDSWELL_BROKER": broker.address,
            "GROUNDSWELL_TOPIC_PREFIX": settings.topic_prefix,
        }
        when = datetime.fromtimestamp((BASE_MS + 2 * DAY - 20 * MINUTE) / 1000, UTC).isoformat()
        noted = subprocess.run(
            [sys.executable, "-m", "groundswell", "change", "--brand", "Acme", "--what", "Another carrier", "--at",
             when, "--kind", "policy", "--json"],
            env=environment, capture_output=True, check=True,
        )  # fmt: skip
        change = Change.model_validate_json(noted.stdout)
        # The worker has taken it in as soon as its partition of scored holds it.
        eventually(lambda: carried(pipeline), 1, why=pipeline.logs)
        pipeline.send(said(), "storm")
        truth = truth_of(said(), GENERIC, [change], Terms(early_warning=True))
        eventually(pipeline.outcome, truth, why=pipeline.logs)
        alerts = [value for _, value in pipeline.held(ALERTS)]
        assert {value["kind"] for value in alerts} == {"pain_point", "incident"}
        headings = [value["heading"] for _, value in pipeline.held(METRICS) if value["closed"] and "heading" in value]
        first = min(value["detected_at"] for value in alerts)
        assert {it["status"] for it in headings} == {"warned", "crossed"}
        assert min(it["since"] for it in headings) < first
        assert {near["what"] for value in alerts for near in value["changes"]} == {"Another carrier"}


def carried(pipeline: Pipeline) -> int:
    """How many changes stand on ``scored``."""
    consumer = KafkaConsumer(**connection.kafka_python(pipeline.settings, pipeline.address), enable_auto_commit=False)
    try:
        name = SCORED.full_name(pipeline.settings.topic_prefix)
        partitions = [TopicPartition(name, number) for number in range(pipeline.settings.partitions)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends, found = consumer.end_offsets(partitions), 0
        while any(consumer.position(partition) < ends[partition] for partition in partitions):
            for records in consumer.poll(timeout_ms=500).values():
                found += sum(any(header == CHANGE_HEADER for header, _ in record.headers) for record in records)
        return found
    finally:
        consumer.close()
