"""One partition of a compacted topic in memory, with as much of aiokafka's face as the changelog uses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition

from streams.changelog import Changelog

MS_A_RECORD = 100
"""The broker's clock: so much goes by between two records."""


@dataclass(frozen=True)
class Kept:
    """A record of the log."""

    offset: int
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp: int


class Batch:
    """Takes so many records and no more."""

    def __init__(self, size: int) -> None:
        self.records: list[tuple[bytes, bytes | None, tuple[tuple[str, bytes], ...]]] = []
        self._size = size
        self._closed = False

    def append(self, *, key: bytes, value: bytes | None, timestamp: None, headers: Iterable[Any]) -> object | None:
        assert not self._closed
        if len(self.records) == self._size:
            return None
        self.records.append((key, value, tuple(headers)))
        return object()

    def close(self) -> None:
        self._closed = True


@dataclass
class FakeLog:
    """The log, and the producer that appends to it."""

    topic: str = "state"
    batch_size: int = 3
    records: list[Kept] = field(default_factory=list)
    end: int = 0

    def create_batch(self) -> Batch:
        return Batch(self.batch_size)

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> Any:
        assert (topic, partition) == (self.topic, 0)
        start = self.end
        for key, value, headers in batch.records:
            self.records.append(Kept(self.end, key, value, headers, self.end * MS_A_RECORD))
            self.end += 1

        async def acknowledged() -> Any:
            return SimpleNamespace(offset=start)

        return acknowledged()

    def compact(self) -> None:
        """Keep only the last record of each key, as the broker may at any time."""
        last = {record.key: record.offset for record in self.records}
        self.records = [record for record in self.records if last[record.key] == record.offset]

    def consumer(self) -> FakeConsumer:
        return FakeConsumer(self)


def owner(log: FakeLog) -> Changelog:
    """One more owner of the log's partition, who has not read it yet."""
    return Changelog(log.topic, 0, log, log.consumer)  # type: ignore[arg-type]


class FakeConsumer:
    """Reads a log a few records at a time."""

    def __init__(self, log: FakeLog) -> None:
        self._log = log
        self._assigned: set[TopicPartition] = set()
        self._position = 0
        self.running = False

    async def start(self) -> None:
        self.running = True

    async def stop(self) -> None:
        self.running = False

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        self._assigned = set(partitions)

    def assignment(self) -> set[TopicPartition]:
        return self._assigned

    async def seek_to_beginning(self, *_: TopicPartition) -> None:
        self._position = 0

    def seek(self, _: TopicPartition, offset: int) -> None:
        self._position = offset

    async def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, self._log.end)

    async def position(self, _: TopicPartition) -> int:
        return self._position

    async def getmany(self, *partitions: TopicPartition, timeout_ms: int) -> dict[TopicPartition, list[Kept]]:
        assert self.running
        found = [record for record in self._log.records if record.offset >= self._position][:2]
        # Offsets that compaction has taken are passed over, as the broker's fetch does.
        self._position = found[-1].offset + 1 if found else self._log.end
        return {partitions[0]: found}
