"""``changes``: what a company did or what happened to it, so that an alert can say what may lie behind it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from schemas.base import Timestamp, Wire
from schemas.scored import Part

ChangeKind = Literal["release", "outage", "campaign", "price", "policy", "other"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Change(Wire):
    """One change. Key on the topic: the brand."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False, str_strip_whitespace=True)

    brand: Name = Field(description="Whose customers it may move, as their events name it.")
    at: Timestamp = Field(description="When it took effect.")
    what: Annotated[str, StringConstraints(min_length=1, max_length=500)] = Field(description="What it is, for people.")
    kind: ChangeKind = "other"
    id: Name | None = Field(
        None, description="What comes again with this id replaces it; without one, brand, moment and words identify it."
    )
    version: Name | None = None
    product: Name | None = None
    region: Name | None = None
    channel: Name | None = None
    url: Annotated[str, StringConstraints(max_length=2_000)] | None = None


class NearChange(Part):
    """A change that lies near an alert's onset: it may be why, and may not."""

    at: Timestamp
    what: str
    kind: ChangeKind = "other"
    version: str | None = None
    product: str | None = None
    region: str | None = None
    channel: str | None = None
    url: str | None = None
    minutes_before: int = Field(description="Minutes from the change to the onset; negative: it came after it.")
    why: str = Field(description="What speaks for it.")
