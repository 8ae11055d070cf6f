"""Whose words they are: texts that repeat others, and authors who post as machines do, count as one voice.

Decided when a minute is over, on all that it holds, in order of event time: nothing depends on the order of arrival. A
text is a copy of one that was heard within a day, by anybody, when four of the eight hashes of its fingerprint
(`streams.scoring.wording`) were last heard of one voice. Who copies somebody in a minute speaks with that voice in that
minute; who posts like a machine speaks with the one voice that all such authors of a brand share.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

KEYS, KEY_SIZE = 8, 3
WORDING = KEYS * KEY_SIZE
"""Characters of a fingerprint."""
_PLACES = range(0, WORDING, KEY_SIZE)
ALIKE = 4
"""Hashes that two texts must share. A word changed in eighteen leaves each with odds of two in three."""

WORDINGS = 20_000
"""Texts of a brand whose fingerprints are remembered; the oldest minutes' are forgotten first."""

AUTOMATED = "~automated"
"""The voice of all authors of a brand who post like machines."""

MANY = 20
"""So many texts in a day before an author may be taken for a machine,"""
COPIED_SHARE = 0.8
"""if so many of them repeat others, or themselves,"""
REGULAR_SHARE = 0.8
"""or if of the last ones so many follow each other in the same time, to a twentieth."""
SHORTEST_PAUSE_MS = 20_000
"""What comes faster may be one hand that sends what it has collected."""

Entry = list[Any]
"""[milliseconds since the minute's start, author, fingerprint], and whose words they are where they are a copy."""


MARKED_AT = 3
"""Place of the last in an entry."""


def keys_of(wording: str) -> list[str]:
    """The hashes of a fingerprint. Nobody asks of which place they are: those of others are as good as never alike."""
    return [wording[at : at + KEY_SIZE] for at in _PLACES]


