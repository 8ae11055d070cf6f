"""The report as one page of HTML that needs nothing from elsewhere: no scripts, charts as inline SVG."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape
from urllib.parse import urlsplit

from groundswell.digest.facts import ENOUGH, Facts, Point, ranked
from groundswell.digest.text import BASIS, POINTS, alerts, details, handoffs, mood, stories, trend, waiting

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

STYLE = """
:root{color-scheme:light dark;--ink:#1d2530;--soft:#5c6775;--line:#dfe4ea;--paper:#fff;--back:#f4f6f8;
--pain:#c2410c;--joy:#0f766e;--calm:#94a3b8;--tint:#fff7ed}
@media (prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa6b5;--line:#2c3644;--paper:#161c25;--back:#0e131a;
--pain:#fb923c;--joy:#2dd4bf;--calm:#64748b;--tint:#231a12}}
*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:860px;margin:24px auto;padding:32px 40px;background:var(--paper);
border:1px solid var(--line);border-radius:10px}
h1{font-size:27px;line-height:1.2;margin:0}
h2{font-size:18px;margin:32px 0 10px;padding-top:14px;border-top:1px solid var(--line)}
h3{font-size:15px;margin:0}p{margin:4px 0}.soft{color:var(--soft)}.small{font-size:13px}
.tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:12px;margin:20px 0}
.tile{border:1px solid var(--line);border-radius:8px;padding:10px 12px}
.tile b{display:block;font-size:24px;line-height:1.25}
.point{break-inside:avoid;margin:0 0 18px}.head{display:flex;gap:12px;align-items:center}
.head h3{flex:1}.count{font-weight:600;white-space:nowrap}.pain .count{color:var(--pain)}.joy .count{color:var(--joy)}
blockquote{margin:6px 0;padding:4px 12px;border-left:3px solid var(--line)}
.pain blockquote{border-color:var(--pain)}.joy blockquote{border-color:var(--joy)}
blockquote footer{font-size:12px;color:var(--soft)}.first{background:var(--tint);border-radius:6px;padding:4px 10px}
ul{margin:6px 0;padding-left:20px}li{margin:4px 0}a{color:inherit}
svg{display:block;max-width:100%}svg text{fill:var(--soft);font-size:11px}
@media (max-width:640px){main{padding:20px;margin:0;border:0}.tiles{grid-template-columns:repeat(2,1fr)}}
@media print{body{background:#fff;font-size:12px}main{border:0;margin:0;padding:0;max-width:none}h2{break-after:avoid}}
"""


def html(facts: Facts) -> str:
    """The whole page."""
    week, this = facts.week, facts.this
    last = week.end - timedelta(seconds=1)
    pains, delights = ranked(facts.pains.values())[:POINTS], ranked(facts.delights.values())[:POINTS]
    told = [f"<li>{escape(line)}</li>" for line in alerts(facts)]
    asked = [
        f'<li>{escape(text)} <span class="soft small">event {escape(event)}</span></li>'
        for text, event in stories(facts)
    ]
    waits = [f"<li>{escape(line)}</li>" for line in handoffs(facts)]
    felt = this.mood
    shown_mood = "–" if felt is None or len(this.voices) < ENOUGH else f"{felt:+.2f}".replace("-", "−")
    tiles = (
        (f"{len(this.voices):,}", "voices", trend(facts)),
        (shown_mood, "mood, −1 to 1", mood(facts).removeprefix("Mood ").partition("; ")[2] or "too few voices to say"),
        (f"{len(facts.alerts)}", "alerts", _recovered(facts)),
        (f"{len(facts.open())}", "wait for a person", f"{len(facts.answered())} were answered"),
    )
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>{escape(facts.brand)}, {week.name}</title><style>{STYLE}</style></head><body><main>",
        f'<p class="soft">What customers said, {week.name}</p><h1>{escape(facts.brand)}</h1>',
        f'<p class="soft">{week.start:%A %-d %B} to {last:%A %-d %B %Y}, UTC · {this.mentions:,} mentions</p>',
        '<div class="tiles">',
        *(
            f'<div class="tile"><b>{n}</b>{what}<p class="soft small">{escape(more)}</p></div>'
            for n, what, more in tiles
        ),
        "</div>",
        _days(facts),
        _moods(facts),
        "<h2>What hurt</h2>",
        *(_point(point, facts, "pain") for point in pains),
        "" if pains else "<p>Nothing that the catalog knows was named.</p>",
        "<h2>What delighted</h2>",
        *(_point(point, facts, "joy") for point in delights),
        "" if delights else "<p>No delight that the catalog knows was named.</p>",
        "<h2>Alerts</h2>",
        f"<ul>{''.join(told)}</ul>" if told else "<p>None this week.</p>",
        "<h2>What they ask for</h2>",
        f"<ul>{''.join(asked)}</ul>" if asked else "<p>Nobody said it in so many words.</p>",
        "<h2>Who still waits for a person</h2>",
        f"<p>{escape(waiting(facts))}</p>",
        f"<ul>{''.join(waits)}</ul>" if waits else "",
        f'<p class="soft small" style="margin-top:28px">{escape(BASIS)}</p></main></body></html>',
    ]
    return "\n".join(part for part in parts if part)


def _point(point: Point, facts: Facts, kind: str) -> str:
    first, *more = details(point, facts)
    quotes = []
    for quote in point.this.shown():
        where = escape(quote["channel"])
        if quote["url"] and urlsplit(quote["url"]).scheme in ("http", "https"):
            where = f'<a href="{escape(quote["url"])}" rel="noreferrer">{where}</a>'
        said = f"{escape(quote['text'])}<footer>{quote['at']:%a %H:%M}, {where}</footer>"
        quotes.append(f"<blockquote>{said}</blockquote>")
    count = len(point.this.voices)
    return (
        f'<section class="point {kind}"><div class="head"><h3>{escape(point.title)}</h3>{_spark(point, kind)}'
        f'<span class="count">{count} {"voice" if count == 1 else "voices"}</span></div>'
        f'<p class="soft small">{escape(first)}</p>'
        + "".join(f'<p class="small first">{escape(line)}</p>' for line in more)
        + "".join(quotes)
        + "</section>"
    )


def _spark(point: Point, kind: str) -> str:
    counts = [len(day) for day in point.this.days]
    top = max(counts) or 1
    bars = ""
    for place, count in enumerate(counts):
        height = max(count * 22 / top, 1)
        bars += f'<rect x="{place * 14}" y="{24 - height:.1f}" width="11" height="{height:.1f}" fill="var(--{kind})">'
        bars += f"<title>{DAYS[place]}: {count} voices</title></rect>"
    label = escape(f"Voices a day, Monday to Sunday: {', '.join(map(str, counts))}")
    return f'<svg role="img" aria-label="{label}" width="98" height="24" viewBox="0 0 98 24">{bars}</svg>'


def _days(facts: Facts) -> str:
    """Voices of each day beside those of the week before."""
    this, before = ([len(day) for day in heard.days] for heard in (facts.this, facts.before))
    top = max(*this, *before, 1)
    parts = []
    for place, name in enumerate(DAYS):
        x = place * 110 + 12
        for shift, count, colour in ((0, before[place], "calm"), (36, this[place], "joy")):
            if shift == 0 and not facts.before.mentions:
                continue
            height = count * 100 / top
            parts.append(
                f'<rect x="{x + shift}" y="{118 - height:.0f}" width="32" height="{height:.0f}" fill="var(--{colour})"/>'  # noqa: E501
                f'<text x="{x + shift + 16}" y="{114 - height:.1f}" text-anchor="middle">{count}</text>'
            )
        parts.append(f'<text x="{x + 34}" y="134" text-anchor="middle">{name}</text>')
    legend = "Voices a day" + (" (grey: the week before)" if facts.before.mentions else "")
    return (
        f'<p class="soft small">{legend}</p><svg role="img" aria-label="{legend}: {", ".join(map(str, this))}" '
        f'width="780" height="140" viewBox="0 0 780 140">{"".join(parts)}</svg>'
    )


def _moods(facts: Facts) -> str:
    """Unhappy, neutral and happy mentions as one bar for each week."""
    rows: list[str] = []
    for name, heard in (("this week", facts.this), ("week before", facts.before)):
        if not heard.mentions:
            continue
        x, bars, y = 90.0, [], len(rows) * 24
        for label, colour in (("negative", "pain"), ("neutral", "calm"), ("positive", "joy")):
            share = heard.labels[label] / heard.mentions
            bars.append(f'<rect x="{x:.1f}" y="{y}" width="{share * 680:.1f}" height="16" fill="var(--{colour})"/>')
            if share >= 0.06:
                bars.append(
                    f'<text x="{x + share * 340:.1f}" y="{y + 12}" text-anchor="middle" style="fill:var(--paper)">'
                    f"{share:.0%}</text>"
                )
            x += share * 680
        rows.append(f'<text x="0" y="{y + 12}">{name}</text>{"".join(bars)}')
    if not rows:
        return ""
    height = len(rows) * 24
    return (
        '<p class="soft small">Mentions by mood: unhappy, neutral, happy</p>'
        f'<svg role="img" aria-label="Mentions by mood" width="780" height="{height}" viewBox="0 0 780 {height}">'
        f"{''.join(rows)}</svg>"
    )


def _recovered(facts: Facts) -> str:
    over = sum(alert["recovery_seconds"] is not None for alert in facts.alerts.values())
    began = sum(datetime.fromisoformat(alert["starts_at"]) >= facts.week.start for alert in facts.alerts.values())
    return f"{began} began this week, {over} are over" if facts.alerts else "none this week"
