"""The report as Markdown."""

from __future__ import annotations

import re

from groundswell.digest.facts import Facts, Point, in_detail, ranked
from groundswell.digest.heard import Quote
from groundswell.digest.summary import (
    BASIS,
    alerts,
    also,
    asks,
    details,
    handoffs,
    lead,
    mood,
    not_shown,
    trend,
)
from groundswell.digest.words import listed, shown, voices

BARS = "▁▂▃▄▅▆▇█"
_LINK = re.compile(r"https?://[^\s()<>]+")
_MARKS = re.compile(r"([\\`*_\[\]<>|#~])")


def markdown(facts: Facts) -> str:
    """One page, for mail, chat or a wiki."""
    lines = [f"# {plain(facts.brand)}, week {facts.week.name}", "", f"{facts.week.dates}.", ""]
    lines += [f"- **{about}:** {plain(told)}" for about, told in lead(facts)]
    if facts.this.mentions:
        felt, basis = mood(facts)
        than = f", {told}" if (told := trend(facts)) else ""
        feelings = f"; most often {listed(facts.this.feelings())}" if facts.this.feelings() else ""
        lines += [
            "",
            f"{voices(facts.this.count)} in {facts.this.mentions:,} mentions{than}. Mood {felt} ({basis}{feelings}).",
        ]
    lines += ["", facts.coverage.note, ""]
    if not facts.this.mentions:
        return "\n".join([*lines, *_waits(facts)])
    for title, points, none in (
        ("What hurt", ranked(facts.pains.values()), "Nothing that the catalog knows was named."),
        ("What delighted", ranked(facts.delights.values()), "No delight that the catalog knows was named."),
    ):
        lines += [f"## {title}", ""]
        lines += [line for point in in_detail(points) for line in _point(point, facts)] or [none, ""]
        lines += [plain(rest), ""] if (rest := also(points)) else []
    lines += ["## Alerts", ""]
    lines += [f"- {plain(line)}" for line in alerts(facts)] or ["None this week."]
    lines += ["", "## What they ask for", ""]
    lines += [f"- {plain(text)} *({plain(where)})*" for text, where in asks(facts)] or [
        "Nobody said it in so many words."
    ]
    return "\n".join([*lines, "", *_waits(facts), BASIS, ""])


def _waits(facts: Facts) -> list[str]:
    waits = [f"- {plain(who)}: “{plain(shown(said, 160))}”" for who, said in handoffs(facts)]
    more = not_shown(facts)
    told = waits or ([] if more else ["Nobody."])
    return ["## Who needs a person", "", *told, *([""] if waits else []), *([more] if more else []), ""]


def _point(point: Point, facts: Facts) -> list[str]:
    lines = [f"### {plain(point.title)}: {voices(point.this.count)} {spark(point)}", ""]
    if told := details(point, facts):
        lines += [*(f"{plain(line)}  " for line in told[:-1]), plain(told[-1]), ""]
    for quote in point.quotes:
        lines += [f"> {plain(quote.text)}  ", f"> {_where(quote)}", ""]
    return lines


def _where(quote: Quote) -> str:
    channel, event = plain(quote.channel), plain(quote.event_id)
    linked = f"[{event}]({quote.url})" if quote.url and _LINK.fullmatch(quote.url) else event
    return f"{quote.at:%a %H:%M}, {channel} {linked}"


def spark(point: Point) -> str:
    """Voices of the seven days as bars."""
    counts = [len(day) for day in point.this.days]
    top = max(counts) or 1
    return "".join(BARS[min(count * (len(BARS) - 1) // top, len(BARS) - 1)] for count in counts)


def plain(text: str) -> str:
    """A customer's words as Markdown shows them, not as it would read them."""
    return _MARKS.sub(r"\\\1", shown(text))
