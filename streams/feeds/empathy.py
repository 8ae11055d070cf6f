"""The empathy map and the user stories of a pain point: sorted from what people wrote, never written for them.

The map's quadrants follow Gray, Brown and Macanufo, "Gamestorming" (2010).
A story has the form of Cohn, "User Stories Applied" (2004).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from streams.feeds.wants import Want, alike, cut, sentences, want

LINES = 3
"""Lines of each quadrant."""

STORIES = 3
MAX_LINE = 160

_WORD = re.compile(r"[^\W_][\w'’]*")
_LETTERS = re.compile(r"[^\W\d_]")
_ME = r"\b(i|we)(['’]ve|['’]m|['’]re| have| am| are)? (\w+ )?"
_QUADRANTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        (
            "hear",
            r"\b(they|support|agents?|reps?|staff|someone|somebody|she|he|you|your \w+|the (agent|rep|crew|courier)) "
            r"(\w+ )?(said|say|says|told|tell|tells|promised|replied|wrote|answered|claimed|claims)\b"
            r"|\bto be told\b"
            r"|\b(i|we)((['’]ve)|(['’]m)|( (was|were|am|are|have)))( been)? (told|promised|informed|assured)\b",
        ),
        (
            "say_do",
            _ME + r"(called|phoned|wrote|emailed|mailed|asked|tried|cancelled|canceled|ordered|returned|waited"
            r"|bought|switched|contacted|complained|told)\b",
        ),
        (
            "think_feel",
            _ME + r"(feel|felt|think|thought|love|hate|miss|worry|worried|sad|angry|disappointed|happy|tired"
            r"|frustrated|annoyed|upset|grateful)\b",
        ),
    )
)


def empathy_map(quotes: list[dict[str, Any]]) -> dict[str, Any]:
    """Sentences of the quotes, each in the first quadrant that its own words name.

    What is clearly asked for is gain. Of each quote the sentence that holds most of the words by which the point was
    heard is pain, or what somebody thinks where it is praise. ``events`` says for each line in which event it was
    written.
    """
    found: dict[str, list[str]] = {"think_feel": [], "say_do": [], "hear": [], "pain": [], "gain": []}
    events: dict[str, list[str]] = {}
    for quote in quotes:
        lines = _lines(quote["text"])
        named = [_count(quote["words"], line) if quadrant is None else 0 for line, quadrant in lines]
        best = named.index(max(named)) if any(named) else None
        for place, (line, quadrant) in enumerate(lines):
            if quadrant is None and place == best:
                quadrant = "pain" if quote["sentiment"] <= 0 else "think_feel"
            if quadrant and len(found[quadrant]) < LINES and line not in found[quadrant]:
                found[quadrant].append(line)
                events.setdefault(quadrant, []).append(quote["event_id"])
    return found | {"events": events}


def user_stories(quotes: list[dict[str, Any]]) -> list[dict[str, str]]:
    """As a … I want … so that …, from quotes whose author clearly asks for something; what nobody wrote is left out.

    Wants that are about the same are told once. Those with a reason come first.
    """
    asked = [(asks, quote) for quote in quotes if (asks := want(quote["text"])) is not None]
    told: list[Want] = []
    stories = []
    for asks, quote in sorted(asked, key=lambda it: it[0].why is None):
        if any(alike(asks.names, known.names) for known in told):
            continue
        told.append(asks)
        stories.append({"text": asks.story(quote["product"]), "event_id": quote["event_id"]})
        if len(stories) == STORIES:
            break
    return stories


def _count(words: list[str], line: str) -> int:
    """How many of the words stand in a line."""
    return len({word.lower() for word in words} & set(_WORD.findall(line.lower())))


@lru_cache(maxsize=1024)
def _lines(text: str) -> tuple[tuple[str, str | None], ...]:
    """Each sentence of a text, and its quadrant; remembered, since the same quotes are told again and again."""
    lines = [cut(sentence, MAX_LINE) for sentence in sentences(text) if len(_LETTERS.findall(sentence)) > 2]
    return tuple((line, _quadrant(line)) for line in lines)


def _quadrant(line: str) -> str | None:
    if want(line) is not None:
        return "gain"
    return next((name for name, pattern in _QUADRANTS if pattern.search(line)), None)
