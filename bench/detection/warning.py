"""Early warnings of the product on series of counts: NAB's, and those made here, each row's count taken as new voices.

The same ``Surge`` and ``Heading`` as in a worker, at each five minutes, with an alert's life as there: while it lasts
nothing is warned of, and a warning that came to nothing is not repeated for six hours.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.detection.synthetic import STEP_S, make
from streams.alerting import CALM_MS
from streams.detection import Baseline, Heading, Pace, Sample
from streams.detection.baseline import HOUR_MS
from streams.detection.surge import Surge
from streams.early_warning import QUIET_MS

STEP_MS = STEP_S * 1000
ROWS = HOUR_MS // STEP_MS
"""Rows of an hour."""
DAY_MS = 24 * HOUR_MS

TRIED: dict[str, Heading] = {
    "as it ships": Heading(),
    "chance 0.3": Heading(chance=0.3),
    "chance 0.8": Heading(chance=0.8),
    "10 min ahead": Heading(ahead_ms=10 * 60_000),
    "30 min ahead": Heading(ahead_ms=30 * 60_000),
    "45 min ahead": Heading(ahead_ms=45 * 60_000),
    "usual counts 15 min": Heading(usual_ms=15 * 60_000),
    "usual counts 60 min": Heading(usual_ms=60 * 60_000),
    "pace of 10 min": Heading(pace_ms=10 * 60_000),
    "pace of 30 min": Heading(pace_ms=30 * 60_000),
}
MADE = (("burst", 6), ("burst", 12), ("swell", 3), ("swell", 5), ("shift", 4), ("bursty", 1), ("none", 1))
MADE_RATES = (0.2, 2.0, 20.0)
"""Mean counts a row: 2 to 240 an hour."""


@dataclass(slots=True)
class Tally:
    """Alerts and warnings of a group of series."""

    alerts: int = 0
    crossed: int = 0
    false: int = 0
    weeks: float = 0.0
    leads: list[float] = field(default_factory=list)
    """Minutes."""

    def cells(self) -> str:
        """As a row of a table: alerts, warnings, share that came true, of the alerts, lead, false a week."""
        warned = self.crossed + self.false
        true = f"{self.crossed / warned:.0%}" if warned else ""
        of = f"{self.crossed / self.alerts:.0%}" if self.alerts else ""
        lead = f"{median(self.leads):.0f} min" if self.leads else ""
        return f"{self.alerts} | {warned} | {true} | {of} | {lead} | {self.false / self.weeks:.2f}"


@dataclass(slots=True)
class Watch:
    """One way of warning, on one series."""

    heading: Heading
    tally: Tally
    since_ms: int | None = None
    seen_ms: int = 0
    quiet_ms: int = 0

    def look(
        self, sample: Sample, past: Baseline, rows: list[int], detector: Surge, crossed: bool, asleep: bool
    ) -> None:
        """Move on by a row."""
        now_ms = sample.end_ms
        if crossed:
            if self.since_ms is not None:
                self.tally.crossed += 1
                self.tally.leads.append((now_ms - self.since_ms) / 60_000)
            self.since_ms = None
            return
        found = asleep and now_ms >= self.quiet_ms and self._heads(sample, past, rows, detector)
        if found:
            self.since_ms, self.seen_ms = self.since_ms or now_ms, now_ms
        elif self.since_ms is not None and now_ms - self.seen_ms >= self.heading.ahead_ms:
            self.tally.false += 1
            self.since_ms, self.quiet_ms = None, now_ms + QUIET_MS

    def _heads(self, sample: Sample, past: Baseline, rows: list[int], detector: Surge) -> bool:
        verdict = detector.judge(sample, past)
        if not self.heading.promising(sample, verdict, past, detector):
            return False
        newest, gone = self.heading.pace_ms // STEP_MS, self.heading.ahead_ms // STEP_MS
        pace = Pace(sum(rows[-newest:]), sum(rows[gone:]), sum(rows[-(newest // 2) :]))
        return self.heading.look(sample, verdict, pace, past, detector) is not None


def watch(series: Iterable[tuple[float, float]], tallies: dict[str, Tally]) -> None:
    """Run one series of (seconds, count of the row that ends there) past every way of warning."""
    counts = {round(time_s / STEP_S): int(count) for time_s, count in series}
    first, last = min(counts), max(counts)
    first += -first % ROWS
    detector, past = Surge(), Baseline(first * STEP_MS)
    watches = [Watch(TRIED[name], tally) for name, tally in tallies.items()]
    rows = [0] * ROWS
    since_ms: int | None = None
    calm_ms: int | None = None
    free_ms = alerts = 0
    for row in range(first + 1, last + 1):
        rows = [*rows[1:], counts.get(row, 0)]
        now_ms, voices = row * STEP_MS, sum(rows)
        past_ms = now_ms - HOUR_MS
        if since_ms is not None:
            past_ms = min(past_ms, max(since_ms, now_ms - DAY_MS))
        sample = Sample(now_ms, past_ms, free_ms, voices, voices, 1.0 / max(voices, 1))
        verdict = detector.judge(sample, past)
        begins = since_ms is None and verdict.fired
        if begins:
            since_ms, calm_ms = now_ms - HOUR_MS // 2, None
            alerts += 1
        for it in watches:
            it.look(sample, past, rows, detector, begins, since_ms is None)
        if since_ms is not None:
            calm_ms = None if voices >= detector.calm_below(verdict) else calm_ms or now_ms
            if calm_ms is not None and now_ms - calm_ms >= CALM_MS:
                since_ms, free_ms = None, calm_ms
        if row % ROWS == 0:
            past.record(now_ms // HOUR_MS - 1, voices)
    for tally in tallies.values():
        tally.alerts += alerts
        tally.weeks += (last - first) * STEP_MS / (7 * DAY_MS)


def nab(folder: Path) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    """NAB's series."""
    for file in sorted(folder.glob("*.csv")):
        with file.open(newline="") as lines:
            yield (
                "NAB",
                [
                    (datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC).timestamp(), float(row["value"]))
                    for row in csv.DictReader(lines)
                ],
            )


def made(seeds: int) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    """Those made here."""
    for kind, size in MADE:
        for rate in MADE_RATES:
            for seed in range(seeds):
                it = make(kind, size, rate, seed)
                yield f"made: {kind}", list(zip(it.times.tolist(), it.values.tolist(), strict=True))


def warning(folder: Path, seeds: int = 1) -> Iterator[str]:
    """The table."""
    groups: dict[str, dict[str, Tally]] = {}
    for name, series in (*nab(folder), *made(seeds)):
        watch(series, groups.setdefault(name, {way: Tally() for way in TRIED}))
    yield "| series | way of warning | alerts | warnings | came true | of the alerts | lead, median | false a week |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, tallies in groups.items():
        for way, tally in tallies.items():
            if name == "NAB" or way == "as it ships":
                yield f"| {name} | {way} | {tally.cells()} |"
    for way in TRIED:
        total = _sum(tallies[way] for name, tallies in groups.items() if name != "NAB")
        yield f"| all made | {way} | {total.cells()} |"


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for it in tallies:
        total = replace(
            total,
            alerts=total.alerts + it.alerts,
            crossed=total.crossed + it.crossed,
            false=total.false + it.false,
            weeks=total.weeks + it.weeks,
            leads=total.leads + it.leads,
        )
    return total
