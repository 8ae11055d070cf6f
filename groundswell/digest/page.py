"""The report as one page of HTML that needs nothing from elsewhere: no scripts, charts as inline SVG."""

from __future__ import annotations

from html import escape
from urllib.parse import urlsplit

from groundswell.digest import charts
from groundswell.digest.facts import Facts, Point, in_detail, ranked
from groundswell.digest.heard import Quote
from groundswell.digest.summary import BASIS, alerts, also, asks, details, handoffs, lead, mood, not_shown, trend
from groundswell.digest.words import listed, shown, voices

STYLE = """
:root{color-scheme:light dark;--ink:#1d2530;--soft:#566170;--line:#d5dbe3;--paper:#fff;--back:#f4f6f8;
--pain:#b93c0a;--joy:#0f766e;--tint:#fff4e8}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa6b5;--line:#35404f;--paper:#161c25;
--back:#0e131a;--pain:#fb923c;--joy:#2dd4bf;--tint:#261c13}}
*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);overflow-wrap:anywhere;
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:820px;margin:24px auto;padding:32px 40px;background:var(--paper);
border:1px solid var(--line);border-radius:10px}
h1{font-size:27px;line-height:1.2;margin:0}
h2{font-size:18px;margin:30px 0 12px;padding-top:14px;border-top:1px solid var(--line)}
h3{font-size:16px;margin:0}p{margin:4px 0}.soft{color:var(--soft)}.small{font-size:13px}
.lead{margin:18px 0;padding:12px 16px;background:var(--tint);border-left:4px solid var(--pain);border-radius:4px}
.lead p{margin:6px 0}
.tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:10px;margin:18px 0}
.tile{border:1px solid var(--line);border-radius:8px;padding:8px 12px}
.tile b{display:block;font-size:23px;line-height:1.3}
.charts{display:flex;flex-wrap:wrap;gap:12px 40px}figure{margin:0;max-width:340px}
.point{break-inside:avoid;margin:0 0 20px}.head{display:flex;gap:12px;align-items:flex-end}
.head h3{flex:1}.count{font-weight:600;white-space:nowrap;min-width:92px;text-align:right}
.pain .count{color:var(--pain)}.joy .count{color:var(--joy)}
blockquote{margin:6px 0;padding:2px 12px;border-left:3px solid var(--line)}
.pain blockquote{border-color:var(--pain)}.joy blockquote{border-color:var(--joy);border-left-style:double}
footer{font-size:12px;color:var(--soft)}
ul{margin:6px 0;padding-left:20px}li{margin:5px 0;break-inside:avoid}a{color:inherit}
svg{display:block;max-width:100%;height:auto}svg text{fill:var(--soft);font-size:12px;text-anchor:middle}
svg .tiny{font-size:10px}svg .left{text-anchor:start}svg .right{text-anchor:end}
.full,.joyfill{fill:var(--joy)}.painfill,.negative{fill:var(--pain)}.joyless{fill:var(--paper)}.positive{fill:url(#hatch)}
.hollow,.neutral{fill:none;stroke:var(--soft)}.negative,.positive{stroke:var(--soft)}
@media (max-width:640px){main{padding:18px;margin:0;border:0;border-radius:0}.tiles{grid-template-columns:repeat(2,1fr)}
.head{flex-wrap:wrap}.head h3{flex:1 1 100%}.count{text-align:left}}
@media print{@page{margin:12mm}body{background:none;font-size:11px;line-height:1.35}
main{border:0;margin:0;padding:0;max-width:none}.small,.soft,footer{font-size:10.5px}.point{margin-bottom:10px}
blockquote{margin:3px 0}.lead,.tiles{margin:10px 0}.tile b{font-size:18px}.charts{flex-wrap:nowrap}
h2{break-after:avoid;margin:14px 0 8px;padding-top:8px}.lead{background:none}
.tile,.lead,figure,blockquote,.basis{break-inside:avoid}
a{text-decoration:none}}
"""


