"""The state of one partition, kept as a compacted topic: written in batches, read back by whoever takes over.

Two writers can exist for a moment: a worker that was stopped (SIGSTOP, a long pause) does not know that the group gave
its partition to another. So each owner first writes a *claim* with an epoch higher than any before, and marks
everything it writes with it. Who reads the log back passes over records whose epoch is lower than a claim before
them, and an owner whose records don't follow its last ones without a gap knows that somebody else wrote: it reads the
log again, which repairs the state, and gives up where the log holds a higher claim. The same idea fences storage in
Kleppmann, "Designing Data-Intensive Applications" (2017), chapter 8.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams import patience

CLAIM_KEY = "\x1fclaim"
PROOF_KEY = "\x1fproof"
"""Holds nothing: what counts is where the record comes to stand."""
EPOCH_HEADER = "epoch"
READ_TIMEOUT_MS = 500


class FencedError(RuntimeError):
    """Another worker has claimed the partition: this one must not write to it again."""


class Changelog:
    """One partition of the state's topic, on behalf of one owner. Call ``recover`` before the first ``write``."""

    def __init__(self, topic: str, partition: int, producer: Any, new_consumer: Callable[[], AIOKafkaConsumer]) -> None:
        self.topic = topic
        self.partition = partition
        self.owner = uuid.uuid4().hex
        self.epoch = 0
        self.next_offset: int | None = None
        """Where our next record must come to stand; None before ``recover``, and once somebody else has written."""
        self._behind_ours = 0
        """The offset behind our last record that followed the one before it."""
        self._producer = producer
        self._new_consumer = new_consumer

    async def untouched(self) -> bool:
        """Whether the log still ends with what we wrote last: then the state in memory is still the state."""
        if self.next_offset is None:
            return False
        async with self._consumer() as consumer:
            return (await self._end(consumer)) == self.next_offset

    async def claimed_ms(self) -> int | None:
        """When another worker claimed the partition, by the broker's clock; None while it is ours."""
        log = _Log(self.epoch)
        async with self._consumer() as consumer:
            tp = self._assign(consumer)
            consumer.seek(tp, self._behind_ours)
            await self._read(consumer, log, claimed_at=None)
        return log.claimed_ms

    async def recover(self, former: int | None = None) -> dict[str, bytes]:
        """Claim the partition and read the state back: key → value of every key that is not deleted.

        Args:
            former: Our claim before this one, where the partition has been ours all the time.

        Raises:
            FencedError: Another worker has claimed it since, or at the same time and was first.
        """
        log = _Log()
        async with self._consumer() as consumer:
            await self._read(consumer, log, claimed_at=None)
            if former is not None and log.epoch > former:
                raise FencedError(f"{self.topic}:{self.partition} is another worker's now")
            self.epoch = log.epoch + 1
            claim = orjson.dumps({"epoch": self.epoch, "owner": self.owner})
            claimed_at = await self._send([(CLAIM_KEY, claim)])
            await self._read(consumer, log, claimed_at=claimed_at)
        if log.owner != self.owner:
            raise FencedError(f"{self.topic}:{self.partition} was claimed by another worker at the same time")
        self.next_offset = self._behind_ours = claimed_at + 1
        if log.stale:
            # A worker that had been replaced wrote over these keys; compaction must not make that the last word.
            await self.write({key: log.values.get(key) for key in log.stale})
        return log.values

    async def write(self, values: Mapping[str, bytes | None]) -> None:
        """Store values (None deletes a key) and wait until the broker has them.

        Raises:
            FencedError: Somebody else wrote to the partition; what we know of it can't be trusted any more.
        """
        if self.next_offset is None:
            raise FencedError(f"{self.topic}:{self.partition} has to be read (again) before it is written to")
        if values:
            await self._send(list(values.items()))

    async def prove(self) -> None:
        """Make sure that the partition is ours still, by a record without a value.

        Raises:
            FencedError: As ``write`` does.
        """
        await self.write({PROOF_KEY: None})

    async def _send(self, items: list[tuple[str, bytes | None]]) -> int:
        """Append records; gives the offset of the first."""
        headers = [(EPOCH_HEADER, str(self.epoch).encode())]
        first: int | None = None
        batch = self._producer.create_batch()
        count = 0
        for index, (key, value) in enumerate(items):
            encoded = key.encode("utf-8", "surrogatepass")
            if batch.append(key=encoded, value=value, timestamp=None, headers=headers) is None:
                start = await self._deliver(batch, count)
                first = start if first is None else first
                batch, count = self._producer.create_batch(), 0
                batch.append(key=encoded, value=value, timestamp=None, headers=headers)
            count += 1
            if index == len(items) - 1:
                start = await self._deliver(batch, count)
                first = start if first is None else first
        assert first is not None, "nothing to send"
        return first

    async def _deliver(self, batch: Any, count: int) -> int:
        batch.close()
        metadata = await (await self._producer.send_batch(batch, self.topic, partition=self.partition))
        start = int(metadata.offset)
        if self.next_offset is not None:
            if start != self.next_offset:
                self.next_offset = None
                raise FencedError(f"somebody else wrote to {self.topic}:{self.partition}; its state is read again")
            self.next_offset = self._behind_ours = start + count
        return start

    @contextlib.asynccontextmanager
    async def _consumer(self) -> Any:
        consumer = await patience.started(self._new_consumer)
        try:
            yield consumer
        finally:
            await consumer.stop()

    async def _read(self, consumer: AIOKafkaConsumer, log: _Log, *, claimed_at: int | None) -> None:
        """Read on to the end of the log, or up to and with our own claim."""
        tp = TopicPartition(self.topic, self.partition)
        if not consumer.assignment():
            await consumer.seek_to_beginning(self._assign(consumer))
        end = await self._end(consumer) if claimed_at is None else claimed_at + 1
        while await consumer.position(tp) < end:
            for records in (await consumer.getmany(tp, timeout_ms=READ_TIMEOUT_MS)).values():
                for record in records:
                    if record.offset < end:
                        log.apply(record)

    def _assign(self, consumer: AIOKafkaConsumer) -> TopicPartition:
        tp = TopicPartition(self.topic, self.partition)
        consumer.assign([tp])
        return tp

    async def _end(self, consumer: AIOKafkaConsumer) -> int:
        tp = TopicPartition(self.topic, self.partition)
        return (await patience.ends(consumer, [tp]))[tp]


class _Log:
    """What the log says, read in order."""

    def __init__(self, epoch: int = 0) -> None:
        self.values: dict[str, bytes] = {}
        self.stale: set[str] = set()
        self.epoch = epoch
        self.owner = ""
        self.claimed_ms: int | None = None
        """The broker's time of the first claim above the epoch that it began with."""

    def apply(self, record: Any) -> None:
        key = record.key.decode("utf-8", "surrogatepass")
        if key == CLAIM_KEY:
            claim = orjson.loads(record.value)
            if claim["epoch"] > self.epoch:  # Of two equal claims the first one counts.
                self.epoch, self.owner = claim["epoch"], claim["owner"]
                if self.claimed_ms is None:
                    self.claimed_ms = record.timestamp
            return
        if int(dict(record.headers).get(EPOCH_HEADER, b"0")) < self.epoch:
            self.stale.add(key)
            return
        self.stale.discard(key)
        if record.value is None:
            self.values.pop(key, None)
        else:
            self.values[key] = record.value
