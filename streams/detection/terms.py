"""Words that rise: what people suddenly say who never said it, before anybody has written it into the catalog."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any
from zlib import crc32

from streams.catalog.index import common_words, silent_words
from streams.catalog.stems import stem

LOOKED_AT = 500
"""Characters of a text that are looked at: what it is about is said at its beginning."""
LONGEST_WORD = 24
LONGEST_KEPT = 40
CHUNKS = 50_000
"""Chunks that are remembered."""
SLOTS = 4_096
"""Slots of a brand's table; a term has two of them, and what others put there can only hide it, never make it rise."""
PROBES = 2
VOLUME = ""
"""The term that everybody says: how many voices there were at all."""
TOO_COMMON = 350
"""Words that English uses so often in a million say nothing about what is wrong."""
FORGOTTEN = 1e-3
"""Mean voices an hour below which a slot is let go: one voice is forgotten in two weeks."""

_PIECE = re.compile(r"https?://\S+|www\.\S+|\[[a-z_ ]+\]|[@#]?\w+(?:['’]\w+)*|[.!?;:\n…]")
_ENDS = frozenset(".!?;:\n…")


_SILENT = silent_words() | common_words(TOO_COMMON)


class _Chunks(dict[str, tuple[str | None, ...]]):
    """What stands between two spaces → the stems of its telling words, None where a sentence ends."""

    def __missing__(self, chunk: str) -> tuple[str | None, ...]:
        if len(self) >= CHUNKS:
            self.clear()
        found: list[str | None] = []
        for piece in _PIECE.findall(chunk.lower()):
            if piece in _ENDS:
                found.append(None)
            else:
                known = _stem(piece)
                if known is not None:
                    found.append(known)
        told = tuple(found)
        if len(chunk) <= LONGEST_KEPT:
            self[chunk] = told
        return told


_CHUNKS = _Chunks()


def terms_of(text: str) -> set[str]:
    """What a text talks of: the stems of its telling words, and pairs of them that follow each other in a sentence.

    >>> sorted(terms_of("@Acme the lid of my mug melts! Terrible. https://t.co/x"))
    ['lid', 'lid mug', 'melt', 'mug', 'mug melt']
    """
    found: set[str] = set()
    before: str | None = None
    for chunk in text[:LOOKED_AT].split():
        for stemmed in _CHUNKS[chunk]:
            if stemmed is not None:
                found.add(stemmed)
                if before is not None and before != stemmed:
                    found.add(f"{before} {stemmed}")
            before = stemmed
    return found


def written(term: str, texts: Iterable[str]) -> str:
    """The term as most texts write it: its words in their commonest form."""
    words = []
    for stemmed in term.split():
        forms: Counter[str] = Counter()
        for text in texts:
            forms.update(
                {
                    bare
                    for bare in (word.strip("#.,!?;:\"'’()…-").lower() for word in text.split())
                    if terms_of(bare) == {stemmed}
                }
            )
        words.append(min(forms, key=lambda form: (-forms[form], form)) if forms else stemmed)
    return " ".join(words)


def _stem(piece: str) -> str | None:
    """The stem of a word; None where it is none that tells anything."""
    if piece[0] in "@[" or piece.startswith(("http", "www.")):
        return None
    bare = piece.strip("#_'’-").replace("'", "").replace("’", "")
    if not 3 <= len(bare) <= LONGEST_WORD or bare.isdigit() or bare in _SILENT:
        return None
    return stem(bare)


@dataclass(slots=True)
class Usage:
    """How many voices an hour a brand's terms have by habit: mean and variance, in a table of bounded size.

    Exponentially weighted mean and variance per hashed term are those of SigniTrend (Schubert, Weiler and Kriegel,
    "SigniTrend: scalable detection of emerging topics in textual streams by hashed significance thresholds", KDD 2014):
    a term is looked up in all its slots, and the least counts. Hours in which nothing is said cost nothing: what is
    known decays when it is looked at.

    >>> usage = Usage()
    >>> for hour in range(100):
    ...     usage.learn(hour, {VOLUME: 40, "hold": 4})
    >>> [round(value, 1) for value in (usage.mean("hold", 100), usage.mean("melt", 100))]
    [4.0, 0.0]
    """

    half_life_hours: float = 168.0
    began: int | None = None
    """The first hour that is known, in hours since the epoch."""
    slots: dict[int, list[float]] = field(default_factory=dict)
    """Slot → hour it was touched last, mean, mean square; both not yet corrected for the time before the first hour."""

    def learn(self, hour: int, voices: Mapping[str, int]) -> None:
        """Take in the voices of each term in one hour (hours since the epoch), later than those before."""
        self.begin(hour if self.began is None else self.began)
        counts: dict[int, int] = {}
        for term, count in voices.items():
            for slot in _slots(term):
                counts[slot] = counts.get(slot, 0) + count
        part = 1.0 - self._decay(1)
        for slot, count in counts.items():
            touched, mean, square = self.slots.get(slot, (hour, 0.0, 0.0))
            kept = self._decay(hour - touched)
            self.slots[slot] = [hour, mean * kept + part * count, square * kept + part * count * count]
        if hour % 24 == 0:
            for slot in [
                slot for slot, known in self.slots.items() if known[1] * self._decay(hour - known[0]) < FORGOTTEN
            ]:
                del self.slots[slot]

    def begin(self, hour: int) -> None:
        """Nothing is known of the hours before this one: they were not silent."""
        if self.began is None or hour > self.began:
            self.began = hour

    def hours(self, hour: int) -> int:
        """Hours that are known before this one."""
        return 0 if self.began is None else hour - self.began

    def mean(self, term: str, hour: int) -> float:
        """Voices of a term in a usual hour before this one."""
        return self._usual(term, hour)[0]

    def expect(self, term: str, hour: int, hours: int, growth: float) -> tuple[float, float]:
        """Voices of a term that are usual in so many hours from this one on, and their standard deviation.

        Args:
            growth: How many times as many voices as usual there are at all: who says what is always said is no news.
        """
        mean, variance = self._usual(term, hour)
        expected = hours * mean * growth
        return expected, sqrt(max(hours * variance * growth, expected))

    def _usual(self, term: str, hour: int) -> tuple[float, float]:
        since = self.hours(hour)
        if since <= 0:
            return 0.0, 0.0
        known = 1.0 - self._decay(since)
        least: tuple[float, float] | None = None
        for slot in _slots(term):
            found = self.slots.get(slot)
            if found is None:
                return 0.0, 0.0
            touched, mean, square = found
            decayed = self._decay(hour - 1 - touched) / known
            mean, square = mean * decayed, square * decayed
            if least is None or mean < least[0]:
                least = mean, max(square - mean * mean, 0.0)
        return least or (0.0, 0.0)

    def _decay(self, hours: float) -> float:
        return float(0.5 ** (hours / self.half_life_hours))

    def to_state(self) -> list[Any]:
        """As JSON values."""
        return [self.began, {str(slot): known for slot, known in self.slots.items()}]

    @classmethod
    def from_state(cls, state: Any) -> Usage:
        """The table that ``to_state`` stored."""
        began, slots = state
        return cls(began=began, slots={int(slot): known for slot, known in slots.items()})