@dataclass(slots=True)
class Habits:
    """What one author has posted in the day."""

    times: list[int] = field(default_factory=list)
    """In order."""
    copies: int = 0

    @property
    def automated(self) -> bool:
        """Whether no person posts like that."""
        if len(self.times) < MANY:
            return False
        return self.copies >= COPIED_SHARE * len(self.times) or self._regular()

    def _regular(self) -> bool:
        last = self.times[-MANY:]
        pauses = sorted(after - before for before, after in pairwise(last))
        usual = pauses[len(pauses) // 2]
        alike = sum(abs(pause - usual) * 20 <= usual for pause in pauses)
        return usual >= SHORTEST_PAUSE_MS and alike >= REGULAR_SHARE * len(pauses)


@dataclass(slots=True)
class Copies:
    """What is remembered of a brand's wordings: a function of what its closed minutes of the day hold."""

    keys: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Hash → when it was heard last (ms), and whose it was then."""
    habits: dict[str, Habits] = field(default_factory=dict)
    """Author → what was posted."""
    minutes: deque[tuple[int, list[Entry]]] = field(default_factory=deque)
    """The minutes that are remembered, oldest first: start, and what was said in it."""
    held: int = 0
    """Texts in them."""
    since_ms: int = 0
    """Where the memory begins; what is older came too late, or was too much."""

    def settle(self, start_ms: int, entries: Iterable[Entry]) -> dict[str, str]:
        """A minute is over: mark its copies, remember it.

        Args:
            start_ms: Where it begins.
            entries: All of it; those that are copies grow by whose words they are.

        Returns:
            Author → the voice under which all that they said in this minute is to be counted instead.
        """
        ordered = sorted(entries, key=lambda entry: (entry[0], entry[1], entry[2]))
        speaks_as: dict[str, str] = {}
        for entry in ordered:
            self._mark(start_ms, entry)
            if len(entry) > 3 and entry[3] != entry[1]:
                speaks_as.setdefault(entry[1], entry[3])
        if ordered:
            self._insert(start_ms, ordered)
        voices = {author: _last(author, speaks_as) for author in speaks_as}
        for author in dict.fromkeys([entry[1] for entry in ordered]):
            if (habits := self.habits.get(author)) is not None and habits.automated:
                voices[author] = AUTOMATED
        for author, voice in voices.items():
            if voices.get(voice) == AUTOMATED:
                voices[author] = AUTOMATED
        return {author: voice for author, voice in voices.items() if voice != author}

    def late(self, start_ms: int, entry: Entry) -> str | None:
        """Mark and remember a text that came after its minute was over; gives whose words they are, if a copy."""
        if start_ms < self.since_ms:
            return None
        self._mark(start_ms, entry)
        self._insert(start_ms, [entry])
        author = entry[1]
        if (habits := self.habits.get(author)) is not None and habits.automated:
            return AUTOMATED
        return entry[3] if len(entry) > 3 and entry[3] != author else None

    def forget(self, before_ms: int) -> None:
        """The minutes that began before this have left the day."""
        while self.minutes and self.minutes[0][0] < before_ms:
            self._forget_oldest()
        self.since_ms = max(self.since_ms, before_ms)

    def restore(self, minutes: Iterable[tuple[int, list[Entry]]]) -> None:
        """Remember the closed minutes of the day again, given in order of time; whose words they are is known."""
        for start_ms, entries in minutes:
            if entries and start_ms >= self.since_ms:
                for entry in entries:
                    self._know(start_ms, entry, keys_of(entry[2]))
                self._insert(start_ms, entries)

    def _mark(self, start_ms: int, entry: Entry) -> None:
        """Find out whose words they are, and have them known from now on."""
        keys = keys_of(entry[2])
        known = [heard[1] for heard in map(self.keys.get, keys) if heard is not None]
        if len(known) >= ALIKE:
            count, voice = min((-known.count(voice), voice) for voice in set(known))
            if -count >= ALIKE:
                entry.append(voice)
        self._know(start_ms, entry, keys)

    def _know(self, start_ms: int, entry: Entry, keys: list[str]) -> None:
        heard = (start_ms + entry[0], entry[3] if len(entry) > 3 else entry[1])
        for key in keys:
            known = self.keys.get(key)
            if known is None or known < heard:
                self.keys[key] = heard

    def _insert(self, start_ms: int, entries: list[Entry]) -> None:
        minutes = self.minutes
        for entry in entries:
            habits = self.habits.setdefault(entry[1], Habits())
            insort(habits.times, start_ms + entry[0])
            habits.copies += len(entry) > 3
        if minutes and minutes[-1][0] > start_ms:
            place = sum(1 for other, _ in minutes if other < start_ms)
            if minutes[place][0] == start_ms:
                minutes[place][1].extend(entries)
            else:
                minutes.insert(place, (start_ms, entries))
        elif minutes and minutes[-1][0] == start_ms:
            minutes[-1][1].extend(entries)
        else:
            minutes.append((start_ms, list(entries)))
        self.held += len(entries)
        while self.held > WORDINGS:
            self.since_ms = minutes[0][0] + 1
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        start_ms, entries = self.minutes.popleft()
        self.held -= len(entries)
        for entry in entries:
            time_ms = start_ms + entry[0]
            for key in keys_of(entry[2]):
                if (known := self.keys.get(key)) is not None and known[0] <= time_ms:
                    del self.keys[key]
            habits = self.habits[entry[1]]
            del habits.times[bisect_left(habits.times, time_ms)]
            habits.copies -= len(entry) > 3
            if not habits.times:
                del self.habits[entry[1]]


def _last(author: str, speaks_as: dict[str, str]) -> str:
    """Whose voice it is in the end, where those who are copied copy others; of a circle, the first by name."""
    path = [author]
    while (voice := speaks_as.get(path[-1])) is not None:
        if voice in path:
            return min(path[path.index(voice) :])
        path.append(voice)
    return path[-1]
