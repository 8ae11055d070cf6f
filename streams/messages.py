"""An alert as a person reads it in a chat, a mail or on a phone: what, how many, since when, in whose words, where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote as escaped

from schemas.alerts import Alert, Driver, Quote

QUOTES = 4
DRIVERS = 4
QUOTE_LENGTH = 280
SEVERITY = {1: "critical", 2: "high", 3: "medium", 4: "low"}
DASHBOARD_UID = "groundswell-voices"
HOUR_MS = 3_600_000

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~])")


@dataclass(frozen=True, slots=True)
class Message:
    """One change of an alert."""

    title: str
    """One line, without line breaks."""
    text: str
    markdown: str


def message(alert: Alert, dashboard: str | None = None) -> Message:
    """The change in words.

    Args:
        dashboard: Where Grafana is; the message then links to the brand there, with the time in question.
    """
    facts = list(_facts(alert))
    quotes = [(_short(it.text), _source(it), it.url) for it in alert.quotes[:QUOTES]]
    link = dashboard_link(alert, dashboard) if dashboard else alert.dashboard
    text = [value if label is None else f"{label}: {value}" for label, value in facts]
    marked = [_plain(value) if label is None else f"**{label}:** {_plain(value)}" for label, value in facts]
    if quotes:
        text += ["", *(f"“{said}” ({source}){f' {url}' if url else ''}" for said, source, url in quotes)]
        marked += ["", *(f"> {_plain(said)} ({_link(source, url)})\n" for said, source, url in quotes)]
    tail = [f"Dashboard: {link}"] if link else []
    text += ["", *tail, f"{alert.fingerprint} revision {alert.revision}"]
    marked += ["", *([f"[Dashboard]({link})"] if link else []), f"`{alert.fingerprint}` revision {alert.revision}"]
    # Two spaces at the end of a line are Markdown's line break.
    return Message(title_of(alert), "\n".join(text), "\n".join(f"{line}  " if line else "" for line in marked))


def title_of(alert: Alert) -> str:
    """One line: where it is in its life, how bad, whose customers, and what."""
    state = {"firing": "FIRING", "updated": "STILL FIRING", "resolved": "RESOLVED"}[alert.status]
    worse = " (got worse)" if alert.reason == "severity_rose" else ""
    good = "good news" if alert.kind == "delight" else f"severity {alert.severity} {SEVERITY[alert.severity]}"
    return _line(f"{state}{worse} · {good} · {alert.brand}: {alert.title}")


def dashboard_link(alert: Alert, base: str) -> str:
    """The dashboard *Voices* of the alert's brand, from six hours before the onset to an hour behind its end or now."""
    begin = int(alert.starts_at.timestamp() * 1000) - 6 * HOUR_MS
    end = "now" if alert.ends_at is None else str(int(alert.ends_at.timestamp() * 1000) + HOUR_MS)
    point = escaped(alert.pain_point or "$__all", safe="")
    return (
        f"{base.rstrip('/')}/d/{DASHBOARD_UID}?var-brand={escaped(alert.brand, safe='')}&var-pain_point={point}"
        f"&from={begin}&to={end}"
    )


def _facts(alert: Alert) -> Iterator[tuple[str | None, str]]:
    """What is known, line by line: (label or None, value)."""
    yield (
        "Voices",
        f"{alert.observed:,} different people in {_duration(alert.window_seconds)}, {alert.expected:,.1f} expected "
        f"(×{alert.ratio:,.1f})",
    )
    yield (
        "So far",
        f"{alert.voices:,} voices in {alert.mentions:,} mentions, the loudest has {alert.top_voice_share:.0%}",
    )
    for part in alert.parts if len(alert.parts) > 1 else ():
        yield "Part", part.title + (" (over)" if part.status == "resolved" else "")
    since = f"{_moment(alert.starts_at)}, seen {_moment(alert.detected_at)}"
    if alert.ends_at is not None:
        since += f", over {_moment(alert.ends_at)}"
        if alert.recovery_seconds is not None:
            since += f" (after {_duration(alert.recovery_seconds)})"
    yield "Since", since
    mood = f"{alert.sentiment:+.2f}"
    if alert.sentiment_before is not None:
        mood += f", {alert.sentiment_before:+.2f} before"
    if alert.emotions:
        mood += "; " + ", ".join(f"{name} {share:.0%}" for name, share in list(alert.emotions.items())[:3])
    yield "Mood", mood
    if alert.drivers:
        yield "Driven by", driven_by(alert)
    if others := also_about(alert):
        yield "Also about", others
    for near in alert.changes[:3]:
        yield "Near it", f"{_line(near.what)}, {_moment(near.at)} ({_line(near.why)})"
    yield "Severity", alert.severity_why
    if alert.status != "resolved":
        yield "Resolves when", alert.resolves_when


def driven_by(alert: Alert) -> str:
    """What it is concentrated in: values whose share rose, then words."""
    values = [it for it in alert.drivers if it.dimension != "word"][:DRIVERS]
    words = [it for it in alert.drivers if it.dimension == "word"]
    told = [f"{it.dimension.replace('_', ' ')} {it.value} {_risen(it)}" for it in values]
    told += [f"“{it.value}” {_risen(it)}" for it in words]
    return "; ".join(map(_line, told))


def also_about(alert: Alert) -> str:
    """The other pain points that its voices name."""
    others = [(name, voices) for name, voices in alert.pain_points.items() if name != alert.pain_point]
    return ", ".join(f"{name} ({voices:,})" for name, voices in others[:5])


def _risen(it: Driver) -> str:
    return f"{it.share:.0%} (usually {it.usual:.0%})"


def _source(it: Quote) -> str:
    return f"{_line(it.channel)}, {_moment(it.created_at)}"


def _link(label: str, url: str | None) -> str:
    # What a customer's record calls a URL may be anything: only what a browser opens safely becomes a link.
    if url is None or not re.fullmatch(r"https?://[^\s()<>]+", url):
        return _plain(label)
    return f"[{_plain(label)}]({url})"


def _plain(text: str) -> str:
    """Text that Markdown shows as it is: nobody's complaint becomes a heading, a link or a mention."""
    return _MARKDOWN.sub(r"\\\1", text)


def _short(text: str) -> str:
    line = _line(text)
    return line if len(line) <= QUOTE_LENGTH else line[: QUOTE_LENGTH - 1] + "…"


def _line(text: str) -> str:
    return " ".join(text.split())


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%MZ")


def _duration(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds:.0f} s"
