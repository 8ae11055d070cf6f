"""Silences and acknowledgements on a real worker: what people are told, by a webhook on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import orjson
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from typer.testing import CliRunner

from groundswell.cli import app
from schemas.alerts import Alert
from streams import connection
from streams.broker import Broker
from streams.settings import Settings
from streams.topics import ALERTS, SILENCES, Topic
from tests.broker.pipeline import Pipeline, eventually, stop
from tests.support.alerts import alert


@contextmanager
def webhook() -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """An address, and what is told there: (brand, revision), in order."""
    told: list[tuple[str, int]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got = orjson.loads(self.rfile.read(int(self.headers["content-length"])))
            told.append((got["brand"], got["revision"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class OnCall:
    """The commands of whoever is on call, and the alerts that detect would publish."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.settings, self.address = pipeline.settings, pipeline.address
        self.environment = {
            "GROUNDSWELL_BROKER": pipeline.address,
            "GROUNDSWELL_TOPIC_PREFIX": self.settings.topic_prefix,
            "GROUNDSWELL_PARTITIONS": str(self.settings.partitions),
        }

    def command(self, *arguments: str) -> Any:
        """Runs it with --json; gives its first line."""
        result = CliRunner().invoke(app, [*arguments, "--json"], env=self.environment, prog_name="groundswell")
        assert result.exit_code == 0, result.output
        return orjson.loads(result.stdout.splitlines()[0])

    def publish(self, *alerts: Alert) -> None:
        """As detect does."""
        self.write(ALERTS, *((it.fingerprint.encode(), it.model_dump_json().encode()) for it in alerts))

    def write(self, topic: Topic, *records: tuple[bytes, bytes | None]) -> None:
        """Put records on a topic, whatever they are."""
        producer = KafkaProducer(**connection.kafka_python(self.settings, self.address))
        for key, value in records:
            producer.send(topic.full_name(self.settings.topic_prefix), key=key, value=value)
        producer.flush()
        producer.close()

    def muted(self) -> list[str]:
        """What stands on the topic as muted: fingerprint:revision."""
        consumer = KafkaConsumer(**connection.kafka_python(self.settings, self.address), auto_offset_reset="earliest")
        name = SILENCES.full_name(self.settings.topic_prefix)
        consumer.assign([TopicPartition(name, number) for number in range(self.settings.partitions)])
        ends = consumer.end_offsets(list(consumer.assignment()))
        newest: dict[str, bytes | None] = {}
        while any(consumer.position(partition) < end for partition, end in ends.items()):
            for records in consumer.poll(timeout_ms=200).values():
                newest.update((record.key.decode(), record.value) for record in records)
        consumer.close()
        return sorted(key for key, value in newest.items() if ":" in key and value is not None)


def test_what_is_silenced_is_told_when_the_silence_is_ended_and_what_is_acknowledged_reminds_no_more(
    broker: Broker, settings: Settings, tmp_path: Path
) -> None:
    with Pipeline(settings, broker.address, tmp_path) as pipeline, webhook() as (url, told):
        oncall = OnCall(pipeline)
        silence = oncall.command("silence", "--brand", "Acme", "--for", "2h", "--why", "deploy")
        worker = pipeline.start(GROUNDSWELL_WEBHOOK_URL=url)

        # It fires while it is silenced: another brand's alert, behind it in time, is told, and it is not.
        oncall.publish(alert(), alert("Other"), alert(revision=2))
        eventually(oncall.muted, [f"{alert().fingerprint}:2"], patience=60, why=pipeline.logs)
        eventually(lambda: told, [("Other", 1)], patience=60, why=pipeline.logs)
        on_topic = [value["revision"] for _, value in pipeline.held(ALERTS) if value["brand"] == "Acme"]
        assert on_topic == [1, 2]
        assert oncall.command("silence", "list")["alerts"] == [alert().fingerprint]

        # What is muted outlives the worker, and is told by another one when the silence is ended.
        stop(worker)
        pipeline.start(GROUNDSWELL_WEBHOOK_URL=url)
        oncall.publish(alert("Other", revision=2))
        eventually(lambda: told, [("Other", 1), ("Other", 2)], patience=60, why=pipeline.logs)
        oncall.command("silence", "end", silence["id"])
        eventually(lambda: told[2:], [("Acme", 2)], patience=60, why=pipeline.logs)
        eventually(oncall.muted, [], patience=60, why=pipeline.logs)

        # Once it is acknowledged, a reminder is passed over; a rise of severity, which comes after it, is told.
        oncall.command("ack", alert().fingerprint[:8])
        oncall.publish(alert(revision=3), alert(revision=4, reason="severity_rose", severity=1))
        eventually(lambda: told[3:], [("Acme", 4)], patience=60, why=pipeline.logs)


def test_records_that_can_not_be_read_stop_nobody(broker: Broker, settings: Settings, tmp_path: Path) -> None:
    with Pipeline(settings, broker.address, tmp_path) as pipeline, webhook() as (url, told):
        oncall = OnCall(pipeline)
        oncall.write(SILENCES, (b"", b"null"), (b"\xff", b"\xff"), (b"x" * 1_000, b"{}"), (b"a:b", None))
        worker = pipeline.start(GROUNDSWELL_WEBHOOK_URL=url)
        oncall.publish(alert())
        eventually(lambda: told, [("Acme", 1)], patience=60, why=pipeline.logs)
        assert worker.poll() is None
        assert "passed over" in pipeline.logs()
