"""Which values of free text are counted by name: so many of each, while others share the names that are set apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from itertools import islice

from streams.effects import Effects
from streams.windows.aggregate import Aggregate
from streams.windows.bounds import Bounds
from streams.windows.copies import AUTOMATED
from streams.windows.observation import DIMENSIONS, Observation

OTHER = "other"
"""Segment values beyond the bound are counted as this one."""

ANONYMOUS = tuple(f"~{number:03x}" for number in range(1024))
"""Voices beyond the bound are counted as one of these, always the same one: there are at least as many voices as names,
and the loudest voice's share stays about right."""

SHARED = frozenset(ANONYMOUS)
"""Voices that are many authors."""

_ANONYMOUS = frozenset((*ANONYMOUS, AUTOMATED))


def anonymous(voice: str) -> str:
    """The shared name of a voice, the same on every machine."""
    digest = blake2b(voice.encode("utf-8", "surrogatepass"), digest_size=2).digest()
    return ANONYMOUS[int.from_bytes(digest, "big") % len(ANONYMOUS)]


def bound_voices(voices: dict[str, int], limit: int) -> None:
    """Keep the names of the voices that came first; the others are counted under shared names.

    Args:
        voices: Voice → mentions, in order of arrival; no more than ``limit`` names are left, and the shared ones.
    """
    if len(voices) > limit:
        for voice in [voice for voice in islice(voices, limit, None) if voice not in _ANONYMOUS]:
            count, name = voices.pop(voice), anonymous(voice)
            voices[name] = voices.get(name, 0) + count


def bound_values(values: dict[str, int], limit: int) -> None:
    """Keep the segment values that came first; the others are counted as ``OTHER``.

    Args:
        values: Value → mentions, in order of arrival; no more than ``limit`` are left, and ``OTHER``.
    """
    if len(values) > limit:
        for value in [value for value in islice(values, limit, None) if value != OTHER]:
            count = values.pop(value)
            values[OTHER] = values.get(OTHER, 0) + count


@dataclass(slots=True)
class Names:
    """Up to ``limit`` names that are counted. Whether one more is, follows from what is held alone; that is looked at
    only where it may matter.
    """

    limit: int
    held: Callable[[], set[str]]
    """Gives all names that are held now, also shared ones."""
    shared: frozenset[str] = _ANONYMOUS
    stale: bool = False
    """Whether some may have left since they were looked at."""
    known: set[str] = field(init=False)
    """What is held, and possibly what was."""

    def __post_init__(self) -> None:
        self.known = self.held() - self.shared

    def admits(self, name: str) -> bool:
        """Whether this name is to be counted; then it is held from now on."""
        if name in self.known or name in self.shared:
            return True
        if len(self.known) >= self.limit and self.stale:
            self.known, self.stale = self.held() - self.shared, False
        if len(self.known) >= self.limit:
            return False
        self.known.add(name)
        return True


COMBINATIONS = 4096
"""Combinations of segment values that are known to be counted by name; when there are more, they are looked at anew."""


@dataclass(slots=True)
class Naming:
    """Under which names a brand's voices and segment values are counted. Only a brand of which more is said than the
    bounds allow names has one. Derived, not stored.
    """

    bounds: Bounds
    held: Callable[[], Iterable[Aggregate]]
    """Gives what the brand's minutes hold, in parts."""
    values: list[Names] = field(init=False)
    """For each of ``DIMENSIONS``."""
    voices: Names | None = None
    """None while there are fewer mentions than voices may be."""
    _combinations: set[tuple[str | None, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.values = [
            Names(self.bounds.values, partial(self._values_of, dimension), frozenset({OTHER}))
            for dimension in DIMENSIONS
        ]

    def name(self, seen: Observation, mentions: int, effects: Effects) -> None:
        """Have a record counted under the names of its voice and values, or those that they share with others.

        Args:
            mentions: How many are held already.
        """
        if seen.segments not in self._combinations:
            self._name_values(seen, effects)
        if self.voices is None:
            if mentions < self.bounds.voices:
                return
            self.voices = Names(self.bounds.voices, self._voices)
        if not self.voices.admits(seen.voice):
            seen.voice = anonymous(seen.voice)
            effects.counts["voice_dropped"] += 1

    def renamed(self) -> None:
        """Some count under other voices now, which may have been away."""
        if self.voices is not None:
            self.voices.known = self._voices() - _ANONYMOUS

    def left(self, mentions: int) -> None:
        """Some of what was held is forgotten; gives way where there are few.

        Args:
            mentions: How many are held still.
        """
        for names in self.values:
            names.stale = True
        if self.voices is not None:
            self.voices.stale = True
            if mentions < self.bounds.voices // 2:
                self.voices = None

    def _name_values(self, seen: Observation, effects: Effects) -> None:
        segments = tuple(
            value if not value or names.admits(value) else OTHER
            for names, value in zip(self.values, seen.segments, strict=True)
        )
        if len(self._combinations) >= COMBINATIONS:
            self._combinations.clear()
        if segments == seen.segments:
            self._combinations.add(segments)
            return
        effects.counts["segment_dropped"] += sum(mine != its for mine, its in zip(segments, seen.segments, strict=True))
        seen.segments = segments

    def _voices(self) -> set[str]:
        return {voice for part in self.held() for voice in part.voices}

    def _values_of(self, dimension: str) -> set[str]:
        self._combinations.clear()  # They may name what is held no more.
        return {value for part in self.held() for value in part.segments.get(dimension, ())}
