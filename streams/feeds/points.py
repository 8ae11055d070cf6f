"""The feed record of one pain point or delight, as ``schemas.feeds.PainPoint`` in wire form."""

from __future__ import annotations

from typing import Any

from schemas.base import SCHEMA_VERSION, stamp
from streams.feeds.empathy import empathy_map, user_stories
from streams.windows.aggregate import Aggregate
from streams.windows.observation import Quote
from streams.windows.quotes import diverse, published

SEGMENTS = ("channel", "product", "version", "region", "language")


def point_feed(
    brand: str,
    point: str,
    title: str,
    now_ms: int,
    *,
    hour: Aggregate,
    day: Aggregate,
    everything: Aggregate,
    hours_heard: int,
    usual_day: float | None,
    first_ms: int,
    last_ms: int,
    alert: str | None,
    quotes: list[Quote],
) -> dict[str, Any]:
    """What a product team needs to act on.

    Args:
        hour, day: The point's sums over the last hour and the last 24.
        everything: All that the brand's customers said in those 24 hours.
        hours_heard: In how many of the last 24 hours it was heard.
        usual_day: Voices of a usual day before this one; None where no full day is known.
        first_ms, last_ms: When it was first and last heard.
        alert: Fingerprint of an alert that fires about it.
        quotes: Candidates; the newest that differ are shown.
    """
    shown = diverse(quotes)
    reach = len(day.voices)
    intensity = round(abs(day.mean_sentiment), 3)
    persistence = round(hours_heard / 24, 3)
    return {
        "schema_version": SCHEMA_VERSION,
        "brand": brand,
        "pain_point": point,
        "title": title,
        "updated_at": stamp(now_ms),
        "first_heard_at": stamp(first_ms),
        "last_heard_at": stamp(last_ms),
        "trend": None if not usual_day else round(reach / usual_day, 3),
        "last_hour": hour.tally(),
        "last_day": day.tally(),
        "share": round(day.mentions / everything.mentions, 4) if everything.mentions else 0.0,
        "journey": day.shares("journey"),
        "segments": {name: day.shares(name) for name in SEGMENTS if day.segments.get(name)},
        "alert": alert,
        "priority": round(reach * intensity * persistence, 3),
        "priority_why": (
            f"reach {reach} voices in 24 h × intensity {intensity:g} (mean sentiment without its sign) "
            f"× persistence {persistence:g} (heard in {hours_heard} of 24 hours)"
        ),
        "quotes": [published(quote) for quote in shown],
        "empathy_map": empathy_map(shown),
        "user_stories": user_stories(shown),
    }
