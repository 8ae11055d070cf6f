"""The feed record of one pain point or delight, as ``schemas.feeds.PainPoint`` in wire form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.base import SCHEMA_VERSION, stamp
from streams.feeds.cause import candidate_cause
from streams.feeds.days import Days, shifts
from streams.feeds.empathy import empathy_map, user_stories
from streams.windows.aggregate import Aggregate
from streams.windows.observation import Quote
from streams.windows.quotes import diverse, published

SEGMENTS = ("channel", "product", "version", "region", "language")
WEEK_HOURS = 7 * 24
FELT = 250
"""Thousandths of sentiment from which somebody clearly feels good or bad about it."""
ENOUGH_QUOTES = 3
"""Quotes that a record has where it can: people for whom it is the main point first, then others."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the past of a pain point or delight."""

    hours: Sequence[int] = ()
    """Voices of each full hour since the brand is listened to, the last one being over now; two weeks at most."""
    days: Days = field(default_factory=Days)
    causes: Mapping[str, Aggregate] = field(default_factory=dict)
    """Pain points that would explain it → what was said about them in 24 hours."""
    recovery: dict[str, Any] | None = None
    """``schemas.feeds.Recovery`` of its last alert, in wire form."""


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
    good: bool = False,
    known: Known | None = None,
) -> dict[str, Any]:
    """What a product team needs to act on.

    Args:
        hour, day: The point's sums over the last hour and the last 24.
        everything: All that the brand's customers said in those 24 hours.
        hours_heard: In how many of the last 24 hours it was heard.
        usual_day: Voices of a usual day before this one; None where no full day is known.
        first_ms, last_ms: When it was first and last heard.
        alert: Fingerprint of an alert that fires about it.
        quotes: Candidates; of those that are about it most of all, the newest that differ are shown.
        good: Whether it is a delight.
        known: Its past, where there is any.
    """
    known = known or Known()
    shown = _fitting(point, quotes, good=good)
    reach = len(day.voices)
    intensity = round(abs(day.mean_sentiment), 3)
    persistence = round(hours_heard / 24, 3)
    journey = day.shares("journey")
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
        "journey": journey,
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
        "journey_stage": next(iter(journey), None),
        "week": _week(now_ms, known),
        "candidate_cause": candidate_cause(day, everything, known.days.before(now_ms), known.causes),
        "recovery": known.recovery,
        "priority_terms": {"reach": reach, "intensity": intensity, "persistence": persistence},
    }


def _fitting(point: str, quotes: list[Quote], *, good: bool) -> list[Quote]:
    """Quotes of people who feel about it as one does of a delight or a pain.

    "Great crew, but an hour late" is a poor witness for either, and so is who only names the thing ("the app"). Where
    too few are better, they have to do.
    """
    felt = [quote for quote in quotes if (quote["sentiment"] if good else -quote["sentiment"]) >= FELT]
    main = [quote for quote in felt if quote["point"] == point]
    plain = [quote for quote in main if len(set(quote["words"])) > 1]
    shown = diverse(plain)
    for further in (main, felt):
        if len(shown) < ENOUGH_QUOTES:
            known = [quote["id"] for quote in shown]
            others = diverse([*shown, *(quote for quote in further if quote["id"] not in known)], len(felt))
            shown += [quote for quote in others if quote["id"] not in known][: ENOUGH_QUOTES - len(shown)]
    return shown or diverse(quotes, ENOUGH_QUOTES)


def _week(now_ms: int, known: Known) -> dict[str, Any] | None:
    """``schemas.feeds.Week`` in wire form; None before the first hour is over."""
    hours = list(known.hours[-2 * WEEK_HOURS :])
    if not hours:
        return None
    this, before = hours[-WEEK_HOURS:], hours[:-WEEK_HOURS]
    held, held_before = known.days.weeks(now_ms)
    compared = len(before) >= 24
    rate, rate_before = sum(this) / len(this), sum(before) / max(len(before), 1)
    ends = range(len(hours), 0, -24)
    return {
        "this": {"known_hours": len(this), "hourly_voices": sum(this)} | held.means(),
        "before": {"known_hours": len(before), "hourly_voices": sum(before)} | held_before.means()
        if compared
        else None,
        "change": round(rate / rate_before - 1, 3) if compared and rate_before else None,
        "daily_voices": [sum(hours[max(end - 24, 0) : end]) for end in ends][::-1],
        "shifts": shifts(held, held_before),
    }
