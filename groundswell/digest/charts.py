"""The page's charts as inline SVG. Each is told by form and number: colour only helps.

They are as wide as a telephone's screen, so that their letters keep their size everywhere.
"""

from __future__ import annotations

from html import escape

from groundswell.digest.facts import Facts, Point
from groundswell.digest.heard import MOODS, WeekHeard
from groundswell.digest.week import DAYS
from groundswell.digest.words import share, voices

WIDTH = 340
PATTERNS = (
    '<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>'
    '<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" class="joyless"/><rect width="2.5" height="6" class="joyfill"/></pattern></defs></svg>'
)
"""Happy voices are hatched, so that they differ from unhappy ones in grey too."""

_NAMES = {"negative": "unhappy", "neutral": "neutral", "positive": "happy"}


def spark(point: Point, kind: str) -> str:
    """Voices of each day of one point, with the day's letter and the highest number."""
    counts = [len(day) for day in point.this.days]
    top = max(counts) or 1
    highest = counts.index(top) if any(counts) else None
    bars = ""
    for place, count in enumerate(counts):
        height, x = max(count * 22 / top, 1), place * 15
        bars += f'<rect x="{x}" y="{36 - height:.1f}" width="12" height="{height:.1f}" class="{kind}fill"/>'
        bars += f'<text x="{x + 6}" y="47" class="tiny">{DAYS[place][0]}</text>'
        if place == highest:
            bars += f'<text x="{max(x + 6, 12)}" y="{32 - height:.1f}" class="tiny">{count:,}</text>'
    label = escape(f"Voices a day, Monday to Sunday: {', '.join(map(str, counts))}")
    return f'<svg role="img" aria-label="{label}" width="104" height="48" viewBox="0 0 104 48">{bars}</svg>'


def days(facts: Facts) -> str:
    """Voices of each day, filled, beside those of the week before, hollow."""
    this, before = ([len(day) for day in heard.days] for heard in (facts.this, facts.before))
    both = any(before)
    top = max(*this, *before, 1)
    parts = []
    for place, name in enumerate(DAYS):
        x = place * WIDTH / 7
        for shift, count, kind in ((2, before[place], "hollow"), (24 if both else 13, this[place], "full")):
            if kind == "hollow" and not both:
                continue
            height = max(count * 84 / top, 1)
            parts.append(
                f'<rect x="{x + shift:.1f}" y="{104 - height:.1f}" width="20" height="{height:.1f}" class="{kind}"/>'
            )
            if kind == "full":
                parts.append(f'<text x="{x + shift + 10:.1f}" y="{99 - height:.1f}">{count:,}</text>')
        parts.append(f'<text x="{x + 24:.1f}" y="119">{name[:3]}</text>')
    legend = "Voices a day" + (", hollow: the week before" if both else "")
    label = f"{legend}. This week: {', '.join(map(str, this))}" + (
        f". Before: {', '.join(map(str, before))}" if both else ""
    )
    return _figure(legend, label, 124, "".join(parts))


def moods(facts: Facts) -> str:
    """Unhappy, neutral and happy voices as one bar for each week, with their numbers beneath."""
    rows, y = "", 0
    weeks: tuple[tuple[str, WeekHeard], ...] = (("this week", facts.this), ("the week before", facts.before))
    shown = [(name, heard) for name, heard in weeks if heard.mentions]
    label = []
    for name, heard in shown:
        x, counts = 0.0, heard.moods
        told = [f"{_NAMES[mood]} {share(counts[mood], heard.count)}" for mood in MOODS]
        rows += f'<text x="0" y="{y + 11}" class="left">{name}, {voices(heard.count)}</text>'
        for mood in MOODS:
            width = counts[mood] * WIDTH / heard.count
            rows += f'<rect x="{x:.1f}" y="{y + 17}" width="{width:.1f}" height="16" class="{mood}"/>'
            x += width
        rows += (
            f'<text x="0" y="{y + 47}" class="left">{told[0]}</text><text x="{WIDTH / 2}" y="{y + 47}">{told[1]}</text>'
        )
        rows += f'<text x="{WIDTH}" y="{y + 47}" class="right">{told[2]}</text>'
        label.append(f"{name}: {', '.join(told)}")
        y += 60
    return _figure("Voices by mood: full unhappy, empty neutral, hatched happy", "; ".join(label), max(y, 1), rows)


def _figure(legend: str, label: str, height: int, content: str) -> str:
    return (
        f'<figure><figcaption class="soft small">{escape(legend)}</figcaption>'
        f'<svg role="img" aria-label="{escape(label)}" '
        f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">{content}</svg></figure>'
    )
