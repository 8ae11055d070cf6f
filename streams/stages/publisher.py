"""What goes out: the records of a step's effects, in order, encoded and on their way to the broker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.progress import PROGRESS_HEADER, Progress
from streams.cloudevents import envelopes
from streams.effects import Effects, Record
from streams.outbox import Headers, Outbox
from streams.settings import Settings
from streams.stages.overtaken import Place, put_back
from streams.topics import ALL, SCORED, Topic

PROGRESS = ((PROGRESS_HEADER, b"1"),)

Carried = Callable[[Topic, dict[str, Any]], Headers]
"""Gives the headers that a record gets besides, from its topic and its value."""


class Publisher:
    """What a step wants published, on its way out."""

    def __init__(self, settings: Settings, producer: AIOKafkaProducer, partitions: dict[str, int]) -> None:
        self._names = {topic.name: topic.full_name(settings.topic_prefix) for topic in ALL}
        self._outbox = Outbox(producer, partitions)
        self._envelopes = envelopes(settings.cloudevents)
        self.scored_partitions = range(partitions[self._names[SCORED.name]])

    async def put(self, effects: Effects, carried: Carried | None = None) -> None:
        """Take the records in order; they are on their way at the latest with the next ``flush``."""
        outbox = self._outbox
        for topic, value, name, encoded, body in self._encoded(effects.records):
            envelope = None if topic.headers else self._envelopes.get(topic.name)
            headers: Headers = envelope.headers(encoded, value, body) if envelope is not None else topic.headers
            if carried is not None:
                headers = [*headers, *carried(topic, value)]
            outbox.add(name, outbox.partition_for(name, encoded), encoded, body, headers)
            if outbox.full:
                await outbox.flush()

    def put_progress(self, progress: Progress) -> None:
        """Tell every partition of ``scored``, behind all that was put before."""
        value = progress.model_dump_json(exclude_defaults=True).encode()
        for partition in self.scored_partitions:
            self._outbox.add(self._names[SCORED.name], partition, None, value, PROGRESS)

    async def flush(self) -> None:
        """Wait until the broker has all that was put."""
        await self._outbox.flush()

    async def put_back(
        self, records: Iterable[Record], since_ms: int, new_consumer: Callable[[], AIOKafkaConsumer]
    ) -> int:
        """Have others' words stand behind these records, which the broker has, where they told something else of the
        same keys since; gives how many. See `streams.stages.overtaken`.
        """
        told: defaultdict[Place, list[bytes]] = defaultdict(list)
        for topic, _, name, key, body in self._encoded(records):
            if "compact" in topic.cleanup:  # Elsewhere no record takes the place of another.
                told[TopicPartition(name, self._outbox.partition_for(name, key)), key].append(body)
        return await put_back(told, since_ms, new_consumer, self._outbox)

    def _encoded(self, records: Iterable[Record]) -> Iterator[tuple[Topic, dict[str, Any], str, bytes, bytes]]:
        for topic, key, value in records:
            yield topic, value, self._names[topic.name], key.encode("utf-8", "surrogatepass"), orjson.dumps(value)
