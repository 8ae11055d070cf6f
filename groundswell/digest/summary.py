"""The week in a few sentences: what hurt most, what changed, what delighted, who needs a person.

Each number is one that a table below it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from statistics import median
from typing import Any

from groundswell.digest.facts import PRESSING, Facts, Point, in_detail, ranked
from groundswell.digest.heard import ENOUGH
from groundswell.digest.week import DAYS
from groundswell.digest.words import FOR_PERCENT, compared, listed, moved, share, shown, signed, voices, wait

LEAP = 3
"""A day stands out with so many times the voices of a usual day of the week,"""
LEAP_VOICES = 10
"""if they are so many."""

DAYS_TO_LEAP = 4
"""Whole days that must be known, for one of them to stand out."""

WAITING = 5
"""Who waits, shown with their words."""

ALSO = 8
"""Points named behind those that are told with quotes."""

REASONS = {
    "threat_to_leave": "threatens to leave",
    "repeat_contact": "asks again",
    "urgent": "is urgent",
    "strong_emotion": "is upset",
}


def lead(facts: Facts) -> list[tuple[str, str]]:
    """(what it is about, sentences) of the week."""
    if not facts.this.mentions:
        return [("The week", f"Nobody was heard in {facts.week.name}."), ("Needs a person", waiting(facts))]
    pains, delights = ranked(facts.pains.values()), ranked(facts.delights.values())
    found = [("Hurt most", _most(pains, facts, "Nothing that the catalog knows hurt anybody."))]
    found.append(("Changed", _changed(pains, delights, facts)))
    found.append(("Delighted most", _most(delights, facts, "Nothing that the catalog knows delighted anybody.")))
    found.append(("Needs a person", waiting(facts)))
    return found


def _most(points: list[Point], facts: Facts, none: str) -> str:
    if not points:
        return none
    first, *others = points
    text = f"“{first.title}”: {voices(first.this.count)} of {facts.this.count:,}"
    next_ = [f"“{point.title}” ({point.this.count:,})" for point in others[:2]]
    return f"{text}; then {listed(next_)}." if next_ else f"{text}."


def _changed(pains: list[Point], delights: list[Point], facts: Facts) -> str:
    """What moved from the week before; where there is none to compare with, the days that stood out."""
    common = facts.coverage.common
    if not common:
        if len(facts.coverage.days) < DAYS_TO_LEAP:
            return "Too few whole days were heard to say."
        leaps = [told for point in (*pains, *delights) if (told := _leap(point, facts)) is not None]
        days = [text for _, text in sorted(leaps, key=lambda it: -it[0])[:3]]
        return f"Within the week {listed(days)}." if days else "No day of the week stood out."
    moves = []
    for point in (*facts.pains.values(), *facts.delights.values()):
        this, before = point.this.on(common), point.before.on(common)
        if moved(this, before):
            way = "rose" if this > before else "fell"
            text = f"“{point.title}” {way} to {voices(this)} from {before:,}"
            moves.append((-abs(this - before) / (this + before) ** 0.5, point.id, text))
    if not moves:
        return "No pain point or delight moved more than chance explains."
    return f"Against the week before {listed([text for _, _, text in sorted(moves)[:3]])}."


def _leap(point: Point, facts: Facts) -> tuple[float, str] | None:
    """The day of the week that stands out, with the usual one; None where none does."""
    days = facts.coverage.days
    counts = [len(point.this.days[day]) for day in days]
    top = max(counts)
    usual = median(count for place, count in enumerate(counts) if place != counts.index(top))
    if top < LEAP_VOICES or top < LEAP * max(usual, 1):
        return None
    day = DAYS[days[counts.index(top)]]
    return (top - usual) / (
        top + usual
    ) ** 0.5, f"“{point.title}” leapt on {day} ({voices(top)}, {round(usual)} on a usual day)"


def waiting(facts: Facts) -> str:
    """Handoffs in a sentence or two."""
    waits, waited = facts.open(), facts.answered()
    people = len({it["author"] for it in waits})
    if not waits and not waited:
        return "Nobody."
    answered = f"{len(waited)} got an answer, half of them within {wait(median(waited))}" if waited else ""
    if not waits:
        return f"Nobody any more: {answered}."
    counts = {reason: len({it["author"] for it in waits if reason in it["reasons"]}) for reason in PRESSING}
    parts = [f"{count:,} {_many(reason, count)}" for reason, count in counts.items() if count]
    text = (
        f"{people:,} {'customer' if people == 1 else 'customers'} without an answer at the week's end: {listed(parts)}"
    )
    return f"{text}. {answered[0].upper()}{answered[1:]}." if answered else f"{text}. No answer to anybody was seen."


def _many(reason: str, count: int) -> str:
    if count == 1:
        return REASONS[reason]
    many = {
        "threat_to_leave": "threaten to leave",
        "urgent": "are urgent",
        "repeat_contact": "ask again",
        "strong_emotion": "are upset",
    }
    return many[reason]


def trend(facts: Facts) -> str | None:
    """The week's voices against those of the week before; None where they are not compared."""
    return against(facts.this, facts.before, facts)


def against(this: Any, before: Any, facts: Facts) -> str | None:
    """A point's voices, or all, against the week before, on the days that both have whole."""
    common = facts.coverage.common
    if not common:
        return None
    told = compared(this.on(common), before.on(common))
    return told if len(common) == 7 else f"on the days compared {this.on(common):,}, {told}"


