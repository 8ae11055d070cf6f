"""From a scored record to what the windows keep of it."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import Any

from streams.windows.aggregate import MILLI, Observation

QUOTE_LENGTH = 280
"""Characters of a text that a quote keeps."""

_SEGMENTS = (("channel", "channel"), ("product", "product"), ("version", "version"), ("region", "region"))


def observe(scored: dict[str, Any]) -> Observation:
    """The observation in a record of ``scored`` (wire form, ``schemas.scored.Scored``).

    Raises:
        KeyError, TypeError, ValueError: It is not such a record.
    """
    signals, sentiment = scored["signals"], scored["sentiment"]
    time_ms = milliseconds(scored["created_at"])
    value = round(sentiment["value"] * MILLI)
    pains, delights = scored["pain_points"], scored["delights"]
    segments = [(name, scored[key]) for name, key in _SEGMENTS if scored.get(key)]
    segments.append(("language", scored["language"]))
    if scored.get("journey_stage"):
        segments.append(("journey", scored["journey_stage"]))
    points = tuple(dict.fromkeys(mention["id"] for mention in (*pains, *delights)))
    event = blake2b(f"{scored['source']}\x1f{scored['id']}".encode("utf-8", "surrogatepass"), digest_size=8)
    identity = int.from_bytes(event.digest(), "big") >> 1  # 63 bits: every JSON library reads it exactly.
    text = scored["text"]
    return Observation(
        event=identity,
        time_ms=time_ms,
        voice=scored["author"],
        label=sentiment["label"],
        sentiment=value,
        effort=round(signals["effort"] * MILLI),
        churn=round(signals["churn_risk"] * MILLI),
        delighted=bool(delights),
        emotions={emotion["label"]: round(emotion["probability"] * MILLI) for emotion in scored["emotions"]},
        segments=tuple(segments),
        points=points,
        quote={
            "id": f"{identity:016x}",
            "event_id": scored["id"],
            "at": time_ms,
            "voice": scored["author"],
            "text": text if len(text) <= QUOTE_LENGTH else text[: QUOTE_LENGTH - 1] + "…",
            "source": scored["source"],
            "channel": scored["channel"],
            "product": scored.get("product"),
            "url": scored.get("url"),
            "sentiment": value,
            "point": points[0] if points else None,
            "need": signals.get("need"),
            "words": [word for mention in (*pains, *delights) for word in mention["words"]][:6],
        },
        customer=scored.get("direction", "customer") == "customer",
    )


def milliseconds(timestamp: str) -> int:
    """RFC 3339 as milliseconds since the epoch, rounded down."""
    moment = datetime.fromisoformat(timestamp)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000
