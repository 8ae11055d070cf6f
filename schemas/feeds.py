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
    events: dict[str, list[str]] = Field(
        default_factory=dict, description="Quadrant → the event that each of its lines was written in, in their order."
    )


class UserStory(Part):
    """ "As a … I want … so that …", assembled from what one customer wrote; never invented."""

    text: str
    event_id: str = Field(description="The event whose words it holds.")


class WeekSums(Part):
    """What seven days held."""

    known_hours: int = Field(ge=0, le=168, description="Hours of it in which the brand was listened to.")
    hourly_voices: int = Field(
        ge=0, description="Distinct voices of each full hour, added up: who speaks in two hours counts twice."
    )
    mentions: int = Field(ge=0, description="Of seven days (UTC), the one that is running among them.")
    sentiment: float | None = Field(None, ge=-1, le=1, description="Mean sentiment of those mentions.")
    effort: Share | None = Field(None, description="Mean effort of those mentions.")


class Shift(Part):
    """A value whose share of the mentions moved from one week to the next."""

    dimension: Literal["channel", "product", "version", "region"]
    value: str
    share: Share = Field(description="Of this week's mentions.")
    before: Share = Field(description="Of those of the week before.")


class Week(Part):
    """What changed in the last seven days."""

    this: WeekSums
    before: WeekSums | None = Field(None, description="The seven days before; null where less than one is known.")
    change: float | None = Field(
        None,
        ge=-1,
        description="Hourly voices per known hour, over those of the week before, less 1: 0.5 is half more.",
    )
    daily_voices: list[int] = Field(
        default_factory=list, description="Hourly voices of each 24 hours up to now, oldest first: 14 at most."
    )
    shifts: list[Shift] = Field(default_factory=list, description="Where it moved to and from, most first.")


class Cause(Part):
    """What coincides with the pain point: a place to look first, no proof."""

    dimension: Literal["pain_point", "channel", "product", "version", "region"]
    value: str
    share: Share = Field(description="Of the mentions (pain_point: of the voices) of the last 24 hours.")
    usual: Share = Field(
        description="The larger of its share in all that the brand's customers said, and of that in the days before."
    )
    mentions: int = Field(ge=0, description="How many those are (pain_point: voices).")
    why: str = Field(description="The numbers, in words.")


class Recovery(Part):
    """How the last alert about it went."""

    status: Literal["firing", "recovered"]
    starts_at: Timestamp = Field(description="Its onset.")
    ends_at: Timestamp | None = Field(None, description="When it was over; null while it fires.")
    seconds: float | None = Field(None, ge=0, description="From onset to end.")
    sentiment_before: float | None = Field(None, ge=-1, le=1, description="Mean sentiment of the day before its onset.")


class PriorityTerms(Part):
    """The factors of the priority."""

    reach: int = Field(ge=0, description="Voices in the last 24 hours.")
    intensity: Share = Field(description="Mean sentiment of those hours without its sign.")
    persistence: Share = Field(description="Share of those hours in which it was heard.")


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
    journey_stage: str | None = Field(None, description="The stage that most mentions are at.")
    week: Week | None = Field(None, description="This week against the one before.")
    candidate_cause: Cause | None = Field(None, description="Null where nothing stands out, or too few have spoken.")
    recovery: Recovery | None = Field(None, description="Of the last alert about it; null where there was none.")
    priority_terms: PriorityTerms | None = None


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
    updated_at: Timestamp | None = Field(None, description="The newest message that this record knows of.")
    unanswered_seconds: float | None = Field(
        None,
        ge=0,
        description="From waiting_since to that message; null once answered. Till now: now less waiting_since.",
    )
    reasons_why: dict[str, list[str]] = Field(
        default_factory=dict, description="Reason → the words that decided; of a strong emotion, its names."
    )
    product: str | None = None
