"""What one week's records say about a brand, beside the week before. Pure: records in, numbers out, in any order."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from heapq import nsmallest
from typing import Any

from streams.feeds.empathy import user_stories

ENOUGH = 5
"""Voices below which two weeks are not compared."""

QUOTES = 3
CANDIDATES = 40
"""Strongest texts of a point that are kept to choose quotes and stories from."""

QUOTE_LENGTH = 280
_WORD = re.compile(r"\w+")
_WEEK = re.compile(r"(\d{4})-?W(\d{1,2})")


@dataclass(frozen=True, slots=True)
class IsoWeek:
    """Monday to Sunday, UTC."""

    start: datetime

    @classmethod
    def parse(cls, text: str) -> IsoWeek:
        """From ``2026-W07``.

        Raises:
            ValueError: There is no such week.
        """
        matched = _WEEK.fullmatch(text.strip())
        if matched is None:
            raise ValueError(f"{text!r} is no week: give an ISO week such as 2026-W07")
        monday = date.fromisocalendar(int(matched[1]), int(matched[2]), 1)
        return cls(datetime(monday.year, monday.month, monday.day, tzinfo=UTC))

    @property
    def end(self) -> datetime:
        """The next Monday, which is not part of it."""
        return self.start + timedelta(days=7)

    @property
    def name(self) -> str:
        """``2026-W07``."""
        year, week, _ = self.start.isocalendar()
        return f"{year}-W{week:02d}"


@dataclass(slots=True)
class Heard:
    """What was said in one week: about one point, or at all."""

    mentions: int = 0
    voices: set[str] = field(default_factory=set)
    labels: Counter[str] = field(default_factory=Counter)
    sentiment: float = 0.0
    effort: float = 0.0
    emotions: Counter[str] = field(default_factory=Counter)
    days: list[set[str]] = field(default_factory=lambda: [set() for _ in range(7)])
    """Voices of each day, Monday first."""
    segments: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    quotes: list[dict[str, Any]] = field(default_factory=list)

    def take(self, record: dict[str, Any], day: int) -> None:
        """Count one scored record."""
        self.mentions += 1
        self.voices.add(record["author"])
        self.days[day].add(record["author"])
        self.labels[record["sentiment"]["label"]] += 1
        self.sentiment += record["sentiment"]["value"]
        self.effort += record["signals"]["effort"]
        for emotion in record["emotions"]:
            self.emotions[emotion["label"]] += 1
        for dimension in ("channel", "product", "version", "region"):
            if value := record.get(dimension):
                self.segments[dimension][value] += 1

    def quote(self, quote: dict[str, Any]) -> None:
        """Keep a text among the strongest."""
        self.quotes.append(quote)
        if len(self.quotes) > 2 * CANDIDATES:
            self.quotes = nsmallest(CANDIDATES, self.quotes, key=_rank)

    @property
    def mood(self) -> float | None:
        """Mean sentiment; None of nothing."""
        return self.sentiment / self.mentions if self.mentions else None

    def shown(self, count: int = QUOTES) -> list[dict[str, Any]]:
        """The strongest texts, each of another voice and in other words."""
        chosen: list[dict[str, Any]] = []
        voices: set[str] = set()
        bags: list[set[str]] = []
        for quote in sorted(self.quotes, key=_rank):
            bag = set(_WORD.findall(quote["text"].lower()))
            if quote["voice"] in voices or any(len(bag & other) > 0.5 * len(bag | other) for other in bags):
                continue
            chosen.append(quote)
            voices.add(quote["voice"])
            bags.append(bag)
            if len(chosen) == count:
                break
        return chosen

    def stories(self) -> list[dict[str, str]]:
        """User stories, from what they wrote that they want."""
        return user_stories(self.shown(CANDIDATES))

    @property
    def concentrated(self) -> str | None:
        """The value that most of the mentions share, where it is a majority and not the only one."""
        for dimension in ("product", "version", "region", "channel"):
            values = self.segments[dimension]
            if values and len(values) > 1:
                value, count = min(values.items(), key=lambda item: (-item[1], item[0]))
                if count / self.mentions > 0.5:
                    return f"{dimension} {value}: {count} of {self.mentions} mentions"
        return None


@dataclass(slots=True)
class Point:
    """A pain point or a delight in this week and in the one before."""

    id: str
    title: str
    this: Heard = field(default_factory=Heard)
    before: Heard = field(default_factory=Heard)
    feed: dict[str, Any] | None = None
    """Its last feed record of the week."""


@dataclass(slots=True)
class Facts:
    """Everything that the report tells."""

    brand: str
    week: IsoWeek
    this: Heard = field(default_factory=Heard)
    before: Heard = field(default_factory=Heard)
    pains: dict[str, Point] = field(default_factory=dict)
    delights: dict[str, Point] = field(default_factory=dict)
    alerts: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    handoffs: dict[str, dict[str, Any]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    brands: Counter[str] = field(default_factory=Counter)
    """Brands that were heard at all, for who has mistyped theirs."""
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def scored(self, record: dict[str, Any]) -> None:
        """Take in a record of ``scored``."""
        self.brands[record["brand"]] += 1
        if record["brand"] != self.brand or record.get("direction") == "agent":
            return
        at = _moment(record["created_at"])
        age = at - self.week.start
        if not timedelta(days=-7) <= age < timedelta(days=7):
            return
        identity = (record["source"], record["id"])
        if identity in self._seen:
            return
        self._seen.add(identity)
        now = age >= timedelta(0)
        day = age.days if now else age.days + 7
        (self.this if now else self.before).take(record, day)
        for kept, mentions in ((self.pains, record["pain_points"]), (self.delights, record["delights"])):
            for mention in mentions:
                point = kept.setdefault(mention["id"], Point(mention["id"], self._title(mention["id"])))
                (point.this if now else point.before).take(record, day)
                if now:
                    point.this.quote(_quote(record, mention, at))

    def alert(self, record: dict[str, Any]) -> None:
        """Take in a record of ``alerts``: the newest of each episode that went on in the week."""
        began, told = _moment(record["starts_at"]), _moment(record["updated_at"])
        if record["brand"] != self.brand or began >= self.week.end or told < self.week.start or told >= self.week.end:
            return
        key = (record["fingerprint"], record["starts_at"])
        if key not in self.alerts or self.alerts[key]["revision"] < record["revision"]:
            self.alerts[key] = record

    def feed(self, record: dict[str, Any], kept: dict[str, Point]) -> None:
        """Take in a record of ``pain-points`` or ``delights``; after those of ``scored``."""
        if record["brand"] != self.brand:
            return
        point = kept.get(record["pain_point"])
        if point is None:
            return
        point.title = record["title"]
        if self.week.start <= _moment(record["updated_at"]) <= self.week.end:
            known = point.feed
            if known is None or known["updated_at"] <= record["updated_at"]:
                point.feed = record

    def handoff(self, record: dict[str, Any]) -> None:
        """Take in a record of ``handoffs``: what had been said by the week's end."""
        moment = record.get("updated_at") or record["waiting_since"]
        if record["brand"] != self.brand or _moment(moment) >= self.week.end:
            return
        known = self.handoffs.get(record["id"])
        if known is None or known["revision"] < record["revision"]:
            self.handoffs[record["id"]] = record

    def open(self) -> list[dict[str, Any]]:
        """Who still waited at the week's end, longest first."""
        waiting = [it for it in self.handoffs.values() if it["status"] == "open"]
        return sorted(waiting, key=lambda it: (it["waiting_since"], it["id"]))

    def answered(self) -> list[float]:
        """Seconds that those waited who were answered in the week, shortest first."""
        done = [it for it in self.handoffs.values() if it["status"] == "answered"]
        return sorted(it["waited_seconds"] for it in done if _moment(it["answered_at"]) >= self.week.start)

    def _title(self, id_: str) -> str:
        return self.titles.get(id_) or id_.replace("_", " ").capitalize()


