"""One configuration over recorded events: the same steps as in the workers, and all that a judge has to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from schemas.changes import Change
from schemas.raw import Source
from streams.backtest.setup import Setup
from streams.backtest.told import Told, moment_ms, told
from streams.backtest.trace import Trace
from streams.backtest.warned import Warnings
from streams.catalog import Catalogs
from streams.paging import Terms
from streams.recorded import RecordedEvent
from streams.replay import replay
from streams.scoring import Heads, Pseudonyms, Scorer
from streams.topics import ALERTS, METRICS, QUARANTINE, SCORED

WEEK_MS = 7 * 24 * 3_600_000

_KEY = b"groundswell backtest"
"""Nothing of a backtest leaves it with a pseudonym: a known key gives the same result on every machine."""


@dataclass(slots=True)
class Run:
    """What came of one configuration."""

    setup: Setup
    catalogs: Catalogs
    alerts: list[Told] = field(default_factory=list)
    """In order of detection."""
    pages: list[Told] = field(default_factory=list)
    """What people are told: incidents, and the alerts that belong to none."""
    trace: Trace = field(default_factory=Trace)
    warnings: Warnings = field(default_factory=Warnings)
    """Early warnings, where the configuration has them."""
    brands: Counter[str] = field(default_factory=Counter)
    """Brand → records heard."""
    quarantined: Counter[str] = field(default_factory=Counter)
    """Reason → records that could not be read."""
    first_ms: int | None = None
    """Event time of the first record heard."""
    last_ms: int | None = None

    @property
    def weeks(self) -> float:
        """How long the recording is."""
        return 0.0 if self.first_ms is None or self.last_ms is None else (self.last_ms - self.first_ms) / WEEK_MS


def run(
    setup: Setup, events: Iterable[tuple[Source, RecordedEvent]], *, now_ms: int, changes: Iterable[Change] = ()
) -> Run:
    """Run recorded events, in order of time, through the pure steps.

    Args:
        now_ms: The clock: dates far ahead of it go to quarantine.
        changes: What alerts can name as near their onset.

    Raises:
        SetupError: The detector has no such parameter, or a reason stands for an id that no catalog has.
        UnknownDetectorError: There is no such detector.
        CatalogError: A catalog can't be read.
    """
    settings = setup.settings
    catalogs = setup.catalogs()
    result = Run(setup, catalogs)
    records = replay(
        events,
        scorer=Scorer(catalogs, Pseudonyms(_KEY), **settings.scoring, heads=Heads.load(settings.head, settings.heads)),
        catalogs=catalogs,
        detector=setup.detector,
        lateness_ms=round(settings.lateness.total_seconds() * 1000),
        future_ms=round(settings.future.total_seconds() * 1000),
        now_ms=now_ms,
        witness=result.trace.note,
        terms=Terms.of(settings),
        changes=changes,
    )

    pages: list[dict[str, Any]] = []

    def alerts() -> Iterator[dict[str, Any]]:
        for topic, _, value in records:
            if topic is ALERTS:
                if value["incident"] is None:
                    pages.append(value)
                if value["kind"] != "incident":
                    yield value
            elif topic is SCORED:
                result.brands[value["brand"]] += 1
                at_ms = moment_ms(value["created_at"])
                result.first_ms = at_ms if result.first_ms is None else min(result.first_ms, at_ms)
                result.last_ms = at_ms if result.last_ms is None else max(result.last_ms, at_ms)
            elif topic is METRICS and "heading" in value:
                result.warnings.take(value)
            elif topic is QUARANTINE:
                result.quarantined[value["reason"]] += 1

    result.alerts = told(alerts())
    result.pages = told(pages)
    return result
