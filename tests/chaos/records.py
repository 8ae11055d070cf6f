"""The records of a round: weeks of several shops, and among them everything that sources do wrong. From the seed alone.

Only ``now_ms`` comes from outside: what lies ahead of the clock depends on the clock.
"""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime
from typing import Final

import orjson

from groundswell.demo.week import BRAND, NEIGHBOUR, week
from schemas.raw import Source
from streams.intake import SOURCES, Limits, Rejection, parse
from streams.recorded import RecordedEvent
from streams.windows.cells import MINUTE_MS
from tests.broker.pipeline import Events
from tests.chaos.schedule import Disorder
from tests.properties.mutations import mutated

HOUR_MS: Final = 60 * MINUTE_MS
FUTURE_MS: Final = 10 * MINUTE_MS
"""How far ahead of the clock ``created_at`` may be: the settings' default."""

_CONVERSATION: Final = re.compile(rb'"conversation_id":"([^"]+)"')

Placed = tuple[float, Source, RecordedEvent]
"""Where it comes in the stream (ms of event time), and what."""


def stream(seed: int, disorder: Disorder, *, brands: int, crowd: int, now_ms: int) -> Events:
    """Everything that is sent, in the order in which it is.

    Args:
        brands: Shops, each with a week and incidents of its own.
        crowd: By how many times its people each week is told.
        now_ms: The clock, for dates that lie ahead of it.
    """
    dice = random.Random(f"records {seed}")
    placed = [_placed(*told) for number in range(brands) for told in _week(seed, number, crowd)]
    placed += _duplicates(dice, placed, disorder.duplicates)
    first, last = min(at for at, _, _ in placed), max(at for at, _, _ in placed)
    strange = _poison(dice, int(len(placed) * disorder.poison), now_ms)
    strange += _absurd(dice, placed, int(len(placed) * disorder.absurd), now_ms)
    for source, value in strange:
        at = dice.uniform(first, last)
        placed.append((at, source, RecordedEvent(dice.choice((None, f"k{len(placed)}")), value, int(at))))
    # Whoever overtakes a record by its place is at most so much later than it by its time.
    order = [
        (at + dice.uniform(0, disorder.shuffled_seconds * 1000), number) for number, (at, _, _) in enumerate(placed)
    ]
    return [(placed[number][1], placed[number][2]) for _, number in sorted(order)]


def _placed(source: Source, event: RecordedEvent) -> Placed:
    return event.time_ms, source, event


def _week(seed: int, number: int, crowd: int) -> Events:
    """One shop's week, told by a crowd."""
    events: Events = []
    for record in week(seed * 100 + number):
        for person in range(crowd):
            prefix = f"{number}.{person}-"
            value = record.value
            for name in (b'"id":"', b'"author":"', b'"conversation_id":"'):
                value = value.replace(name, name + prefix.encode())
            for brand in (BRAND, NEIGHBOUR):
                value = value.replace(brand.encode(), f"{brand} {number}".encode())
            key = None if record.key is None else prefix + record.key
            # Who asked again and who was answered is a matter of order: a help desk keeps it within a conversation.
            if (talk := _CONVERSATION.search(value)) is not None:
                key = talk[1].decode()
            events.append((record.source, RecordedEvent(key, value, record.time_ms)))
    return events


def _duplicates(dice: random.Random, placed: list[Placed], share: float) -> list[Placed]:
    """The same bytes again: at once, in minutes or within a day, from the same partition or from another one."""
    again = []
    for at, source, event in dice.sample(placed, int(len(placed) * share)):
        later = dice.choice((dice.uniform(0, 5_000), dice.uniform(0, HOUR_MS), dice.uniform(0, 23 * HOUR_MS)))
        key = event.key if dice.random() < 0.5 or _CONVERSATION.search(event.value) else f"again-{event.key}"
        again.append((at + later, source, RecordedEvent(key, event.value, event.time_ms)))
    return again


def _poison(dice: random.Random, count: int, now_ms: int) -> list[tuple[Source, bytes]]:
    """Mutated records of which none can be read, whatever the clock says."""
    found: list[tuple[Source, bytes]] = []
    number = 0
    while len(found) < count:
        source: Source = dice.choice(tuple(SOURCES))
        value = mutated(dice, number) or b""
        number += 1
        verdict = parse(SOURCES[source], value, Limits(now_ms, FUTURE_MS))
        if isinstance(verdict, Rejection) and verdict.reason != "absurd_date":
            found.append((source, value))
    return found


def _absurd(dice: random.Random, placed: list[Placed], count: int, now_ms: int) -> list[tuple[Source, bytes]]:
    """Good records, but said hours ahead of the clock, or when nobody will be there."""
    found: list[tuple[Source, bytes]] = []
    while len(found) < count:
        _, source, event = dice.choice(placed)
        if not isinstance(parse(SOURCES[source], event.value, Limits(now_ms, FUTURE_MS)), Rejection):
            ahead = datetime.fromtimestamp((now_ms + dice.uniform(1, 5) * HOUR_MS) / 1000, UTC).isoformat()
            created_at = dice.choice((ahead, "9999-12-31T23:59:59Z"))
            value = orjson.loads(event.value) | {"id": f"absurd-{len(found)}", "created_at": created_at}
            found.append((source, orjson.dumps(value)))
    return found
