"""What one brand's unhappy customers begin to talk of that no pain point names: candidates for the catalog.

Decided on whole hours that are closed, by distinct authors, so that no order of arrival and no loud voice matters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any

from schemas.base import SCHEMA_VERSION, stamp
from streams.catalog import Catalog
from streams.detection.terms import VOLUME, Rising, Trend, Usage, terms_of, written
from streams.effects import Effects
from streams.topics import CANDIDATES
from streams.windows.observation import QUOTE_LENGTH, Observation
from streams.windows.rolling import HOUR_MS

VOICES = 128
"""Voices of one hour whose words are looked at: those with the smallest pseudonyms, which are random. Of more, it is a
sample, and shares are what rises."""
TERMS = 40
"""Terms of one voice and hour."""
OPEN_HOURS = 200
"""Hours that may be open at once; what lies further ahead is not looked at. More than a week: where one is read in a
go, a source may be days ahead of another, and what is told must not hang on how far."""
KNOWN = 100
"""Candidates of a brand that are remembered."""
REMEMBERED_HOURS = 14 * 24
"""So long after it rose last, a term that rises again is news."""
QUOTES = 3
ALIKE = 8
"""Terms from which on two voices that say the very same ones have said the same text: it counts once."""


@dataclass(slots=True)
class HourOfTerms:
    """What some of one hour's unhappy customers said that no pain point names."""

    voices: dict[str, set[str]] = field(default_factory=dict)
    """Voice → its terms."""
    quotes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Voice → one of its texts, with what a quote shows."""
    last: str = ""
    """The largest voice that may still be among the smallest; empty while all may."""

    def hear(self, seen: Observation) -> bool:
        """Take in what one customer said; gives False where it changes nothing."""
        said = seen.said
        voice = said.author
        if self.last and voice > self.last:
            return False
        terms = terms_of(said.text)
        if not terms:
            return False
        known = self.voices.get(voice)
        if known is None:
            self.voices[voice] = terms
        else:
            known |= terms
            if len(known) > 4 * TERMS:
                self.voices[voice] = set(nsmallest(TERMS, known))
        quote = self.quotes.get(voice)
        if quote is None or f"{seen.event:016x}" < quote["id"]:
            self.quotes[voice] = _quote(seen)
        if len(self.voices) > 2 * VOICES:
            self._thin()
        return True

    def sample(self) -> dict[str, set[str]]:
        """The voices that count, each with the terms that do; it depends on no order."""
        names = nsmallest(VOICES, self.voices)
        return {
            name: terms if len(terms) <= TERMS else set(nsmallest(TERMS, terms))
            for name, terms in ((name, self.voices[name]) for name in names)
        }

    def _thin(self) -> None:
        kept = nsmallest(VOICES, self.voices)
        self.last = kept[-1]
        self.voices = {name: self.voices[name] for name in kept}
        self.quotes = {name: quote for name, quote in self.quotes.items() if name in self.voices}

    def to_state(self) -> list[Any]:
        """As JSON values."""
        return [{name: sorted(terms) for name, terms in self.voices.items()}, self.quotes, self.last]

    @classmethod
    def from_state(cls, state: Any) -> HourOfTerms:
        """The hour that ``to_state`` stored."""
        voices, quotes, last = state
        return cls({name: set(terms) for name, terms in voices.items()}, quotes, last)


@dataclass(slots=True)
class Known:
    """A candidate that was told."""

    detected_ms: int
    rose_hour: int
    """When it rose last, in hours since the epoch."""
    revision: int
    voices: int
    """As it was told last."""
    related: list[str]

    def to_state(self) -> list[Any]:
        """As JSON values."""
        return [self.detected_ms, self.rose_hour, self.revision, self.voices, self.related]


@dataclass(slots=True)
class Emerging:
    """The rising terms of one brand."""

    brand: str
    catalog: Catalog
    trend: Trend = field(default_factory=Trend)
    hours: dict[int, HourOfTerms] = field(default_factory=dict)
    """Hours since the epoch → what was said; those that are open, and the closed ones of the window."""
    usage: Usage = field(default_factory=Usage)
    known: dict[str, Known] = field(default_factory=dict)
    """Term → the candidate that was told."""
    _names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        words = terms_of(self.brand) | terms_of(self.brand.replace(" ", ""))
        self._names = frozenset(words | {word for word in self.brand.lower().split() if len(word) > 3})

    def hear(self, seen: Observation, effects: Effects) -> None:
        """Take in a record whose minute is open."""
        if seen.sentiment >= 0 or seen.points or not seen.customer:
            return
        hour = seen.time_ms // HOUR_MS
        known = self.hours.get(hour)
        if known is None:
            if len(self.hours) >= OPEN_HOURS:
                return
            known = self.hours[hour] = HourOfTerms()
        if known.hear(seen):
            effects.keep(self.brand, "terms", str(hour), known)

    def look(self, now_ms: int, since_ms: int, effects: Effects) -> None:
        """An hour is over: learn what leaves the window, and tell what rose.

        Args:
            since_ms: Since when the brand is listened to; hours before were not silent, they are unknown.
        """
        hour = now_ms // HOUR_MS - 1
        self.usage.begin(since_ms // HOUR_MS)
        self._learn(hour - self.trend.hours + 1, effects)
        if hour in self.hours:
            self._close(hour, effects)

    def _learn(self, before: int, effects: Effects) -> None:
        """Have the hours before this one become what is usual."""
        for hour in sorted(hour for hour in self.hours if hour < before):
            (voices,) = _once([self.hours.pop(hour).sample()])
            counts: Counter[str] = Counter({VOLUME: len(voices)})
            for terms in voices.values():
                counts.update(sorted(terms))  # A set has no order of its own, and what is stored has to have one.
            self.usage.learn(hour, counts)
            effects.keep(self.brand, "terms", str(hour), None)
            effects.keep(self.brand, "usage", "", self.usage)

    def _close(self, hour: int, effects: Effects) -> None:
        first = hour - self.trend.hours + 1
        said = _once([self.hours[it].sample() if it in self.hours else {} for it in range(first, hour + 1)])
        for story in self.trend.rising(said, first, self.usage):
            if not self._is_covered(story.term):
                self._tell(story, hour, said, effects)

    def _tell(self, story: Rising, hour: int, said: list[dict[str, set[str]]], effects: Effects) -> None:
        """Publish a candidate that is new, or that twice as many people name."""
        now_ms = (hour + 1) * HOUR_MS
        same = {story.term, *story.related}
        term = next((term for term, it in self.known.items() if term in same or same & {*it.related}), story.term)
        known = self.known.get(term)
        if known is not None and hour - known.rose_hour > REMEMBERED_HOURS:
            known = None
        if known is not None:
            known.rose_hour = hour
            news = len(story.voices) >= 2 * known.voices
            if news:
                known.revision += 1
                known.voices = len(story.voices)
        else:
            news = True
            revision = self.known[term].revision + 1 if term in self.known else 1
            known = self.known[term] = Known(now_ms, hour, revision, len(story.voices), list(story.related[:12]))
            self._make_room(effects)
        effects.keep(self.brand, "candidate", term, known)
        if not news:
            return
        first = next(place for place, terms in enumerate(said) if any(story.term in it for it in terms.values()))
        quotes = self._quotes(story, hour)
        record = {
            "schema_version": SCHEMA_VERSION,
            "brand": self.brand,
            "term": term,
            "revision": known.revision,
            "words": written(term, [quote["text"] for quote in quotes]),
            "related": known.related,
            "voices": len(story.voices),
            "expected": round(story.expected, 2),
            "sigmas": round(story.sigmas, 1),
            "window_seconds": self.trend.hours * HOUR_MS // 1000,
            "starts_at": stamp((hour - self.trend.hours + 1 + first) * HOUR_MS),
            "detected_at": stamp(known.detected_ms),
            "updated_at": stamp(now_ms),
            "journey_stage": _stage(quotes),
            "quotes": [
                {
                    "text": quote["text"],
                    "created_at": stamp(quote["at"]),
                    "source": quote["source"],
                    "channel": quote["channel"],
                    "event_id": quote["event_id"],
                    "url": quote["url"],
                }
                for quote in quotes[:QUOTES]
            ],
        }
        effects.publish(CANDIDATES, f"{self.brand}|{term}", record)
        effects.counts["candidate"] += 1

    def _quotes(self, story: Rising, hour: int) -> list[dict[str, Any]]:
        """One text of each voice that says the term, strongest first."""
        found: dict[str, dict[str, Any]] = {}
        for it in range(hour - self.trend.hours + 1, hour + 1):
            if it in self.hours:
                for voice, quote in self.hours[it].quotes.items():
                    if voice in story.voices and voice not in found and story.term in terms_of(quote["text"]):
                        found[voice] = quote
        return sorted(found.values(), key=lambda quote: (quote["sentiment"], quote["id"]))

    def _is_covered(self, term: str) -> bool:
        """Whether it names the brand, or what a phrase of the catalog names already."""
        words = term.split()
        if any(word in self._names for word in words):
            return True
        return any(
            _fits(phrase, words)
            for entry in self.catalog
            for part in ("says", "about")
            for phrase in self.catalog.phrases(entry.id)[part]
        )

    def _make_room(self, effects: Effects) -> None:
        while len(self.known) > KNOWN:
            oldest = min(self.known, key=lambda term: (self.known[term].rose_hour, term))
            del self.known[oldest]
            effects.keep(self.brand, "candidate", oldest, None)

    # What is kept.

    def restore(self, kind: str, name: str, state: Any) -> None:
        """Take in one stored value: ``terms`` of an hour, ``usage``, or a ``candidate``."""
        if kind == "terms":
            self.hours[int(name)] = HourOfTerms.from_state(state)
        elif kind == "candidate":
            self.known[name] = Known(*state)
        else:
            self.usage = Usage.from_state(state)

    def stored(self) -> dict[str, Iterable[str]]:
        """The names of all that is stored, by kind."""
        return {"terms": [str(hour) for hour in self.hours], "usage": [""], "candidate": list(self.known)}


def _once(hours: Sequence[Mapping[str, set[str]]]) -> list[dict[str, set[str]]]:
    """The voices of some hours without those that repeat, term for term, what another has said in one of them."""
    heard: dict[frozenset[str], str] = {}
    for voices in hours:
        for voice in sorted(voices):
            if len(voices[voice]) >= ALIKE:
                heard.setdefault(frozenset(voices[voice]), voice)
    return [
        {voice: terms for voice, terms in voices.items() if heard.get(frozenset(terms), voice) == voice}
        for voices in hours
    ]


def _quote(seen: Observation) -> dict[str, Any]:
    said = seen.said
    text = said.text
    return {
        "id": f"{seen.event:016x}",
        "event_id": said.id,
        "at": seen.time_ms,
        "text": text if len(text) <= QUOTE_LENGTH else text[: QUOTE_LENGTH - 1] + "…",
        "source": said.source,
        "channel": said.channel,
        "url": said.url,
        "sentiment": seen.sentiment,
        "stage": said.journey_stage,
    }


def _stage(quotes: list[dict[str, Any]]) -> str | None:
    counts = Counter(quote["stage"] for quote in quotes if quote["stage"])
    return min(counts, key=lambda stage: (-counts[stage], stage)) if counts else None


def _fits(phrase: tuple[Any, ...], words: list[str]) -> bool:
    """Whether a phrase's elements are met by words of the term, in order."""
    at = 0
    for element in phrase:
        while at < len(words) and not (
            words[at] in element.stems
            or words[at] in element.exact
            or words[at].startswith(tuple(element.prefixes) or "\0")
        ):
            at += 1
        if at == len(words):
            return False
        at += 1
    return True
