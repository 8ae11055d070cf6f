"""The feeds for product and care teams: pain points, delights, and customers whom a person should see."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.alerts import Quote
from schemas.base import Share, Timestamp, Wire
from schemas.metrics import Tally
from schemas.scored import Part


class EmpathyMap(Part):
    """What customers think and feel, say and do, hear, suffer and hope for: each line is somebody's own words."""

    think_feel: list[str] = Field(default_factory=list)
    say_do: list[str] = Field(default_factory=list)
    hear: list[str] = Field(default_factory=list)
    pain: list[str] = Field(default_factory=list)
    gain: list[str] = Field(default_factory=list)


class UserStory(Part):
    """ "As a … I want … so that …", assembled from what one customer wrote; never invented."""

    text: str
    event_id: str = Field(description="The event whose words it holds.")


class PainPoint(Wire):
    """What a product team needs to act on one pain point of one brand. Key on the topic: brand|pain point."""

    brand: str
    pain_point: str
    title: str
    updated_at: Timestamp = Field(description="End of the window that it speaks of, in event time.")
    first_heard_at: Timestamp
    last_heard_at: Timestamp
    trend: float | None = Field(None, ge=0, description="Voices of the last 24 hours over those of a usual day.")
    last_hour: Tally
    last_day: Tally
    share: Share = Field(description="Of all mentions of the brand in the last 24 hours.")
    journey: dict[str, float] = Field(default_factory=dict, description="Journey stage → share of the mentions.")
    segments: dict[str, dict[str, float]] = Field(
        default_factory=dict, description="Channel, product, version, region, language → value → share."
    )
    alert: str | None = Field(None, description="Fingerprint of the alert that is firing about it.")
    priority: float = Field(ge=0, description="reach × intensity × persistence; see priority_why.")
    priority_why: str
    quotes: list[Quote] = Field(default_factory=list, description="Up to 6 different voices, newest first, redacted.")
    empathy_map: EmpathyMap
    user_stories: list[UserStory] = Field(default_factory=list)


class Delight(PainPoint):
    """The same for what went well."""


class Handoff(Wire):
    """A customer whom a person should see now. Key on the topic: the conversation's id, else the event's."""

    id: str = Field(description="The conversation's id, else the event's.")
    revision: int = Field(ge=1)
    status: Literal["open", "answered"]
    brand: str
    author: str = Field(description="Pseudonym.")
    source: str
    reasons: list[Literal["strong_emotion", "repeat_contact", "threat_to_leave", "urgent"]]
    why: str = Field(description="The words that decided.")
    contacts: int = Field(ge=1, description="The customer's messages in this conversation that asked for a person.")
    waiting_since: Timestamp
    answered_at: Timestamp | None = None
    waited_seconds: float | None = Field(None, ge=0, description="How long it waited; known when answered.")
    quote: Quote
