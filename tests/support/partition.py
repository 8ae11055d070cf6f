"""One partition of ``scored`` with everything around it: the listener, what it published, and the state it stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from streams.catalog import Catalogs
from streams.detection import detector
from streams.effects import Effects
from streams.listener import Incoming, Listener
from streams.paging import Terms
from streams.topics import METRICS, Topic
from streams.windows.bounds import Bounds
from tests.support.records import MINUTE, catalogs

LATENESS_MS = 10 * MINUTE


@dataclass
class Partition:
    """Hears a log, and keeps outputs and state as the broker would: the last value of each key."""

    lateness_ms: int = LATENESS_MS
    catalogs: Catalogs = field(default_factory=catalogs)
    bounds: Bounds = field(default_factory=Bounds)
    terms: Terms = field(default_factory=Terms)
    published: list[tuple[Topic, str, dict[str, Any]]] = field(default_factory=list)
    last: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """(topic, key) → last value."""
    stored: dict[str, bytes] = field(default_factory=dict)
    listener: Listener = field(init=False)

    def __post_init__(self) -> None:
        self.listener = self._new_listener()

    def hear(self, records: Iterable[Incoming], *, tell_open: bool = False) -> Effects:
        """A frame: its outputs are published, those of windows that are still open too; then its state is stored."""
        effects = self.listener.hear(records)
        for topic, key, value in effects.records + (self.listener.tell_open().records if tell_open else []):
            # What travels is JSON: what can't be written must fail here too.
            value = orjson.loads(orjson.dumps(value))
            self.published.append((topic, key, value))
            self.last[topic.short_name, key] = value
        for key, value in effects.state.items():
            encoded = Listener.encode(value)
            if encoded is None:
                self.stored.pop(key, None)
            else:
                self.stored[key] = encoded
        return effects

    def restart(self) -> None:
        """Another worker takes over: all it has is what was stored."""
        self.listener = self._new_listener()
        for key, value in self.stored.items():
            self.listener.restore(key, value)
        self.listener.rebuild()

    def of(self, topic: Topic) -> list[dict[str, Any]]:
        """Everything that was published to a topic, in order."""
        return [value for where, _, value in self.published if where is topic]

    def decided(self) -> list[tuple[Topic, str, dict[str, Any]]]:
        """What was published, in order, without the windows that are still open."""
        return [record for record in self.published if record[0] is not METRICS or record[2]["closed"]]

    def final(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The last value of each key, without the windows that are still open."""
        return {key: value for key, value in self.last.items() if key[0] != METRICS.short_name or value["closed"]}

    def _new_listener(self) -> Listener:
        return Listener(self.catalogs, detector("surge"), self.lateness_ms, bounds=self.bounds, terms=self.terms)
