"""What customers ask for: the wants of a week, those that are about the same told once, by how many ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streams.feeds.wants import Want, alike, want

SHOWN = 4
"""Wants told of those who name a pain point, and of the others."""
COMPARED = 2_000
"""Different wants that are held against each other; of more, those that most ask for."""


@dataclass(slots=True)
class Ask:
    """A want, and who has it."""

    want: Want
    product: str | None
    voices: set[str] = field(default_factory=set)
    events: list[str] = field(default_factory=list)
    """Where it was written, oldest first."""
    points: set[str] = field(default_factory=set)
    """The main pain points of these texts."""


@dataclass(slots=True)
class Asks:
    """All wants of a week."""

    heard: list[tuple[str, str, str, str | None, str | None, Want]] = field(default_factory=list)
    """(when, event, source, product, main pain point, want)"""

    def hear(self, record: dict[str, Any]) -> None:
        """Take in a record of ``scored``."""
        if (asked := want(record["text"])) is not None:
            points = record["pain_points"]
            main = points[0]["id"] if points else None
            self.heard.append(
                (record["created_at"], record["id"], record["source"], record.get("product"), main, asked)
            )

    def most(self, ranked: list[str], voices: Mapping[tuple[str, str], str]) -> list[Ask]:
        """What most ask for; among as many, what is said with a reason, then what touches a higher-ranked point.

        Args:
            ranked: Pain points, the most important first.
            voices: Source and id of each record → the voice under which it counts.
        """
        same: dict[frozenset[str], Ask] = {}
        for _, event, source, product, main, asked in sorted(self.heard, key=lambda it: it[:2]):
            ask = same.setdefault(asked.names, Ask(asked, product))
            ask.voices.add(voices[source, event])
            ask.events.append(event)
            ask.points |= {main} if main else set()
        merged: list[Ask] = []
        for ask in sorted(same.values(), key=lambda it: (-len(it.voices), it.events[0]))[:COMPARED]:
            known = next((it for it in merged if alike(it.want.names, ask.want.names)), None)
            if known is None:
                merged.append(ask)
                continue
            known.voices |= ask.voices
            known.events += ask.events
            known.points |= ask.points
        place = {point: n for n, point in enumerate(ranked)}

        def rank(ask: Ask) -> tuple[int, bool, int, str]:
            touched = min((place.get(point, len(place)) for point in ask.points), default=len(place) + 1)
            return (-len(ask.voices), ask.want.why is None, touched, ask.events[0])

        merged.sort(key=rank)
        pained, others = ([it for it in merged if bool(it.points) == hurt] for hurt in (True, False))
        return pained[:SHOWN] + others[:SHOWN]
