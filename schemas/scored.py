"""``scored``: one record an event, with what was heard in it and the words that decided."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.base import Share, Timestamp, Wire
from schemas.raw import Source

SentimentLabel = Literal["negative", "neutral", "positive"]
JourneyStage = Literal["find", "buy", "onboard", "use", "get_help", "renew_or_leave"]
EMOTIONS = (
    "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire",
    "disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief", "joy",
    "love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise", "neutral",
)  # fmt: skip
"""The emotions of GoEmotions (Demszky et al., ACL 2020): 27 and neutral, in the data set's order."""
EKMAN = {
    "anger": "anger annoyance disapproval",
    "disgust": "disgust",
    "fear": "fear nervousness",
    "joy": "joy amusement approval excitement gratitude love optimism relief pride admiration desire caring",
    "sadness": "sadness disappointment embarrassment grief remorse",
    "surprise": "surprise realization confusion curiosity",
    "neutral": "neutral",
}
"""GoEmotions' own mapping of its labels to Ekman's six (Ekman 1992), and neutral."""
GROUPS = {
    "positive": EKMAN["joy"],
    "negative": " ".join(EKMAN[name] for name in ("anger", "disgust", "fear", "sadness")),
    "ambiguous": EKMAN["surprise"],
    "neutral": "neutral",
}
"""GoEmotions' own mapping to sides, and neutral."""


class Part(BaseModel):
    """Base of the pieces inside a record."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class Origin(Part):
    """Where a record was read: unique for each raw record."""

    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)
    replay: str | None = Field(None, description="The replay that sent it; null for what arrived live.")


class Sentiment(Part):
    """How it was said, as a whole."""

    label: SentimentLabel
    value: float = Field(ge=-1, le=1, description="-1 very negative … 1 very positive.")
    confidence: Share


class Emotion(Part):
    """One emotion that was heard."""

    label: str = Field(description="One of GoEmotions' 27, or neutral.")
    probability: Share
    words: list[str] = Field(default_factory=list, description="The words of the text that said most of it.")


class Mention(Part):
    """A pain point or a delight that was heard, and by which words."""

    id: str = Field(description="Its id in the catalog.")
    words: list[str] = Field(description="The words of the text that named it.")
    sentiment: float = Field(ge=-1, le=1, description="Sentiment of the clause that named it.")


class Signals(Part):
    """What the text and its fields say about the customer's situation, each 0 to 1 with its words."""

    effort: Share = Field(description="How hard the customer had to work (CES-like): waits, repeats, transfers.")
    churn_risk: Share = Field(description="How clearly the customer speaks of leaving.")
    urgency: Share = Field(description="How much a quick answer matters.")
    repeat_contact: bool = Field(False, description="The customer says that this is not the first time of writing.")
    need: str | None = Field(None, description="The clause that says what the customer wants, in the customer's words.")
    words: dict[str, list[str]] = Field(default_factory=dict, description="Signal → the words that decided.")


class Reading(Part):
    """Everything that scoring hears in one event."""

    language: str = Field(description="BCP 47 primary tag that the text was taken for; 'und' where it can't be told.")
    read: bool = Field(description="False where the language can't be read: then only emoji and ratings speak.")
    sentiment: Sentiment
    emotions: list[Emotion] = Field(description="Those that are heard, strongest first.")
    emotion_groups: dict[str, Share] = Field(
        default_factory=dict,
        description="Probability of each of GoEmotions' groups: positive, negative, ambiguous, neutral.",
    )
    intensity: Share = Field(description="How strongly it was said, whatever the direction.")
    journey_stage: JourneyStage | None
    signals: Signals
    pain_points: list[Mention] = Field(description="The first is the main one.")
    delights: list[Mention]
    words: list[str] = Field(description="The words that moved the sentiment most, strongest first.")


class Scored(Wire, Reading):
    """One event, read. Key on the topic: the brand."""

    id: str
    source: Source
    brand: str
    author: str = Field(description="Keyed pseudonym: the same author has the same one, and no one can turn it back.")
    created_at: Timestamp
    text: str = Field(description="Normalised, with personal data redacted.")
    title: str | None = None
    product: str | None = None
    version: str | None = None
    region: str | None = None
    url: str | None = None
    conversation_id: str | None = None
    channel: str = Field(description="The network of a post, else the source.")
    direction: Literal["customer", "agent"] = "customer"
    rating: float | None = None
    reach: int | None = None
    status: str | None = None
    priority: str | None = None
    csat: float | None = None
    wording: str | None = Field(
        None, description="Fingerprint, alike for texts that are alike; null for those of a few words."
    )
    repost: bool = Field(False, description="It begins by passing on somebody else's post: 'RT @…', or in quotes.")
    redacted: dict[str, int] = Field(default_factory=dict, description="Kind of personal data → how often replaced.")
    origin: Origin
    extra: dict[str, Any] = Field(default_factory=dict, description="Fields outside the contract, untouched.")
