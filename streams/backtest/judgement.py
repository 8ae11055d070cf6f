"""A run judged by labels: precision, recall, delay, and why an incident was not told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from streams.backtest.labels import Incident, Labels, LoudHour, points_of
from streams.backtest.matching import Answer, Judged, match
from streams.backtest.run import Run
from streams.backtest.trace import Silence
from streams.catalog import Catalog
from streams.subjects import subject_of
from streams.windows.aggregate import EVERYTHING, NEGATIVE
from streams.windows.rolling import HOUR_MS


@dataclass(frozen=True)
class Judgement:
    """What the labels say of one run."""

    judged: Sequence[Judged]
    """Every alert, in order of detection."""
    answers: Sequence[Answer]
    """Every incident that the recording could tell, in the labels' order."""
    loud: Sequence[LoudHour] = ()
    """The loud hours from which none may come, of the recording's brands and time."""
    notes: Sequence[str] = ()
    """What a reader of the figures has to know."""

    def alerts(self, standing: str) -> list[Judged]:
        """The alerts of one standing."""
        return [it for it in self.judged if it.standing == standing]

    @property
    def wanted(self) -> list[Answer]:
        """The incidents that must be told."""
        return [answer for answer in self.answers if answer.incident.wanted == "must"]

    @property
    def found(self) -> list[Answer]:
        """Those of them that were."""
        return [answer for answer in self.wanted if answer.alerts]

    @property
    def precision(self) -> float | None:
        """Of the alerts that labels reward or punish, the share that tells an incident; None where there are none."""
        right, wrong = len(self.alerts("must")), len(self.alerts("false")) + len(self.alerts("loud"))
        return right / (right + wrong) if right + wrong else None

    @property
    def recall(self) -> float | None:
        """Of the incidents that must be told, the share that was; None where there are none."""
        return len(self.found) / len(self.wanted) if self.wanted else None

    @property
    def median_delay(self) -> float | None:
        """Minutes of event time from the begin of an incident that must be told to its first alert."""
        return median(answer.delay_minutes or 0.0 for answer in self.found) if self.found else None


def judge(run: Run, labels: Labels) -> Judgement:
    """Judge a run by the labels that its recording can answer to; what it can't is said in the notes."""
    usable, notes = _usable(run, labels)
    unknown: set[str] = set()
    foreign: set[str] = set()

    def points(label: Incident | LoudHour) -> frozenset[str]:
        catalog = run.catalogs.for_brand(label.brand)
        found = points_of(label, catalog, run.setup.reasons)
        if label.reason and not found:
            unknown.add(label.reason)
        foreign.update(id_ for id_ in found if id_ not in catalog)
        return found

    judged, answers = match(run.alerts, usable, points)
    if unknown:
        reasons = ", ".join(f"“{reason}”" for reason in sorted(unknown))
        notes.append(
            f"the catalog has no id for {reasons}: any complaint of the brand counts there; "
            "a table [reasons] in a file of --config can say which ids they stand for"
        )
    if foreign:
        notes.append(
            f"labels name pain points that the catalog does not have, so no alert can: {', '.join(sorted(foreign))}"
        )
    return Judgement(judged, answers, usable.loud, notes)


def why_silent(run: Run, incident: Incident) -> list[Silence]:
    """Why the series that could have told an incident stayed silent in its time, nearest misses first."""
    catalog = run.catalogs.for_brand(incident.brand)
    meant = points_of(incident, catalog, run.setup.reasons)
    found = run.trace.silences(brand=incident.brand, since_ms=incident.start_ms, until_ms=incident.end_ms)
    fitting = [silence for silence in found if _could_tell(silence.series, incident, meant, catalog)]
    return sorted(fitting, key=lambda silence: (silence.nearest[0].rank, silence.series, silence.reason))


def _could_tell(name: str, incident: Incident, meant: frozenset[str], catalog: Catalog) -> bool:
    if subject_of(name).channel is not None:
        return False
    series = subject_of(name).series
    if series == EVERYTHING:
        return not meant
    if series == NEGATIVE:
        return incident.mood != "nonneg" and not meant
    kind = "nonneg" if catalog.kind_of(series) == "delight" else "negative"
    return series in meant if meant else incident.mood in (None, kind)


def _usable(run: Run, labels: Labels) -> tuple[Labels, list[str]]:
    """The labels of brands and times that the recording has, and what is to be said of the others."""
    first_ms, last_ms = run.first_ms or 0, run.last_ms or 0
    unheard = [brand for brand in labels.brands if brand not in run.brands]
    notes = [
        f"nobody wrote to {brand!r}, so its labels are not judged; the recording has: {', '.join(sorted(run.brands))}"
        for brand in unheard
    ]
    before = [it for it in labels.incidents if it.brand not in unheard and not _meets(it, first_ms, last_ms)]
    if before:
        notes.append(
            f"outside the recording, {_moment(first_ms)} to {_moment(last_ms)}, and not judged: "
            + ", ".join(incident.id for incident in before)
        )

    def loud(hours: tuple[LoudHour, ...]) -> tuple[LoudHour, ...]:
        return tuple(
            hour
            for hour in hours
            if hour.brand not in unheard and hour.hour_ms <= last_ms and hour.hour_ms + HOUR_MS > first_ms
        )

    # A copy is not validated anew: a loud hour may name an incident that is left out here.
    usable = labels.model_copy(
        update={
            "incidents": tuple(it for it in labels.incidents if it.brand not in unheard and it not in before),
            "loud_voices": loud(labels.loud_voices),
            "loud_cells": loud(labels.loud_cells),
        }
    )
    return usable, notes


def _meets(incident: Incident, first_ms: int, last_ms: int) -> bool:
    return incident.start_ms <= last_ms and incident.end_ms > first_ms


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
