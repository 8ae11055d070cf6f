"""From a record of ``scored`` to what the windows keep of it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b

from msgspec.json import Decoder

from schemas.scored import EMOTIONS
from streams.effects import SEPARATOR
from streams.windows.aggregate import MILLI
from streams.windows.observation import Observation
from streams.windows.said import Said

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MS = 86_400_000
LAST_DAY = 2_932_000
"""Days since the epoch; some hundred days more, and a year has five digits, which no timestamp can write."""

_EMOTIONS = frozenset(EMOTIONS)

_decode = Decoder(Said).decode


def observe(value: bytes) -> Observation:
    """The observation in a record of ``scored`` (wire form, ``schemas.scored.Scored``).

    Raises:
        ValueError, RecursionError: It is not such a record.
    """
    said = _decode(value)
    since = said.created_at - EPOCH
    if not 0 <= since.days < LAST_DAY:
        raise ValueError(f"created_at: {said.created_at} is no time that windows can be told of")
    if SEPARATOR in said.brand:
        raise ValueError("brand: it holds what separates the parts of a key")
    event = blake2b(f"{said.source}\x1f{said.id}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    signals, sentiment, origin = said.signals, said.sentiment, said.origin
    points: tuple[str, ...] = ()
    # "Payment fails, the rest of the app is good": a delight of who is unhappy is told in the record, but no good news.
    delights = said.delights if sentiment.label != "negative" else ()
    if said.pain_points or delights:
        points = tuple(dict.fromkeys([mention.id for mention in (*said.pain_points, *delights)]))
    return Observation(
        said,
        int.from_bytes(event, "big") >> 1,  # 63 bits: every JSON library reads it exactly.
        since.days * DAY_MS + since.seconds * 1000 + since.microseconds // 1000,
        said.author,
        sentiment.label,
        round(sentiment.value * MILLI),
        round(signals.effort * MILLI) if signals.effort else 0,
        round(signals.churn_risk * MILLI) if signals.churn_risk else 0,
        bool(delights),
        {heard.label: round(heard.probability * MILLI) for heard in said.emotions if heard.label in _EMOTIONS}
        if said.emotions
        else {},
        (said.channel, said.product, said.version, said.region, said.language, said.journey_stage),
        points,
        said.direction == "customer",
        origin_of(origin.topic, origin.partition),
        origin.offset,
    )


@lru_cache(maxsize=4096)
def origin_of(topic: str, partition: int) -> str:
    """Name of a raw partition: topic:partition."""
    return f"{topic}:{partition}"
