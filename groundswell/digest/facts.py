"""What one week's records say about a brand, beside the week before. Pure: records in, numbers out, in any order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from groundswell.digest.asks import Ask, Asks
from groundswell.digest.heard import FELT, Quote, Said, WeekHeard
from groundswell.digest.week import Coverage, IsoWeek
from streams.feeds.wants import cut
from streams.windows.copies import Copies

QUOTE_LENGTH = 280
POINTS = 5
"""Pain points and delights that are told with quotes; the others are named."""

FEW = 3
"""Voices that a point needs for that, beyond the first two."""

QUOTES = 3
PRESSING = ("urgent", "strong_emotion", "threat_to_leave", "repeat_contact")
"""Reasons of handoffs, the most pressing first."""

_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
_SEGMENTS = ("product", "version", "region", "channel")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Point:
    """A pain point or a delight in this week and in the one before."""

    id: str
    title: str
    this: WeekHeard = field(default_factory=WeekHeard)
    before: WeekHeard = field(default_factory=WeekHeard)
    peak: dict[str, Any] | None = None
    """The feed record of the week with the highest priority."""
    caused: dict[str, Any] | None = None
    """The one whose candidate cause touches most."""
    quotes: list[Quote] = field(default_factory=list)
    """What shows it best, and is shown nowhere else."""


@dataclass(slots=True)
class Facts:
    """Everything that the report tells. Take all records in, then ``close``."""

    brand: str
    week: IsoWeek
    this: WeekHeard = field(default_factory=WeekHeard)
    before: WeekHeard = field(default_factory=WeekHeard)
    pains: dict[str, Point] = field(default_factory=dict)
    delights: dict[str, Point] = field(default_factory=dict)
    alerts: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    handoffs: dict[str, dict[str, Any]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    """Pain point or delight → its title, where a feed or an alert has told it."""
    brands: Counter[str] = field(default_factory=Counter)
    """Brands that were heard at all, for who has mistyped theirs."""
    asks: list[Ask] = field(default_factory=list)
    coverage: Coverage = field(default_factory=lambda: Coverage((), (), ""))
    _asked: Asks = field(default_factory=Asks)
    _said: dict[tuple[str, str], Said] = field(default_factory=dict)
    _first: datetime | None = None
    _last: datetime | None = None

    def scored(self, record: dict[str, Any]) -> None:
        """Take in a record of ``scored``."""
        at = _moment(record["created_at"])
        self.brands[record["brand"]] += 1
        self._first, self._last = min(self._first or at, at), max(self._last or at, at)
        if record["brand"] != self.brand or record.get("direction") == "agent":
            return
        identity = (record["source"], record["id"])
        if not -7 * _DAY <= at - self.week.start < 7 * _DAY or identity in self._said:
            return
        delights = record["delights"] if record["sentiment"]["label"] != "negative" else []
        self._said[identity] = Said(
            at,
            *identity,
            record["author"],
            record.get("wording"),
            record["sentiment"]["label"],
            round(record["sentiment"]["value"] * 1000),
            tuple(emotion["label"] for emotion in record["emotions"]),
            tuple((name, record[name]) for name in _SEGMENTS if record.get(name)),
            tuple(dict.fromkeys(mention["id"] for mention in record["pain_points"])),
            tuple(dict.fromkeys(mention["id"] for mention in delights)),
        )
        if at < self.week.start:
            return
        pains = record["pain_points"]
        for kept, mentions, others, sign in ((self.pains, pains, delights, -1), (self.delights, delights, pains, 1)):
            for place, mention in enumerate(mentions):
                point = kept.setdefault(mention["id"], Point(mention["id"], ""))
                point.this.quote(_quote(record, mention, at, main=place == 0 and not others, sign=sign))
        self._asked.hear(record)

    def feed(self, record: dict[str, Any]) -> None:
        """Take in a record of ``pain-points`` or ``delights``."""
        if record["brand"] != self.brand:
            return
        self.titles[record["pain_point"]] = record["title"]
        if not self.week.start <= _moment(record["updated_at"]) <= self.week.end:
            return
        kept = self.delights if record["pain_point"] in self.delights else self.pains
        if (point := kept.get(record["pain_point"])) is None:
            return
        if point.peak is None or _priority(record) < _priority(point.peak):
            point.peak = record
        if record.get("candidate_cause") and (point.caused is None or _caused(record) < _caused(point.caused)):
            point.caused = record

    def alert(self, record: dict[str, Any]) -> None:
        """Take in a record of ``alerts``: the newest of each episode that went on in the week."""
        began, told = _moment(record["starts_at"]), _moment(record["updated_at"])
        if record["brand"] != self.brand or began >= self.week.end or told < self.week.start or told >= self.week.end:
            return
        key = (record["fingerprint"], record["starts_at"])
        if key not in self.alerts or self.alerts[key]["revision"] < record["revision"]:
            self.alerts[key] = record

    def handoff(self, record: dict[str, Any]) -> None:
        """Take in a record of ``handoffs``: what had been said by the week's end."""
        moment = record.get("updated_at") or record["waiting_since"]
        if record["brand"] != self.brand or _moment(moment) >= self.week.end:
            return
        known = self.handoffs.get(record["id"])
        if known is None or known["revision"] < record["revision"]:
            self.handoffs[record["id"]] = record

    def close(self) -> Facts:
        """All is taken in: count it, by voices as the windows do, and choose the quotes."""
        minutes: defaultdict[datetime, list[Said]] = defaultdict(list)
        for said in sorted(self._said.values(), key=lambda it: (it.at, it.source, it.id)):
            minutes[said.at - (said.at - _EPOCH) % _MINUTE].append(said)
        copies, speaks = Copies(), dict[tuple[str, str], str]()
        for minute, heard in minutes.items():
            starts_ms = _ms(minute)
            copies.forget(starts_ms - _ms(_EPOCH + _DAY))
            entries = [[_ms(it.at) - starts_ms, it.author, it.wording] for it in heard if it.wording]
            voices = copies.settle(starts_ms, entries)
            for said in heard:
                voice = speaks[said.source, said.id] = voices.get(said.author, said.author)
                self._count(said, voice)
        self._said.clear()
        used: list[Quote] = []
        for kept in (self.pains, self.delights):
            for point in kept.values():
                point.title = self.titles.get(point.id) or point.id.replace("_", " ").capitalize()
            for point in in_detail(kept.values()):
                point.quotes = point.this.shown(QUOTES, used)
                used += point.quotes
        self.coverage = Coverage.of(self.week, self._first, self._last, any_before=self.before.mentions > 0)
        self.asks = self._asked.most([point.id for point in ranked(self.pains.values())], speaks)
        return self

    def _count(self, said: Said, voice: str) -> None:
        age = said.at - self.week.start
        now = age >= timedelta(0)
        day = age.days if now else age.days + 7
        (self.this if now else self.before).take(said, voice, day)
        for kept, names in ((self.pains, said.pains), (self.delights, said.delights)):
            for name in names:
                point = kept.setdefault(name, Point(name, ""))
                (point.this if now else point.before).take(said, voice, day)

    def open(self) -> list[dict[str, Any]]:
        """Who wrote in the week without an answer by its end: most reasons, most pressing, tickets, longest first."""
        waiting = [it for it in self.handoffs.values() if it["status"] == "open" and self._wrote_now(it)]
        return sorted(
            waiting,
            key=lambda it: (
                -len(it["reasons"]),
                min(map(PRESSING.index, it["reasons"])),
                it["source"] != "tickets",
                it["waiting_since"],
                it["id"],
            ),
        )

    def older(self) -> int:
        """How many have waited since before the week, and were not heard in it."""
        return sum(it["status"] == "open" and not self._wrote_now(it) for it in self.handoffs.values())

    def _wrote_now(self, handoff: dict[str, Any]) -> bool:
        return _moment(handoff.get("updated_at") or handoff["waiting_since"]) >= self.week.start

    def answered(self) -> list[float]:
        """Seconds that those waited who were answered in the week, shortest first."""
        done = [it for it in self.handoffs.values() if it["status"] == "answered"]
        return sorted(it["waited_seconds"] for it in done if _moment(it["answered_at"]) >= self.week.start)

    def episodes(self) -> list[dict[str, Any]]:
        """The week's alerts in order of time; what is a part of an incident is told by the incident alone."""
        incidents = {fingerprint for fingerprint, _ in self.alerts}
        alone = [it for it in self.alerts.values() if it.get("incident") not in incidents]
        return sorted(alone, key=lambda it: (it["starts_at"], it["fingerprint"]))

    def alerts_of(self, point: str) -> list[dict[str, Any]]:
        """The alerts about one point itself, in order of time."""
        own = [
            it for it in self.alerts.values() if it["pain_point"] == point and it["kind"] in ("pain_point", "delight")
        ]
        return sorted(own, key=lambda it: it["starts_at"])


def ranked(points: Iterable[Point]) -> list[Point]:
    """Those that were heard in the week, most voices first."""
    return sorted((p for p in points if p.this.voices), key=lambda p: (-p.this.count, p.id))


def in_detail(points: Iterable[Point]) -> list[Point]:
    """The points that are told with quotes; beyond the first two, none of whom hardly anybody speaks."""
    return [point for place, point in enumerate(ranked(points)[:POINTS]) if place < 2 or point.this.count >= FEW]


def _quote(record: dict[str, Any], mention: dict[str, Any], at: datetime, *, main: bool, sign: int) -> Quote:
    return Quote(
        text=cut(" ".join(record["text"].split()), QUOTE_LENGTH),
        author=record["author"],
        at=at,
        channel=record["channel"],
        url=record.get("url"),
        event_id=record["id"],
        main=main,
        felt=sign * mention["sentiment"] if sign * record["sentiment"]["value"] >= FELT else 0.0,
        words=tuple(mention["words"]),
    )


def _priority(record: dict[str, Any]) -> tuple[float, str]:
    return (-record["priority"], record["updated_at"])


def _caused(record: dict[str, Any]) -> tuple[int, str]:
    return (-record["candidate_cause"]["mentions"], record["updated_at"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
