"""The feeds of one brand's pain points and delights: when each was heard, and what its record told last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from schemas.base import stamp
from streams.alerting import Episode
from streams.catalog import Catalog
from streams.detection import Baseline
from streams.effects import Effects
from streams.feeds import Days, Known, point_feed
from streams.topics import DELIGHTS, PAIN_POINTS
from streams.windows.aggregate import EVERYTHING, NEGATIVE
from streams.windows.rolling import DAY_MS, HOUR_MS
from streams.windows.store import WindowStore

FEED_QUOTES = 48
"""Quotes among which a feed record chooses."""


@dataclass(slots=True)
class PointFeeds:
    """What the feeds of one brand remember; it is a part of the brand's own stored value."""

    brand: str
    catalog: Catalog
    heard: dict[str, list[int]] = field(default_factory=dict)
    """Pain point or delight → when it was first and last heard (ms)."""
    fed: dict[str, int] = field(default_factory=dict)
    """Pain point or delight → mentions in the day that its feed record told last."""
    days: dict[str, Days] = field(default_factory=dict)
    """Pain point or delight → what its last days held; each is stored by itself."""

    def hear(self, names: Iterable[str], time_ms: int) -> None:
        """Note that a closed window holds these series; those of the whole brand have no feed."""
        for name in names:
            if name not in (EVERYTHING, NEGATIVE):
                first_and_last = self.heard.setdefault(name, [time_ms, time_ms])
                first_and_last[:] = min(first_and_last[0], time_ms), max(first_and_last[1], time_ms)
                self.fed.setdefault(name, 0)

    def learn(self, now_ms: int, windows: WindowStore, effects: Effects) -> None:
        """An hour is over: the days learn it."""
        for name, hour in windows.hour.series.items():
            if name not in (EVERYTHING, NEGATIVE):
                days = self.days.setdefault(name, Days())
                days.learn(now_ms, hour)
                effects.keep(self.brand, "days", name, days)

    def settled(self, windows: WindowStore) -> bool:
        """Whether every record tells what the day holds; true for long where nothing is said any more."""
        return all(told == windows.day.of(name).mentions for name, told in self.fed.items())

    def due(self, windows: WindowStore) -> list[str]:
        """The pain points and delights that have news at the end of an hour."""
        due = []
        for name in sorted(self.fed):
            if self.fed[name] != windows.day.of(name).mentions or windows.hour.of(name).mentions:
                due.append(name)
            elif not self.fed[name]:
                del self.fed[name]  # It came late, and its day was over before a feed could tell of it.
        return due

    def tell(
        self,
        name: str,
        now_ms: int,
        windows: WindowStore,
        effects: Effects,
        *,
        past: Baseline | None,
        episode: Episode | None,
    ) -> None:
        """Publish a feed record.

        Args:
            past: What is usual for it, where something is known.
            episode: Its last alert.
        """
        good = self.catalog.kind_of(name) == "delight"
        day = windows.day.of(name)
        first_ms, last_ms = self.heard[name]
        last_day = past.counts(range(now_ms // HOUR_MS - 24, now_ms // HOUR_MS)) if past else []
        known = past.span(now_ms - DAY_MS) if past else range(0)
        usual_day = sum(past.counts(known)) * 24 / len(known) if past and len(known) >= 24 else None
        record = point_feed(
            self.brand,
            name,
            self.catalog.title_of(name),
            now_ms,
            hour=windows.hour.of(name),
            day=day,
            everything=windows.day.of(EVERYTHING),
            hours_heard=sum(count > 0 for count in last_day),
            usual_day=usual_day,
            first_ms=first_ms,
            last_ms=last_ms,
            alert=episode.fingerprint if episode is not None and episode.firing else None,
            known=Known(
                hours=past.counts(past.span(now_ms)) if past else (),
                days=self.days.get(name) or Days(),
                causes={cause: windows.day.of(cause) for cause in self.catalog.causes_of(name)},
                recovery=_recovery(episode),
            ),
            quotes=windows.newest_quotes(name, FEED_QUOTES),
            good=good,
        )
        topic = DELIGHTS if good else PAIN_POINTS
        effects.publish(topic, f"{self.brand}|{name}", record)
        if day.mentions:
            self.fed[name] = day.mentions
        else:
            self.fed.pop(name, None)

    def restore_days(self, name: str, state: Any) -> None:
        """Take in what is stored of one point's days."""
        self.days[name] = Days.from_state(state)


def _recovery(episode: Episode | None) -> dict[str, Any] | None:
    """How the last alert went, as ``schemas.feeds.Recovery`` in wire form."""
    if episode is None or episode.status == "quiet":
        return None
    over = None if episode.firing else episode.ends_ms
    return {
        "status": "recovered" if over is not None else "firing",
        "starts_at": stamp(episode.starts_ms),
        "ends_at": None if over is None else stamp(over),
        "seconds": None if over is None else max(over - episode.starts_ms, 0) / 1000,
        "sentiment_before": None if episode.before is None else episode.before / 1000,
    }
