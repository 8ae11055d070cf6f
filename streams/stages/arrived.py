"""What comes in: a frame of a broker's records, as the stages see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from streams.reader import Raw


@dataclass(frozen=True, slots=True)
class Arrived:
    """A frame, as the stages see it."""

    topic: str
    """Full name."""
    partition: int
    records: tuple[Any, ...]
    """aiokafka's ConsumerRecords."""
    caught_up_ms: int | None
    """When the broker last said that nothing lies behind the last of them; None where something does."""
    behind: int | None
    """How many records lie behind them, by the broker's last answer; None while that isn't known."""


def raw_of(record: Any) -> Raw:
    """One of aiokafka's ConsumerRecords as the steps know it."""
    arrived_ms = max(record.timestamp, 0)
    return Raw(record.topic, record.partition, record.offset, arrived_ms, record.key, record.value, record.headers)
