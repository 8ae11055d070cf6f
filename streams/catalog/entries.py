"""An entry of the catalog: one pain point or delight, and what names it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.scored import JourneyStage


class Entry(BaseModel):
    """One block of a pack's TOML file; its id is the block's name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    pack: str
    title: str
    kind: Literal["pain_point", "delight"]
    journey_stage: JourneyStage
    owner: str = Field(description="Who can act on it.")
    runbook: str | None = Field(None, description="What to do first: a link, or a sentence.")
    inhibited_by: tuple[str, ...] = Field(
        (), description="Ids whose alert explains this one: while theirs fires, it stays silent."
    )
    says: tuple[str, ...] = Field((), description="Phrases that state it; they count without a sentiment of their own.")
    about: tuple[str, ...] = Field((), description="Phrases that only name it; they count where their clause feels so.")
    unless: tuple[str, ...] = Field((), description="Phrases of the same clause that take it back.")
    weight: float = Field(
        0.0,
        ge=-3,
        le=3,
        description="Added to the rank of its phrases: which of several the main one is. A phrase of `says` ranks 2,"
        " one of `about` 1, each word adds 0.15, each later pack 1.5.",
    )
    negation: int = Field(4, ge=0, le=20, description="A negator within so many words before a phrase undoes it.")
    fallback: bool = Field(False, description="Named where a text is negative and nothing else was heard in it.")
    extends: bool = Field(
        False, description="Adds its phrases to an earlier pack's entry of the same id, if there is one."
    )
    matches: tuple[str, ...] = Field(min_length=1, description="Sentences that name it; tests check each.")
    ignores: tuple[str, ...] = Field(min_length=1, description="Sentences that don't; tests check each.")
