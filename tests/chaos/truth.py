"""What a round's records come to: in the replay, and on the topics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

import orjson

from streams.topics import ALERTS, CANDIDATES, HANDOFFS, METRICS, QUARANTINE, RAW, SCORED
from tests.broker.pipeline import Events, replayed
from tests.chaos.tail import Seen

Identity = tuple[Any, ...]
"""("window", brand, pain point, start), ("alert", fingerprint, revision), ("handoff", id, revision),
("candidate", key, revision), or ("feed", topic, key, updated at)."""

Place = tuple[str, int, int]
"""Raw topic's short name, partition, offset."""

FEEDS: Final = ("pain-points", "delights")


@dataclass(slots=True)
class Truth:
    """What should be; values are JSON with sorted keys, so that equal records are equal bytes."""

    told: dict[Identity, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    """Closed windows, alerts, handoffs and feeds → what was published under that identity."""
    last: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """(topic, key) → the last record."""
    read: dict[bytes, bytes] = field(default_factory=dict)
    """Raw record → what it becomes: scored without its origin, or why it is in quarantine."""


def identity_of(topic: str, key: str, value: Mapping[str, Any]) -> Identity | None:
    """What a record is about; None for those that only their key's last word counts of."""
    if topic == METRICS.short_name:
        return ("window", value["brand"], value["pain_point"], value["window_start"]) if value["closed"] else None
    if topic == ALERTS.short_name:
        return ("alert", value["fingerprint"], value["revision"])
    if topic == HANDOFFS.short_name:
        return "handoff", value["id"], value["revision"]
    if topic == CANDIDATES.short_name:
        return "candidate", key, value["revision"]
    return ("feed", topic, key, value["updated_at"]) if topic in FEEDS else None


def canonical(value: Mapping[str, Any]) -> bytes:
    """Equal for equal records."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def content(topic: str, value: Mapping[str, Any]) -> bytes:
    """What was made of a raw record, without what depends on where and when it arrived."""
    if topic == QUARANTINE.short_name:
        return canonical({name: value[name] for name in ("reason", "detail", "value")})
    return canonical({name: part for name, part in value.items() if name != "origin"})


def digest(source: str, value: bytes | None) -> bytes:
    """Identity of a raw record's bytes."""
    return blake2b(source.encode() + b"\0" + (value or b""), digest_size=16).digest()


def truth_of(events: Events, catalog: tuple[str, ...], key: bytes) -> Truth:
    """The replay of these records."""
    truth = Truth()
    sent = {source: [digest(source, event.value) for of, event in events if of == source] for source in RAW}
    for topic, record_key, value in replayed(events, catalog, key):
        name = topic.short_name
        if topic in (SCORED, QUARANTINE):
            origin = value["origin"]
            place = sent[origin["topic"].rpartition(".v")[0]][origin["offset"]]
            truth.read[place] = content(name, value)
            continue
        encoded = canonical(value)
        truth.last[name, record_key] = encoded
        if (identity := identity_of(name, record_key, value)) is not None:
            truth.told[identity].add(encoded)
    return truth


@dataclass(slots=True)
class Found:
    """What the topics hold, taken in bit by bit."""

    prefix: str
    told: dict[Identity, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    last: dict[tuple[str, str], bytes] = field(default_factory=dict)
    raw: dict[Place, bytes] = field(default_factory=dict)
    """Place → the record's identity."""
    scored: dict[Place, list[tuple[float, bytes]]] = field(default_factory=lambda: defaultdict(list))
    """Place → when a record of it came, and its content; several where it was read again."""
    quarantined: dict[Place, list[tuple[float, bytes]]] = field(default_factory=lambda: defaultdict(list))
    strange: list[bytes] = field(default_factory=list)
    """What stands in quarantine though it isn't from a raw topic."""
    _taken: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def take(self, seen: Mapping[str, list[Seen]]) -> None:
        """Take in what has come since the last time."""
        for name, records in seen.items():
            begin, self._taken[name] = self._taken[name], len(records)
            for record in records[begin : self._taken[name]]:
                if not record.control and name != "state":
                    self._take(name, record)

    def _take(self, name: str, record: Seen) -> None:
        if name in RAW:
            self.raw[name, record.partition, record.offset] = digest(name, record.value)
            return
        value = orjson.loads(record.value or b"null")
        if name in (SCORED.short_name, QUARANTINE.short_name):
            origin = value["origin"]
            topic = origin["topic"].removeprefix(self.prefix).rpartition(".v")[0]
            if topic not in RAW:
                self.strange.append(record.value or b"")
                return
            places = self.scored if name == SCORED.short_name else self.quarantined
            places[topic, origin["partition"], origin["offset"]].append((record.at, content(name, value)))
            return
        key = (record.key or b"").decode("utf-8", "surrogatepass")
        encoded = canonical(value)
        self.last[name, key] = encoded
        if (identity := identity_of(name, key, value)) is not None:
            self.told[identity].add(encoded)

    @property
    def read(self) -> int:
        """Raw records that have become something."""
        return len(self.scored) + len(self.quarantined)

    def complete(self, truth: Truth) -> bool:
        """Whether everything that should come has come; whether it is right is another question."""
        accounted = len(self.scored.keys() | self.quarantined.keys()) >= len(self.raw)
        return accounted and truth.told.keys() <= self.told.keys()
