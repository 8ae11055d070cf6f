"""``candidates``: words that rise among unhappy customers, and that no pain point of the catalog names yet."""

from __future__ import annotations

from pydantic import Field

from schemas.alerts import Quote
from schemas.base import Timestamp, Wire
from schemas.scored import JourneyStage


class Candidate(Wire):
    """A pain point that somebody should look at and name. Key on the topic: brand|term.

    Told when it rises first, and again when twice as many people say it.
    """

    brand: str
    term: str = Field(description="The stem of a word, or of two that follow each other: its identity.")
    revision: int = Field(ge=1, description="Grows by one with each change.")
    words: str = Field(description="The term as most of the quotes write it.")
    related: list[str] = Field(default_factory=list, description="Stems of what the same people say with it.")
    voices: int = Field(ge=1, description="Distinct authors in the window who say it.")
    expected: float = Field(ge=0, description="Voices that its own past makes usual in such a window.")
    sigmas: float = Field(description="Standard deviations by which the voices exceed what is usual.")
    window_seconds: int = Field(ge=1, description="Length of the window that ends at updated_at.")
    starts_at: Timestamp = Field(description="The first hour of the window in which somebody said it.")
    detected_at: Timestamp = Field(description="When it rose first, in event time.")
    updated_at: Timestamp = Field(description="End of the window that this record speaks of.")
    journey_stage: JourneyStage | None = Field(
        None, description="Where most of these customers are, as far as is known."
    )
    quotes: list[Quote] = Field(default_factory=list, description="Up to 3 different voices, redacted.")
