"""Does the worker get on? Partitions that stand still though records wait, and a broker that does not answer.

Time is an argument, in seconds of a clock that only goes forward.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

Place = tuple[str, int]
"""A topic's full name and a partition."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one partition has got."""

    finished: int | None
    """The offset after its last finished record; None while that is not known."""
    end: int | None
    """The offset that its next record will get, by the broker's last answer; None: there was none yet."""
    heard_ms: int | None
    """When the broker last answered a fetch of it, on any clock: it only matters that it changes."""

    @property
    def lag(self) -> int:
        """Records that are known to wait."""
        return 0 if self.finished is None or self.end is None else max(self.end - self.finished, 0)


@dataclass(frozen=True, slots=True)
class Stall:
    """A partition that does not get on."""

    place: Place
    seconds: float
    lag: int

    def __str__(self) -> str:
        name = f"{self.place[0]}:{self.place[1]}"
        if self.lag:
            return f"{name} has finished nothing for {self.seconds:.0f} s, and {self.lag:,} records wait"
        return f"{name} has not been read for {self.seconds:.0f} s, so nobody knows what waits there"


@dataclass(slots=True)
class Watchdog:
    """Knows since when each partition has not got on.

    A partition gets on when a record of it is finished, or when the broker has said anew that none waits. A partition
    with records that wait and are not finished stands still, and so does one that is no longer asked for.

    >>> watchdog = Watchdog(patience=60)
    >>> for now in (0, 30, 90):
    ...     watchdog.look({("posts", 0): Standing(finished=5, end=8, heard_ms=now)}, now)
    >>> [str(stall) for stall in watchdog.stalls]
    ['posts:0 has finished nothing for 90 s, and 3 records wait']
    """

    patience: float
    """Seconds that a partition may stand still before it counts as stalled."""
    still: dict[Place, float] = field(default_factory=dict)
    """Partition → how long it has stood still, in seconds; 0 while it gets on."""
    _last: dict[Place, Standing] = field(default_factory=dict)
    _well_at: dict[Place, float] = field(default_factory=dict)

    def look(self, standings: Mapping[Place, Standing], now: float, excused: Collection[Place] = ()) -> None:
        """Take in where the worker's partitions stand now.

        Args:
            standings: All of its partitions; the others are forgotten.
            now: Seconds.
            excused: Partitions that can't get on for a reason that is told otherwise, such as a rebalance: their time
                begins anew.
        """
        for place in self._last.keys() - standings.keys():
            del self._last[place], self._well_at[place], self.still[place]
        for place, standing in standings.items():
            before = self._last.get(place)
            if before is None or place in excused or _gets_on(before, standing):
                self._well_at[place] = now
            self._last[place] = standing
            self.still[place] = now - self._well_at[place]

    @property
    def stalls(self) -> list[Stall]:
        """Partitions that have stood still for longer than patience, the longest first."""
        found = [Stall(place, s, self._last[place].lag) for place, s in self.still.items() if s > self.patience]
        return sorted(found, key=lambda stall: (-stall.seconds, stall.place))


def _gets_on(before: Standing, after: Standing) -> bool:
    return after.finished != before.finished or (not after.lag and after.heard_ms != before.heard_ms)


@dataclass(slots=True)
class Absence:
    """Whether the broker answers, and what is worth a line in the log: that it went, now and then that it is away
    still, and that it is back."""

    grace: float = 3.0
    """Seconds without an answer before the broker counts as away: less is a hiccup."""
    remind: float = 60.0
    """Seconds between the lines that say so again."""
    _answered_at: float | None = None
    _away: bool = False
    _told_at: float = 0.0

    def answered(self, now: float) -> str | None:
        """It has answered; gives what is to be logged."""
        away = self.seconds(now)
        self._answered_at, self._away = now, False
        return None if away is None else f"The broker answers again, after {away:.0f} s; going on"

    def silent(self, now: float) -> str | None:
        """It has not answered; gives what is to be logged."""
        if self._answered_at is None:
            self._answered_at = now
        silence = now - self._answered_at
        if not self._away and silence >= self.grace:
            self._away, self._told_at = True, now
            return "The broker does not answer; waiting for it, nothing is lost meanwhile"
        if self._away and now - self._told_at >= self.remind:
            self._told_at = now
            return f"The broker has not answered for {silence:.0f} s; still waiting for it"
        return None

    def seconds(self, now: float) -> float | None:
        """How long it has been away; None while it answers."""
        return now - self._answered_at if self._away and self._answered_at is not None else None
