"""Everything that happens on the topics of a round, as it comes: one more reader, which no fault is aimed at."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams import admin, connection
from streams.client import OURS
from streams.settings import Settings
from streams.topics import ALL


@dataclass(frozen=True, slots=True)
class Seen:
    """One record, and when it came to us."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    control: bool
    """Whether it is a mark or progress, instead of something that somebody said or was told."""
    at: float
    """``time.monotonic()``."""


class Tail:
    """Reads all topics from their beginning, in a thread, until the context ends; lists only ever grow."""

    def __init__(self, settings: Settings, address: str) -> None:
        self._settings, self._address = settings, address
        self._names = {topic.full_name(settings.topic_prefix): topic.short_name for topic in ALL}
        self._names[settings.state_topic] = "state"
        self.seen: dict[str, list[Seen]] = {short: [] for short in self._names.values()}
        """Short topic name (or ``state``) → its records, in each partition in the order of their offsets."""
        self._positions: dict[tuple[str, int], int] = {}
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="tail", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)

    def complete(self) -> bool:
        """Whether nothing is on the topics that we have not seen.

        Raises:
            RuntimeError: The reader has failed; nothing that it has seen can be trusted to be all.
        """
        if self._failure is not None:
            raise RuntimeError("the reader of the topics has failed") from self._failure
        ends = admin.end_offsets(self._settings, self._address, self._names)
        return all(self._positions.get(place, 0) >= end for place, end in ends.items())

    def _run(self) -> None:
        try:
            asyncio.run(self._read())
        except BaseException as error:
            self._failure = error

    async def _read(self) -> None:
        consumer = AIOKafkaConsumer(
            **connection.aiokafka(self._settings, self._address),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=100,
            max_partition_fetch_bytes=8 * 1024 * 1024,
        )
        await consumer.start()
        try:
            consumer.assign([TopicPartition(name, n) for name in self._names for n in range(self._settings.partitions)])
            while not self._stop.is_set():
                for place, records in (await consumer.getmany(timeout_ms=100)).items():
                    self._take(place, records)
        finally:
            await consumer.stop()

    def _take(self, place: Any, records: list[Any]) -> None:
        now, seen = time.monotonic(), self.seen[self._names[place.topic]]
        for record in records:
            control = any(name in OURS for name, _ in record.headers)
            seen.append(Seen(record.partition, record.offset, record.key, record.value, control, now))
        self._positions[place.topic, place.partition] = records[-1].offset + 1
