"""What becomes of the figures when one parameter of the detector is a quarter smaller or larger."""

from __future__ import annotations

import csv
import importlib.util
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson

from bench.detection.synthetic import Series, make
from bench.detection.truth import Tally, alerts_in
from streams.detection.habit import Habit
from streams.detection.series import FAST, SLOW, Horizon, SeriesDetector

BY = (0.75, 1.25)
HABIT = ("long_hours", "profile_hours", "prior_hours", "largest_prior", "largest_least", "largest_most")
FAST_AND_SLOW = ("start", "short_hours", "noise", "limit", "ratio", "minimum", "largest_prior_days")
WHOLE = ("slow_weight", "warm_up_s", "mute_s", "escalation")


@dataclass(frozen=True, slots=True)
class Varied(Horizon):
    """A horizon whose habit differs in more than a horizon says."""

    changes: tuple[tuple[str, Any], ...] = ()

    def habit(self) -> Habit:
        """See ``Horizon``."""
        return replace(Horizon.habit(self), **dict(self.changes))


def varied(horizon: Horizon, changes: dict[str, float]) -> Horizon:
    """The horizon with another habit."""
    named = {name: getattr(horizon, name) for name in Horizon.__slots__}
    return Varied(**named, changes=tuple(changes.items()))


def variants() -> Iterator[tuple[str, float, Callable[[], SeriesDetector]]]:
    """(parameter, factor, detector) of each variation; the first one is the detector that ships."""

    def made(**changed: Any) -> Callable[[], SeriesDetector]:
        return lambda: SeriesDetector(**changed)

    yield "as it ships", 1.0, made()
    for factor in BY:
        for side, horizon in (("fast", FAST), ("slow", SLOW)):
            for name in FAST_AND_SLOW:
                yield (
                    f"{side} {name}",
                    factor,
                    made(**{side: replace(horizon, **{name: getattr(horizon, name) * factor})}),
                )
        for name in HABIT:
            changes = {name: getattr(Habit(start=1.0), name) * factor}
            yield f"habit {name}", factor, made(fast=varied(FAST, changes), slow=varied(SLOW, changes))
        for name in WHOLE:
            yield name, factor, made(**{name: getattr(SeriesDetector(), name) * factor})
        limits = {"fast": replace(FAST, limit=FAST.limit * factor), "slow": replace(SLOW, limit=SLOW.limit * factor)}
        yield "both limits", factor, made(**limits)
    for factor in (0.85, 0.9, 0.95, 1.05, 1.1, 1.15):
        limits = {"fast": replace(FAST, limit=FAST.limit * factor), "slow": replace(SLOW, limit=SLOW.limit * factor)}
        yield "both limits", factor, made(**limits)


class Tweets:
    """NAB's series and its own scorer."""

    def __init__(self, folder: Path) -> None:
        """Reads the series, their windows and the scorer."""
        self._scorer = _module(folder / "nabscore.py")
        windows = {
            Path(name).name: spans for name, spans in orjson.loads((folder / "windows.json").read_bytes()).items()
        }
        self.series: dict[str, tuple[list[datetime], list[float]]] = {}
        self._windows: dict[str, Any] = {}
        for file in sorted(folder.glob("*.csv")):
            with file.open(newline="") as lines:
                rows = list(csv.DictReader(lines))
            moments = [datetime.fromisoformat(row["timestamp"]) for row in rows]
            self.series[file.stem] = moments, [float(row["value"]) for row in rows]
            self._windows[file.stem] = next(spans for name, spans in windows.items() if file.stem in name)

    def judge(self, make_one: Callable[[], SeriesDetector], names: list[str] | None = None) -> dict[str, Any]:
        """NAB's score over some series, all by default, at the detector's own threshold."""
        weights = self._scorer.PROFILES["standard"]
        judged = []
        for name in names or list(self.series):
            moments, values = self.series[name]
            detector = make_one()
            scores = [
                detector.feed(moment.replace(tzinfo=UTC).timestamp(), value).score
                for moment, value in zip(moments, values, strict=True)
            ]
            judged.append(self._scorer.Series(name, moments, scores, self._windows[name], weights))
        found: dict[str, Any] = self._scorer.evaluate(judged, 0.5, weights)
        return found | {"missed": found["windows"] - found["detected"]}


def sensitivity(folder: Path, seeds: int = 1) -> Iterator[str]:
    """The table."""
    tweets = Tweets(folder)
    series = [
        make(kind, size, rate, seed)
        for kind, size in (("burst", 12), ("swell", 3), ("bursty", 1))
        for rate in (5.0, 25.0)
        for seed in range(seeds)
    ]
    yield "| parameter | times | NAB dev | missed | false a week | made: recall | made: false a week |"
    yield "|---|---|---|---|---|---|---|"
    for name, factor, make_one in variants():
        nab = tweets.judge(make_one)
        recall, false = _made(series, make_one)
        yield (
            f"| {name} | {factor:g} | {nab['score']:.1f} | {nab['missed']} | {nab['false_per_series_week']:.2f} "
            f"| {recall:.2f} | {false:.2f} |"
        )


def _made(series: list[Series], make_one: Callable[[], SeriesDetector]) -> tuple[float, float]:
    tallies: defaultdict[bool, Tally] = defaultdict(Tally)
    for it in series:
        tallies[it.kind == "bursty"].count(it, alerts_in(it, make_one()))
    total = [tallies[True], tallies[False]]
    return tallies[False].recall or 0.0, sum(it.false for it in total) / sum(it.weeks for it in total)


def _module(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module
