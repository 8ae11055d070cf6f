"""Alerts against the truth of a made series."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from bench.detection.synthetic import WANTED, Series
from streams.detection.series import SeriesDetector

GRACE_S = 6 * 3600.0
"""An alert so long after an end is still about it (six hours are the slow horizon)."""


@dataclass
class Tally:
    """What was found in the series of one kind and size."""

    happened: int = 0
    found: int = 0
    repeated: int = 0
    """Further alerts about what was told already."""
    false: int = 0
    weeks: float = 0.0
    delays: list[float] = field(default_factory=list)
    """Seconds from the begin to the alert."""

    def count(self, series: Series, alerts: list[float]) -> None:
        """Add one series' alerts (seconds) to the tally."""
        wanted = series.kind in WANTED
        told: set[int] = set()
        for alert in alerts:
            about = [n for n, (begin, end) in enumerate(series.happenings) if begin <= alert < end + GRACE_S]
            if not (about and wanted):
                self.false += 1
            elif about[0] in told:
                self.repeated += 1
            else:
                told.add(about[0])
                self.delays.append(alert - series.happenings[about[0]][0])
        self.happened += len(series.happenings) if wanted else 0
        self.found += len(told)
        self.weeks += (series.times[-1] - series.times[0]) / 604_800

    @property
    def recall(self) -> float | None:
        """Found of happened."""
        return self.found / self.happened if self.happened else None

    @property
    def precision(self) -> float | None:
        """Found of all alerts, but for repetitions."""
        return self.found / (self.found + self.false) if self.found + self.false else None

    @property
    def delay_minutes(self) -> float | None:
        """The median."""
        return median(self.delays) / 60 if self.delays else None


def alerts_in(series: Series, detector: SeriesDetector | None = None) -> list[float]:
    """When a detector that knows nothing yet fires; the one that ships, in its one configuration, by default."""
    detector = detector or SeriesDetector()
    rows = zip(series.times.tolist(), series.values.tolist(), strict=True)
    return [time for time, value in rows if detector.feed(time, value).fired]
