"""``alerts``: an alert's whole current state, published on every change of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.base import Share, Timestamp, Wire
from schemas.changes import NearChange
from schemas.scored import JourneyStage, Part

Kind = Literal["surge", "pain_point", "delight", "volume", "share", "mood", "silence", "incident"]
Status = Literal["firing", "updated", "resolved"]
Reason = Literal["first", "severity_rose", "reminder", "recovered", "returned", "expired", "joined"]


class Quote(Part):
    """What somebody wrote, redacted, and where to read on."""

    text: str
    created_at: Timestamp
    source: str
    channel: str
    event_id: str
    url: str | None = None
    pain_point: str | None = None


class Driver(Part):
    """A value whose share rose most against its past: what the spike is concentrated in; words come last."""

    dimension: Literal["pain_point", "channel", "product", "version", "region", "language", "word"]
    value: str
    share: Share = Field(
        description="Of the mentions in the alert's last hour; of its voices for pain points, and for words, as far as "
        "its quotes are kept."
    )
    usual: Share = Field(
        description="The same in the day before the alert; where few spoke of it then, among all that customers said."
    )


class IncidentPart(Part):
    """One of the alerts that an incident is made of."""

    fingerprint: str
    kind: Kind
    pain_point: str | None = None
    channel: str | None = None
    title: str
    severity: int = Field(ge=1, le=4)
    status: Status
    starts_at: Timestamp
    ends_at: Timestamp | None = None
    voices: int = Field(ge=0, description="Distinct voices since its onset.")


class Alert(Wire):
    """Something that many customers say at once, from its first sign to its end. Key on the topic: ``fingerprint``."""

    fingerprint: str = Field(description="Identity of brand, kind and pain point; stable over time and restarts.")
    revision: int = Field(ge=1, description="Grows by one with each change; fingerprint and revision name one record.")
    status: Status
    reason: Reason = Field(
        description="Why this record was published. returned: it goes on after it seemed over, no worse than before; "
        "expired: a silence has lasted so long that it is what is usual now; joined: an incident has one more part."
    )
    brand: str
    kind: Kind = Field(
        description="surge: a brand's unhappy customers; volume: all of its customers, whatever they say; "
        "pain_point, delight: one entry of the catalog; share: more of a usual number of customers name a pain point; "
        "mood: more of them are unhappy, or in one bad emotion; silence: a channel from which nobody is heard any "
        "more; incident: what pages, all of a brand's alerts at once, with the numbers of the worst that goes on."
    )
    pain_point: str | None = Field(None, description="Id of the pain point or delight; null for a brand as a whole.")
    channel: str | None = Field(None, description="The channel that a silence is about.")
    feeling: str | None = Field(None, description="The emotion that a mood alert is about; null: how many are unhappy.")
    title: str
    severity: int = Field(ge=1, le=4, description="The worst so far; 1 is the worst there is.")
    severity_why: str = Field(description="The formula of severity with the numbers of when it was so bad.")
    starts_at: Timestamp = Field(description="The onset: when what customers say began to change.")
    detected_at: Timestamp = Field(description="End of the window in which it was seen first, in event time.")
    updated_at: Timestamp = Field(description="End of the window that this record speaks of.")
    ends_at: Timestamp | None = Field(None, description="When it was over; null while it lasts.")
    recovery_seconds: float | None = Field(None, ge=0, description="From onset to end; known when it is resolved.")
    window_seconds: int = Field(gt=0, description="Length of the window that is judged.")
    observed: int = Field(ge=0, description="Distinct voices in that window.")
    observed_of: int | None = Field(
        None, ge=0, description="Distinct voices among which observed are counted; null where their number is judged."
    )
    expected: float = Field(ge=0, description="Distinct voices that the baseline expects in such a window.")
    ratio: float = Field(ge=0, description="observed / expected.")
    probability: Share = Field(description="How likely the baseline makes at least this many voices.")
    voices: int = Field(ge=0, description="Distinct voices since the onset.")
    mentions: int = Field(ge=0, description="Records since the onset.")
    top_voice_share: Share = Field(description="The loudest voice's share of those records.")
    copied: int = Field(0, ge=0, description="Of those records, how many count under another's voice, as copies do.")
    sentiment: float = Field(ge=-1, le=1, description="Mean sentiment of those records.")
    sentiment_before: float | None = Field(None, ge=-1, le=1, description="The same in the 24 hours before the onset.")
    emotions: dict[str, float] = Field(default_factory=dict, description="Emotion → mean probability, strongest first.")
    drivers: list[Driver] = Field(default_factory=list)
    pain_points: dict[str, int] = Field(
        default_factory=dict, description="Pain point → voices of the alert's hour that name it too."
    )
    quotes: list[Quote] = Field(default_factory=list, description="3 to 6 different voices, newest first, redacted.")
    repeats: int = Field(0, ge=0, description="Reminders so far.")
    resolves_when: str = Field(description="What would resolve it, in words.")
    incident: str | None = Field(
        None,
        description="Fingerprint of the incident that it is a part of; null: it pages by itself, or is an incident.",
    )
    parts: list[IncidentPart] = Field(default_factory=list, description="Of an incident: its alerts, oldest first.")
    held: Literal["over_budget"] | None = Field(
        None,
        description="Why people are not told: over_budget, as many at least as severe were told in a week already.",
    )
    journey_stage: JourneyStage | None = Field(None, description="Where on the customer's way the pain point lies.")
    owner: str | None = Field(
        None,
        description="Who can act on it, by the catalog; where a brand as a whole alerts, by what half of them name.",
    )
    runbook: str | None = Field(None, description="What to do first, by the catalog: a link, or a sentence.")
    dashboard: str | None = Field(None, description="Where to look at it, with brand and time range.")
    changes: list[NearChange] = Field(
        default_factory=list, description="Releases, outages and the like near the onset, the likeliest reason first."
    )
    signal: Literal["burst", "swell", "share", "unhappy", "emotion", "gap"] | None = Field(
        None,
        description="What the detector fires on: a burst in an hour, a swell over several, a share of the voices, how "
        "many are unhappy, one emotion, or a gap.",
    )
