"""From quarantine back to where it came from: the same bytes, key and headers, once more."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.quarantine import Quarantined
from streams.outbox import Outbox
from streams.send import connected, flushed, partitions
from streams.settings import Settings
from streams.topics import RAW


async def requeue(records: Iterable[Quarantined], *, settings: Settings, address: str) -> tuple[int, int]:
    """Write quarantined records to their raw topics again; it remembers nothing, so twice is twice.

    Args:
        records: What to put back; read while writing, so that memory stays bounded.
        settings: Names of the topics and how to connect.
        address: The broker, ``host:port``.

    Returns:
        How many were put back, and how many were not because their topic is none of the raw ones.

    Raises:
        SendError: The broker lacks a topic or refuses a record: some may be back, and none is lost.
        BrokerUnreachable: Nobody answers there.
    """
    topics = [topic.full_name(settings.topic_prefix) for topic in RAW.values()]
    written = left = 0
    async with connected(settings, address) as producer:
        box = Outbox(producer, await partitions(producer, topics))
        for record in records:
            topic = record.origin.topic
            if topic not in topics:
                left += 1
                continue
            box.add(topic, box.partition_for(topic, record.key), record.key, record.value, record.headers)
            if box.full:
                written += await flushed(box)
        written += await flushed(box)
    return written, left
