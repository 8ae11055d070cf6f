"""What a fault costs: how much is read again, and how long the killed worker's partitions stand still."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

from streams.changelog import CLAIM_KEY, PROOF_KEY
from streams.settings import Settings
from streams.topics import RAW, SCORED
from tests.chaos.schedule import Fault
from tests.chaos.tail import Seen
from tests.chaos.truth import Found, Place

ARRIVING_SECONDS: Final = 0.3
"""What a killed worker has given to the network still arrives in this time; what comes later is from others."""


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault that was done."""

    fault: Fault | None
    """None: a worker ended by itself."""
    after: float
    """Seconds after the first record was sent."""
    at: float
    """``time.monotonic()``."""
    partitions: frozenset[tuple[str, int]] | None = None
    """(full topic name, partition) of all that it may have disturbed; None: all."""
    waiting: int = 0
    """Records that had been sent by then and not read: the load."""

    @property
    def repeats(self) -> bool:
        """Whether records may be read again because of it: not because of an orderly stop, or a join."""
        return self.fault is None or self.fault.kind in ("kill", "freeze", "broker")


@dataclass(slots=True)
class Cost:
    """What one fault cost."""

    struck: Struck
    repeated: int = 0
    """Raw records whose result was published again."""
    seconds_worth: float = 0.0
    """From the first publication of the oldest of them to the fault."""
    recovery: float | None = None
    """Of a kill: seconds until the last of its partitions flowed again; None where the next fault disturbed that."""


@dataclass(slots=True)
class Measures:
    """What the faults of a round cost."""

    costs: list[Cost] = field(default_factory=list)
    unexplained: int = 0
    """Records that were published again though no fault says why."""


def measure(struck: list[Struck], found: Found, seen: Mapping[str, list[Seen]], settings: Settings) -> Measures:
    """The cost of each fault that may have one."""
    measures = Measures([Cost(one) for one in sorted(struck, key=lambda one: one.at) if one.repeats])
    for results in (found.scored, found.quarantined):
        for place, copies in results.items():
            for at, _ in copies[1:]:
                cost = _reason(measures.costs, place, copies[0][0], at, settings)
                if cost is None:
                    measures.unexplained += 1
                else:
                    cost.repeated += 1
                    cost.seconds_worth = max(cost.seconds_worth, cost.struck.at - copies[0][0])
    for number, cost in enumerate(measures.costs):
        owned_some = cost.struck.partitions is None or len(cost.struck.partitions) > 0
        if cost.struck.fault is not None and cost.struck.fault.kind == "kill" and owned_some:
            until = measures.costs[number + 1].struck.at if number + 1 < len(measures.costs) else float("inf")
            cost.recovery = _recovery(cost.struck, until, found, seen, settings)
    return measures


def _reason(costs: list[Cost], place: Place, first: float, again: float, settings: Settings) -> Cost | None:
    """Which fault it was that a record was published ``first`` and ``again``.

    Of those that disturbed its partition that is the first after ``first``: who had published it was lost before it was
    committed. Where none came in between, a worker that was frozen before woke up with it in its hands.
    """
    source, partition, _ = place
    where = (RAW[source].full_name(settings.topic_prefix), partition)
    disturbed = [
        cost
        for cost in costs
        if cost.struck.at < again and (cost.struck.partitions is None or where in cost.struck.partitions)
    ]
    after = [cost for cost in disturbed if cost.struck.at > first - ARRIVING_SECONDS]
    return next(iter(after or disturbed[-1:]), None)


def _recovery(
    struck: Struck, until: float, found: Found, seen: Mapping[str, list[Seen]], settings: Settings
) -> float | None:
    """Seconds until each partition of a killed worker has shown a sign of life of its new owner.

    Of a raw partition that is a result of it on ``scored`` or in quarantine, or a new owner's word on ``scored`` how
    far it is; of one of ``scored``, that what was counted of it is stored.
    """
    begin = struck.at + ARRIVING_SECONDS
    alive: dict[tuple[str, int], float] = {}

    def sign(topic: str, partition: int, at: float) -> None:
        if begin < at:
            alive[topic, partition] = min(at, alive.get((topic, partition), at))

    for results in (found.scored, found.quarantined):
        for (source, partition, _), copies in results.items():
            for at, _ in copies:
                sign(RAW[source].full_name(settings.topic_prefix), partition, at)
    for record in seen[SCORED.short_name]:
        if record.control and record.at > begin:
            for origin in orjson.loads(record.value or b"{}")["origins"]:
                topic, _, partition = origin.rpartition(":")
                sign(topic, int(partition), record.at)
    for record in seen["state"]:
        if record.key not in (CLAIM_KEY.encode(), PROOF_KEY.encode()):
            sign(SCORED.full_name(settings.topic_prefix), record.partition, record.at)
    # Of a worker that could not say what it had, all; what others have flows on, and delays nothing. Notify tells
    # people: what it does with its partitions of alerts does not show on any topic.
    topics = {topic.full_name(settings.topic_prefix) for topic in (*RAW.values(), SCORED)}
    everything = {(topic, number) for topic in topics for number in range(settings.partitions)}
    shown = everything if struck.partitions is None else struck.partitions & everything
    signs = [alive.get(place, float("inf")) for place in shown]
    last = max(signs, default=float("inf"))
    return last - struck.at if last < until else None
