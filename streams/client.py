"""Reading Groundswell's topics as typed records, the way a subscriber should: with replays and progress hidden.

Kafka delivers at least once, and so does Groundswell: after a restart a worker publishes some records a second time.
Everything published carries an identity, and this client leaves out what it has seen.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from kafka import KafkaConsumer, TopicPartition
from pydantic import BaseModel, ValidationError

from schemas.alerts import Alert
from schemas.candidates import Candidate
from schemas.feeds import Handoff
from schemas.progress import CHANGE_HEADER, PROGRESS_HEADER
from schemas.scored import Scored
from streams import admin, connection
from streams.settings import Settings
from streams.topics import Topic, named

REMEMBERED: Final = 100_000
"""Identities of alerts and hand-offs whose revision is remembered; the oldest are forgotten first."""
OURS = (PROGRESS_HEADER, CHANGE_HEADER)
"""Headers of what workers tell each other; nobody else needs it."""

POLL_MS: Final = 250
ASK_SECONDS: Final = 10.0
"""Silence after which the broker is asked whether it is still there."""
GONE_SECONDS: Final = 60.0
"""How long it may give no answer, as in a restart."""
FETCH_BYTES: Final = 16 * 1024 * 1024
"""Per partition and fetch: the largest record that a topic holds."""

log = logging.getLogger(__name__)

Value = TypeVar("Value", bound=BaseModel)


class NoSuchTopicError(LookupError):
    """The topic is not on the broker."""


@dataclass(frozen=True, slots=True)
class Received(Generic[Value]):
    """One record of a topic."""

    key: str | None
    value: Value
    partition: int
    offset: int
    timestamp: int
    """When it was published, in milliseconds since 1970."""
    body: bytes
    """The value as it stands on the topic."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that is not what its topic should hold."""

    partition: int
    offset: int
    reason: str


def subscribe(
    topic: Topic | str,
    *,
    settings: Settings,
    address: str,
    group: str | None = None,
    from_beginning: bool = False,
    until_end: bool = False,
    last: int = 0,
    on_unreadable: Callable[[Unreadable], None] | None = None,
    stop: threading.Event | None = None,
) -> Iterator[Received[Any]]:
    """The topic's records, each as its pydantic model, in order per partition.

    Args:
        topic: Itself or its name: ``alerts``, ``alerts.v1``, ``groundswell.alerts.v1``.
        settings: Names of the topics and how to connect.
        address: The broker, ``host:port``.
        group: Consumer group that shares the topic and goes on where it stopped; None reads all of it alone.
        from_beginning: Begin at the oldest record (a group: where it has no place yet), instead of at the next one.
        until_end: Stop at the end as it was when this was called, instead of waiting for more.
        last: Begin so many records before the next one, in each partition that has them; not for a group.
        on_unreadable: Told of records that can't be parsed; by default they are logged as warnings.
        stop: Ends the iterator within a second when it is set.

    Raises:
        KeyError: There is no topic of that name.
        NoSuchTopicError: The broker doesn't have it.
        BrokerUnreachable: Nobody answers there; also raised by the iterator, a minute after the broker is gone.
    """
    topic = topic if isinstance(topic, Topic) else named(topic, settings.topic_prefix)
    name = topic.full_name(settings.topic_prefix)
    ends = admin.end_offsets(settings, address, [name])
    if not ends:
        raise NoSuchTopicError(
            f"the broker at {address} has no topic {name}; create it with: groundswell topics create"
        )
    consumer = KafkaConsumer(
        **connection.kafka_python(settings, address),
        group_id=group,
        auto_offset_reset="earliest" if from_beginning else "latest",
        enable_auto_commit=group is not None,
        max_partition_fetch_bytes=FETCH_BYTES,
        allow_auto_create_topics=False,
    )
    if group is not None:
        consumer.subscribe([name])
    else:
        partitions = [TopicPartition(*place) for place in sorted(ends)]
        consumer.assign(partitions)
        if from_beginning:
            consumer.seek_to_beginning(*partitions)
        else:
            # Pinned now: what is published before the first fetch belongs to the subscriber.
            begins = consumer.beginning_offsets(partitions) if last else {}
            for (_, partition), end in ends.items():
                at = TopicPartition(name, partition)
                consumer.seek(at, max(end - last, begins.get(at, end)))
    watch = _Watch(lambda: admin.end_offsets(settings, address, [name]))
    return _received(
        topic, consumer, ends if until_end else None, on_unreadable or _warn, stop or threading.Event(), watch
    )


