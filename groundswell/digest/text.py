"""The report as Markdown."""

from __future__ import annotations

import re
from datetime import datetime
from statistics import median

from groundswell.digest.facts import ENOUGH, Facts, Point, compared, ranked, wait

POINTS = 5
BARS = "▁▂▃▄▅▆▇█"
_LINK = re.compile(r"https?://[^\s()<>]+")
_MARKS = re.compile(r"([\\`*_\[\]<>|#~])")


def markdown(facts: Facts) -> str:
    """One page, for mail, chat or a wiki."""
    this, week = facts.this, facts.week
    last = week.end.replace(hour=0)
    lines = [f"# {plain(facts.brand)}, week {week.name}", ""]
    lines += [f"{week.start:%A %-d %B} to {_day_before(last):%A %-d %B %Y}, UTC.", ""]
    lines += [f"- **{len(this.voices):,} voices** in {this.mentions:,} mentions: {trend(facts)}.", f"- {mood(facts)}"]
    lines += [f"- {waiting(facts)}", ""]
    for title, points, none in (
        ("What hurt", facts.pains, "Nothing that the catalog knows was named."),
        ("What delighted", facts.delights, "No delight that the catalog knows was named."),
    ):
        lines += [f"## {title}", ""]
        shown = ranked(points.values())[:POINTS]
        lines += [none, ""] if not shown else []
        for point in shown:
            lines += [f"### {plain(point.title)}: {len(point.this.voices)} voices {spark(point)}", ""]
            lines += [f"{detail}  " for detail in details(point, facts)]
            lines.append("")
            for quote in point.this.shown():
                channel, url = plain(quote["channel"]), quote["url"]
                where = f"[{channel}]({url})" if url and _LINK.fullmatch(url) else channel
                lines += [f"> {plain(quote['text'])}  ", f"> {quote['at']:%a %H:%M}, {where}", ""]
    lines += ["## Alerts", ""]
    lines += [f"- {plain(line)}" for line in alerts(facts)] or ["None this week."]
    lines += ["", "## What they ask for", ""]
    asked = [f"- {plain(text)} *(event {plain(event)})*" for text, event in stories(facts)]
    lines += asked or ["Nobody said it in so many words."]
    lines += ["", "## Who still waits for a person", ""]
    lines += [f"- {plain(line)}" for line in handoffs(facts)] or ["Nobody."]
    return "\n".join([*lines, "", BASIS, ""])


BASIS = (
    "A voice is one author. Moods run from −1 to 1. Fewer than "
    f"{ENOUGH} voices are not compared. Names and personal data were redacted before anything was kept."
)


def trend(facts: Facts) -> str:
    """The week's voices against those of the week before."""
    return compared(len(facts.this.voices), len(facts.before.voices), facts.before.mentions > 0)


def mood(facts: Facts) -> str:
    """How they felt, with its base."""
    this, before = facts.this, facts.before
    if this.mood is None:
        return "Mood: nobody spoke."
    if len(this.voices) < ENOUGH:
        return f"Mood: {len(this.voices)} voices are too few to say."
    text = f"Mood {this.mood:+.2f}".replace("-", "−")
    if before.mood is not None and len(before.voices) >= ENOUGH:
        text += f" (week before {before.mood:+.2f})".replace("-", "−")
    share = this.labels["negative"] / this.mentions
    strongest = [name for name, _ in this.emotions.most_common(6) if name != "neutral"][:3]
    felt = f"; most often heard: {', '.join(strongest)}" if strongest else ""
    return f"{text}; {share:.0%} of {this.mentions:,} mentions unhappy{felt}."


def waiting(facts: Facts) -> str:
    """Handoffs in a sentence."""
    waited = facts.answered()
    text = f"{len(facts.open())} customers still waited for a person at the week's end"
    if not waited:
        return f"{text}; nobody was answered."
    return f"{text}; {len(waited)} were answered, half of them within {wait(median(waited))}."


def details(point: Point, facts: Facts) -> list[str]:
    """What is known of one point beside its voices."""
    this = point.this
    told = [compared(len(this.voices), len(point.before.voices), facts.before.mentions > 0)]
    if len(this.voices) >= ENOUGH and this.mood is not None:
        told.append(f"mood {this.mood:+.2f} over {this.mentions} mentions".replace("-", "−"))
        if this.concentrated:
            told.append(this.concentrated)
    lines = [" · ".join(told)]
    if point.feed is not None:
        cause = point.feed.get("candidate_cause")
        if cause and point.id in facts.pains:
            lines.append(f"Look first at {cause['dimension'].replace('_', ' ')} {cause['value']}: {cause['why']}.")
        if recovery := point.feed.get("recovery"):
            over = recovery.get("seconds")
            lines.append(
                f"Its alert was over after {wait(over)}."
                if over is not None
                else "Its alert was not over by the week's end."
            )
    return lines


def alerts(facts: Facts) -> list[str]:
    """Each episode of the week, in order of time."""
    lines = []
    for alert in sorted(facts.alerts.values(), key=lambda it: (it["starts_at"], it["fingerprint"])):
        began = datetime.fromisoformat(alert["starts_at"])
        over = alert["recovery_seconds"]
        end = f"over after {wait(over)}" if over is not None else "still firing at the last word of the week"
        name = alert["title"].partition(":")[0]
        lines.append(f"{began:%a %H:%M} {name}, severity {alert['severity']}: {alert['voices']} voices, {end}")
    return lines


def stories(facts: Facts) -> list[tuple[str, str]]:
    """User stories of what hurt, with the event that each was written in."""
    found: dict[str, str] = {}
    for point in ranked(facts.pains.values())[:POINTS]:
        for story in point.this.stories()[:2]:
            found.setdefault(story["text"], story["event_id"])
    return list(found.items())[:6]


def handoffs(facts: Facts) -> list[str]:
    """Who waits longest."""
    lines = []
    waiting_ = facts.open()
    for it in waiting_[:5]:
        since = datetime.fromisoformat(it["waiting_since"])
        reasons = ", ".join(reason.replace("_", " ") for reason in it["reasons"])
        waited = wait((facts.week.end - since).total_seconds())
        lines.append(f"{waited} in {it['source']} ({reasons}): “{it['quote']['text'][:160]}”")
    if len(waiting_) > 5:
        lines.append(f"and {len(waiting_) - 5} more")
    return lines


def spark(point: Point) -> str:
    """Voices of the seven days as bars."""
    counts = [len(day) for day in point.this.days]
    top = max(counts) or 1
    return "".join(BARS[min(count * (len(BARS) - 1) // top, len(BARS) - 1)] for count in counts)


def plain(text: str) -> str:
    """A customer's words as Markdown shows them, not as it would read them."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def _day_before(moment: datetime) -> datetime:
    return moment.fromtimestamp(moment.timestamp() - 1, moment.tzinfo)
