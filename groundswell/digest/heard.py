"""What was said in one week, about one point or at all: counted by voices, with the quotes that show it best."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nsmallest

ENOUGH = 5
"""Voices below which neither a mood nor a comparison says anything."""

CANDIDATES = 120
"""Texts of a point that are kept to choose quotes from: of whom it is the main point, and who feels most."""

FELT = 0.25
"""Sentiment from which somebody clearly feels good or bad."""

MOODS = ("negative", "neutral", "positive")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Said:
    """One record, as far as it is counted."""

    at: datetime
    source: str
    id: str
    author: str
    wording: str | None
    mood: str
    sentiment: int
    """In thousandths."""
    emotions: tuple[str, ...]
    segments: tuple[tuple[str, str], ...]
    pains: tuple[str, ...]
    delights: tuple[str, ...]
    """Empty where the text is unhappy as a whole: those are no good news, in no feed either."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody wrote, and how well it shows the point."""

    text: str
    author: str
    at: datetime
    channel: str
    url: str | None
    event_id: str
    main: bool
    """Whether the point is the text's main one, and none of the other kind is in it."""
    felt: float
    """Sentiment towards the point: of a delight as it is, of a pain turned round; 0 where the text feels otherwise."""
    words: tuple[str, ...]
    """By which the point was heard."""

    @property
    def doubts(self) -> tuple[bool, bool, bool]:
        """Why it may be a poor witness: it hardly feels so, it is about something else, or one word alone named it."""
        return (self.felt < FELT, not self.main, len(set(self.words)) < 2)

    @property
    def rank(self) -> tuple[tuple[bool, bool, bool], float, str]:
        """Best first."""
        return (self.doubts, -self.felt, self.event_id)


@dataclass(slots=True)
class WeekHeard:
    """One week's voices."""

    mentions: int = 0
    voices: dict[str, list[int]] = field(default_factory=dict)
    """Voice → mentions, sum of sentiment in thousandths, mentions in each of ``MOODS``."""
    days: list[set[str]] = field(default_factory=lambda: [set() for _ in range(7)])
    """Voices of each day, Monday first."""
    emotions: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    segments: defaultdict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    words: Counter[str] = field(default_factory=Counter)
    quotes: list[Quote] = field(default_factory=list)

    def take(self, said: Said, voice: str, day: int) -> None:
        """Count one record under a voice."""
        self.mentions += 1
        sums = self.voices.setdefault(voice, [0, 0, 0, 0, 0])
        sums[0] += 1
        sums[1] += said.sentiment
        sums[2 + MOODS.index(said.mood)] += 1
        self.days[day].add(voice)
        for emotion in said.emotions:
            self.emotions[emotion].add(voice)
        for segment in said.segments:
            self.segments[segment].add(voice)

    def quote(self, quote: Quote) -> None:
        """Keep a text among the best, and the words by which it was heard."""
        self.words.update(set(quote.words))
        self.quotes.append(quote)
        if len(self.quotes) > 2 * CANDIDATES:
            self.quotes = nsmallest(CANDIDATES, self.quotes, key=lambda it: it.rank)

    @property
    def count(self) -> int:
        """Voices."""
        return len(self.voices)

    @property
    def mood(self) -> float | None:
        """Mean over voices of each one's mean sentiment, so that nobody counts for more; None of too few."""
        if self.count < ENOUGH:
            return None
        return sum(sums[1] / sums[0] for sums in self.voices.values()) / self.count / 1000

    @property
    def moods(self) -> dict[str, int]:
        """Voices by the mood of most of their mentions; the unhappier of two that are as many."""
        found = dict.fromkeys(MOODS, 0)
        for _, _, *counts in self.voices.values():
            found[MOODS[counts.index(max(counts))]] += 1
        return found

    def on(self, days: Iterable[int]) -> int:
        """Voices of some days."""
        return len(set().union(*(self.days[day] for day in days)))

    def feelings(self, count: int = 3) -> list[str]:
        """The emotions that most voices showed."""
        found = sorted((-len(voices), name) for name, voices in self.emotions.items() if name != "neutral")
        return [name for _, name in found[:count]]

    def concentrated(self, everything: WeekHeard) -> str | None:
        """A value that most of its voices share, and clearly fewer of all voices."""
        for (dimension, value), voices in sorted(self.segments.items(), key=lambda it: (-len(it[1]), it[0])):
            usual = len(everything.segments.get((dimension, value), ())) / max(everything.count, 1)
            if len(voices) >= ENOUGH and len(voices) > self.count / 2 and len(voices) / self.count >= usual + 0.2:
                return f"{len(voices)} of them: {dimension} {value}"
        return None

    def shown(self, count: int, used: Iterable[Quote] = ()) -> list[Quote]:
        """The texts that show it best, each of another author, in other words, and none that is shown elsewhere.

        Those come first whose words are the ones that most people used: a typical voice, not the oddest.
        """
        most = max(self.mentions, 1)

        def typical(quote: Quote) -> tuple[tuple[bool, bool, bool], float, float, str]:
            share = sum(self.words[word] for word in set(quote.words)) / max(len(set(quote.words)), 1) / most
            return (quote.doubts, -round(share, 2), -quote.felt, quote.event_id)

        chosen: list[Quote] = []
        bags = [_bag(quote.text) for quote in used]
        for quote in sorted(self.quotes, key=typical):
            bag = _bag(quote.text)
            if any(quote.author == other.author for other in chosen):
                continue
            if any(len(bag & other) > 0.5 * min(len(bag), len(other)) for other in bags):
                continue
            chosen.append(quote)
            bags.append(bag)
            if len(chosen) == count:
                break
        return [quote for quote in chosen if quote.felt >= FELT] or chosen[:1]


def _bag(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))
