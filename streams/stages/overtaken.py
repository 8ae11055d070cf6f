"""What a worker tells too late: it was stopped between the proof that a partition is its own and the socket.

Others have the partition by then, and have gone on; the broker takes such records all the same, and they would be the
last word on their keys. Whoever finds, behind the broker's answer, that others had claimed the partition tells again
what those have told of the same keys since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams import patience
from streams.outbox import Outbox

Place = tuple[TopicPartition, bytes]
"""A key, and where it is told."""

READ_TIMEOUT_MS = 500


def others_word(records: Sequence[Any], ours: Sequence[bytes]) -> Any | None:
    """The record that others told last of a key, where ours stands behind it and says something else; else None.

    Args:
        records: What was told of the key, in the log's order, since others have the partition.
        ours: The values that we have told of it since, in order.
    """
    end, left = len(records), list(ours)
    while end and left and records[end - 1].value == left[-1]:
        end -= 1
        left.pop()
    if not 0 < end < len(records):
        return None
    return records[end - 1] if records[end - 1].value != records[-1].value else None


async def put_back(
    told: Mapping[Place, Sequence[bytes]], since_ms: int, new_consumer: Callable[[], AIOKafkaConsumer], outbox: Outbox
) -> int:
    """Have the others' last word on each key stand behind ours; gives how many records that took.

    Args:
        told: What we have told of each key, in order; the broker has it.
        since_ms: When others claimed the partition, by the broker's clock.
    """
    partitions = list({tp for tp, _ in told})
    if not partitions:
        return 0
    count = 0
    consumer = await patience.started(new_consumer)
    try:
        consumer.assign(partitions)
        for tp, begin in (await consumer.offsets_for_times(dict.fromkeys(partitions, since_ms))).items():
            if begin is None:
                await consumer.seek_to_end(tp)
            else:
                consumer.seek(tp, begin.offset)
        while told:
            again: dict[Place, list[bytes]] = {}
            for place, records in (await _read_on(consumer, partitions)).items():
                word = others_word(records, told.get(place, ()))
                if word is not None:
                    tp, key = place
                    outbox.add(tp.topic, tp.partition, key, word.value, word.headers)
                    again[place] = [word.value]
            await outbox.flush()
            count += len(again)
            told = again  # Others may have told something newer in the meantime: that would stand before our copy now.
    finally:
        await consumer.stop()
    return count


async def _read_on(consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> dict[Place, list[Any]]:
    """What has come to the ends of these partitions since they were read last, by key."""
    found: defaultdict[Place, list[Any]] = defaultdict(list)
    for tp, end in (await patience.ends(consumer, partitions)).items():
        while await consumer.position(tp) < end:
            for record in (await consumer.getmany(tp, timeout_ms=READ_TIMEOUT_MS)).get(tp, ()):
                found[tp, record.key].append(record)
    return found
