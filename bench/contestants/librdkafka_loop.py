"""A loop by hand on librdkafka: no framework, state in a dict that dies with it, offsets committed by the clock.

The upper bound of what Python does with this job in one process; it is not meant to survive anything.
"""

from __future__ import annotations

import signal
from collections import defaultdict
from types import FrameType
from typing import Any

import orjson
from confluent_kafka import Consumer, KafkaException, Producer

from bench import job
from bench.contestants.place import here

BATCH = 1_000
BATCH_SECONDS = 0.02


def main() -> None:
    """Work until SIGTERM."""
    place = here()
    consumer = Consumer({"bootstrap.servers": place.address, "group.id": place.group, "auto.offset.reset": "earliest"})
    producer = Producer({"bootstrap.servers": place.address, "linger.ms": 5, "queue.buffering.max.messages": 1_000_000})
    consumer.subscribe([place.events])
    counts: defaultdict[str, int] = defaultdict(int)
    going = True

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal going
        going = False

    signal.signal(signal.SIGTERM, stop)
    while going:
        touched = set()
        for message in consumer.consume(BATCH, BATCH_SECONDS):
            if message.error():
                raise KafkaException(message.error())
            try:
                record = job.scored(orjson.loads(message.value()))
            except ValueError:
                continue
            _produce(producer, place.scored, record["brand"], record)
            for series in job.series_of(record["brand"], record["points"], record["minute"]):
                counts[series] += 1
                touched.add(series)
        for series in touched:
            _produce(producer, place.counts, series, job.counted(series, counts[series]))
        producer.poll(0)
    producer.flush()
    consumer.close()


def _produce(producer: Any, topic: str, key: str, value: dict[str, Any]) -> None:
    encoded = orjson.dumps(value)
    while True:
        try:
            producer.produce(topic, encoded, key)
        except BufferError:
            producer.poll(0.1)
        else:
            return


if __name__ == "__main__":
    main()
