"""What comes in: reviews, posts and tickets, as their sources wrote them.

The three share one core; each adds what only it knows. Fields that are not listed here pass through untouched and
arrive in ``extra`` of the scored record.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Source = Literal["reviews", "posts", "tickets"]

MAX_TEXT = 100_000
"""Longest text that is read, in characters; longer ones go to quarantine."""

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Brand = Annotated[
    str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]+$")
]
"""One line without control characters: the brand is a key, and a part of others."""
Label = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


def _written_out(value: Any) -> Any:
    # A number, also one in a string, would be taken for seconds since 1970.
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or value.replace(".", "", 1).lstrip("+-").isdigit():
        raise ValueError("expected RFC 3339 with an offset, such as 2026-03-02T09:15:00Z")
    return value


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written_out)]
"""RFC 3339. What comes out of the check before it is a Python string, which strict datetimes refuse."""


class RawEvent(BaseModel):
    """The core that every source shares."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True, allow_inf_nan=False)

    id: Identifier = Field(description="The source's own id; sent twice within 24 hours of event time, it counts once.")
    brand: Brand = Field(description="Whose customers speak.")
    text: Annotated[str, StringConstraints(max_length=MAX_TEXT)] = Field(description="What was said, as it was said.")
    author: Identifier = Field(description="Who said it; becomes a pseudonym before anything is published.")
    created_at: Moment = Field(description="When it was said: RFC 3339 with an offset.")
    product: Label | None = None
    version: Label | None = None
    region: Label | None = None
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*$", max_length=35)] | None = (
        Field(None, description="BCP 47 tag, where the source knows it.")
    )
    url: Annotated[str, StringConstraints(max_length=2_000)] | None = None
    conversation_id: Identifier | None = Field(None, description="Shared by the messages of one conversation.")
    schema_version: int = Field(1, ge=1, description="Version of this contract that the producer wrote.")

    @property
    def extra(self) -> dict[str, Any]:
        """The fields that the contract does not name, untouched."""
        return self.__pydantic_extra__ or {}


class Review(RawEvent):
    """A product or service review."""

    rating: Annotated[float, Field(ge=1, le=5, description="Stars, 1 to 5.")] | None = None
    title: Annotated[str, StringConstraints(max_length=1_000)] | None = None


class Post(RawEvent):
    """A post on a social network."""

    network: Label | None = Field(None, description="Where it was posted: x, mastodon, reddit, …")
    reach: Annotated[int, Field(ge=0, lt=2**63, description="How many people may have seen it.")] | None = None


class Ticket(RawEvent):
    """A message in a support conversation."""

    status: Label | None = Field(None, description="open, pending, solved, … as the help desk says.")
    priority: Label | None = None
    direction: Literal["customer", "agent"] = Field("customer", description="Who wrote: the customer or the company.")
    csat: Annotated[float, Field(ge=1, le=5, description="Customer satisfaction, 1 to 5.")] | None = None
