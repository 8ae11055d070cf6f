"""A scored record, as far as the detect stage reads it: checked and decoded in one pass, the rest is skipped.

It mirrors ``schemas.scored.Scored``; a test holds the two together. Whoever can write to the topic can write anything:
what is longer or larger than the contract allows is found out here, before any of it is counted or becomes a key.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

Identifier = Annotated[str, Meta(max_length=256)]
Label = Annotated[str, Meta(max_length=200)]
Url = Annotated[str, Meta(max_length=2_000)]
Moment = Annotated[datetime, Meta(tz=True)]
Share = Annotated[float, Meta(ge=0, le=1)]
Whole = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Sentiment(Struct, gc=False, frozen=True):
    """See ``schemas.scored.Sentiment``."""

    label: Label
    value: Annotated[float, Meta(ge=-1, le=1)]


class Emotion(Struct, gc=False, frozen=True):
    """See ``schemas.scored.Emotion``."""

    label: Label
    probability: Share


class Mention(Struct, gc=False, frozen=True):
    """See ``schemas.scored.Mention``."""

    id: Label
    words: list[str]


class Signals(Struct, gc=False, frozen=True):
    """See ``schemas.scored.Signals``."""

    effort: Share
    churn_risk: Share
    urgency: Share
    repeat_contact: bool = False
    need: str | None = None
    words: dict[str, list[str]] = {}


class Origin(Struct, gc=False, frozen=True):
    """See ``schemas.scored.Origin``."""

    topic: Identifier
    partition: Whole
    offset: Whole
    replay: Label | None = None


class Said(Struct, gc=False, frozen=True):
    """See ``schemas.scored.Scored``."""

    id: Identifier
    source: Label
    brand: Label
    author: Identifier
    created_at: Moment
    text: str
    channel: Label
    language: Label
    sentiment: Sentiment
    emotions: Annotated[list[Emotion], Meta(max_length=100)]
    intensity: Share
    journey_stage: Label | None
    signals: Signals
    pain_points: Annotated[list[Mention], Meta(max_length=1_000)]
    delights: Annotated[list[Mention], Meta(max_length=1_000)]
    words: list[str]
    origin: Origin
    product: Label | None = None
    version: Label | None = None
    region: Label | None = None
    url: Url | None = None
    conversation_id: Identifier | None = None
    direction: Label = "customer"
    wording: Annotated[str, Meta(max_length=64)] | None = None
