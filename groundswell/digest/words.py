"""Numbers and times as people say them."""

from __future__ import annotations

import re
from math import isqrt

from groundswell.digest.heard import ENOUGH
from streams.feeds.wants import cut

FOR_PERCENT = 20
"""Voices below which a percentage only looks exact."""

_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def voices(count: int) -> str:
    """``1 voice``, ``1,200 voices``."""
    return f"{count:,} {'voice' if count == 1 else 'voices'}"


def share(part: int, whole: int) -> str:
    """A part of some voices: as a percentage only where they are enough."""
    if whole >= FOR_PERCENT:
        return f"{part / whole:.0%}"
    return f"{part} of {whole}"


def moved(this: int, before: int) -> bool:
    """Whether two counts differ by more than chance explains: two standard deviations of the difference (Poisson)."""
    return max(this, before) >= ENOUGH and abs(this - before) > 2 * isqrt(this + before)


def compared(this: int, before: int) -> str:
    """A number of voices against that of the week before, in words, with its base."""
    if max(this, before) < ENOUGH:
        return f"{before} the week before"
    if not moved(this, before):
        return f"about as many as the week before ({before:,})"
    way = "up" if this > before else "down"
    if before < FOR_PERCENT or this > 3 * before:
        return f"{way} from {before:,} the week before"
    return f"{way} {abs(this / before - 1):.0%} from {before:,} the week before"


def signed(value: float) -> str:
    """``+0.21``, ``−0.40``."""
    return f"{value:+.2f}".replace("-", "−")


def wait(seconds: float) -> str:
    """A time of waiting for people."""
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def shown(text: str, length: int | None = None) -> str:
    """What somebody wrote, in single blanks, cut between words, without signs that would turn the page around it."""
    text = " ".join(_CONTROL.sub("", _DIRECTIONS.sub("", text)).split())
    return text if length is None else cut(text, length)


def listed(items: list[str]) -> str:
    """``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""
