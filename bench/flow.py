"""A steady stream of live events, and a clock on everything that comes of it: does the flow stop, where, how long?"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import orjson
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from schemas.progress import PROGRESS_HEADER
from streams import connection
from streams.outbox import partition_of
from streams.settings import Settings
from streams.topics import METRICS, RAW, SCORED

BRANDS = 16
TEXTS = (
    "Where is my parcel? It is two weeks late.",
    "The app crashes at login.",
    "Lovely, thank you!",
    "Just arrived.",
)
SECONDS_BETWEEN = 0.02


@dataclass
class Flow:
    """Load on ``posts``, and when outputs came: of ``score`` by raw partition, of ``detect`` by the scored one."""

    settings: Settings
    address: str
    rate: int
    """Events a second, evenly over the partitions."""
    prefix: str = "live"
    """What the brands' names begin with."""
    sent: int = 0
    seen: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Stream, such as ``score 0`` → moments (monotonic seconds) at which an output of it was there."""
    origins: set[tuple[int, int]] = field(default_factory=set)
    """(partition, offset) of each raw record that has been scored: what comes twice is there once."""
    paused: bool = False
    """Nothing is sent for now; what was sent is on the broker within a moment."""
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self, *, load: bool = True) -> Iterator[Flow]:
        """Watches, and sends where ``load``, until the context ends."""
        threads = [threading.Thread(target=self._watch, daemon=True)]
        if load:
            threads.append(threading.Thread(target=self._send, daemon=True))
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(90)

    @property
    def streams(self) -> list[str]:
        """Every stream that should flow under load."""
        partitions = range(self.settings.partitions)
        detects = {partition_of(self._brand(number).encode(), self.settings.partitions) for number in range(BRANDS)}
        return [f"score {number}" for number in partitions] + [f"detect {number}" for number in sorted(detects)]

    def first(self, stream: str, since: float) -> float | None:
        """When the first output of a stream came after ``since``."""
        return next((at for at in list(self.seen[stream]) if at > since), None)

    def wait_until_first(self, stage: str, since: float, patience: float) -> float:
        """Waits for the first output of any partition after ``since``; gives its moment.

        Raises:
            TimeoutError: There was none.
        """
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            firsts = [self.first(stream, since) for stream in self.streams if stream.startswith(stage)]
            if there := [at for at in firsts if at is not None]:
                return min(there)
            time.sleep(0.02)
        raise TimeoutError(f"no output of {stage} for {patience:.0f} s")

    def wait_until_all_flow(self, since: float, patience: float) -> float:
        """Waits until each stream has had an output after ``since``; gives the moment of the last stream's first.

        Raises:
            TimeoutError: One had none.
        """
        deadline = time.monotonic() + patience
        while True:
            firsts = [self.first(stream, since) for stream in self.streams]
            there = [at for at in firsts if at is not None]
            if len(there) == len(firsts):
                return max(there)
            if time.monotonic() > deadline:
                silent = [stream for stream, at in zip(self.streams, firsts, strict=True) if at is None]
                raise TimeoutError(f"no output for {patience:.0f} s: {', '.join(silent)}")
            time.sleep(0.05)

    def longest_stop(self, since: float) -> tuple[float, float, str]:
        """The longest time between two outputs of a stream that ended after ``since``: seconds, its end, the stream."""
        worst = (0.0, since, "")
        for stream in self.streams:
            moments = list(self.seen[stream])
            for before, after in pairwise(moments):
                if after > since and after - before > worst[0]:
                    worst = (after - before, after, stream)
        return worst

    def _brand(self, number: int) -> str:
        return f"{self.prefix}-{number}"

    def _send(self) -> None:
        producer = KafkaProducer(**connection.kafka_python(self.settings, self.address), linger_ms=5)
        topic = RAW["posts"].full_name(self.settings.topic_prefix)
        run, owed, before = time.time_ns(), 0.0, time.monotonic()
        while not self._stop.is_set():
            now = time.monotonic()
            owed, before = owed + (0.0 if self.paused else (now - before) * self.rate), now
            while owed >= 1.0:
                owed -= 1.0
                number = self.sent
                event = {
                    "id": f"{run}-{number}",
                    "brand": self._brand(number // self.settings.partitions % BRANDS),
                    "author": f"author-{number % 5_000}",
                    "text": TEXTS[number % len(TEXTS)],
                    "created_at": datetime.now(UTC).isoformat(),
                }
                producer.send(topic, orjson.dumps(event), partition=number % self.settings.partitions)
                self.sent += 1
            self._stop.wait(SECONDS_BETWEEN)
        producer.flush(60)
        producer.close()

    def _watch(self) -> None:
        consumer: Any = KafkaConsumer(
            **connection.kafka_python(self.settings, self.address), enable_auto_commit=False, fetch_max_wait_ms=50
        )
        scored = SCORED.full_name(self.settings.topic_prefix)
        topics = (scored, METRICS.full_name(self.settings.topic_prefix))
        partitions = [TopicPartition(name, number) for name in topics for number in range(self.settings.partitions)]
        consumer.assign(partitions)
        consumer.seek_to_end(*partitions)
        while not self._stop.is_set():
            for place, records in consumer.poll(timeout_ms=50).items():
                now = time.monotonic()
                for record in records:
                    if any(name == PROGRESS_HEADER for name, _ in record.headers):
                        continue
                    value = orjson.loads(record.value)
                    if not value["brand"].startswith(self.prefix):
                        continue
                    if place.topic == scored:
                        origin = value["origin"]
                        self.origins.add((origin["partition"], origin["offset"]))
                        self.seen[f"score {origin['partition']}"].append(now)
                    else:
                        partition = partition_of(value["brand"].encode(), self.settings.partitions)
                        self.seen[f"detect {partition}"].append(now)
        consumer.close()
