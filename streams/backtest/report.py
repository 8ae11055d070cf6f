"""A backtest as JSON values: the same recording and configurations give the same bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from schemas.base import stamp
from streams.backtest.judgement import Judgement, why_silent
from streams.backtest.labels import LoudHour
from streams.backtest.matching import Answer, Judged
from streams.backtest.run import Run
from streams.backtest.told import Told
from streams.backtest.trace import Miss, Silence


def report(runs: Sequence[Run], judgements: Sequence[Judgement] | None) -> dict[str, Any]:
    """Everything that is known of the runs, in the order of the configurations.

    Args:
        runs: At least one.
        judgements: What labels say of each; None without labels.
    """
    return {
        "recording": _recording(runs[0]),
        "configurations": [
            _configuration(run, judgements[number] if judgements is not None else None)
            for number, run in enumerate(runs)
        ],
    }


def per_week(count: int, run: Run) -> float | None:
    """How many that is a week; None for a recording of one moment."""
    return round(count / run.weeks, 3) if run.weeks else None


def _recording(run: Run) -> dict[str, Any]:
    return {
        "first": None if run.first_ms is None else stamp(run.first_ms),
        "last": None if run.last_ms is None else stamp(run.last_ms),
        "weeks": round(run.weeks, 4),
        "records": run.brands.total(),
        "brands": dict(sorted(run.brands.items())),
        "quarantined": dict(sorted(run.quarantined.items())),
    }


def _configuration(run: Run, judgement: Judgement | None) -> dict[str, Any]:
    alerts = [_alert(alert) for alert in run.alerts]
    counts = Counter(alert.brand for alert in run.alerts)
    told: dict[str, Any] = {
        "name": run.setup.name,
        "settings": run.setup.described(),
        "alerts_per_week": {brand: per_week(counts[brand], run) for brand in sorted(run.brands)},
        "alerts": alerts,
        "pages": [_page(page, rank) for rank, page in ranked(run.pages)],
        "pages_per_week": {
            brand: per_week(sum(page.brand == brand and not page.held for page in run.pages), run)
            for brand in sorted(run.brands)
        },
    }
    told["warnings"] = _warnings(run) if run.setup.settings.early_warning else None
    if judgement is not None:
        for alert, judged in zip(alerts, judgement.judged, strict=True):
            alert |= _standing(judged)
        told["figures"] = _figures(run, judgement)
        told["incidents"] = [_answer(run, answer) for answer in judgement.answers]
        told["notes"] = list(judgement.notes)
    told["silences"] = [_silence(silence) for silence in run.trace.silences()]
    return told


def _figures(run: Run, judgement: Judgement) -> dict[str, Any]:
    counts = {standing: len(judgement.alerts(standing)) for standing in ("must", "may", "false", "loud")}
    wrong = Counter(it.alert.brand for it in judgement.judged if it.standing in ("false", "loud"))
    return {
        "precision": _rounded(judgement.precision),
        "recall": _rounded(judgement.recall),
        "median_delay_minutes": _rounded(judgement.median_delay),
        "incidents": {
            "must": len(judgement.wanted),
            "told": len(judgement.found),
            "told_as_such": sum(answer.as_such for answer in judgement.found),
        },
        "alerts": {"all": len(judgement.judged), **counts, "again": sum(it.again for it in judgement.judged)},
        "wrong_alerts_per_week": {brand: per_week(wrong[brand], run) for brand in sorted(run.brands)},
    }


def _warnings(run: Run) -> dict[str, Any]:
    it = run.warnings
    false = Counter(warning.brand for warning in it.false)
    warned, could = it.warned_of(run.alerts)
    return {
        "all": len(it.all),
        "crossed": len(it.crossed),
        "withdrawn": len(it.false),
        "share_crossed": _rounded(it.share_crossed),
        "median_lead_minutes": _rounded(it.median_lead),
        "alerts": could,
        "alerts_warned_of": warned,
        "false_per_week": {brand: per_week(false[brand], run) for brand in sorted(run.brands)},
        "list": [
            {
                "brand": warning.brand,
                "pain_point": warning.pain_point,
                "kind": warning.kind,
                "since": stamp(warning.since_ms),
                "outcome": warning.outcome,
                "ends_at": None if warning.ends_ms is None else stamp(warning.ends_ms),
                "lead_minutes": warning.lead_minutes,
                "observed": warning.observed,
                "projected": warning.projected,
                "line": warning.line,
                "chance": warning.chance,
            }
            for warning in it.all
        ],
    }


def ranked(pages: Sequence[Told]) -> list[tuple[int, Told]]:
    """Pages in their order, with the rank of each: 1 is the most severe, of these that of most voices."""
    order = sorted(pages, key=lambda it: (it.severity, -it.voices, it.detected_ms, it.fingerprint))
    ranks = {id(page): rank for rank, page in enumerate(order, 1)}
    return [(ranks[id(page)], page) for page in pages]


def _page(page: Told, rank: int) -> dict[str, Any]:
    return {
        "fingerprint": page.fingerprint,
        "brand": page.brand,
        "kind": page.kind,
        "title": page.title,
        "severity": page.severity,
        "rank": rank,
        "detected_at": stamp(page.detected_ms),
        "ends_at": None if page.ends_ms is None else stamp(page.ends_ms),
        "records": page.records,
        "held": "over_budget" if page.held else None,
    }


def _alert(alert: Told) -> dict[str, Any]:
    return {
        "fingerprint": alert.fingerprint,
        "brand": alert.brand,
        "kind": alert.kind,
        "pain_point": alert.pain_point,
        "pain_points": sorted(alert.points),
        "title": alert.title,
        "severity": alert.severity,
        "starts_at": stamp(alert.starts_ms),
        "detected_at": stamp(alert.detected_ms),
        "ends_at": None if alert.ends_ms is None else stamp(alert.ends_ms),
        "window_seconds": alert.window_ms // 1000,
        "observed": alert.observed,
        "expected": alert.expected,
        "ratio": alert.ratio,
        "voices": alert.voices,
        "mentions": alert.mentions,
        "top_voice_share": alert.top_voice_share,
        "records": alert.records,
    }


def _standing(judged: Judged) -> dict[str, Any]:
    return {
        "standing": judged.standing,
        "incidents": list(judged.incidents),
        "again": judged.again,
        "loud": [_loud(hour) for hour in judged.loud],
    }


def _loud(hour: LoudHour) -> dict[str, Any]:
    return {"hour": stamp(hour.hour_ms), "author": hour.author, "reason": hour.reason}


def _answer(run: Run, answer: Answer) -> dict[str, Any]:
    incident, first = answer.incident, answer.alerts[0] if answer.alerts else None
    before = answer.fires_already
    return {
        "id": incident.id,
        "class": incident.wanted,
        "brand": incident.brand,
        "reason": incident.reason,
        "sentiment_filter": incident.sentiment_filter,
        "start": stamp(incident.start_ms),
        "end": stamp(incident.end_ms),
        "told": first is not None,
        "as_such": answer.as_such,
        "delay_minutes": answer.delay_minutes,
        "voices": None if first is None else first.voices,
        "alerts": [
            {"pain_point": alert.pain_point, "kind": alert.kind, "detected_at": stamp(alert.detected_ms)}
            for alert in answer.alerts
        ],
        "fires_already": None
        if before is None
        else {"pain_point": before.pain_point, "since": stamp(before.detected_ms)},
        "why_silent": [] if first is not None else [_silence(silence) for silence in why_silent(run, incident)],
    }


def _silence(silence: Silence) -> dict[str, Any]:
    return {
        "brand": silence.brand,
        "series": silence.series,
        "reason": silence.reason,
        "judgements": silence.judgements,
        "nearest": [_miss(miss) for miss in silence.nearest],
    }


def _miss(miss: Miss) -> dict[str, Any]:
    verdict = miss.verdict
    return {
        "at": stamp(miss.at_ms),
        "observed": verdict.observed,
        "expected": verdict.expected,
        "probability": verdict.probability,
        "window_seconds": verdict.window_ms // 1000,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