def mood(facts: Facts) -> tuple[str, str]:
    """The mood as a number, and what it rests on."""
    felt, moods = facts.this.mood, facts.this.moods
    if felt is None:
        return "–", "too few voices to say"
    of_voices = "of the voices" if facts.this.count >= FOR_PERCENT else "voices"
    unhappy = f"{share(moods['negative'], facts.this.count)} {of_voices} unhappy"
    before = facts.before.mood if len(facts.coverage.common) == 7 else None
    return signed(felt), f"{unhappy}; {signed(before)} the week before" if before is not None else unhappy


def details(point: Point, facts: Facts) -> list[str]:
    """What is known of one point beside its voices: a line of numbers, then what else there is, a line each."""
    this = point.this
    known = [text] if (text := against(this, point.before, facts)) else []
    if this.mood is not None:
        known.append(f"mood {signed(this.mood)}")
        known += [text] if (text := this.concentrated(facts.this)) else []
    lines = [" · ".join(known)] if known else []
    alerts_ = facts.alerts_of(point.id)
    if alerts_:
        owner = f" Owner: {shown(alerts_[-1]['owner'])}." if alerts_[-1].get("owner") else ""
        lines.append(f"Alert from {listed([_since(it, facts) for it in alerts_])}.{owner}")
    if point.caused is not None and point.id in facts.pains:
        cause, until = point.caused["candidate_cause"], datetime.fromisoformat(point.caused["updated_at"])
        value = (
            facts.titles.get(cause["value"], cause["value"]) if cause["dimension"] == "pain_point" else cause["value"]
        )
        what = shown(f"{cause['dimension'].replace('_', ' ')} {value}")
        lines.append(f"Look first at {what}: in the 24 hours to {until:%a %H:%M}, {shown(cause['why'])}.")
    if not point.quotes:
        lines.append("What was said of it is quoted above, under another point.")
    return lines


def also(points: Sequence[Point]) -> str | None:
    """The points behind those that are told, by name; None where there are none."""
    rest = points[len(in_detail(points)) :]
    if not rest:
        return None
    named = [f"{point.title} ({point.this.count:,})" for point in rest[:ALSO]]
    more = f", and {len(rest) - ALSO} more" if len(rest) > ALSO else ""
    return f"Also: {', '.join(named)}{more}."


def _since(alert: dict[str, Any], facts: Facts) -> str:
    over = alert["recovery_seconds"]
    end = f"over after {wait(over)}" if over is not None else "still firing at the week’s end"
    return f"{_began(alert, facts)}, {end}"


def _began(alert: dict[str, Any], facts: Facts) -> str:
    began = datetime.fromisoformat(alert["starts_at"])
    return f"{began:%a %H:%M}" if began >= facts.week.start else f"{began:%a %-d %B %H:%M}"


def alerts(facts: Facts) -> list[str]:
    """Each episode of the week, in order of time; an incident with its parts."""
    lines = []
    for alert in facts.episodes():
        over = alert["recovery_seconds"]
        names = list(dict.fromkeys(_name(part) for part in alert.get("parts", ()))) or [_name(alert)]
        end = f"over after {wait(over)}" if over is not None else "still firing at the week’s end"
        line = f"{_began(alert, facts)} {listed(names)}: severity {alert['severity']}, {voices(alert['voices'])}, {end}"
        if changes := alert.get("changes"):
            line += f"; near it: {shown(changes[0]['what'], 80)}"
        lines.append(line)
    return lines


def _name(alert: dict[str, Any]) -> str:
    return f"“{shown(alert['title'].partition(': ')[0])}”"


def asks(facts: Facts) -> list[tuple[str, str]]:
    """What customers ask for as user stories, each with how many ask and where it is written."""
    told = []
    for ask in facts.asks:
        where = ", ".join(ask.events[:3]) + (f" and {len(ask.events) - 3} more" if len(ask.events) > 3 else "")
        told.append((shown(ask.want.story(ask.product)), f"{voices(len(ask.voices))}: {where}"))
    return told


def handoffs(facts: Facts) -> list[tuple[str, str]]:
    """(who and why, in whose words) of those who need a person first."""
    lines = []
    for it in facts.open()[:WAITING]:
        since = datetime.fromisoformat(it["waiting_since"])
        reasons = listed([REASONS[reason] for reason in it["reasons"]])
        waited = wait((facts.week.end - since).total_seconds())
        again = f", wrote {it['contacts']} times" if it["contacts"] > 1 else ""
        lines.append(
            (f"{it['source']} {it['quote']['event_id']}: {reasons}{again}; waits for {waited}", it["quote"]["text"])
        )
    return lines


def not_shown(facts: Facts) -> str | None:
    """How many more wait, and how many since before the week."""
    more, older = len(facts.open()) - WAITING, facts.older()
    parts = [f"{more:,} more"] if more > 0 else []
    parts += [f"{older:,} who have waited since before the week"] if older else []
    return f"And {listed(parts)}, in the topic handoffs." if parts else None


BASIS = (
    "A voice is one author; who repeats another's text within a day speaks with that voice, and who is heard of "
    "two points counts for both. Moods run from −1 to 1, each voice counting once. "
    f"Of fewer than {ENOUGH} voices no mood is told; a change is told where chance does not explain it. "
    "Quotes are redacted; behind each stands where it was written."
)
