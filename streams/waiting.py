"""What one receiver is still to be told, in which order; and what it is told again until it is over."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from schemas.alerts import Alert

MOST_WAITING: Final = 5_000
"""Changes that wait for one receiver in memory (some kB each); what is more waits on the topic."""
MOST_HELD: Final = 10_000
"""Firing alerts that one receiver is told again and again; beyond it, the one told longest ago is let go."""
MOST_SETTLED: Final = 100_000
"""Alerts of which is known what a receiver was told last; the oldest are forgotten, and might be told twice."""
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 60.0
"""Seconds between tries, from the first failure on and at most."""


@dataclass(slots=True)
class Change:
    """One change of an alert on its way to one receiver."""

    alert: Alert
    accepted_at: datetime
    attempts: int = 0

    @property
    def place(self) -> tuple[int, datetime]:
        """Its place in the alert's life. The moment too: revisions begin anew where state was lost."""
        return self.alert.revision, self.alert.updated_at


def pause(failures: int, chance: float) -> float:
    """Seconds until the next try: doubled with each failure in a row, by chance down to half of it.

    So that many workers don't come back at once to a receiver that has just risen.

    Args:
        chance: 0 to 1.
    """
    whole = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 16))
    return whole * (0.5 + chance / 2)


@dataclass(slots=True)
class Waiting:
    """One receiver's queue: first come, first told, and per alert in order.

    While the receiver fails, an alert's older changes give way to its newest, which holds all there is to know: the
    queue is then no longer than there are alerts, and nobody hears of a fire after it is out.
    """

    chance: Callable[[], float] = random.random
    failures: int = 0
    """Tries in a row that failed."""
    overflowed: bool = False
    """Whether some changes wait on the topic alone."""
    _lines: OrderedDict[str, list[Change]] = field(default_factory=OrderedDict)
    """Fingerprint → its changes in order; the fingerprint in front is next."""
    _settled: OrderedDict[str, tuple[int, datetime]] = field(default_factory=OrderedDict)
    _held: OrderedDict[str, Change] = field(default_factory=OrderedDict)
    """Fingerprint → what is told again."""
    _count: int = 0

    def __len__(self) -> int:
        return self._count

    @property
    def held(self) -> int:
        """Alerts that are told again and again."""
        return len(self._held)

    def known(self, alert: Alert) -> bool:
        """Whether the receiver was told this, or waits for it: a frame that is read again brings it a second time."""
        settled = self._settled.get(alert.fingerprint)
        places = [it.place for it in self._lines.get(alert.fingerprint, ())]
        if settled is not None:
            places.append(settled)
        return any(alert.revision <= revision and alert.updated_at <= moment for revision, moment in places)

    def add(self, change: Change) -> list[Change]:
        """Put a change at the end; gives what gives way to it."""
        if self._count >= MOST_WAITING:
            self.overflowed = True
            return []
        fingerprint = change.alert.fingerprint
        line = self._lines.setdefault(fingerprint, [])
        line.append(change)
        self._count += 1
        return self._give_way(fingerprint) if self.failures else []

    def next(self) -> Change | None:
        """What is to be told now; it stays until it is settled or has failed."""
        return next(iter(self._lines.values()))[0] if self._lines else None

    def holds(self, change: Change) -> bool:
        """Whether it is still to be told."""
        return any(it is change for it in self._lines.get(change.alert.fingerprint, ()))

    def settled(self, change: Change) -> None:
        """It was told, or is given up."""
        fingerprint = change.alert.fingerprint
        line = self._lines.get(fingerprint, [])
        if change in line:
            line.remove(change)
            self._count -= 1
            self._tidy(fingerprint)
        self.note(fingerprint, change.place)

    def note(self, fingerprint: str, place: tuple[int, datetime]) -> None:
        """Remember that the receiver needs nothing of this alert that is older than this place in its life."""
        before = self._settled.pop(fingerprint, None)
        self._settled[fingerprint] = max(place, before, key=lambda it: (it[1], it[0])) if before else place
        if len(self._settled) > MOST_SETTLED:
            self._settled.popitem(last=False)

    def failed(self, change: Change) -> list[Change]:
        """It was not told: the others get their turn first. Gives what gives way to newer changes from now on."""
        self.failures += 1
        given = [it for fingerprint in list(self._lines) for it in self._give_way(fingerprint)]
        fingerprint = change.alert.fingerprint
        if fingerprint in self._lines:
            self._lines.move_to_end(fingerprint)
        return given

    def pause(self) -> float:
        """Seconds until the next try; 0 while the receiver takes what it is told."""
        return pause(self.failures, self.chance()) if self.failures else 0.0

    def hold(self, change: Change) -> Change | None:
        """From now on this is told again; gives what it takes the place of, or what had to be let go for it."""
        fingerprint = change.alert.fingerprint
        before = self._held.pop(fingerprint, None)
        if change.alert.status != "resolved":
            self._held[fingerprint] = change
            if before is None and len(self._held) > MOST_HELD:
                return self._held.popitem(last=False)[1]
        return before

    def let_go(self, fingerprint: str) -> Change | None:
        """It is told again no more."""
        return self._held.pop(fingerprint, None)

    def again(self) -> list[Change]:
        """What is told again, but for alerts of which something newer waits."""
        return [change for fingerprint, change in self._held.items() if fingerprint not in self._lines]

    def drop(self, others: Callable[[str], bool]) -> None:
        """Forget the alerts that are other workers' now."""
        for kept in (self._lines, self._settled, self._held):
            for fingerprint in [it for it in kept if others(it)]:
                del kept[fingerprint]
        self._count = sum(map(len, self._lines.values()))

    def oldest(self) -> datetime | None:
        """Since when something waits."""
        return min((line[0].accepted_at for line in self._lines.values()), default=None)

    def _give_way(self, fingerprint: str) -> list[Change]:
        line = self._lines[fingerprint]
        older, line[:] = line[:-1], line[-1:]
        self._count -= len(older)
        if older:
            line[0].attempts = 0
        return older

    def _tidy(self, fingerprint: str) -> None:
        if not self._lines.get(fingerprint, True):
            del self._lines[fingerprint]
