"""The topic ``silences`` at a worker: read whole and then live by each of them, written by whoever mutes an alert."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Never

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.silences import Acknowledgement, Silence
from streams import connection, patience
from streams.outbox import Outbox
from streams.send import connected, flushed, partitions
from streams.settings import Settings
from streams.silencing import Decision, Silences
from streams.topics import SILENCES

POLL_MS: Final = 500
"""How long the broker may hold back an answer when nothing is new; a record is answered at once."""


class SilenceLog:
    """Keeps ``silences`` as the topic has them while ``read`` runs. Not for several threads.

    Args:
        settings: Name and partitions of the topic, and how to connect.
        address: The broker.
        producer: A started ``AIOKafkaProducer`` that suits an outbox.
    """

    def __init__(self, settings: Settings, address: str, producer: Any) -> None:
        self.silences = Silences()
        self._arguments = connection.aiokafka(settings, address)
        self._topic = SILENCES.full_name(settings.topic_prefix)
        self._partitions = [TopicPartition(self._topic, number) for number in range(settings.partitions)]
        self._outbox = Outbox(producer, {self._topic: settings.partitions})
        self._reading = asyncio.Event()
        self._consumer: AIOKafkaConsumer | None = None
        self._positions: dict[TopicPartition, int] = {}
        self._moved = asyncio.Condition()

    async def read(self) -> Never:
        """Follow the topic from its beginning until this is cancelled; a broker that is away is waited for.

        Raises:
            aiokafka.errors.KafkaError: The broker refuses; then nobody knows what is silenced any more.
        """
        consumer = await patience.started(self._new_consumer)
        try:
            consumer.assign(self._partitions)
            self._consumer = consumer
            self._reading.set()
            while True:
                for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                    now = datetime.now(UTC)
                    for record in records:
                        self.silences.take((record.key or b"").decode("utf-8", "replace"), record.value, now)
                async with self._moved:
                    for partition in self._partitions:
                        self._positions[partition] = await consumer.position(partition)
                    self._moved.notify_all()
                # aiokafka only logs what its fetching has died of: nothing would ever come again.
                if consumer._fetcher._fetch_task.done():
                    raise KafkaError(f"the reading of {self._topic} has ended")
        finally:
            await consumer.stop()

    async def catch_up(self) -> None:
        """Wait until everything has been followed that is on the topic now."""
        await self._reading.wait()
        assert self._consumer is not None
        ends = await patience.ends(self._consumer, self._partitions)
        async with self._moved:
            await self._moved.wait_for(lambda: all(self._positions.get(at, -1) >= end for at, end in ends.items()))

    async def carry_out(self, decision: Decision) -> None:
        """Write what is to be kept, then delete what is to be forgotten; returns when the broker has it.

        Raises:
            aiokafka.errors.KafkaError: It could not be written.
        """
        if decision.keep is not None:
            await self._write({decision.keep.id: decision.keep.model_dump_json().encode()})
        if decision.forget:
            await self._write(dict.fromkeys(decision.forget))
        self.silences.done(decision)

    async def _write(self, records: Mapping[str, bytes | None]) -> None:
        for key, value in records.items():
            encoded = key.encode()
            self._outbox.add(self._topic, self._outbox.partition_for(self._topic, encoded), encoded, value)
        await self._outbox.flush()

    def _new_consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **self._arguments,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=POLL_MS,
            max_partition_fetch_bytes=SILENCES.max_message_bytes,
        )


async def publish(record: Silence | Acknowledgement, *, settings: Settings, address: str) -> None:
    """Write what somebody has decided to the topic; workers follow it within a moment.

    Raises:
        SendError: The broker lacks the topic or refuses the record.
        BrokerUnreachable: Nobody answers there.
    """
    topic, key = SILENCES.full_name(settings.topic_prefix), record.id.encode()
    async with connected(settings, address) as producer:
        box = Outbox(producer, await partitions(producer, [topic]))
        box.add(topic, box.partition_for(topic, key), key, record.model_dump_json().encode())
        await flushed(box)
