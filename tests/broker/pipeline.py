"""Workers as their users run them, what went in, what came out, and what should have."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import orjson
from kafka import KafkaConsumer, TopicPartition

from schemas.changes import Change
from schemas.raw import Source
from streams import admin, connection
from streams.catalog import Catalogs
from streams.client import OURS
from streams.detection import detector
from streams.paging import Terms
from streams.recorded import RecordedEvent
from streams.replay import replay
from streams.scoring import Pseudonyms, Scorer
from streams.send import send
from streams.settings import Settings
from streams.topics import ALERTS, METRICS, Topic

Events = list[tuple[Source, RecordedEvent]]
Outcome = dict[tuple[Any, ...], Any]

PATIENCE = 120.0
SHOP = ("generic", "subscription-shop", "mobile-app")
"""The packs of the demo's shop."""


class Pipeline:
    """A group of workers on topics of their own."""

    def __init__(self, settings: Settings, address: str, folder: Path, catalog: tuple[str, ...] = ("generic",)) -> None:
        self.settings = settings.model_copy(update={"data": folder, "catalog": catalog})
        self.address = address
        self.workers: list[subprocess.Popen[bytes]] = []
        self.folder = folder
        admin.create(self.settings, address)

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait()

    def start(self, command: Sequence[str] = ("-m", "groundswell"), **environment: str) -> subprocess.Popen[bytes]:
        """One more worker; its log is in the folder.

        Args:
            command: What Python runs; ``worker`` follows.
        """
        settings = self.settings
        environment = {
            "GROUNDSWELL_BROKER": self.address,
            "GROUNDSWELL_TOPIC_PREFIX": settings.topic_prefix,
            "GROUNDSWELL_GROUP": settings.group,
            "GROUNDSWELL_PARTITIONS": str(settings.partitions),
            "GROUNDSWELL_DATA": str(settings.data),
            "GROUNDSWELL_CATALOG": orjson.dumps(settings.catalog).decode(),
            **environment,
        }
        log = self.folder / f"worker-{len(self.workers)}.log"
        log.touch()
        worker = subprocess.Popen(
            [sys.executable, *command, "worker", "--attached"],
            env=os.environ | environment,
            stdin=subprocess.PIPE,  # Attached: it ends when the tests do, however they end.
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        # Through a pipe: what a test does to a worker's disk must not silence it.
        threading.Thread(target=_keep, args=(worker.stdout, log), daemon=True).start()
        self.workers.append(worker)
        return worker

    def logs(self) -> str:
        """What the workers have said."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("worker-*.log")))

    def send(self, events: Iterable[tuple[Source, RecordedEvent]], name: str, *, piped: bool = False) -> None:
        """Write events as one replay, as fast as possible; ``piped``: they may be waited for."""
        asyncio.run(send(events, settings=self.settings, address=self.address, replay=name, piped=piped))

    def held(self, topic: Topic) -> list[tuple[str | None, Any]]:
        """Everything that a topic holds, in the order of its partitions, but for what workers tell each other."""
        return [(key, value) for key, value, _ in self.records(topic)]

    def records(self, topic: Topic) -> list[tuple[str | None, Any, tuple[int, int]]]:
        """(key, value, (partition, offset)) of everything that a topic holds."""
        name = topic.full_name(self.settings.topic_prefix)
        arguments = connection.kafka_python(self.settings, self.address)
        consumer = KafkaConsumer(**arguments, enable_auto_commit=False, auto_offset_reset="earliest")
        try:
            partitions = [TopicPartition(name, number) for number in range(self.settings.partitions)]
            consumer.assign(partitions)
            ends = consumer.end_offsets(partitions)
            consumer.seek_to_beginning(*partitions)
            found: list[tuple[str | None, Any, tuple[int, int]]] = []
            while any(consumer.position(partition) < ends[partition] for partition in partitions):
                for records in consumer.poll(timeout_ms=500).values():
                    for record in records:
                        if not any(header in OURS for header, _ in record.headers):
                            key = None if record.key is None else record.key.decode()
                            found.append((key, orjson.loads(record.value), (record.partition, record.offset)))
            return found
        finally:
            consumer.close()

    def outcome(self) -> Outcome:
        """The closed windows and every revision of every alert, as the topics hold them now."""
        return outcome([*self._of(METRICS), *self._of(ALERTS)])

    def _of(self, topic: Topic) -> Iterable[tuple[Topic, Any]]:
        return ((topic, value) for _, value in self.held(topic))


def _keep(lines: IO[bytes], log: Path) -> None:
    """Write down what a worker says, until it has ended."""
    with lines, log.open("wb", buffering=0) as file:
        for line in lines:
            file.write(line)


def replayed(
    events: Events,
    catalog: tuple[str, ...],
    key: bytes,
    changes: Sequence[Change] = (),
    terms: Terms | None = None,
) -> Iterator[tuple[Topic, str, Any]]:
    """What every topic would hold, in wire form: the same events in one thread without a broker.

    Args:
        key: Of the pseudonyms; the workers' own where authors are compared.
    """
    catalogs = Catalogs.load(catalog, {})
    records = replay(
        events,
        scorer=Scorer(catalogs, Pseudonyms(key)),
        catalogs=catalogs,
        detector=detector("surge"),
        lateness_ms=600_000,
        future_ms=600_000,
        now_ms=time.time_ns() // 1_000_000,
        changes=changes,
        terms=terms,
    )
    return ((topic, key_of, orjson.loads(orjson.dumps(value))) for topic, key_of, value in records)


def truth_of(
    events: Events, catalog: tuple[str, ...], changes: Sequence[Change] = (), terms: Terms | None = None
) -> Outcome:
    """Closed windows and alerts as they should be. They do not depend on the pseudonym key."""
    records = replayed(events, catalog, b"another key than the workers'", changes, terms)
    return outcome((topic, value) for topic, _, value in records)


def outcome(records: Iterable[tuple[Topic, Any]]) -> Outcome:
    """Closed windows by brand, pain point and start; alerts by fingerprint and revision.

    Raises:
        AssertionError: Two records of one identity differ: something was doubled or decided twice.
    """
    found: Outcome = {}
    for topic, value in records:
        if topic is METRICS:
            if not value["closed"]:
                continue
            key: tuple[Any, ...] = ("window", value["brand"], value["pain_point"], value["window_start"])
        elif topic is ALERTS:
            key = ("alert", value["fingerprint"], value["revision"])
        else:
            continue
        assert found.get(key, value) == value, f"{key} was published with two contents"
        found[key] = value
    return found


def eventually(look: Callable[[], Any], want: Any, *, patience: float = PATIENCE, why: Callable[[], str] = str) -> None:
    """Wait until ``look()`` gives what is wanted; then, or when patience ends, assert it."""
    deadline = time.monotonic() + patience
    while (got := look()) != want and time.monotonic() < deadline:
        time.sleep(1.0)
    if got != want and isinstance(want, dict):
        missing = [key for key in want if key not in got][:5]
        extra = [key for key in got if key not in want][:5]
        wrong = [(got[key], want[key]) for key in want if key in got and got[key] != want[key]][:1]
        raise AssertionError(f"missing {missing}, extra {extra}, wrong {wrong}\n{why()}")
    assert got == want, why()


def stop(worker: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> int:
    """End a worker and wait for it."""
    worker.send_signal(how)
    return worker.wait(timeout=30)
