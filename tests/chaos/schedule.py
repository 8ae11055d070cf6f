"""What goes wrong in a round, and when: a function of the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final, Literal, get_args

Kind = Literal["kill", "freeze", "stop", "join", "broker", "disk", "clock"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

MOST_WORKERS: Final = 3
SESSION_SECONDS: Final = 6.0
"""After so long without a heartbeat the group gives a worker's partitions to others (``broker_session_timeout``)."""

DAY_SECONDS: Final = 86_400.0
JUMPS: Final = (3_600.0, 3 * DAY_SECONDS, 400 * DAY_SECONDS, -3_600.0, -3 * DAY_SECONDS, -20_000 * DAY_SECONDS)
"""By how much a worker's wall clock may jump, in seconds; the last is a machine without a battery, back in 1970."""

MEANINGS: Final[dict[Kind, str]] = {
    "kill": "kill -9 of a worker",
    "freeze": "SIGSTOP for longer than the session timeout, then SIGCONT",
    "stop": "SIGTERM: an orderly stop",
    "join": "a new worker joins",
    "broker": "kill -9 of the broker and its guard, then a start on the same data",
    "disk": "not a byte more can be written to the disk of a worker, and of those who start later",
    "clock": "a worker's wall clock jumps",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong."""

    at: float
    """Seconds after the first record at the earliest; the next wave of records is sent then."""
    share: float
    """It strikes when so many (0 to 1) of that wave's records have been scored: in the middle of the work."""
    kind: Kind
    worker: int | None = None
    """Whom it hits (or who joins): workers are numbered from 0 in the order of their starts."""
    seconds: float = 0.0
    """How long a worker is frozen, or the broker away before it starts again; by how much a clock jumps."""

    def __str__(self) -> str:
        whom = "" if self.worker is None else f" of worker {self.worker}"
        how = ""
        if self.kind == "clock":
            how = f" by {self.seconds:+,.0f} s"
        elif self.seconds:
            how = f" for {self.seconds:.1f} s"
        return f"{self.at:5.1f} s, at {self.share:.0%} of the wave: {self.kind}{whom}{how}"


@dataclass(frozen=True, slots=True)
class Disorder:
    """How the records themselves go wrong, as shares of all of them."""

    duplicates: float
    """Sent once more, with the same id, up to a day of event time later."""
    poison: float
    """Mutated bytes that belong into quarantine."""
    absurd: float
    """With a ``created_at`` ahead of the clock: hours, or thousands of years."""
    shuffled_seconds: int
    """By how much of event time a record may be overtaken; within the allowed lateness."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A round."""

    seed: int
    workers: int
    """How many work from the beginning."""
    disorder: Disorder
    faults: tuple[Fault, ...]
    """In order of time. A wave of records comes with each of them, and a last one ``rest`` seconds after the last."""
    rest: float

    def __str__(self) -> str:
        wrong = self.disorder
        lines = [
            f"seed {self.seed}: {self.workers} workers; {wrong.duplicates:.1%} of the records sent twice,"
            f" {wrong.poison:.1%} poison, {wrong.absurd:.1%} with absurd dates, shuffled by up to"
            f" {wrong.shuffled_seconds} s of event time",
            *map(str, self.faults),
        ]
        return "\n  ".join(lines)


def schedule(seed: int, kinds: tuple[Kind, ...] = KINDS) -> Schedule:
    """The round of a seed. Of as many seeds in a row as there are kinds, each kind is one round's first.

    Args:
        kinds: What may go wrong.
    """
    dice = random.Random(f"chaos {seed}")
    disorder = Disorder(
        duplicates=round(dice.uniform(0.01, 0.08), 3),
        poison=round(dice.uniform(0.005, 0.03), 3),
        absurd=round(dice.uniform(0.002, 0.01), 3),
        shuffled_seconds=dice.choice((0, 60, 300, 590)),
    )
    workers = dice.choice((2, 3))
    first = kinds[seed % len(kinds)]
    others = dice.sample([kind for kind in kinds if kind != first], min(dice.choice((2, 3)), len(kinds) - 1))
    plan = _Plan(dice, workers)
    for kind in (first, *others):
        plan.add(kind)
    plan.end()
    return Schedule(seed, workers, disorder, tuple(plan.faults), round(plan.at - plan.faults[-1].at, 1))


class _Plan:
    """Faults in the making: who is there at which moment."""

    def __init__(self, dice: random.Random, workers: int) -> None:
        self._dice = dice
        self._alive = set(range(workers))
        self._started = workers
        self._thaws: dict[int, float] = {}
        self._full: set[int] = set()
        self.at = round(dice.uniform(0.5, 1.5), 1)
        self.faults: list[Fault] = []

    def add(self, kind: Kind) -> None:
        """Have this happen next; what can't happen now is made possible by a worker that leaves or joins before."""
        if kind == "join":
            if len(self._alive) >= MOST_WORKERS:
                self.add("stop")
            self._alive.add(self._started)
            self._strike("join", self._started, pause=(2.0, 4.0))
            self._started += 1
            return
        if kind == "broker":
            away = round(self._dice.uniform(0.0, 3.0), 1)
            self._strike("broker", None, away, pause=(away + 5.0, away + 8.0))
            return
        worker = self._someone(kind)
        if kind == "freeze":
            seconds = round(SESSION_SECONDS + self._dice.uniform(1.0, 3.0), 1)
            self._thaws[worker] = self.at + seconds
            self._strike("freeze", worker, seconds, pause=(1.0, seconds + 1.0))
        elif kind == "clock":
            self._strike("clock", worker, self._dice.choice(JUMPS), pause=(1.0, 3.0))
        elif kind == "disk":
            self._full.add(worker)
            self._strike("disk", worker, pause=(1.0, 3.0))
        else:
            self._alive.discard(worker)
            self._strike(kind, worker, pause=(1.0, 5.0))

    def end(self) -> None:
        """Somebody has to be there who finishes the work."""
        if not self._awake():
            self.add("join")

    def _awake(self) -> list[int]:
        return sorted(worker for worker in self._alive if self._thaws.get(worker, 0.0) < self.at)

    def _someone(self, kind: Kind) -> int:
        """Whom to hit: somebody who is awake, for nothing else tells what a fault does."""
        if not self._awake():
            self.add("join")
        candidates = self._awake()
        if kind == "disk":
            candidates = [worker for worker in candidates if worker not in self._full] or candidates
        return self._dice.choice(candidates)

    def _strike(self, kind: Kind, worker: int | None, seconds: float = 0.0, *, pause: tuple[float, float]) -> None:
        self.faults.append(Fault(self.at, round(self._dice.uniform(0.05, 0.8), 2), kind, worker, seconds))
        self.at = round(self.at + self._dice.uniform(*pause), 1)
