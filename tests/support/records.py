"""Builders of what travels: scored records, progress and marks, in wire form; what a test leaves out is filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson

from schemas.base import stamp
from schemas.progress import Progress, ReplayMark
from streams.catalog import Catalog, Catalogs
from streams.catalog.catalog import Pack
from streams.listener import Incoming
from streams.observing import observe
from streams.windows.observation import Observation

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
BASE_MS = 1_772_409_600_000
"""2026-03-02 00:00 UTC, a Monday: where the tests' time begins."""

PACK = """
[late_delivery]
title = "Late delivery"
kind = "pain_point"
journey_stage = "buy"
owner = "Logistics"
says = ["late parcel"]
matches = ["A late parcel."]
ignores = ["A parcel."]

[checkout_fails]
title = "Checkout fails"
kind = "pain_point"
journey_stage = "buy"
owner = "Web"
says = ["checkout fails"]
matches = ["The checkout fails."]
ignores = ["The checkout."]

[personal_touch]
title = "A personal touch"
kind = "delight"
journey_stage = "use"
owner = "Care"
says = ["handwritten note"]
matches = ["A handwritten note!"]
ignores = ["A note."]
"""
"""A catalog of the tests' own: the packs that people use may change without changing what these tests say."""

PAINS = ("late_delivery", "checkout_fails")
DELIGHTS = ("personal_touch",)


def catalogs() -> Catalogs:
    """The tests' own catalog, for every brand."""
    return Catalogs(Catalog([Pack("tests", PACK)]), {})


def scored(
    id_: str,
    at_ms: int,
    *,
    brand: str = "Acme",
    author: str | None = None,
    points: Iterable[str] = (),
    sentiment: float = 0.0,
    text: str | None = None,
    source: str = "posts",
    channel: str | None = None,
    product: str | None = None,
    conversation: str | None = None,
    direction: str = "customer",
    intensity: float = 0.2,
    emotions: Mapping[str, float] | None = None,
    effort: float = 0.0,
    churn_risk: float = 0.0,
    urgency: float = 0.0,
    repeat_contact: bool = False,
    need: str | None = None,
    origin: tuple[str, int, int] = ("posts.v1", 0, 0),
    replay: str | None = None,
    wording: str | None = None,
) -> dict[str, Any]:
    """A record of ``scored`` in wire form."""
    label = "negative" if sentiment <= -0.2 else "positive" if sentiment >= 0.2 else "neutral"
    mentions = [{"id": point, "words": [point.split("_")[0]], "sentiment": sentiment} for point in points]
    text = text if text is not None else f"What {author or id_} wrote in {id_}."
    record: dict[str, Any] = {
        "schema_version": 1,
        "id": id_,
        "source": source,
        "brand": brand,
        "author": author if author is not None else f"author of {id_}",
        "created_at": stamp(at_ms),
        "text": text,
        "channel": channel or source,
        "direction": direction,
        "language": "en",
        "read": True,
        "sentiment": {"label": label, "value": sentiment, "confidence": 0.9},
        "emotions": [{"label": label, "probability": value} for label, value in (emotions or {}).items()],
        "intensity": intensity,
        "journey_stage": "buy" if mentions else None,
        "signals": {"effort": effort, "churn_risk": churn_risk, "urgency": urgency, "repeat_contact": repeat_contact},
        "pain_points": [mention for mention in mentions if mention["id"] not in DELIGHTS],
        "delights": [mention for mention in mentions if mention["id"] in DELIGHTS],
        "words": [],
        "origin": {"topic": origin[0], "partition": origin[1], "offset": origin[2]},
    }
    if replay is not None:
        record["origin"]["replay"] = replay
    for name, value in (("product", product), ("conversation_id", conversation), ("wording", wording)):
        if value is not None:
            record[name] = value
    if need is not None:
        record["signals"]["need"] = need
    return record


def milliseconds(timestamp: str) -> int:
    """RFC 3339 as milliseconds since the epoch, rounded down."""
    moment = datetime.fromisoformat(timestamp)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def observed(record: dict[str, Any]) -> Observation:
    """What the windows keep of a scored record in wire form."""
    return observe(orjson.dumps(record))


def heard(record: dict[str, Any]) -> Incoming:
    """A scored record as it stands in the log."""
    return Incoming(orjson.dumps(record), progress=False)


def mark(
    replay: str,
    time_ms: int | None,
    *,
    origins: Mapping[str, int] | None = None,
    ended: bool = False,
    sent_ms: int = BASE_MS,
) -> ReplayMark:
    """How far a replay has got."""
    return ReplayMark(
        replay=replay, origins=dict(origins or {"posts.v1": 1}), time_ms=time_ms, ended=ended, sent_ms=sent_ms
    )


def progress(
    live: Mapping[str, int] | None = None,
    *,
    marks: Mapping[str, ReplayMark] | None = None,
    raw: Mapping[str, int] | None = None,
    at_ms: int = BASE_MS,
) -> Progress:
    """What a score worker reports.

    Args:
        live: Origin partition → live event time up to which it is complete.
        marks: Origin partition → the last mark of a replay that it has seen.
        raw: Raw topic → partitions; those of ``live`` by default.
    """
    live, marks = live or {}, marks or {}
    if raw is None:
        raw = {}
        for origin in live:
            topic, partition = origin.rsplit(":", 1)
            raw[topic] = max(raw.get(topic, 0), int(partition) + 1)
    origins = {
        origin: {
            "offset": 0,
            "live_ms": live.get(origin),
            "replays": {marks[origin].replay: marks[origin]} if origin in marks else {},
        }
        for origin in {*live, *marks}
    }
    return Progress.model_validate({"origins": origins, "at_ms": at_ms, "raw": raw})


def told(value: Progress) -> Incoming:
    """A progress record as it stands in the log."""
    return Incoming(value.model_dump_json(exclude_defaults=True).encode(), progress=True)
