"""Records on their way to the broker: buffered as Kafka batches, sent in order, acknowledged together.

What aiokafka 0.14 does with ``create_batch`` and ``send_batch``, read in its source and tried:

- *Requests.* The sender keeps one request in flight for each broker node and puts the first waiting batch of every
  partition into it. Small batches are therefore slow, and a producer should be made with
  ``max_batch_size=BATCH_BYTES``: aiokafka's default of 16 KiB would cost a round trip for each 16 KiB of a partition.
- *Order.* A partition is muted while a batch of it is in flight, and a batch that is tried again returns to the front
  of its queue: a partition's batches are never reordered. But when one fails for good, those behind it are still sent.
  Here the next batch of a partition is queued only when the one before is acknowledged, so nothing follows a hole.
- *Retries.* Without idempotence, retriable errors are tried again until ``request_timeout_ms`` after the batch was
  queued, then the batch fails; an answer that was lost then means duplicates. With ``enable_idempotence=True`` the
  broker drops those duplicates (also for batches of this kind: the sequence number is set when a batch is taken), and
  retriable errors are tried *for ever*: bound ``flush`` with ``asyncio.timeout`` where that matters.
- *Size.* ``max_request_size`` is not looked at on this way. A batch takes its first record whatever its size, so a
  record larger than a batch travels alone. The broker measures a whole batch against the topic's
  ``max.message.bytes``: keep ``BATCH_BYTES`` below the smallest of them.
- *Compression.* Batches are compressed with the producer's ``compression_type`` at once in the event loop's thread.
  gzip is Python's own at level 9 and slow; lz4, zstd and snappy need the package ``cramjam``. None is the default.
- *Time.* A record gets the wall clock at ``add`` as its timestamp.
"""

from __future__ import annotations

import asyncio
import struct
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

BATCH_BYTES: Final = 512 * 1024
"""What a producer's ``max_batch_size`` should be, in bytes."""

FULL_BYTES: Final = 16 * 1024 * 1024
"""Buffered bytes from which on an outbox says that it is full."""

MAX_RECORD_BYTES: Final = 16 * 1024 * 1024
"""Largest record that is taken, in bytes of its value: what the largest topic allows."""

Headers = Sequence[tuple[str, bytes | None]]


class RecordTooLargeError(ValueError):
    """A record is larger than any topic allows."""


def murmur2(data: bytes) -> int:
    """The 32-bit MurmurHash2 that Kafka's own partitioner uses, 0 to 2³² - 1.

    Reads words instead of bytes, which halves the time of the clients' pure Python version.

    Source: Austin Appleby's MurmurHash2 (public domain), with the seed of Kafka's ``Utils.murmur2``.
    """
    size = len(data)
    words = size >> 2
    h = 0x9747B28C ^ size
    for k in struct.unpack_from(f"<{words}I", data):
        k = k * 0x5BD1E995 & 0xFFFFFFFF
        k = (k ^ (k >> 24)) * 0x5BD1E995 & 0xFFFFFFFF
        h = (h * 0x5BD1E995 & 0xFFFFFFFF) ^ k
    if size & 3:
        h = (h ^ int.from_bytes(data[words << 2 :], "little")) * 0x5BD1E995 & 0xFFFFFFFF
    h = (h ^ (h >> 13)) * 0x5BD1E995 & 0xFFFFFFFF
    return h ^ (h >> 15)


@lru_cache(maxsize=16_384)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition that Kafka's default partitioner gives a key."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


class Outbox:
    """Buffers records per partition and sends them as batches.

    Memory is bounded by the caller: stop adding and flush when ``full``. Records that are added while a flush runs
    belong to the next flush. Not for several threads.

    Args:
        producer: A started ``aiokafka.AIOKafkaProducer`` with ``max_batch_size=BATCH_BYTES`` and without serializers.
        partitions: Full topic name → its number of partitions.
        limit: Buffered bytes from which on ``full`` is true.
    """

    def __init__(self, producer: Any, partitions: Mapping[str, int], *, limit: int = FULL_BYTES) -> None:
        self._producer = producer
        self.partitions = partitions
        """Full topic name → its number of partitions."""
        self._limit = limit
        self._batches: dict[tuple[str, int], list[Any]] = {}
        self._next: defaultdict[str, int] = defaultdict(int)
        self._flushing = asyncio.Lock()
        self._sending: asyncio.Task[None] | None = None
        """What was sent last, maybe still on its way."""
        self.bytes = 0
        """Bytes of keys and values that are buffered."""
        self.records = 0
        """Records that are buffered."""

    @property
    def full(self) -> bool:
        """Whether it is time to flush."""
        return self.bytes >= self._limit

    def partition_for(self, topic: str, key: bytes | None) -> int:
        """Kafka's default choice: murmur2 of the key; records without a key go round robin.

        Raises:
            KeyError: The topic is not among ``partitions``.
        """
        count = self.partitions[topic]
        if key is not None:
            return partition_of(key, count)
        turn = self._next[topic]
        self._next[topic] = turn + 1
        return turn % count

    def add(self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        """Buffer one record; it is sent by the next flush, behind those that were added to its partition before.

        Raises:
            RecordTooLargeError: The value has more than ``MAX_RECORD_BYTES``.
        """
        size = (len(key) if key else 0) + (len(value) if value else 0)
        if size > MAX_RECORD_BYTES:
            raise RecordTooLargeError(
                f"a record of {size:,} bytes is larger than {MAX_RECORD_BYTES:,}, the most for a topic"
            )
        batches = self._batches.get((topic, partition))
        if batches is None:
            batches = self._batches[topic, partition] = [self._producer.create_batch()]
        # The builder wants a list, and a batch that is full answers None.
        listed = list(headers) if headers else []
        if batches[-1].append(timestamp=None, key=key, value=value, headers=listed) is None:
            batches.append(self._producer.create_batch())
            batches[-1].append(timestamp=None, key=key, value=value, headers=listed)
        self.bytes += size
        self.records += 1

    async def flush(self) -> int:
        """Send everything and wait for the broker's acknowledgements; give back the number of records.

        What several have added is sent by whoever flushes first; each returns when its own records are acknowledged. So
        an outbox that has failed stays failed: some of the records are on the broker and some are not, nobody can tell
        whose, and all who share it must take what they made them from for unfinished. And who flushes may be
        cancelled; the sending goes on, and the next one waits for it.

        Raises:
            aiokafka.errors.KafkaError: A batch could not be written, now or before.
        """
        async with self._flushing:
            if self._sending is not None:
                await asyncio.shield(self._sending)
            batches, records = self._batches, self.records
            self._batches, self.bytes, self.records = {}, 0, 0
            if not batches:
                return 0
            self._sending = asyncio.create_task(self._send_all(batches))
            await asyncio.shield(self._sending)
            return records

    async def _send_all(self, batches: Mapping[tuple[str, int], list[Any]]) -> None:
        results = await asyncio.gather(
            *(self._send(topic, partition, of) for (topic, partition), of in batches.items()),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _send(self, topic: str, partition: int, batches: list[Any]) -> None:
        for batch in batches:
            # A closed batch takes no record that somebody gives to producer.send() meanwhile.
            batch.close()
            await (await self._producer.send_batch(batch, topic, partition=partition))
