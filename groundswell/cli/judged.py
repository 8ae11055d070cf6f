"""A backtest as people read it: alerts, incidents, figures, and what stayed silent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from groundswell.cli.output import clean
from streams.backtest import Answer, Judgement, Miss, Run, Silence, Told, per_week, why_silent
from streams.subjects import MOOD, subject_of
from streams.windows.aggregate import EVERYTHING, NEGATIVE

QUIET_ROWS = 20
"""Series that the table of silences shows; --json has all."""
WHY_ROWS = 3
"""Silences that are shown of an incident that was not told."""

STANDING = {"must": "green", "may": "dim", "false": "red", "loud": "bold red"}
_WHOLES = {NEGATIVE: "unhappy customers", EVERYTHING: "all that is said", MOOD: "mood"}


def tables(runs: Sequence[Run], judgements: Sequence[Judgement] | None) -> list[RenderableType]:
    """Everything that is shown, from top to bottom.

    Args:
        runs: At least one, of the same recording.
        judgements: One a run; None without labels.
    """
    parts: list[RenderableType] = [_recording(runs[0])]
    for number, run in enumerate(runs):
        judgement = judgements[number] if judgements is not None else None
        parts.append(_alerts(run, judgement, named=len(runs) > 1))
        if run.setup.settings.early_warning:
            parts.append(_warnings(run, named=len(runs) > 1))
    if judgements is not None:
        parts.append(_incidents(runs, judgements))
    parts.append(_figures(runs, judgements))
    for number, run in enumerate(runs):
        if judgements is not None:
            parts.extend(_untold(run, judgements[number], named=len(runs) > 1))
        parts.append(_silences(run, named=len(runs) > 1))
    return [line for part in parts for line in (part, Text())][:-1]


def _recording(run: Run) -> Text:
    brands = ", ".join(f"{clean(brand)} {count:,}" for brand, count in sorted(run.brands.items()))
    text = Text(f"{run.brands.total():,} records, {_moment(run.first_ms)} to {_moment(run.last_ms)} UTC: {brands}")
    if run.quarantined:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(run.quarantined.items()))
        text.append(f"\nnot to be read: {run.quarantined.total():,} ({reasons})", style="yellow")
    return text


def _alerts(run: Run, judgement: Judgement | None, *, named: bool) -> RenderableType:
    title = f"Alerts{_with(run, named)}"
    if not run.alerts:
        return Text(f"{title}: none")
    table = _table(title, "seen", "brand", "what", ">sev", ">observed", ">expected", ">voices", "since", "over")
    if judgement is not None:
        table.add_column("tells")
    for number, alert in enumerate(run.alerts):
        row = [
            _moment(alert.detected_ms),
            clean(alert.brand),
            _what(alert),
            f"{alert.severity}",
            f"{alert.observed:,} in {alert.window_ms // 3_600_000} h",
            f"{alert.expected:,.1f}",
            f"{alert.voices:,}",
            _moment(alert.starts_ms),
            "still firing" if alert.ends_ms is None else _moment(alert.ends_ms),
        ]
        cells = [Text(cell) for cell in row]
        if judgement is not None:
            judged = judgement.judged[number]
            told = ", ".join(clean(id_) for id_ in judged.incidents) or "no incident"
            loud = "; ".join(f"loud voice {clean(hour.author)}, {_moment(hour.hour_ms)}" for hour in judged.loud)
            said = f"{judged.standing}{', again' if judged.again else ''}: {loud or told}"
            cells.append(Text(said, style=STANDING[judged.standing]))
        table.add_row(*cells)
    return table


def _warnings(run: Run, *, named: bool) -> RenderableType:
    title = f"Early warnings{_with(run, named)}"
    if not run.warnings.all:
        return Text(f"{title}: none")
    table = _table(title, "since", "brand", "what", ">voices", ">projected", ">line", ">chance", "became", ">min")
    for it in run.warnings.all:
        what = "as a whole" if it.pain_point == EVERYTHING else it.pain_point
        style = {"crossed": "green", "withdrawn": "red", "open": "dim"}[it.outcome]
        lead = "" if it.lead_minutes is None else f"{it.lead_minutes:.0f}"
        numbers = (f"{it.observed:,}", f"{it.projected:,}", f"{it.line:,}", f"{it.chance:.2f}")
        cells = (_moment(it.since_ms), clean(it.brand), clean(what), *numbers)
        table.add_row(*(Text(cell) for cell in cells), Text(it.outcome, style=style), Text(lead))
    return table


def _incidents(runs: Sequence[Run], judgements: Sequence[Judgement]) -> Table:
    """Incident → alert, a pair of columns for each configuration."""
    table = _table("Incidents", "incident", "", "brand", "begin")
    for run in runs:
        suffix = f" ({clean(run.setup.name)})" if len(runs) > 1 else ""
        table.add_column(f"first told by{suffix}")
        for column in ("min", "voices", "alerts"):
            table.add_column(column, justify="right")
    for answers in zip(*(judgement.answers for judgement in judgements), strict=True):
        incident = answers[0].incident
        begin = f"{incident.start.astimezone(UTC):%Y-%m-%d %H:%M}"
        cells = [Text(clean(incident.id)), Text(incident.wanted), Text(clean(incident.brand)), Text(begin)]
        for answer in answers:
            cells.extend(_told_by(answer))
        table.add_row(*cells)
    return table


def _told_by(answer: Answer) -> list[Text]:
    if answer.alerts:
        first = answer.alerts[0]
        what = _what(first) + ("" if answer.as_such else ", a part of it")
        delay = f"{answer.delay_minutes:+.0f}"
        return [Text(what, style="green"), Text(delay), Text(f"{first.voices:,}"), Text(f"{len(answer.alerts)}")]
    missed = Text("missed", style="red") if answer.incident.wanted == "must" else Text("not told", style="dim")
    if answer.fires_already is not None:
        missed.append(f": {_what(answer.fires_already)} fires since {_moment(answer.fires_already.detected_ms)}")
    return [missed, Text(), Text(), Text("0")]


def _figures(runs: Sequence[Run], judgements: Sequence[Judgement] | None) -> Table:
    names = [clean(run.setup.name) for run in runs]
    table = _table("Figures", "", *(f">{name}" if len(names) > 1 else ">" for name in names))
    rows: list[tuple[str, list[str]]] = []
    if judgements is not None:
        rows += [
            ("precision", [_share(it.precision, len(it.alerts("must")), _rewarded(it)) for it in judgements]),
            ("recall of what must be told", [_share(it.recall, len(it.found), len(it.wanted)) for it in judgements]),
            ("of these told as such", [f"{sum(answer.as_such for answer in it.found)}" for it in judgements]),
            ("median delay", [_minutes(it.median_delay) for it in judgements]),
            ("alerts that tell what may be told", [f"{len(it.alerts('may'))}" for it in judgements]),
            ("alerts that tell no incident", [f"{len(it.alerts('false'))}" for it in judgements]),
            ("alerts from a loud voice", [f"{len(it.alerts('loud'))}" for it in judgements]),
            ("alerts that tell again", [f"{sum(alert.again for alert in it.judged)}" for it in judgements]),
        ]
    for brand in sorted({brand for run in runs for brand in run.brands}):
        counts = [sum(alert.brand == brand for alert in run.alerts) for run in runs]
        weekly = [per_week(count, run) for count, run in zip(counts, runs, strict=True)]
        rows.append((f"alerts a week, {clean(brand)}", ["–" if it is None else f"{it:.2f}" for it in weekly]))
        pages = [sum(page.brand == brand and not page.held for page in run.pages) for run in runs]
        weekly = [per_week(count, run) for count, run in zip(pages, runs, strict=True)]
        rows.append((f"pages a week, {clean(brand)}", ["–" if it is None else f"{it:.2f}" for it in weekly]))
    rows.append(("pages held back, over the budget", [f"{sum(page.held for page in run.pages)}" for run in runs]))
    if any(run.setup.settings.early_warning for run in runs):
        rows += _of_warnings(runs)
    for name, cells in rows:
        table.add_row(Text(name), *(Text(cell) for cell in cells))
    return table


def _of_warnings(runs: Sequence[Run]) -> list[tuple[str, list[str]]]:
    known = [(run, run.warnings if run.setup.settings.early_warning else None) for run in runs]
    rows = [
        (
            "early warnings that came true",
            [
                "–" if it is None else _share(it.share_crossed, len(it.crossed), len(it.crossed) + len(it.false))
                for _, it in known
            ],
        ),
        ("their median lead", [_minutes(None if it is None else it.median_lead) for _, it in known]),
        (
            "alerts that were warned of",
            ["–" if it is None else "{} of {}".format(*it.warned_of(run.alerts)) for run, it in known],
        ),
    ]
    for brand in sorted({brand for run in runs for brand in run.brands}):
        weekly = [
            None if it is None else per_week(sum(warning.brand == brand for warning in it.false), run)
            for run, it in known
        ]
        rows.append((f"false warnings a week, {clean(brand)}", ["–" if it is None else f"{it:.2f}" for it in weekly]))
    return rows


def _untold(run: Run, judgement: Judgement, *, named: bool) -> list[RenderableType]:
    missed = [answer for answer in judgement.wanted if not answer.alerts]
    if not missed:
        return []
    table = _table(f"Why incidents were missed{_with(run, named)}", "incident", "series", "reason", ">times", "nearest")
    for answer in missed:
        for silence in why_silent(run, answer.incident)[:WHY_ROWS]:
            table.add_row(
                Text(clean(answer.incident.id)),
                Text(_series(silence.series)),
                Text(silence.reason),
                Text(f"{silence.judgements:,}"),
                Text(_miss(silence.nearest[0])),
            )
    return [table]


def _silences(run: Run, *, named: bool) -> RenderableType:
    """A row a series: how often it stayed silent for which reason, and the nearest miss of all."""
    rows: list[tuple[Miss, str, str, Counter[str], str]] = []
    for (brand, series), group in groupby(run.trace.silences(), key=lambda it: (it.brand, it.series)):
        silences: list[Silence] = list(group)
        nearest = min(silences, key=lambda it: it.nearest[0].rank)
        counts = Counter({it.reason: it.judgements for it in silences})
        rows.append((nearest.nearest[0], brand, series, counts, nearest.reason))
    rows.sort(key=lambda row: (row[0].rank, row[1], row[2]))
    title = f"What stayed silent{_with(run, named)}, judgements by reason, nearest miss first"
    if not rows:
        return Text(f"{title}: nothing")
    table = _table(title, "brand", "series", "reasons", "nearest miss")
    for miss, brand, series, counts, reason in rows[:QUIET_ROWS]:
        reasons = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
        table.add_row(Text(clean(brand)), Text(_series(series)), Text(reasons), Text(f"{_miss(miss)}: {reason}"))
    if len(rows) > QUIET_ROWS:
        return Group(table, Text(f"and {len(rows) - QUIET_ROWS} more series: --json has all", style="dim"))
    return table


def _table(title: str, *columns: str) -> Table:
    """A table whose columns are named; ``>`` before a name aligns to the right."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.removeprefix(">"), justify="right" if column.startswith(">") else "left")
    return table