def html(facts: Facts) -> str:
    """The whole page."""
    waits = [
        f'<li>{_said(who)}<blockquote dir="auto">{_said(said, 200)}</blockquote></li>' for who, said in handoffs(facts)
    ]
    more = not_shown(facts)
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>{_said(facts.brand)}, {facts.week.name}</title><style>{STYLE}</style></head><body><main>",
        f'<p class="soft">What customers said in week {facts.week.name}</p><h1>{_said(facts.brand)}</h1>',
        f'<p class="soft">{facts.week.dates}</p>',
        '<div class="lead">',
        *(f"<p><b>{about}:</b> {_said(sentence)}</p>" for about, sentence in lead(facts)),
        "</div>",
        *(_numbers(facts) if facts.this.mentions else []),
        f'<p class="soft small">{_said(facts.coverage.note)}</p>',
        *(_said_of(facts) if facts.this.mentions else []),
        "<h2>Who needs a person</h2>",
        f"<ul>{''.join(waits)}</ul>" if waits else "" if more else "<p>Nobody.</p>",
        f"<p>{more}</p>" if more else "",
        f'<p class="soft small basis" style="margin-top:28px">{escape(BASIS)}</p></main></body></html>',
    ]
    return "\n".join(part for part in parts if part)


def _said_of(facts: Facts) -> list[str]:
    """What hurt, delighted and alerted, and what they ask for."""
    pains, delights = ranked(facts.pains.values()), ranked(facts.delights.values())
    alerted = [f"<li>{_said(line)}</li>" for line in alerts(facts)]
    asked = [f'<li>{_said(text)} <span class="soft small">{_said(where)}</span></li>' for text, where in asks(facts)]
    return [
        "<h2>What hurt</h2>",
        *(_point(point, facts, "pain") for point in in_detail(pains)),
        _rest(also(pains), "" if pains else "Nothing that the catalog knows was named."),
        "<h2>What delighted</h2>",
        *(_point(point, facts, "joy") for point in in_detail(delights)),
        _rest(also(delights), "" if delights else "No delight that the catalog knows was named."),
        "<h2>Alerts</h2>",
        f"<ul>{''.join(alerted)}</ul>" if alerted else "<p>None this week.</p>",
        "<h2>What they ask for</h2>",
        f"<ul>{''.join(asked)}</ul>" if asked else "<p>Nobody said it in so many words.</p>",
    ]


def _numbers(facts: Facts) -> list[str]:
    felt, basis = mood(facts)
    episodes, waits, answered = facts.episodes(), facts.open(), facts.answered()
    over = sum(alert["recovery_seconds"] is not None for alert in episodes)
    feelings = facts.this.feelings()
    mentions = f"in {facts.this.mentions:,} mentions"
    tiles = (
        (f"{facts.this.count:,}", "voices", f"{mentions}; {than}" if (than := trend(facts)) else mentions),
        (felt, "mood, −1 to 1", f"{basis}; most often {listed(feelings)}" if feelings else basis),
        (
            f"{len(episodes)}",
            "alert" if len(episodes) == 1 else "alerts",
            f"{over} over" if episodes else "none this week",
        ),
        (
            f"{len({it['author'] for it in waits}):,}",
            "without an answer",
            f"{len(answered):,} answered",
        ),
    )
    shown_ = (
        f'<div class="tile"><b>{escape(n)}</b>{what}<p class="soft small">{_said(basis)}</p></div>'
        for n, what, basis in tiles
    )
    drawn = [f'<div class="charts">{charts.days(facts)}{charts.moods(facts)}</div>']
    return [charts.PATTERNS, '<div class="tiles">', *shown_, "</div>", *drawn]


def _point(point: Point, facts: Facts, kind: str) -> str:
    lines = "".join(f'<p class="soft small">{_said(line)}</p>' for line in details(point, facts))
    return (
        f'<section class="point {kind}"><div class="head"><h3>{_said(point.title)}</h3>{charts.spark(point, kind)}'
        f'<span class="count">{voices(point.this.count)}</span></div>{lines}'
        f"{''.join(_quoted(quote) for quote in point.quotes)}</section>"
    )


def _quoted(quote: Quote) -> str:
    event = _said(quote.event_id)
    if quote.url and urlsplit(quote.url).scheme in ("http", "https"):
        event = f'<a href="{escape(quote.url)}" rel="noreferrer">{event}</a>'
    where = f"<footer>{quote.at:%a %H:%M}, {_said(quote.channel)} {event}</footer>"
    return f'<blockquote><div dir="auto">{_said(quote.text)}</div>{where}</blockquote>'


def _rest(line: str | None, none: str) -> str:
    return f'<p class="soft">{_said(line or none)}</p>' if line or none else ""


def _said(text: str, length: int | None = None) -> str:
    return escape(shown(text, length))