def _slots(term: str) -> list[int]:
    if term == VOLUME:
        return [SLOTS]  # Nobody shares it.
    number = crc32(term.encode("utf-8", "surrogatepass"))
    return [number % SLOTS, (number >> 16) % SLOTS]


@dataclass(frozen=True, slots=True)
class Rising:
    """A term that more people say than is usual, with those that rise with it because the same people say them."""

    term: str
    related: tuple[str, ...]
    voices: frozenset[str]
    expected: float
    sigmas: float


@dataclass(frozen=True, slots=True)
class Trend:
    """Finds the terms that rise, in the voices of the last hours.

    >>> usage = Usage()
    >>> for hour in range(72):
    ...     usage.learn(hour, {VOLUME: 10, "parcel": 5})
    >>> said = {f"voice {n}": {"parcel", "lid melt"} for n in range(6)}
    >>> [(it.term, len(it.voices)) for it in Trend().rising([said], 72, usage)]
    [('lid melt', 6)]
    """

    hours: int = 6
    """Length of the window; a new problem is told by several people in it."""
    minimum: int = 5
    """Fewer distinct voices never rise."""
    sigmas: float = 4.0
    """Standard deviations above what is usual."""
    bias: float = 1.0
    """Voices that are added to the standard deviation: the first few are no surprise, as in SigniTrend."""
    ratio: float = 3.0
    """Least multiple of what is usual."""
    warm_up_hours: int = 24
    """Hours that must be known."""
    overlap: float = 0.5
    """Share of a term's voices that say another one too, from which on both are one story."""

    def rising(self, said: Sequence[Mapping[str, set[str]]], hour: int, usage: Usage) -> list[Rising]:
        """The terms that rise, most telling first.

        Args:
            said: Of each hour of the window (the last one last): voice → the terms it said.
            hour: The window's first one, in hours since the epoch.
            usage: What was usual before the window, which is no part of it: what rises must not hide itself.
        """
        if usage.hours(hour) < self.warm_up_hours:
            return []
        total = sum(len(voices) for voices in said)
        usual = self.hours * usage.mean(VOLUME, hour)
        growth = max(1.0, total / usual) if usual else 1.0
        counts: Counter[str] = Counter()
        for voices in said:
            for terms in voices.values():
                counts.update(terms)
        found = []
        for term, count in counts.items():
            if count < self.minimum or not any(term in terms for terms in said[-1].values()):
                continue
            names = frozenset(voice for voices in said for voice, terms in voices.items() if term in terms)
            expected, deviation = usage.expect(term, hour, self.hours, growth)
            sigmas = (len(names) - expected) / (deviation + self.bias)
            if len(names) >= max(self.minimum, self.ratio * expected) and sigmas >= self.sigmas:
                found.append(Rising(term, (), names, expected, sigmas))
        return self._stories(found)

    def _stories(self, found: Iterable[Rising]) -> list[Rising]:
        """One of each group of terms that the same people say: a pair tells more than a word."""
        ranked = sorted(found, key=lambda it: (-_weight(it), it.term))
        stories: list[Rising] = []
        for it in ranked:
            for place, story in enumerate(stories):
                if len(it.voices & story.voices) >= self.overlap * min(len(it.voices), len(story.voices)):
                    stories[place] = Rising(
                        story.term, (*story.related, it.term), story.voices, story.expected, story.sigmas
                    )
                    break
            else:
                stories.append(it)
        return stories


def _weight(it: Rising) -> float:
    return it.sigmas * (1.5 if " " in it.term else 1.0)
