"""The events, seeded, and what must come of them.

Made ones: 300 brands of which few are loud (Zipf), 40,000 authors of whom few write much, one to three sentences of
which about every third names a pain point, evenly over an hour. Or recorded ones (JSONL as in
``../shared/data/airline``), repeated under new ids until there are enough, at the same pace.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, cycle
from pathlib import Path
from typing import Any, Final

import orjson

from bench import job
from schemas.base import stamp

BRANDS: Final = 300
AUTHORS: Final = 40_000
SPAN_MS: Final = 3_600_000
"""Event time from the first to the last event, unless another is asked for."""

PAINS: Final = (
    "My parcel is {days} days late and nobody knows where it is.",
    "Still no delivery, {days} days overdue now.",
    "The courier came late again, {city} depot as always.",
    "It arrived damaged, the box was crushed.",
    "The {thing} came cracked and leaking.",
    "You sent the wrong {thing}, I ordered something else.",
    "Where is my refund? You promised it {days} days ago.",
    "I was charged twice for order {number}.",
    "The invoice for order {number} is wrong, I was overcharged.",
    "On hold for {days} hours and nobody answers the hotline.",
    "No reply from support since {days} days.",
    "I can't login any more, my password is not accepted.",
    "My account is locked and the verification mail never comes.",
    "Checkout fails, my card was declined {days} times.",
    "The app crashes each time I open the basket.",
    "The app freezes on my phone since the update.",
    "I want to cancel and can't find how.",
    "You made it impossible to unsubscribe, this is ridiculous.",
)
DELIGHTS: Final = (
    "Great service in {city}, the people were so friendly and helpful!",
    "Arrived after one day, perfect, thank you!",
    "I love the new {thing}, excellent quality.",
    "Good value and easy to use.",
    "Brilliant, everything works, I'm happy.",
)
CHATTER: Final = (
    "Do you also have the {thing} in blue?",
    "Is the shop in {city} open on Sunday?",
    "Just ordered {days} of the {thing}.",
    "My sister in {city} told me about you.",
    "Order number is {number}, if that tells you something.",
    "Has anybody tried the {thing} with the other size?",
    "Waiting for the weekend.",
    "I bought this for my mother's birthday.",
    "#{city} here, greetings to the team",
    "The weather in {city} is nice today.",
)
THINGS: Final = (
    "kettle",
    "lamp",
    "jacket",
    "headset",
    "coffee grinder",
    "backpack",
    "router",
    "blanket",
    "desk",
    "bike",
)
CITIES: Final = (
    "Leeds",
    "Graz",
    "Porto",
    "Lyon",
    "Turku",
    "Gdansk",
    "Austin",
    "Denver",
    "Osaka",
    "Perth",
    "Cork",
    "Basel",
)
SOURCES: Final = ("reviews", "posts", "tickets")


@dataclass(frozen=True, slots=True)
class Event:
    """One event, as it stands on its topic."""

    id: str
    brand: str
    time_ms: int
    value: bytes


@dataclass(frozen=True)
class Workload:
    """Events in order of time."""

    events: Sequence[Event]

    def first(self, count: int) -> Workload:
        """The first so many."""
        return Workload(self.events[:count])

    @cached_property
    def truth(self) -> Truth:
        """What the common job must make of them."""
        return truth(event.value for event in self.events)


@dataclass(frozen=True)
class Truth:
    """What must be there in the end."""

    scored: dict[str, tuple[int, tuple[str, ...]]]
    """Event id → score, pain points."""
    counts: dict[str, int]
    """Series → count."""


def truth(values: Iterable[bytes]) -> Truth:
    """What the common job makes of these events, in one pass without any machinery."""
    found: dict[str, tuple[int, tuple[str, ...]]] = {}
    counts: Counter[str] = Counter()
    for value in values:
        record = job.scored(orjson.loads(value))
        found[record["id"]] = record["score"], tuple(record["points"])
        counts.update(job.series_of(record["brand"], record["points"], record["minute"]))
    return Truth(found, dict(counts))


def made(count: int, end_ms: int, *, span_ms: int = SPAN_MS, seed: int = 4) -> Workload:
    """Made events, the last at ``end_ms``; the same arguments give the same ones."""
    return Workload(
        [_event(said, end_ms - span_ms, span_ms, index, count) for index, said in enumerate(said_by_many(count, seed))]
    )


def recorded(paths: Sequence[str], count: int, end_ms: int, *, span_ms: int = SPAN_MS) -> Workload:
    """Recorded events, one JSON object a line, repeated until there are enough.

    Raises:
        ValueError: A file holds none, or one that the common job can't take.
    """
    lines: list[dict[str, Any]] = []
    for path in paths:
        with Path(path).open("rb") as file:
            for number, line in enumerate(file, 1):
                said = orjson.loads(line)
                try:
                    job.scored(said)
                except job.InvalidEventError as error:
                    raise ValueError(f"{path}, line {number}: {error}") from error
                lines.append(said)
    if not lines:
        raise ValueError(f"no event in {', '.join(paths)}")
    events = [
        _event(said, end_ms - span_ms, span_ms, index, count)
        for index, said in zip(range(count), cycle(lines), strict=False)
    ]
    return Workload(events)


def said_by_many(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Who says what about whom: events without an id and a time of their own."""
    rng = random.Random(seed)
    names = [f"Brand {number:03d}" for number in range(BRANDS)]
    weights = list(accumulate(1 / (rank + 1) for rank in range(BRANDS)))
    for brand in rng.choices(names, cum_weights=weights, k=count):
        author = int(AUTHORS * rng.random() ** 2)
        yield {"brand": brand, "author": f"author-{author}", "text": _text(rng)}


def _text(rng: random.Random) -> str:
    sentences = []
    for _ in range(rng.choice((1, 1, 2, 2, 3))):
        dice = rng.random()
        kind = PAINS if dice < 0.25 else DELIGHTS if dice < 0.35 else CHATTER
        sentences.append(rng.choice(kind))
    return " ".join(sentences).format(
        days=rng.randint(2, 30), number=rng.randint(100_000, 999_999), thing=rng.choice(THINGS), city=rng.choice(CITIES)
    )


def _event(said: dict[str, Any], begin_ms: int, span_ms: int, index: int, count: int) -> Event:
    time_ms = begin_ms + span_ms * (index + 1) // count
    id_ = f"e{index}"
    value = orjson.dumps(said | {"id": id_, "created_at": stamp(time_ms)})
    return Event(id_, said["brand"], time_ms, value)
