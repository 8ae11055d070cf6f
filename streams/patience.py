"""Readers of whole topics wait for a broker that is away; that it is away is said by who watches it (`streams.app`)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError

log = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 1.0
"""How soon a broker that is away is asked again."""


async def started(new_consumer: Callable[[], AIOKafkaConsumer]) -> AIOKafkaConsumer:
    """A consumer that is connected; whoever asked for it stops it.

    Raises:
        aiokafka.errors.KafkaError: The broker answers, and refuses.
    """
    while True:
        consumer = new_consumer()
        try:
            await consumer.start()
        except BaseException as error:
            await consumer.stop()
            if not isinstance(error, KafkaConnectionError):
                raise
            await asyncio.sleep(AGAIN_SECONDS)
        else:
            return consumer


async def ends(consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
    """The offset that the next record of each partition will get.

    Raises:
        aiokafka.errors.KafkaError: The broker answers, and refuses.
    """
    while True:
        try:
            return dict(await consumer.end_offsets(partitions))
        except (KafkaConnectionError, KafkaTimeoutError) as error:
            log.info("The broker does not say how much there is to read (%r); it is asked again.", error)
            await asyncio.sleep(AGAIN_SECONDS)
