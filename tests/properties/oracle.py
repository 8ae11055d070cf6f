"""A naive re-count: what every closed window should say, from all records at once, in plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from schemas.base import stamp
from tests.support.records import DAY, HOUR, MINUTE, milliseconds

SPANS = {"window": MINUTE, "rolling_5m": 5 * MINUTE, "rolling_1h": HOUR, "rolling_24h": DAY}


def series_of(record: dict[str, Any]) -> set[str]:
    """Everything, and each pain point or delight that the record names."""
    delights = record["delights"] if _delighted(record) else []
    return {"*", *(mention["id"] for mention in record["pain_points"] + delights)}


def _delighted(record: dict[str, Any]) -> bool:
    return bool(record["delights"]) and record["sentiment"]["label"] != "negative"


def minutes_of(records: list[dict[str, Any]]) -> set[tuple[str, str, int]]:
    """(brand, series, start of the minute) of which there must be a window."""
    return {
        (record["brand"], name, milliseconds(record["created_at"]) // MINUTE * MINUTE)
        for record in records
        if record["direction"] == "customer"
        for name in series_of(record)
    }


def voiced(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records of one day, with the ``voice`` of those that count under another's: naively, from all that was said
    before each, minute after minute. Nobody posts at regular times here.
    """
    posted: Counter[tuple[str, str]] = Counter()
    copied: Counter[tuple[str, str]] = Counter()
    said: defaultdict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        if record["direction"] == "customer":
            said[record["brand"], milliseconds(record["created_at"]) // MINUTE].append(record)
    heard: list[tuple[str, int, str, list[str]]] = []
    out = [record for record in records if record["direction"] != "customer"]
    for (brand, _), group in sorted(said.items(), key=lambda item: item[0]):
        speaks_as: dict[str, str] = {}
        texts = [record for record in group if record.get("wording")]
        for record in sorted(texts, key=lambda one: (milliseconds(one["created_at"]), one["author"], one["wording"])):
            wording, at_ms = record["wording"], milliseconds(record["created_at"])
            keys = [wording[at : at + 3] for at in range(0, 24, 3)]
            votes: Counter[str] = Counter()
            for at, key in enumerate(keys):
                last = max(
                    ((then, voice) for whose, then, voice, theirs in heard if whose == brand and theirs[at] == key),
                    default=None,
                )
                if last:
                    votes[last[1]] += 1
            voice = min(votes, key=lambda name: (-votes[name], name), default=None)
            posted[brand, record["author"]] += 1
            if voice is None or votes[voice] < 4:
                voice = record["author"]
                heard.append((brand, at_ms, voice, keys))
                continue
            copied[brand, record["author"]] += 1
            if voice != record["author"]:
                speaks_as.setdefault(record["author"], voice)
            heard.append((brand, at_ms, voice, keys))
        machines = {
            record["author"]
            for record in texts
            if posted[brand, record["author"]] >= 20
            and copied[brand, record["author"]] >= 0.8 * posted[brand, record["author"]]
        }
        for record in group:
            voice, path = record["author"], [record["author"]]
            while (voice := speaks_as.get(voice)) and voice not in path:
                path.append(voice)
            end = min(path[path.index(voice) :]) if voice else path[-1]
            if record["author"] in machines or end in machines:
                end = "~automated"
            out.append(record | {"voice": end} if end != record["author"] else record)
    return out


def tally(records: list[dict[str, Any]]) -> dict[str, Any]:
    """The numbers over some records, as the wire shows them."""
    count = len(records)
    voices = Counter(record.get("voice", record["author"]) for record in records)
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
        "delight_share": round(sum(map(_delighted, records)) / count, 4) if count else 0.0,
        "top_voice_share": round(max(voices.values()) / count, 4) if count else 0.0,
        "copied": sum("voice" in record for record in records),
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