def ranked(points: Iterable[Point]) -> list[Point]:
    """Those that were heard in the week, most voices first."""
    return sorted((p for p in points if p.this.voices), key=lambda p: (-len(p.this.voices), p.id))


def compared(this: int, before: int, any_before: bool) -> str:
    """A number of voices against that of the week before, in words, with its base; or why nothing can be said."""
    if not any_before:
        return "no week before to compare with"
    if max(this, before) < ENOUGH:
        return f"{before} the week before: too few voices to say"
    if before < ENOUGH:
        return f"up from {before}"
    return f"{this / before - 1:+.0%} against {before} the week before"


def wait(seconds: float) -> str:
    """A time of waiting for people."""
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def _quote(record: dict[str, Any], mention: dict[str, Any], at: datetime) -> dict[str, Any]:
    text = record["text"]
    return {
        "text": text if len(text) <= QUOTE_LENGTH else text[: QUOTE_LENGTH - 1].rsplit(" ", 1)[0] + "…",
        "voice": record["author"],
        "sentiment": mention["sentiment"],
        "event_id": record["id"],
        "at": at,
        "channel": record["channel"],
        "url": record.get("url"),
        "product": record.get("product"),
        "need": record["signals"].get("need"),
    }


def _rank(quote: dict[str, Any]) -> tuple[float, str]:
    return (-abs(quote["sentiment"]), quote["event_id"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
