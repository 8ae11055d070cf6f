"""From quarantine back to where it came from: the same bytes, key and headers, once more."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from schemas.quarantine import Quarantined
from streams import connection
from streams.settings import Settings
from streams.topics import MIB, RAW


class RequeueError(RuntimeError):
    """The broker did not take a record back; the message says how many it did take."""


def requeue(records: Iterable[Quarantined], *, settings: Settings, address: str) -> tuple[int, int]:
    """Write quarantined records to their raw topics again; it remembers nothing, so twice is twice.

    Args:
        records: What to put back.
        settings: Names of the topics and how to connect.
        address: The broker, ``host:port``.

    Returns:
        How many were put back, and how many could not be: those that have neither key nor value, which Kafka doesn't
        take, and those whose topic is none of the raw ones.

    Raises:
        RequeueError: The broker refused one, or gave no answer.
    """
    known = {topic.full_name(settings.topic_prefix) for topic in RAW.values()}
    sent, left, written = [], 0, 0
    with closing(_producer(settings, address)) as producer:
        try:
            for record in records:
                if record.origin.topic not in known or (record.key is None and record.value is None):
                    left += 1
                    continue
                sent.append(
                    producer.send(record.origin.topic, value=record.value, key=record.key, headers=record.headers)
                )
            for future in sent:
                future.get(timeout=60)
                written += 1
        except KafkaError as error:
            raise RequeueError(f"the broker took {written} of {len(sent)} records back, then: {error}") from error
    return written, left


def _producer(settings: Settings, address: str) -> Any:
    return KafkaProducer(
        **connection.kafka_python(settings, address),
        acks="all",
        max_request_size=16 * MIB,
        allow_auto_create_topics=False,
    )