def _with(run: Run, named: bool) -> str:
    return f" with {clean(run.setup.name)}" if named else ""


def _what(alert: Told) -> str:
    if alert.kind in ("mood", "silence"):
        return clean(alert.title.partition(":")[0])
    return clean(alert.pain_point or "as a whole") + (f" ({alert.kind})" if alert.kind in ("delight", "share") else "")


def _series(name: str) -> str:
    subject = subject_of(name)
    if subject.channel is not None:
        return f"silence on {clean(subject.channel)}"
    return f"share of {clean(subject.series)}" if subject.is_share else _WHOLES.get(name, clean(name))


def _miss(miss: Miss) -> str:
    verdict = miss.verdict
    expected = "" if verdict.expected is None else f", {verdict.expected:.1f} expected"
    chance = "" if verdict.probability is None else f", p {verdict.probability:.1g}"
    return f"{_moment(miss.at_ms)}: {verdict.observed:,} in {verdict.window_ms // 3_600_000} h{expected}{chance}"


def _rewarded(judgement: Judgement) -> int:
    return sum(len(judgement.alerts(standing)) for standing in ("must", "false", "loud"))


def _share(value: float | None, part: int, whole: int) -> str:
    return "–" if value is None else f"{value:.2f} ({part} of {whole})"


def _minutes(value: float | None) -> str:
    return "–" if value is None else f"{value:+.0f} min"


def _moment(ms: int | None) -> str:
    return "?" if ms is None else datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
