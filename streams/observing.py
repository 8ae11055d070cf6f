"""From a scored record to what the windows keep of it."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from operator import itemgetter
from typing import Any

from streams.windows.aggregate import MILLI, Observation

QUOTE_LENGTH = 280
"""Characters of a text that a quote keeps."""

_texts = itemgetter("id", "source", "brand", "author", "text", "channel", "language")
_OPTIONAL_TEXTS = ("product", "version", "region", "url", "conversation_id", "journey_stage")

_SEGMENTS = (("channel", "channel"), ("product", "product"), ("version", "version"), ("region", "region"))


def observe(scored: dict[str, Any]) -> Observation:
    """The observation in a record of ``scored`` (wire form, ``schemas.scored.Scored``).

    Raises:
        AttributeError, KeyError, TypeError, ValueError: It is not such a record.
    """
    _check(scored)
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
    if moment.tzinfo is None:
        raise ValueError(f"{timestamp!r} does not say in which time zone")
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def _check(scored: dict[str, Any]) -> None:
    """Types of all that is kept: a record that is not ours must be found out before any of it is counted.

    Written by hand: reading each record through its model would cost half as much again as all that is done with it.
    """
    signals, origin = scored["signals"], scored["origin"]
    mentions = (*scored["pain_points"], *scored["delights"])
    texts = [*_texts(scored), origin["topic"], scored["sentiment"]["label"]]
    numbers = [scored["sentiment"]["value"], scored["intensity"]]
    numbers += (signals["effort"], signals["churn_risk"], signals["urgency"])
    for emotion in scored["emotions"]:
        texts.append(emotion["label"])
        numbers.append(emotion["probability"])
    texts += [mention["id"] for mention in mentions]
    said = signals.get("words", {})
    lists = [scored["words"], *said.values(), *(mention["words"] for mention in mentions)]
    for words in lists:
        texts += words
    texts += [value for name in _OPTIONAL_TEXTS if (value := scored.get(name)) is not None]
    if signals.get("need") is not None:
        texts.append(signals["need"])
    if type(said) is not dict or not all(type(words) is list for words in lists):
        raise TypeError("words are no list")
    if not all(type(text) is str for text in texts):
        raise TypeError("a text is no text")
    if not all(type(number) is float or type(number) is int for number in numbers):
        raise TypeError("a number is no number")
    if type(origin["partition"]) is not int or type(origin["offset"]) is not int:
        raise TypeError("origin: partition and offset are whole numbers")
    if "\x1f" in scored["brand"]:
        raise ValueError("brand: it holds what separates the parts of a key")
