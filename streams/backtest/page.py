"""A backtest as one page: no request leaves it, and what strangers wrote in it is only ever text.

Its script and style stand in it with their hashes in a content security policy, so that nothing else can run.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

import orjson

from streams.backtest.chart import LEFT, RIGHT, WIDTH, chart, track
from streams.backtest.judgement import Judgement
from streams.backtest.matching import Judged
from streams.backtest.plot import Axis, Line, Panel, axis_of, panels
from streams.backtest.run import Run
from streams.backtest.told import Told

STYLE = Path(__file__).with_name("page.css")
SCRIPT = Path(__file__).with_name("page.js")


def page(runs: Sequence[Run], judgements: Sequence[Judgement] | None) -> str:
    """The whole page, a section for each configuration.

    Args:
        runs: At least one, of the same recording.
        judgements: One a run; None without labels.
    """
    style, script = STYLE.read_text("utf-8"), SCRIPT.read_text("utf-8")
    axis = axis_of(runs[0])
    data: dict[str, Any] = {"left": LEFT, "right": RIGHT, "width": WIDTH, "begin": axis.begin_ms, "step": axis.step_ms}
    data |= {"charts": [], "alerts": []}
    sections = [
        _section(run, judgements[number] if judgements is not None else None, axis, data, named=len(runs) > 1)
        for number, run in enumerate(runs)
    ]
    # An end tag within a string would end the script: in JSON "<" can be written otherwise.
    embedded = orjson.dumps(data).decode().replace("<", "\\u003c")
    policy = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Groundswell backtest</title><style>{style}</style></head><body>\n"
        f"<h1>Groundswell backtest</h1>{_recording(runs[0])}{_legend(judgements is not None)}\n"
        + "\n".join(sections)
        + '\n<div id="tip" role="status" hidden></div>'
        f'\n<script type="application/json" id="data">{embedded}</script><script>{script}</script></body></html>\n'
    )


def _section(run: Run, judgement: Judgement | None, axis: Axis, data: dict[str, Any], *, named: bool) -> str:
    drawn, left_out = panels(run, judgement, axis)
    heading = f"<h2>With {escape(run.setup.name)}</h2>" if named else ""
    figures = "" if judgement is None else _figures(judgement)
    brands = "\n".join(_brand(panel, axis, data) for panel in drawn)
    rest = f"<p>Not drawn: {escape(', '.join(left_out))}.</p>" if left_out else ""
    return f"<section>{heading}{figures}{brands}{rest}</section>"


def _brand(panel: Panel, axis: Axis, data: dict[str, Any]) -> str:
    parts = [f"<h3>{escape(panel.brand)}</h3>", track(panel, axis)]
    for line in panel.lines:
        number, first_alert = len(data["charts"]), len(data["alerts"])
        data["charts"].append(_points(line))
        data["alerts"].extend(_alert(alert, judged) for alert, judged in line.alerts)
        name = "" if line.name.startswith("*") else f" <code>{escape(line.name)}</code>"
        parts.append(
            f"<figure><figcaption>{escape(line.title)}{name}</figcaption>"
            f"{chart(line, axis, number, first_alert)}</figure>"
        )
    if panel.left_out:
        parts.append(f"<p>{panel.left_out} more series without an alert and with fewer voices are not drawn.</p>")
    parts.append(_alerts(panel))
    return "\n".join(part for part in parts if part)


def _alerts(panel: Panel) -> str:
    """The same alerts as text: for who can't point at a picture, and for printing."""
    told = sorted((pair for line in panel.lines for pair in line.alerts), key=lambda pair: pair[0].detected_ms)
    if not told:
        return "<p>No alert.</p>"
    items = []
    for alert, judged in told:
        shown = _alert(alert, judged)
        quotes = "".join(f"<blockquote>{escape(quote)}</blockquote>" for quote in shown["quotes"])
        facts = "".join(f"<br>{escape(fact)}" for fact in shown["facts"])
        items.append(f"<li><b>{escape(shown['title'])}</b>{facts}{quotes}</li>")
    return f"<details><summary>{len(told)} alerts, with quotes</summary><ol>{''.join(items)}</ol></details>"


def _points(line: Line) -> list[Any]:
    return [None if it is None else [it.observed, it.expected, dict(it.reasons)] for it in line.points]


def _alert(alert: Told, judged: Judged | None) -> dict[str, Any]:
    over = "still firing at the end" if alert.ends_ms is None else f"over {_moment(alert.ends_ms)}"
    facts = [
        f"seen {_moment(alert.detected_ms)}, since {_moment(alert.starts_ms)}, {over}",
        f"severity {alert.severity}; {alert.observed:,} voices in {alert.window_ms // 3_600_000} h, "
        f"{alert.expected:,.1f} expected; {alert.voices:,} voices in all",
    ]
    if judged is not None:
        facts.append(_standing(judged))
    quotes = sorted(alert.quotes.values(), key=lambda quote: (quote["created_at"], quote["event_id"]))
    return {"title": alert.title, "facts": facts, "quotes": [quote["text"] for quote in quotes[-6:]]}


def _standing(judged: Judged) -> str:
    if judged.loud:
        return f"comes from a loud voice: {', '.join(hour.author or 'somebody' for hour in judged.loud)}"
    if judged.incidents:
        return f"tells {', '.join(judged.incidents)}{' again' if judged.again else ''}"
    return "tells no incident"


def _figures(judgement: Judgement) -> str:
    shown = (
        ("precision", "–" if judgement.precision is None else f"{judgement.precision:.2f}"),
        ("recall", "–" if judgement.recall is None else f"{judgement.recall:.2f}"),
        ("median delay", "–" if judgement.median_delay is None else f"{judgement.median_delay:+.0f} min"),
        ("tell no incident", f"{len(judgement.alerts('false'))}"),
        ("from a loud voice", f"{len(judgement.alerts('loud'))}"),
    )
    return "<dl>" + "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in shown) + "</dl>"


def _recording(run: Run) -> str:
    first, last = (_moment(ms) if ms is not None else "?" for ms in (run.first_ms, run.last_ms))
    return f"<p>{run.brands.total():,} records of {len(run.brands):,} brands, {first} to {last} UTC.</p>"


def _legend(labelled: bool) -> str:
    shown = [
        ("observed", "distinct voices in an hour, the most of each step"),
        ("expected", "expected by the detector; around it, two standard deviations of chance (Poisson)"),
        ("pain", "an alert: its onset, when it was seen, and how long it fired"),
        ("delight", "the same, of something good"),
    ]
    if labelled:
        shown += [
            ("must", "an incident that must be told"),
            ("may", "one that may be told"),
            ("loud", "an hour of one loud voice: no alert may come from it"),
        ]
    return "<ul class=legend>" + "".join(f'<li><i class="{name}"></i>{text}</li>' for name, text in shown) + "</ul>"


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
