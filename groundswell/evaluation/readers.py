"""Who reads the texts: the scorer as the pipeline calls it, and beside it TextBlob and VADER as their packages are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any, Protocol

from schemas.raw import Post
from streams.catalog import Catalogs
from streams.reader import SLICE_RECORDS
from streams.scoring import Event, Pseudonyms, Scorer

VADER_NEUTRAL = 0.05
"""Compound score below which VADER's authors call a text neutral, either way."""
_WHEN = datetime(2026, 2, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was heard in one text. None: this reader does not tell."""

    label: str
    value: float
    """-1 … 1."""
    strength: float
    """How strongly it was said; comparable within one reader only."""
    confidence: float | None = None
    emotions: dict[str, float] | None = None
    pain_points: tuple[str, ...] | None = None
    """Ids, the main one first."""
    delights: tuple[str, ...] | None = None


class Reader(Protocol):
    """Reads texts."""

    @property
    def name(self) -> str:
        """How its column is called."""

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """One reading a text, in order."""


class Product:
    """The scorer, in frames of events without any field but the text."""

    def __init__(self, tier: str, packs: Sequence[str] = ("generic",), *, all_emotions: bool = False) -> None:
        """Takes the tier, the catalog's packs, and whether all 28 emotions are told or those above their thresholds."""
        self.name = tier
        self.scorer = Scorer(Catalogs.load(packs, {}), Pseudonyms(b"evaluation"), tier, all_emotions=all_emotions)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """See ``Reader``."""
        return [_reading(record) for frame in frames(events(texts)) for record in self.scorer.score(frame)]


class TextBlob:
    """TextBlob, its polarity cut into three labels as in its tier."""

    name = "TextBlob"

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """See ``Reader``."""
        from streams.scoring.textblob_tier import NEUTRAL, polarity

        values = (polarity(text) for text in texts)
        return [Reading(_label(value, NEUTRAL), value, abs(value)) for value in values]


class Vader:
    """VADER (Hutto and Gilbert, ICWSM 2014), cut as its authors say."""

    name = "VADER"

    def __init__(self) -> None:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        self._analyser = SentimentIntensityAnalyzer()

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """See ``Reader``."""
        values = (float(self._analyser.polarity_scores(text)["compound"]) for text in texts)
        return [Reading(_label(value, VADER_NEUTRAL), value, abs(value)) for value in values]


def others() -> list[Reader]:
    """Those beside ours: TextBlob, and VADER where it is installed."""
    return [TextBlob(), Vader()] if find_spec("vaderSentiment") else [TextBlob()]


def events(texts: Sequence[str]) -> list[Event]:
    """The texts as posts."""
    return [
        (
            "posts",
            Post(id=str(at), brand="Example", text=text, author=f"a{at}", created_at=_WHEN),
            {"topic": "posts.v1", "partition": 0, "offset": at},
        )
        for at, text in enumerate(texts)
    ]


def frames(batch: Sequence[Event]) -> Iterator[Sequence[Event]]:
    """The events as the pipeline cuts them."""
    return (batch[at : at + SLICE_RECORDS] for at in range(0, len(batch), SLICE_RECORDS))


def _reading(record: dict[str, Any]) -> Reading:
    sentiment = record["sentiment"]
    return Reading(
        sentiment["label"],
        sentiment["value"],
        record["intensity"],
        sentiment["confidence"],
        {emotion["label"]: emotion["probability"] for emotion in record["emotions"]},
        tuple(mention["id"] for mention in record["pain_points"]),
        tuple(mention["id"] for mention in record["delights"]),
    )


def _label(value: float, neutral: float) -> str:
    return "positive" if value >= neutral else "negative" if value <= -neutral else "neutral"
