"""``silences``: what people don't want to be told for a while, and what that has kept from them so far."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints, model_validator

from schemas.alerts import Alert, Kind
from schemas.base import Timestamp, Wire
from schemas.raw import Brand, Label

LONGEST: Final = timedelta(days=30)
"""Longest silence, and how far ahead one may begin: what is wanted for good belongs into the catalog."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Comment = Annotated[str, StringConstraints(max_length=1_000, strip_whitespace=True)]
Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
"""12 hex digits."""
Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]


class Matchers(BaseModel):
    """Which alerts: those that fit in everything that is named. At least one has to be.

    A matcher that this version does not know makes the record unreadable: passed over, it would match too much.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    brand: Brand | None = None
    pain_point: Label | None = Field(None, description="Id of a pain point or delight.")
    kind: Kind | None = None
    severity_at_most: int | None = Field(
        None, ge=1, le=4, description="At most so severe: 3 matches 3 and 4, for 1 is the worst. A rise escapes it."
    )
    fingerprint: Fingerprint | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        if all(value is None for value in self.model_dump().values()):
            raise ValueError("no matcher is given; that would match every alert")
        return self


class Silence(Wire):
    """While it is active, alerts that match are told to nobody. Key on the topic: ``id``.

    Moments are of the wall clock, for a silence is about people and not about events. Its states are those of
    Prometheus' Alertmanager: pending, active, expired.
    """

    type: Literal["silence"] = "silence"
    id: Id
    matchers: Matchers
    starts_at: Timestamp
    ends_at: Timestamp
    created_at: Timestamp
    created_by: Name
    comment: Comment = Field("", description="Why.")
    ended_at: Timestamp | None = Field(None, description="When somebody ended it before its time.")
    ended_by: Name | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.ends_at <= self.starts_at:
            raise ValueError("ends_at must come after starts_at")
        if self.ends_at - self.starts_at > LONGEST:
            raise ValueError(f"it may last {LONGEST.days} days at most")
        if self.starts_at - self.created_at > LONGEST:
            raise ValueError(f"it may begin {LONGEST.days} days ahead at most")
        return self


class Acknowledgement(Wire):
    """Somebody knows of an alert's current episode: its reminders are told to nobody any more. Key: ``id``.

    An incident's reminders are kept back, too, once all of its parts that fire are acknowledged.
    """

    type: Literal["acknowledgement"] = "acknowledgement"
    id: Id = Field(description="Derived from fingerprint and episode.")
    fingerprint: Fingerprint
    starts_at: Timestamp = Field(description="The episode: starts_at of the alert.")
    detected_at: Timestamp | None = Field(
        None,
        description="Of an incident, the episode: its starts_at moves when a part joins that began before it; null in "
        "records of former versions.",
    )
    title: str = Field(max_length=1_000, description="The alert's brand and title when it was acknowledged.")
    created_at: Timestamp
    created_by: Name
    comment: Comment = ""
    ended_at: Timestamp | None = Field(None, description="When somebody took it back.")
    ended_by: Name | None = None


class Muted(Wire):
    """The newest state of an alert that a silence keeps from people. Key: fingerprint:revision.

    Whoever works on the alert's partition writes it, tells the alert when no silence matches it any more, and then
    deletes it.
    """

    type: Literal["muted"] = "muted"
    alert: Alert
    silenced_by: Id = Field(description="A silence that matched.")
    known: bool = Field(description="Whether people had been told before that it fires.")
    news: bool = Field(description="Whether anything but reminders was kept from people.")

    @property
    def id(self) -> str:
        """The key."""
        return f"{self.alert.fingerprint}:{self.alert.revision}"


class SilenceRecord(RootModel[Annotated[Silence | Acknowledgement | Muted, Field(discriminator="type")]]):
    """A record of the topic: a silence, an acknowledgement or a muted alert, told apart by ``type``."""

    model_config = ConfigDict(frozen=True)
