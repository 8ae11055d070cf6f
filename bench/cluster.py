"""The real Kafka that everybody works on: topics that stamp arrival, filling them, reading them back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.admin import ConfigResource, NewTopic

from streams.broker import Broker, embedded
from streams.outbox import BATCH_BYTES, Outbox
from streams.settings import Settings

ARRIVAL: Final = {"message.timestamp.type": "LogAppendTime"}
"""The broker's clock stamps each record when it arrives: all latencies are differences of one clock."""

TICK_SECONDS: Final = 0.005
Records = Iterable[tuple[str, bytes, bytes]]
"""(topic, key, value)."""


@dataclass
class Cluster:
    """A running broker, and clients for it."""

    broker: Broker
    admin: Any
    offsets: Any
    partitions: int

    @property
    def address(self) -> str:
        """host:port."""
        return self.broker.address

    def create(self, names: Iterable[str], **config: str) -> None:
        """New topics that stamp arrival."""
        self.admin.create_topics([NewTopic(name, self.partitions, 1, topic_configs=ARRIVAL | config) for name in names])

    def stamp_arrival(self, names: Iterable[str]) -> None:
        """Have topics that exist stamp arrival from now on."""
        self.admin.alter_configs([ConfigResource("topic", name, dict(ARRIVAL)) for name in names])

    def delete(self, like: str) -> None:
        """Delete every topic whose name holds ``like``; frameworks add some of their own."""
        names = [name for name in self.admin.list_topics() if like in name]
        if names:
            self.admin.delete_topics(names)

    def ends(self, *names: str) -> int:
        """Records that were ever written to these topics."""
        places = [TopicPartition(name, number) for name in names for number in range(self.partitions)]
        return sum(self.offsets.end_offsets(places).values())

    def fill(self, records: Records) -> None:
        """Write records as fast as possible."""
        asyncio.run(self.send(records, None))

    def pace(self, records: Records, rate: float) -> None:
        """Write records at a steady rate, in events a second."""
        asyncio.run(self.send(records, rate))

    async def send(self, records: Records, rate: float | None) -> None:
        """Write records at a rate in events a second; None: as fast as possible."""
        producer = AIOKafkaProducer(bootstrap_servers=self.address, enable_idempotence=True, max_batch_size=BATCH_BYTES)
        await producer.start()
        try:
            outbox = Outbox(producer, _Everywhere(self.partitions), limit=4 * 1024 * 1024)
            began = time.monotonic()
            for sent, (topic, key, value) in enumerate(records):
                if rate is None:
                    if outbox.full:
                        await outbox.flush()
                else:
                    while sent >= (time.monotonic() - began) * rate:
                        await outbox.flush()
                        await asyncio.sleep(TICK_SECONDS)
                outbox.add(topic, outbox.partition_for(topic, key), key, value)
            await outbox.flush()
        finally:
            await producer.stop()

    def read(self, topic: str) -> list[Any]:
        """All records that a topic holds (aiokafka's), in order per partition."""
        return asyncio.run(self._read(topic))

    async def _read(self, topic: str) -> list[Any]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.address, enable_auto_commit=False, max_partition_fetch_bytes=8 * 1024 * 1024
        )
        await consumer.start()
        try:
            places = [TopicPartition(topic, number) for number in range(self.partitions)]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            ends = await consumer.end_offsets(places)
            records: list[Any] = []
            while any([await consumer.position(place) < ends[place] for place in places]):
                for found in (await consumer.getmany(timeout_ms=500)).values():
                    records.extend(found)
            return records
        finally:
            await consumer.stop()


class _Everywhere(Mapping[str, int]):
    """Every topic has the same number of partitions."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions

    def __getitem__(self, topic: str) -> int:
        return self._partitions

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@contextmanager
def cluster(folder: Path, partitions: int) -> Iterator[Cluster]:
    """The embedded Kafka on a fresh folder."""
    with embedded(folder / "broker", Settings().cache) as broker:
        admin: Any = KafkaAdminClient(bootstrap_servers=broker.address)
        offsets: Any = KafkaConsumer(bootstrap_servers=broker.address, enable_auto_commit=False)
        try:
            yield Cluster(broker, admin, offsets, partitions)
        finally:
            offsets.close()
            admin.close()
