"""Recordings with a known truth: five quiet days, an hour of trouble on the sixth, a loud author on the seventh."""

from __future__ import annotations

from typing import Any

import orjson

from schemas.base import stamp
from tests.support.records import BASE_MS, DAY, HOUR, MINUTE

TROUBLE_MS = BASE_MS + 5 * DAY + 12 * HOUR
LOUD_MS = BASE_MS + 6 * DAY + 15 * HOUR

CHATTER = ("The box arrived today.", "I ordered two more.", "Which grinder do you use?", "It is blue.")
COMPLAINT = "My parcel is late again, number"


def post(at_ms: int, author: str, text: str, brand: str = "Acme", **fields: Any) -> dict[str, Any]:
    """An event as a source writes it."""
    event = {"id": f"{brand} {at_ms} {author}", "brand": brand, "author": author, "text": text}
    return event | {"created_at": stamp(at_ms)} | fields


def week(brand: str = "Acme", *, quote: str = COMPLAINT, voices: int = 40) -> list[dict[str, Any]]:
    """A week of one brand: chatter all the time, a complaint now and then, and what the module says."""
    events = []
    for slot in range(7 * 24 * 2):
        at_ms = BASE_MS + slot * 30 * MINUTE
        text = COMPLAINT if slot % 14 == 3 else CHATTER[slot % len(CHATTER)]
        events.append(post(at_ms, f"regular {slot % 37}", f"{text} {slot}", brand))
    for number in range(voices):
        at_ms = TROUBLE_MS + number * HOUR // voices + 1_000
        events.append(post(at_ms, f"customer {number}", f"{quote} {number}", brand))
    for number in range(30):
        events.append(post(LOUD_MS + number * 2 * MINUTE + 2_000, "loud", f"{COMPLAINT} {number}", brand))
    return sorted(events, key=lambda event: event["created_at"])


def lines(events: list[dict[str, Any]]) -> bytes:
    """As JSON lines."""
    return b"".join(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE) for event in events)


def labels(brand: str = "Acme", **changed: Any) -> dict[str, Any]:
    """The truth about a week, in the form of a file of labels; ``changed`` fields of its first incident."""
    trouble = {
        "id": "trouble",
        "brand": brand,
        "reason": "Late Delivery",
        "sentiment_filter": None,
        "start": stamp(TROUBLE_MS),
        "end": stamp(TROUBLE_MS + HOUR),
        "class": "must",
        "what": "Parcels are late.",
        "tweets": 40,
    }
    loud = {"airline_label": brand, "author": "loud", "hour": stamp(LOUD_MS), "expect": "no alert"}
    return {"notes": ["One week."], "incidents": [trouble | changed], "loud_voices": [loud], "loud_cells": []}
