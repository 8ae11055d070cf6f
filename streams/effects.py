"""What a step gives back: the records to publish and the state to keep. Doing it is somebody else's work."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from streams.topics import Topic

SEPARATOR = "\x1f"
"""Between the parts of a state key."""

Record = tuple[Topic, str, dict[str, Any]]
"""(topic, key, value in wire form)."""


@dataclass(slots=True)
class Effects:
    """Everything that follows from one frame, in the order in which it has to be done: records first, then state."""

    records: list[Record] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    """State key → JSON value; None deletes the key."""
    counts: Counter[str] = field(default_factory=Counter)
    """What happened, by name, for the metrics of this process."""

    def publish(self, topic: Topic, key: str, value: dict[str, Any]) -> None:
        """Have a record published."""
        self.records.append((topic, key, value))

    def keep(self, brand: str, kind: str, name: str, value: Any) -> None:
        """Have a value of a brand stored, where it is encoded once the frame is done; None deletes it."""
        self.state[SEPARATOR.join((brand, kind, name))] = value
