"""The topic ``receipts`` at a worker: what of its partitions is still to be told, and what became of what was told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from pydantic import ValidationError

from schemas.receipts import Receipt
from streams import connection, patience
from streams.outbox import Outbox
from streams.settings import Settings
from streams.topics import RECEIPTS

log = logging.getLogger(__name__)

POLL_MS: Final = 500


class ReceiptLog:
    """Reads a partition from its beginning to its end, and writes. Not for several threads.

    A receipt lies in the partition that has the alert's number on ``alerts``, so that whoever tells the alert owns it.

    Args:
        producer: A started ``AIOKafkaProducer`` that suits an outbox.
    """

    def __init__(self, settings: Settings, address: str, producer: Any) -> None:
        self._arguments = connection.aiokafka(settings, address)
        self._topic = RECEIPTS.full_name(settings.topic_prefix)
        self._outbox = Outbox(producer, {self._topic: settings.partitions})

    async def read(self, partition: int, take: Callable[[Receipt], None]) -> None:
        """Give every receipt of a partition, in order; returns at its end. A broker that is away is waited for.

        Raises:
            aiokafka.errors.KafkaError: The broker refuses.
        """
        tp = TopicPartition(self._topic, partition)
        consumer = await patience.started(self._new_consumer)
        try:
            consumer.assign([tp])
            await consumer.seek_to_beginning(tp)
            end = (await patience.ends(consumer, [tp]))[tp]
            while await consumer.position(tp) < end:
                for records in (await consumer.getmany(tp, timeout_ms=POLL_MS)).values():
                    for record in records:
                        receipt = _parsed(record.value)
                        if receipt is not None:
                            take(receipt)
        finally:
            await consumer.stop()

    async def write(self, receipts: Iterable[Receipt]) -> None:
        """Write receipts; returns when the broker has them.

        Raises:
            aiokafka.errors.KafkaError: It could not be written.
        """
        for receipt in receipts:
            partition = self._outbox.partition_for(self._topic, receipt.fingerprint.encode())
            value = receipt.model_dump_json().encode()
            self._outbox.add(self._topic, partition, receipt.key.encode(), value)
        await self._outbox.flush()

    def _new_consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **self._arguments,
            group_id=None,
            enable_auto_commit=False,
            fetch_max_wait_ms=50,
            max_partition_fetch_bytes=RECEIPTS.max_message_bytes,
        )


def _parsed(value: bytes | None) -> Receipt | None:
    if value is None:
        return None
    try:
        return Receipt.model_validate_json(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the record"
        log.warning("A record of receipts can't be read and is passed over: %s: %s", where, first["msg"])
        return None
