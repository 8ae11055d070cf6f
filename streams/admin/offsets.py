"""How far the topics and their readers are: ends, the newest time, lag."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kafka import OffsetSpec, TopicPartition
from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError

from streams import topics
from streams.admin.client import REQUEST_MS, client_of, described, partitions_of
from streams.settings import Settings


@dataclass(frozen=True)
class Lag:
    """How far a consumer group has got in one partition."""

    topic: str
    partition: int
    begin: int
    """The first offset that the broker still has."""
    end: int
    """The offset that the next record will get."""
    committed: int | None
    """The next offset that the group will read; None: it has not committed yet."""

    @property
    def records(self) -> int:
        """How many records the group has not finished, of those that the broker still has."""
        return self.end - max(self.committed or 0, self.begin)


def end_offsets(settings: Settings, address: str, names: Iterable[str]) -> dict[tuple[str, int], int]:
    """(topic, partition) → the offset that the next record will get; topics that are not there are left out.

    Raises:
        BrokerUnreachable: Nobody answers there.
    """
    with client_of(settings, address) as client:
        return _offsets(client, partitions_of(described(client, names)), OffsetSpec.LATEST)


def newest_ms(settings: Settings, address: str) -> int | None:
    """The newest time, in milliseconds since 1970, at which anything was published on our topics; None: nothing was.

    Raises:
        BrokerUnreachable: Nobody answers there.
    """
    names = [topic.full_name(settings.topic_prefix) for topic in topics.ALL]
    with client_of(settings, address) as client:
        asked = {TopicPartition(*place): OffsetSpec.MAX_TIMESTAMP for place in partitions_of(described(client, names))}
        times = [found.timestamp for found in client.list_partition_offsets(asked).values()] if asked else []
    return max((time_ms for time_ms in times if time_ms >= 0), default=None)


def lag(settings: Settings, address: str, names: Iterable[str] = (), group: str | None = None) -> list[Lag]:
    """How far a group has got, a line for each partition.

    Args:
        settings: Who asks.
        address: The broker.
        names: Full names of topics that are listed even where the group has committed nothing; by default those that
            score and detect read.
        group: By default the workers' own.

    Raises:
        BrokerUnreachable: Nobody answers there.
    """
    listed = set(names) or {t.full_name(settings.topic_prefix) for t in (*topics.RAW.values(), topics.SCORED)}
    group = group or settings.group
    with client_of(settings, address) as client:
        committed = _committed(client, group)
        partitions = partitions_of(described(client, listed | {topic for topic, _ in committed}))
        begin = _offsets(client, partitions, OffsetSpec.EARLIEST)
        end = _offsets(client, partitions, OffsetSpec.LATEST)
    return [Lag(*place, begin[place], end[place], committed.get(place)) for place in sorted(partitions)]


def _committed(client: Any, group: str) -> dict[tuple[str, int], int]:
    """(topic, partition) → the group's offset. A fresh Kafka first makes the topic that holds them: we wait for it."""
    deadline = time.monotonic() + REQUEST_MS / 1000
    while True:
        try:
            answer = client.list_group_offsets({group: None})[group]
        except (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return {(tp.topic, tp.partition): found.offset for tp, found in answer.items() if found.offset >= 0}


def _offsets(client: Any, places: Iterable[tuple[str, int]], spec: Any) -> dict[tuple[str, int], int]:
    asked = {TopicPartition(*place): spec for place in places}
    if not asked:
        return {}
    return {(tp.topic, tp.partition): found.offset for tp, found in client.list_partition_offsets(asked).items()}