def _received(
    topic: Topic,
    consumer: Any,
    ends: dict[tuple[str, int], int] | None,
    on_unreadable: Callable[[Unreadable], None],
    stop: threading.Event,
    watch: _Watch,
) -> Iterator[Received[Any]]:
    seen = _Seen()
    with closing(consumer):
        while not stop.is_set():
            polled = consumer.poll(timeout_ms=POLL_MS)
            watch.heard() if polled else watch.silence()
            for records in polled.values():
                for record in records:
                    received = _parsed(topic, record, on_unreadable)
                    if received is not None and not seen.replayed(received):
                        yield received
            if ends is not None and _reached(consumer, ends):
                return


def _parsed(topic: Topic, record: Any, on_unreadable: Callable[[Unreadable], None]) -> Received[Any] | None:
    # A compacted topic's tombstone says that a key is gone; progress and carried changes are the workers' own.
    if record.value is None or any(name in OURS for name, _ in record.headers):
        return None
    try:
        value = topic.value.model_validate_json(record.value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the record"
        on_unreadable(Unreadable(record.partition, record.offset, f"{where}: {first['msg']}"))
        return None
    key = None if record.key is None else record.key.decode("utf-8", "replace")
    return Received(key, value, record.partition, record.offset, record.timestamp, record.value)


def _reached(consumer: Any, ends: dict[tuple[str, int], int]) -> bool:
    mine = consumer.assignment()
    return bool(mine) and all(consumer.position(at) >= ends.get((at.topic, at.partition), 0) for at in mine)


def _warn(it: Unreadable) -> None:
    log.warning("A record is left out, partition %d, offset %d: %s.", it.partition, it.offset, it.reason)


class _Watch:
    """Tells silence from a broker that is gone: Kafka's client goes on trying without a word."""

    def __init__(self, ask: Callable[[], object]) -> None:
        self._ask = ask
        self._asked = time.monotonic()
        self._answered = self._asked

    def heard(self) -> None:
        """A record came."""
        self._asked = self._answered = time.monotonic()

    def silence(self) -> None:
        """None came: ask now and then.

        Raises:
            BrokerUnreachable: Nobody has answered for a minute.
        """
        now = time.monotonic()
        if now - self._asked < ASK_SECONDS:
            return
        try:
            self._ask()
        except admin.BrokerUnreachable:
            if now - self._answered > GONE_SECONDS:
                raise
        else:
            self._answered = time.monotonic()
        self._asked = time.monotonic()


def _identity(value: Alert | Handoff | Candidate) -> str:
    if isinstance(value, Candidate):
        return f"{value.brand}|{value.term}"
    return value.fingerprint if isinstance(value, Alert) else value.id


class _Seen:
    """What was given out already, in bounded memory."""

    def __init__(self) -> None:
        self._revisions: OrderedDict[str, int] = OrderedDict()
        self._origins: dict[tuple[int, str, int], int] = {}

    def replayed(self, received: Received[Any]) -> bool:
        """Whether it was; remembers it if not."""
        value = received.value
        if isinstance(value, Scored):
            # Within one partition, records of one origin come in the order of their offsets, except when replayed.
            place = (received.partition, value.origin.topic, value.origin.partition)
            if value.origin.offset <= self._origins.get(place, -1):
                return True
            self._origins[place] = value.origin.offset
        elif isinstance(value, Alert | Handoff | Candidate):
            identity = _identity(value)
            if value.revision <= self._revisions.get(identity, 0):
                return True
            self._revisions[identity] = value.revision
            self._revisions.move_to_end(identity)
            if len(self._revisions) > REMEMBERED:
                self._revisions.popitem(last=False)
        return False
