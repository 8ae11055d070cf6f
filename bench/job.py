"""The common job: what every contestant does with an event, so that only what is around it differs.

An event is JSON with ``id``, ``brand``, ``author``, ``created_at`` and ``text``. It is checked, scored with a word
list, tagged with pain points by a dictionary of tokens, and written as one scored record with its brand as key. Every
pain point of it counts once in its series (brand × pain point × minute); the new count is written with the series as
key. All events are valid: what becomes of others is not what is compared here.
"""

from __future__ import annotations

import string
from datetime import datetime
from typing import Any, Final

WORDS: Final = {
    word: share
    for share, words in {
        3: "love loved lovely perfect brilliant fantastic outstanding",
        2: "great happy thanks friendly helpful excellent enjoy pleased smooth wonderful",
        1: "good nice fine quick fast easy fresh clean kind solid works",
        -1: "slow wrong late missing confusing tired poor weak dull cold",
        -2: "bad broken crashes failed disappointed annoying rude damaged angry useless ignored",
        -3: "terrible awful worst hate horrible disgusting scam furious ridiculous unacceptable",
    }.items()
    for word in words.split()
}
"""Word → its share of the score."""

POINT_OF: Final = {
    token: point
    for point, tokens in {
        "late_delivery": "late overdue delayed delivery courier shipping dispatched parcel",
        "damaged_item": "damaged crushed dented smashed cracked leaking torn",
        "wrong_item": "wrong mistaken swapped substitute",
        "refund": "refund refunded reimbursed chargeback",
        "billing": "charged invoice overcharged billed twice",
        "slow_support": "hold waiting unanswered hotline queue reply",
        "login": "login password locked signin verification",
        "checkout": "checkout basket payment declined card",
        "app_crash": "crashes crash crashed freezes frozen",
        "cancellation": "cancel cancelled unsubscribe cancellation",
    }.items()
    for token in tokens.split()
}
"""Token → the one of ten pain points that it names."""

NEEDED: Final = ("id", "brand", "author", "created_at", "text")
_SPACED: Final = {ord(mark): " " for mark in string.punctuation}


class InvalidEventError(ValueError):
    """An event lacks what it needs, or holds something else there."""


def hear(text: str) -> tuple[int, list[str]]:
    """The score, and the pain points in order of their names."""
    tokens = text.lower().translate(_SPACED).split()
    score = sum([WORDS[token] for token in tokens if token in WORDS])
    return score, sorted({POINT_OF[token] for token in tokens if token in POINT_OF})


def minute_of(created_at: str) -> int:
    """The minute in which something was said, in seconds since 1970.

    Raises:
        InvalidEventError: It is not RFC 3339 with an offset.
    """
    try:
        moment = datetime.fromisoformat(created_at)
    except ValueError as error:
        raise InvalidEventError(f"created_at: {error}") from error
    if moment.tzinfo is None:
        raise InvalidEventError("created_at has no offset")
    seconds = int(moment.timestamp())
    return seconds - seconds % 60


def scored(event: Any) -> dict[str, Any]:
    """The scored record of a decoded event.

    Raises:
        InvalidEventError: A needed field is missing, empty or no string.
    """
    for name in NEEDED:
        try:
            value = event[name]
        except (KeyError, TypeError, IndexError):
            raise InvalidEventError(f"{name} is missing") from None
        if not isinstance(value, str) or not value:
            raise InvalidEventError(f"{name} is no text")
    score, points = hear(event["text"])
    return {
        "id": event["id"],
        "brand": event["brand"],
        "author": event["author"],
        "created_at": event["created_at"],
        "minute": minute_of(event["created_at"]),
        "text": event["text"],
        "score": score,
        "points": points,
    }


def series_of(brand: str, points: list[str], minute: int) -> list[str]:
    """The series in which a scored record counts: the keys of the counts."""
    return [f"{brand}|{point}|{minute}" for point in points]


def counted(series: str, count: int) -> dict[str, Any]:
    """The record of a count."""
    brand, point, minute = series.rsplit("|", 2)
    return {"brand": brand, "point": point, "minute": int(minute), "count": count}
