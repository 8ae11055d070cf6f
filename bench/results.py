"""What a benchmark run found, as values: printed by ``table.py``, written as JSON beside it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from bench.measuring import Delay, Run, median


@dataclass
class Entry:
    """One contestant's results on one job."""

    name: str
    title: str
    versions: dict[str, str] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    """One a round."""
    latencies: dict[str, dict[str, Delay]] = field(default_factory=dict)
    """Load (``idle``, ``half load``) → effect (``scored``, ``metrics``, ``alerts``) → latencies."""
    failure: str | None = None
    """What was wrong; it has no figures then."""

    @property
    def typical(self) -> Run | None:
        """The median of each figure; None where it failed or has not run."""
        return median(self.runs) if self.runs and self.failure is None else None

    def ratio_to(self, other: Entry | None) -> float | None:
        """Its events a second over another's; None where one of them has no figures."""
        mine, theirs = self.typical, other.typical if other else None
        return mine.rate / theirs.rate if mine and theirs else None


@dataclass
class Results:
    """A whole run."""

    machine: dict[str, str]
    """Of what the figures are: processor, cores, Python, Kafka."""
    rounds: int
    minutes: int
    """Event time that the events were spread over."""
    common: list[Entry] = field(default_factory=list)
    product: list[Entry] = field(default_factory=list)

    def named(self, name: str) -> Entry | None:
        """One entry of the common job."""
        return next((entry for entry in self.common if entry.name == name), None)

    def as_dict(self) -> dict[str, Any]:
        """All that was found, with the medians, as JSON values."""
        return asdict(self) | {
            job: [asdict(entry) | {"median": asdict(entry.typical) if entry.typical else None} for entry in entries]
            for job, entries in (("common", self.common), ("product", self.product))
        }
