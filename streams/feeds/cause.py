"""What may be behind a pain point: another one that the same people name, or where those who name it come from.

A candidate is a place to look first. It says what coincides, with its numbers; it proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streams.feeds.days import DIMENSIONS, Span
from streams.windows.aggregate import Aggregate

MIN_MENTIONS = 5
MIN_FOR_PERCENT = 20
"""Of fewer, a percentage only looks exact."""

MIN_SHARE = 0.3
"""A cause must touch so many of those who name the point …"""

SIGMAS = 3.0
"""A share must lie so many standard deviations above the usual one …"""

VALUE_SIGMAS = 4.0
"""… and so many where it is a product, a region or the like: some sixty of those are looked at each hour, and the
likeliest is chosen; by three, one record in twelve would name a region that means nothing."""

MIN_LIFT = 0.2
"""… and so many more than of everybody, and than before."""


_Found = tuple[float, str, str, float, float, int, str]
"""(what sorts, dimension, value, share, usual, how many, why)."""


def _beyond_chance(found: _Found) -> bool:
    _, dimension, _, share, usual, count, _ = found
    whole = count / share if share else 0.0
    sigmas = SIGMAS if dimension == "pain_point" else VALUE_SIGMAS
    return count >= MIN_MENTIONS and (share - usual) ** 2 * whole > sigmas**2 * usual * (1 - usual)


def candidate_cause(
    day: Aggregate, everything: Aggregate, before: Span, causes: Mapping[str, Aggregate]
) -> dict[str, Any] | None:
    """The likeliest, as ``schemas.feeds.Cause`` in wire form; None where nothing stands out or too few have spoken.

    Args:
        day: What was said about the point in 24 hours.
        everything: All that the brand's customers said in them.
        before: What was said about the point in the days before.
        causes: Pain points that the catalog calls causes of this one → what was said about them in the 24 hours.
    """
    if day.mentions < MIN_MENTIONS:
        return None
    found: list[_Found] = []
    voices = day.voices.keys()
    for cause, heard in causes.items():
        both = len(voices & heard.voices.keys())
        share, usual = both / len(voices), len(heard.voices) / max(len(everything.voices), 1)
        why = f"{both} of the {len(voices)} voices name it too; of all {len(everything.voices)}, {len(heard.voices)} do"
        found.append((usual - share, "pain_point", cause, share, usual, both, why))
    for dimension in DIMENSIONS:
        of_all = everything.segments.get(dimension, {})
        for value, count in day.segments.get(dimension, {}).items():
            share, among = count / day.mentions, of_all.get(value, 0) / everything.mentions
            earlier = before.share(dimension, value)
            part = f" ({share:.0%})" if day.mentions >= MIN_FOR_PERCENT else ""
            why = f"{count} of {day.mentions} mentions{part}; {among:.0%} of all that the brand's customers said"
            if earlier is not None:
                why += f", {earlier:.0%} of what was said about it in the days before"
            usual = max(among, earlier or 0.0)
            found.append((usual - share, dimension, value, share, usual, count, why))
    standing = [it for it in found if it[3] >= MIN_SHARE and -it[0] >= MIN_LIFT and _beyond_chance(it)]
    if not standing:
        return None
    _, dimension, value, share, usual, count, why = min(standing)
    return {
        "dimension": dimension,
        "value": value,
        "share": round(share, 4),
        "usual": round(usual, 4),
        "mentions": count,
        "why": why,
    }
