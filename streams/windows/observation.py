"""What the windows keep of one scored record, and the quote that it may become."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from streams.windows.said import Said

QUOTE_LENGTH = 280
"""Characters of a text that a quote keeps."""

QUOTE_WORDS = 6
"""Words of the mentions that a quote keeps."""

NEED_LENGTH = 300
"""Characters of what the customer wants."""

DIMENSIONS = ("channel", "product", "version", "region", "language", "journey")
"""What ``Observation.segments`` names, in its order."""

Quote = dict[str, Any]
"""What the windows keep of a quote: id, at (ms), voice, text, source, channel, url, sentiment, point, need."""


class Observation(Struct, gc=False):
    """What the windows keep of one scored record. Fractions are in thousandths."""

    said: Said
    """The record."""
    event: int
    """63-bit identity of source and event id."""
    time_ms: int
    voice: str
    """Whose mention it is: the author, or a name that many share where there are too many authors."""
    label: str
    sentiment: int
    """-1000 … 1000."""
    effort: int
    churn: int
    delighted: bool
    emotions: dict[str, int]
    """Emotion → probability."""
    segments: tuple[str | None, ...]
    """The value of each of ``DIMENSIONS``; None or empty where it has none."""
    points: tuple[str, ...]
    """Pain points and delights that it names, the main one first."""
    customer: bool
    """False for the company's own words: remembered as read, not counted as a voice."""
    origin: str
    """Origin partition."""
    offset: int
    """Where it stands in its origin."""
    entry: list[Any] | None = None
    """What is remembered of its wording (`streams.windows.copies.Entry`); None where it has no fingerprint."""
    copied: int = 0
    """1 where it counts under another's voice."""

    @property
    def quote(self) -> Quote:
        """What was said, as it may be shown."""
        said, text = self.said, self.said.text
        need = said.signals.need
        words = [word[:QUOTE_LENGTH] for mention in (*said.pain_points, *said.delights) for word in mention.words]
        return {
            "id": f"{self.event:016x}",
            "event_id": said.id,
            "at": self.time_ms,
            "voice": said.author,
            "text": text if len(text) <= QUOTE_LENGTH else text[: QUOTE_LENGTH - 1] + "…",
            "source": said.source,
            "channel": said.channel,
            "product": said.product,
            "url": said.url,
            "sentiment": self.sentiment,
            "point": self.points[0] if self.points else None,
            "need": need[:NEED_LENGTH] if need is not None else None,
            "words": words[:QUOTE_WORDS],
        }


def rank(seen: Observation) -> tuple[int, int]:
    """Best quote first: the stronger feeling, then by identity, so that the choice never depends on arrival."""
    return (-abs(seen.sentiment), seen.event)


def quote_rank(quote: Quote) -> tuple[int, str]:
    """The same of a quote that is kept already."""
    return (-abs(quote["sentiment"]), quote["id"])
