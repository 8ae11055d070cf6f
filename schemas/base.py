"""What every record that Groundswell publishes has in common."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

SCHEMA_VERSION = 1
"""Version of the wire contract. Fields are only ever added; a new major contract would be a new topic (`.v2`)."""


def rfc3339(moment: datetime) -> str:
    """The moment as RFC 3339 in UTC with milliseconds: ``2026-02-17T08:00:36.902Z``."""
    text = orjson.dumps(moment, option=orjson.OPT_UTC_Z)
    if not text.endswith(b'Z"'):
        text = orjson.dumps(moment.astimezone(UTC), option=orjson.OPT_UTC_Z)
    # In quotes, with microseconds or, where there are none, without a fraction.
    return f"{text[1:24].decode()}Z" if len(text) > len('"2026-02-17T08:00:36Z"') else f"{text[1:20].decode()}.000Z"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def epoch_ms(moment: datetime) -> int:
    """Milliseconds since the epoch, rounded down; the moment says in which time zone it is."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def stamp(time_ms: int) -> str:
    """Milliseconds since the epoch as RFC 3339 in UTC."""
    seconds, milliseconds = divmod(time_ms, 1000)
    return f"{_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


Timestamp = Annotated[AwareDatetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]
"""A moment in event time, written as RFC 3339 in UTC."""

Share = Annotated[float, Field(ge=0.0, le=1.0)]
"""A part of a whole, a probability or a strength: 0 to 1."""


class Wire(BaseModel):
    """Base of the published records: readers skip fields they don't know, so that schemas can grow."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    schema_version: int = Field(SCHEMA_VERSION, description="Version of this contract; fields only grow within it.")
