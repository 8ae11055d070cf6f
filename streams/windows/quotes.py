"""Quotes: which of the things that customers wrote are shown, so that they are new, different and from many voices."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from schemas.base import stamp
from streams.windows.observation import Quote

SHOWN = 6

ALIKE = (0.15, 0.3, 0.5)
"""The part of their telling words that two quotes may share, tried in this order."""

_WORD = re.compile(r"(?<![@\w])\w{3,}|\b\d+\b")
"""What tells a text apart: no handles, which all of a brand's have, and none of the shortest words."""


def newest(quotes: list[Quote], count: int) -> list[Quote]:
    """The newest quotes, newest first; equal times by id, so that the order never depends on arrival."""
    return sorted(quotes, key=lambda quote: (-quote["at"], quote["id"]))[:count]


def diverse(candidates: list[Quote], count: int = SHOWN) -> list[Quote]:
    """Up to ``count`` quotes, newest first, each of another voice and in other words.

    Who complains of one thing says it in much the same words. So those that share little with what is chosen already
    come first, the newer ones before the older; only where they are too few, those that share more, and never one that
    shares half of its telling words with another (Jaccard index).
    """
    ordered = newest(candidates, len(candidates))
    chosen: list[Quote] = []
    voices: set[str] = set()
    bags: list[frozenset[str]] = []
    for alike in ALIKE:
        for quote in ordered:
            if len(chosen) == count:
                break
            if quote["voice"] in voices:
                continue
            bag = _bag(quote["text"])
            if any(len(bag & other) > alike * len(bag | other) for other in bags):
                continue
            chosen.append(quote)
            voices.add(quote["voice"])
            bags.append(bag)
    return newest(chosen, count)


def published(quote: Quote) -> dict[str, Any]:
    """As ``schemas.alerts.Quote`` in wire form."""
    return {
        "text": quote["text"],
        "created_at": stamp(quote["at"]),
        "source": quote["source"],
        "channel": quote["channel"],
        "event_id": quote["event_id"],
        "url": quote["url"],
        "pain_point": quote["point"],
    }


def choose_quotes(candidates: list[Quote], count: int = SHOWN) -> list[dict[str, Any]]:
    """The diverse ones, as they are published."""
    return [published(quote) for quote in diverse(candidates, count)]


@lru_cache(maxsize=1024)
def _bag(text: str) -> frozenset[str]:
    """The words of a text; remembered, since the same quotes are candidates again and again (4 KB at most)."""
    return frozenset(_WORD.findall(text.lower()))
