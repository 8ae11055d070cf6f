"""Records as people like to read them: an alert in several lines, the rest in one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from rich.text import Text

from groundswell.cli.output import clean
from schemas.alerts import Alert
from schemas.candidates import Candidate
from schemas.changes import Change
from schemas.feeds import Handoff, PainPoint
from schemas.metrics import WindowMetrics
from schemas.quarantine import Quarantined
from schemas.raw import RawEvent
from schemas.receipts import Receipt
from schemas.scored import Scored
from schemas.silences import Acknowledgement, Matchers, Muted, Silence, SilenceRecord
from streams.messages import also_about, driven_by

LONGEST = 160
"""Characters of a text that a line shows."""

SEVERITY = {1: "bold white on red", 2: "bold red", 3: "bold yellow", 4: "yellow"}
MOOD = {"negative": "red", "neutral": "dim", "positive": "green"}


_HEADING = {
    "warned": "heading for a spike",
    "crossed": "it was heading for a spike, which is here",
    "withdrawn": "no longer heading for a spike",
}


def lines(value: BaseModel) -> Text:
    """The record, for people; one line or several, without the last line end."""
    for kind, show in _SHOWN:
        if isinstance(value, kind):
            return show(value)
    return Text(clean(value.model_dump_json()))


def alert(it: Alert) -> Text:
    """What is going on, since when, how sure, what drives it and what people say."""
    over = it.status == "resolved"
    style = "bold green" if over or it.kind == "delight" else SEVERITY[it.severity]
    text = Text()
    text.append(f" {it.status.upper()} ", style=style).append(f" {clean(it.brand)}: {clean(it.title)}", style="bold")
    text.append(f"  severity {it.severity}, {it.reason.replace('_', ' ')}\n", style="dim")
    text.append(f"   severity: {clean(it.severity_why)}\n", style="dim")
    since = f"since {_moment(it.starts_at)}, seen {_moment(it.detected_at)}"
    if over and it.ends_at is not None:
        since += f", over {_moment(it.ends_at)}"
        if it.recovery_seconds is not None:
            since += f", after {_duration(it.recovery_seconds)}"
    text.append(f"   {since}\n")
    text.append(
        f"   {it.observed:,} voices in {_duration(it.window_seconds)}, {it.expected:,.1f} expected (×{it.ratio:,.1f}); "
        f"{it.voices:,} voices in {it.mentions:,} mentions, the loudest has {it.top_voice_share:.0%}\n"
    )
    mood = f"   mood {it.sentiment:+.2f}"
    if it.sentiment_before is not None:
        mood += f" (before {it.sentiment_before:+.2f})"
    if it.emotions:
        mood += " · " + ", ".join(f"{name} {share:.0%}" for name, share in list(it.emotions.items())[:3])
    text.append(mood + "\n")
    for part in it.parts if len(it.parts) > 1 else ():
        over_part = ", over" if part.status == "resolved" else ""
        text.append(f"   · {clean(part.title)} (severity {part.severity}{over_part})\n")
    if others := also_about(it):
        text.append(f"   also about {clean(others)}\n")
    if it.drivers:
        text.append(f"   driven by {clean(driven_by(it))}\n")
    for quote in it.quotes:
        text.append(f"   “{_short(quote.text)}”", style="italic")
        text.append(f"  {clean(quote.channel)}, {_moment(quote.created_at)}\n", style="dim")
    for near in it.changes[:3]:
        text.append(f"   near: {clean(near.what)}, {_moment(near.at)} ({clean(near.why)})\n")
    if it.held is not None:
        text.append(f"   nobody is told: {it.held.replace('_', ' ')}\n", style="dim")
    if it.owner is not None:
        text.append(f"   {clean(it.owner)}" + (f": {_short(it.runbook)}" if it.runbook else "") + "\n")
    if it.dashboard is not None:
        text.append(f"   {clean(it.dashboard)}\n", style="dim")
    if not over:
        text.append(f"   resolves when: {clean(it.resolves_when)}\n", style="dim")
    text.append(f"   {it.fingerprint} revision {it.revision}", style="dim")
    return text


def scored(it: Scored) -> Text:
    """One event: mood, what hurts or delights, and what was said."""
    text = Text(f"{_moment(it.created_at)} ", style="dim")
    text.append(f"{it.sentiment.value:+.2f} ", style=MOOD[it.sentiment.label]).append(
        f"{clean(it.brand)} ", style="bold"
    )
    for mention in it.pain_points:
        text.append(f"[{mention.id}] ", style="red")
    for mention in it.delights:
        text.append(f"[{mention.id}] ", style="green")
    if it.emotions:
        text.append(f"{it.emotions[0].label} ", style="magenta")
    return text.append(_short(it.text))


def window(it: WindowMetrics) -> Text:
    """One window of one brand × pain point, with what the detector thought."""
    text = Text(f"{_moment(it.window_end)} ", style="dim").append(f"{clean(it.brand)} ", style="bold")
    text.append(f"{'everything' if it.pain_point == '*' else it.pain_point}: ")
    text.append(f"{it.window.voices:,} voices, {it.window.mentions:,} mentions, mood {it.window.sentiment:+.2f}")
    if it.rolling_1h is not None:
        text.append(f"; last hour {it.rolling_1h.voices:,} voices")
    if it.decision is not None:
        text.append(f"; {it.decision.reason.replace('_', ' ')}", style="dim")
    if it.heading is not None:
        said = it.heading
        text.append(f"; {_HEADING[said.status]}", style="bold yellow" if said.status == "warned" else "dim")
        if said.status == "warned":
            text.append(f": {said.projected:,} voices an hour by {_moment(said.by)}, {said.line:,} are an alert")
    return text if it.closed else text.append(" (still open)", style="dim")


def pain_point(it: PainPoint) -> Text:
    """One entry of a product feed: how many, where it is heading, and what people want."""
    text = Text(f"{_moment(it.updated_at)} ", style="dim").append(f"{clean(it.brand)}: {clean(it.title)}", style="bold")
    text.append(f"  {it.last_day.voices:,} voices in 24 h, {it.share:.0%} of all mentions, priority {it.priority:.2f}")
    if it.trend is not None:
        text.append(f", ×{it.trend:.1f} of a usual day")
    for story in it.user_stories[:2]:
        text.append(f"\n   {_short(story.text)}", style="italic")
    for quote in it.quotes[:2]:
        text.append(f"\n   “{_short(quote.text)}”", style="italic")
    return text


def candidate(it: Candidate) -> Text:
    """Words that rise and that no pain point names: how many say them, since when, and what they write."""
    text = Text(f"{_moment(it.updated_at)} ", style="dim").append(
        f"{clean(it.brand)}: “{clean(it.words)}”", style="bold"
    )
    text.append(f"  {it.voices:,} voices in {_duration(it.window_seconds)}, {it.expected:,.1f} expected")
    text.append(f" ({it.sigmas:.1f} sigma), since {_moment(it.starts_at)}")
    if it.related:
        text.append(f"\n   said with it: {clean(', '.join(it.related))}", style="dim")
    for quote in it.quotes:
        text.append(f"\n   “{_short(quote.text)}”", style="italic")
    return text


def handoff(it: Handoff) -> Text:
    """A customer whom a person should see, and why."""
    waited = f", waited {_duration(it.waited_seconds)}" if it.waited_seconds is not None else ""
    style = "bold yellow" if it.status == "open" else "green"
    text = Text(f"{_moment(it.waiting_since)} ", style="dim").append(f"{it.status} ", style=style)
    text.append(f"{clean(it.brand)} ", style="bold").append(f"{', '.join(it.reasons).replace('_', ' ')}{waited}: ")
    return text.append(f"“{_short(it.quote.text)}”", style="italic").append(f" ({clean(it.why)})", style="dim")


def quarantined(it: Quarantined) -> Text:
    """What could not be read, and why."""
    text = Text(f"{_moment(it.arrived_at)} ", style="dim")
    text.append(f"{it.origin.topic}:{it.origin.partition}:{it.origin.offset} ", style="bold")
    return text.append(f"{it.reason} ", style="yellow").append(_short(it.detail))


def receipt(it: Receipt) -> Text:
    """What became of telling one change of an alert to one receiver."""
    style = {"delivered": "green", "failed": "bold red", "retrying": "yellow"}.get(it.outcome, "dim")
    text = Text(f"{_moment(it.updated_at)} ", style="dim").append(f"{it.outcome} ", style=style)
    text.append(f"{it.receiver} ", style="bold").append(f"{it.status}, severity {it.severity}, ")
    text.append(f"{clean(it.brand)}: {_short(it.title)}")
    why = f", {_short(it.why)}" if it.why else ""
    tries = f", {it.attempts} tries" if it.attempts > 1 else ""
    return text.append(f"  {it.fingerprint} revision {it.revision}{tries}{why}", style="dim")


def silence(it: Silence) -> Text:
    """What is told to nobody, from when to when, who said so and why."""
    text = Text(f"{it.id} ", style="bold").append(f"silence of {clean(matchers(it.matchers))}")
    text.append(f", {_moment(it.starts_at)}Z to {_moment(it.ends_at)}Z")
    return text.append(_decided(it), style="dim")


def acknowledgement(it: Acknowledgement) -> Text:
    """Whose reminders are told to nobody, who said so and why."""
    text = Text(f"{it.id} ", style="bold").append(f"acknowledgement of {it.fingerprint}, {_short(it.title)}")
    return text.append(f", since {_moment(it.starts_at)}Z").append(_decided(it), style="dim")


def matchers(it: Matchers) -> str:
    """Which alerts, in words."""
    named = {
        "brand": it.brand, "pain point": it.pain_point, "kind": it.kind, "severity at most": it.severity_at_most,
        "fingerprint": it.fingerprint,
    }  # fmt: skip
    return ", ".join(f"{name} {value}" for name, value in named.items() if value is not None)


def _silence_record(it: SilenceRecord) -> Text:
    if isinstance(it.root, Muted):
        muted = it.root.alert
        text = Text(f"{it.root.silenced_by} ", style="bold").append(
            f"mutes {clean(muted.brand)}: {_short(muted.title)}"
        )
        return text.append(f"  severity {muted.severity}, {muted.status}, {it.root.id}", style="dim")
    return silence(it.root) if isinstance(it.root, Silence) else acknowledgement(it.root)


def _decided(it: Silence | Acknowledgement) -> str:
    text = f" · {clean(it.created_by)}, {_moment(it.created_at)}Z" + (f": {_short(it.comment)}" if it.comment else "")
    if it.ended_at is not None:
        text += f" · ended by {clean(it.ended_by or 'somebody')}, {_moment(it.ended_at)}Z"
    return text


def raw(it: RawEvent) -> Text:
    """An event as it came in."""
    text = Text(f"{_moment(it.created_at)} ", style="dim").append(f"{clean(it.brand)} ", style="bold")
    return text.append(f"{clean(it.author)}: ").append(_short(it.text))


def change(it: Change) -> Text:
    """What changed, when, and where."""
    where = ", ".join(clean(value) for value in (it.product, it.version, it.region, it.channel) if value)
    text = Text(f"{_moment(it.at)} ").append(clean(it.brand), style="bold")
    text.append(f": {clean(it.what)}").append(f"  {it.kind}{' · ' if where else ''}{where}", style="dim")
    return text.append(f"\n   {clean(it.url)}", style="dim") if it.url else text


_SHOWN: tuple[tuple[type[BaseModel], Callable[[Any], Text]], ...] = (
    (Alert, alert),
    (Scored, scored),
    (WindowMetrics, window),
    (PainPoint, pain_point),
    (Candidate, candidate),
    (Change, change),
    (Handoff, handoff),
    (Quarantined, quarantined),
    (SilenceRecord, _silence_record),
    (Receipt, receipt),
    (RawEvent, raw),
)


def _short(text: str) -> str:
    line = " ".join(clean(text).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")


def _duration(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds:.0f} s"
