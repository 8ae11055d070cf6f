"""What was heard in a text, as the ear tells it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from streams.catalog import Entry

Mention = tuple[Entry, list[str], float]
"""What is said, by which words, and the sentiment of their clause."""


Signals = dict[str, list[tuple[float, list[str]]]]
"""Signal → weights with the words that told of it, strongest first."""


@dataclass(slots=True)
class Heard:
    """What was heard in one text; of its mentions, the main one first."""

    pain_points: list[Mention] | None = None
    delights: list[Mention] | None = None
    signals: Signals | None = None
    need_at: int | None = None
    """The atom of the frame at which the customer says what is needed."""
    stage: str | Callable[[], str] | None = None
    """The stage of the journey of which most words tell, or what counts them where it is asked for."""
