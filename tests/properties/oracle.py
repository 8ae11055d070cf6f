"""A naive re-count: what every closed window should say, from all records at once, in plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from schemas.base import stamp
from tests.support.records import DAY, HOUR, MINUTE, milliseconds

SPANS = {"window": MINUTE, "rolling_5m": 5 * MINUTE, "rolling_1h": HOUR, "rolling_24h": DAY}


def series_of(record: dict[str, Any]) -> set[str]:
    """Everything, and each pain point or delight that the record names."""
    return {"*", *(mention["id"] for mention in record["pain_points"] + record["delights"])}


def minutes_of(records: list[dict[str, Any]]) -> set[tuple[str, str, int]]:
    """(brand, series, start of the minute) of which there must be a window."""
    return {
        (record["brand"], name, milliseconds(record["created_at"]) // MINUTE * MINUTE)
        for record in records
        if record["direction"] == "customer"
        for name in series_of(record)
    }


def tally(records: list[dict[str, Any]]) -> dict[str, Any]:
    """The numbers over some records, as the wire shows them."""
    count = len(records)
    voices = Counter(record["author"] for record in records)
    emotions: defaultdict[str, int] = defaultdict(int)
    for record in records:
        for emotion in record["emotions"]:
            emotions[emotion["label"]] += round(emotion["probability"] * 1000)

    def mean(thousandths: int) -> float:
        return round(thousandths / (count * 1000), 4) if count else 0.0

    return {
        "mentions": count,
        "voices": len(voices),
        "negative": sum(record["sentiment"]["label"] == "negative" for record in records),
        "positive": sum(record["sentiment"]["label"] == "positive" for record in records),
        "sentiment": mean(sum(round(record["sentiment"]["value"] * 1000) for record in records)),
        "effort": mean(sum(round(record["signals"]["effort"] * 1000) for record in records)),
        "churn_risk": mean(sum(round(record["signals"]["churn_risk"] * 1000) for record in records)),
        "delight_share": round(sum(bool(record["delights"]) for record in records) / count, 4) if count else 0.0,
        "top_voice_share": round(max(voices.values()) / count, 4) if count else 0.0,
        "emotions": {label: mean(total) for label, total in sorted(emotions.items())},
    }


def expected(records: list[dict[str, Any]], brand: str, name: str, start_ms: int) -> dict[str, dict[str, Any]]:
    """The tallies of one window."""
    end_ms = start_ms + MINUTE
    mine = [
        (milliseconds(record["created_at"]), record)
        for record in records
        if record["brand"] == brand and record["direction"] == "customer" and name in series_of(record)
    ]
    return {
        span: tally([record for time_ms, record in mine if end_ms - length <= time_ms < end_ms])
        for span, length in SPANS.items()
    }


def start_of(window: dict[str, Any]) -> int:
    """The start of a published window."""
    start_ms = milliseconds(window["window_start"])
    assert stamp(start_ms) == window["window_start"]
    return start_ms
