"""Faust as its documentation teaches it: records as classes, a tumbling table, ``send``; nothing is tuned.

Started as the documentation says, too: ``faust -A bench.contestants.faust_textbook worker``.
"""

from __future__ import annotations

from collections.abc import AsyncIterable
from datetime import datetime, timedelta
from typing import Any

import faust  # noqa: TID251 – it is the contestant.

from bench import job
from bench.contestants.place import here

place = here()


class Event(faust.Record, serializer="json", coerce=True, validation=True):  # type: ignore[misc, call-arg]
    """What comes in."""

    id: str
    brand: str
    author: str
    created_at: datetime
    text: str


class Scored(faust.Record, serializer="json"):  # type: ignore[misc, call-arg]
    """What was heard."""

    id: str
    brand: str
    author: str
    created_at: datetime
    minute: int
    text: str
    score: int
    points: list[str]


class Counted(faust.Record, serializer="json"):  # type: ignore[misc, call-arg]
    """How often a pain point was named in a minute."""

    brand: str
    point: str
    minute: int
    count: int


app = faust.App(
    place.group,
    broker=f"kafka://{place.address}",
    topic_partitions=place.partitions,
    datadir=str(place.folder),
    web_enabled=False,
)
events_topic = app.topic(place.events, value_type=Event)
scored_topic = app.topic(place.scored, value_type=Scored)
counts_topic = app.topic(place.counts, value_type=Counted)
counts = (
    app.Table("counts", default=int).tumbling(timedelta(minutes=1), expires=None).relative_to_field(Event.created_at)
)


@app.agent(events_topic)  # type: ignore[untyped-decorator]
async def count(stream: Any) -> None:
    """Score, write, count, write."""
    events: AsyncIterable[Event] = stream
    async for event in events:
        score, points = job.hear(event.text)
        seconds = int(event.created_at.timestamp())
        minute = seconds - seconds % 60
        record = Scored(event.id, event.brand, event.author, event.created_at, minute, event.text, score, points)
        await scored_topic.send(key=event.brand, value=record)
        for point in points:
            counts[f"{event.brand}|{point}"] += 1
            counted = Counted(event.brand, point, minute, counts[f"{event.brand}|{point}"].value())
            await counts_topic.send(key=f"{event.brand}|{point}|{minute}", value=counted)
