"""Quotes: which of the things that customers wrote are shown, so that they are new, different and from many voices."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from schemas.base import stamp
from streams.windows.observation import Quote

SHOWN = 6

_WORD = re.compile(r"\w+")


def newest(quotes: list[Quote], count: int) -> list[Quote]:
    """The newest quotes, newest first; equal times by id, so that the order never depends on arrival."""
    return sorted(quotes, key=lambda quote: (-quote["at"], quote["id"]))[:count]


def diverse(candidates: list[Quote], count: int = SHOWN) -> list[Quote]:
    """Up to ``count`` quotes, newest first, each of another voice and in other words.

    Two quotes are too alike when more than half of their words are shared (Jaccard index).
    """
    chosen: list[Quote] = []
    voices: set[str] = set()
    bags: list[frozenset[str]] = []
    for quote in newest(candidates, len(candidates)):
        if quote["voice"] in voices:
            continue
        bag = _bag(quote["text"])
        if any(len(bag & other) > 0.5 * len(bag | other) for other in bags):
            continue
        chosen.append(quote)
        voices.add(quote["voice"])
        bags.append(bag)
        if len(chosen) == count:
            break
    return chosen


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
