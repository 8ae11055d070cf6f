"""Which words an alert's customers say more often than usual: what they have in common beyond its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from streams.alerting import Counts
from streams.detection.terms import terms_of, written
from streams.windows.aggregate import EVERYTHING
from streams.windows.observation import Quote
from streams.windows.rolling import DAY_MS, HOUR_MS
from streams.windows.store import WindowStore

LOOKED_AT = 400
"""Quotes that are read of the time before, the newest ones; and as many of the hour."""
KNOWN_VOICES = 20
"""Fewer voices don't say which words are usual in a series: then all that the brand's customers say does."""

RISEN = 12
"""Words that are given, those that rose most."""
WRITTEN = 20
"""Texts that say how a word is written."""


def said_more(series: str, before_ms: int, now_ms: int, brand: str, windows: WindowStore) -> tuple[Counts, Counts]:
    """Voices that say each word, or two in a row, in the last hour, and before.

    They are counted in the quotes that the windows keep: three of each series and minute, which is everybody where few
    write, and those who feel strongest where many do.

    Args:
        before_ms: What is usual was said before this.

    Returns:
        (word as most write it → voices, all voices) of the hour, and of the time before, at most a day.
    """
    newest = [quote for cell in reversed(windows.since(series, now_ms - HOUR_MS)) for quote in cell.quotes(series)]
    own = _before(series, before_ms, now_ms, windows)
    if len({quote["voice"] for quote in own}) < KNOWN_VOICES:
        own = _before(EVERYTHING, before_ms, now_ms, windows)
    names = terms_of(brand) | terms_of(brand.replace(" ", ""))
    newest = newest[:LOOKED_AT]
    now, voices = _count(newest, names)
    past, before = _count(own, names)
    rises = {term: count / voices - past[term] / max(before, 1) for term, count in now.items() if count > 1}
    shown = {
        term: written(term, [it["text"] for it in newest if term in terms_of(it["text"])][:WRITTEN])
        for term in sorted(rises, key=lambda term: (-rises[term], term))[:RISEN]
    }
    return (
        ({shown[term]: now[term] for term in shown}, voices),
        ({shown[term]: past[term] for term in shown}, before),
    )


def _before(series: str, before_ms: int, now_ms: int, windows: WindowStore) -> list[Quote]:
    """The newest quotes of a series before a moment; of everything, those of every series."""
    found: list[Quote] = []
    for cell in reversed(windows.since(series, now_ms - DAY_MS)):
        if cell.start_ms < before_ms:
            found += cell.every_quote() if series == EVERYTHING else cell.quotes(series)
        if len(found) >= LOOKED_AT:
            break
    return found[:LOOKED_AT]


def _count(quotes: Iterable[Quote], without: set[str]) -> tuple[Counter[str], int]:
    """Term → voices that say it; and all voices."""
    said: dict[str, set[str]] = {}
    for quote in quotes:
        said.setdefault(quote["voice"], set()).update(terms_of(quote["text"]))
    counts: Counter[str] = Counter()
    for terms in said.values():
        counts.update(sorted(term for term in terms if without.isdisjoint(term.split())))
    return counts, len(said)
