"""How much one partition of ``scored`` keeps in memory at most, whoever writes to the topic."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of a partition and of each of its brands. Below a bound nothing depends on it; what is dropped beyond
    it follows from the order of the log, not from how that is cut into frames.
    """

    brands: int = 100_000
    """Brands of a partition. A new one beyond them takes the place of the one that has been idle longest (nothing was
    said for a day); where none is idle, its records are not counted."""
    voices: int = 100_000
    """Voices of a brand's day that are counted by name; what others say is counted as said by one of 1,024 anonymous
    voices."""
    values: int = 200
    """Values of a segment's dimension (product, version, …) in a brand's day; others are counted as ``other``."""
    events: int = 2_000_000
    """Identities of a brand by which an event that is sent again is known; the oldest minute's are forgotten first."""
    windows: int = 20_000
    """Open windows of a brand, two weeks of minutes; a record that would open another is not counted."""
