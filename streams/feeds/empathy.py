"""The empathy map and the user stories of a pain point: sorted from what people wrote, never written for them.

The map's quadrants follow Gray, Brown and Macanufo, "Gamestorming" (2010).
A story has the form of Cohn, "User Stories Applied" (2004).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

LINES = 3
"""Lines of each quadrant."""

STORIES = 3
MAX_LINE = 160

_SENTENCE = re.compile(r"[^.!?\n]{3,400}[.!?]*")
_ME = r"\b(i|we)('ve|'m|'re| have| am| are)? (\w+ )?"
_QUADRANTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        (
            "hear",
            r"\b(they|support|agent|staff|someone|she|he|you) (\w+ )?"
            r"(said|say|says|told|tell|promised|replied|wrote|answered)\b",
        ),
        (
            "gain",
            r"\b(i|we) (just |only |really )?(want|wanted|wish|hope|need|would (love|like))"
            r"|\b(please|could you|can you|why can't i|if only)\b",
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
_SO_THAT = re.compile(r"\b(so that|so i can|so we can|because|in order to)\b(?P<why>[^.!?\n]{3,120})", re.IGNORECASE)


def empathy_map(quotes: list[dict[str, Any]]) -> dict[str, Any]:
    """Each sentence of the quotes in the first quadrant that its own words name; the strongest complaint is pain.

    ``events`` says for each line in which event it was written.
    """
    found: dict[str, list[str]] = {"think_feel": [], "say_do": [], "hear": [], "pain": [], "gain": []}
    events: dict[str, list[str]] = {}
    for quote in quotes:
        for line, quadrant in _lines(quote["text"]):
            if quadrant is None and any(word.lower() in line.lower() for word in quote["words"]):
                quadrant = "pain" if quote["sentiment"] <= 0 else "think_feel"
            if quadrant and len(found[quadrant]) < LINES and line not in found[quadrant]:
                found[quadrant].append(line)
                events.setdefault(quadrant, []).append(quote["event_id"])
    return found | {"events": events}


def user_stories(quotes: list[dict[str, Any]]) -> list[dict[str, str]]:
    """As a … I want … so that …, from quotes whose author said what they want; what nobody wrote is left out."""
    stories = []
    for quote in quotes:
        need = quote["need"]
        if not need:
            continue
        who = f"customer of {quote['product']}" if quote["product"] else "customer"
        story = f"As a {who}, I want: “{_shorten(need)}”"
        why = _SO_THAT.search(quote["text"])
        if why and why["why"].strip() not in need:
            story += f", so that: “{_shorten(why['why'])}”"
        stories.append({"text": story, "event_id": quote["event_id"]})
        if len(stories) == STORIES:
            break
    return stories


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_LINE else text[: MAX_LINE - 1].rsplit(" ", 1)[0] + "…"


@lru_cache(maxsize=1024)
def _lines(text: str) -> tuple[tuple[str, str | None], ...]:
    """Each sentence of a text, and its quadrant; remembered, since the same quotes are told again and again."""
    lines = [_shorten(sentence) for sentence in _SENTENCE.findall(text)]
    return tuple((line, next((name for name, pattern in _QUADRANTS if pattern.search(line)), None)) for line in lines)
