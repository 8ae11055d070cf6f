"""``groundswell digest``: a brand's week on one page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from groundswell.cli import broker, options
from groundswell.cli.failures import ProblemError, UsageError
from groundswell.cli.output import say, warn

Records = Callable[[str], Iterator[dict[str, Any]]]


def digest(
    brand: Annotated[str, typer.Option("--brand", help="Whose customers.")],
    week: Annotated[str, typer.Option("--week", metavar="YYYY-Www", help="ISO week, such as 2026-W07; UTC.")],
    to: Annotated[Path, typer.Option("--out", metavar="FILE", help="Page to write: .html, or .md for Markdown.")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="DIR", help="Folder that groundswell replay wrote, instead of the broker's topics."
        ),
    ] = None,
) -> None:
    """Write what a brand's customers said in a week, beside the week before: one page to forward.

    The week in four sentences, then what hurt and what delighted with quotes, mood, alerts with their recovery, what
    customers ask for, and who needs a person.
    """
    from groundswell.digest.facts import Facts
    from groundswell.digest.page import html
    from groundswell.digest.text import markdown
    from groundswell.digest.week import IsoWeek

    render = {".html": html, ".htm": html, ".md": markdown}.get(to.suffix.lower())
    if render is None:
        raise UsageError(f"--out {to}: name it .html, or .md for Markdown")
    try:
        facts = Facts(brand, IsoWeek.parse(week))
    except ValueError as error:
        raise UsageError(f"--week: {error}") from None
    if source is not None:
        _fill(facts, lambda name: _of_file(source / f"{name}.jsonl"))
    else:
        settings = options.settings()
        with broker.address(settings) as address:
            _fill(facts, lambda name: _of_topic(name, settings, address))
    facts.close()
    if not facts.this.mentions:
        known = ", ".join(name for name, _ in facts.brands.most_common(10)) or "none at all"
        warn(f"nobody spoke of {brand} in {facts.week.name}; brands that were heard: {known}")
    try:
        to.write_text(render(facts), encoding="utf-8")
    except OSError as error:
        raise ProblemError(f"{to} can't be written: {error.strerror or error}") from error
    say(f"{to}: {facts.this.count:,} voices in {facts.this.mentions:,} mentions, {len(facts.episodes())} alerts")


def _fill(facts: Any, records: Records) -> None:
    for record in records("scored"):
        facts.scored(record)
    for name in ("pain-points", "delights"):
        for record in records(name):
            facts.feed(record)
    for record in records("alerts"):
        facts.alert(record)
    for record in records("handoffs"):
        facts.handoff(record)


def _of_file(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield orjson.loads(line)["value"]
                except (ValueError, KeyError, TypeError):
                    raise ProblemError(f"{path}, line {number}: not a record of groundswell replay") from None
    except OSError as error:
        raise ProblemError(
            f"{path} can't be read: {error.strerror or error}; write it with groundswell replay"
        ) from error


def _of_topic(name: str, settings: Any, address: str) -> Iterator[dict[str, Any]]:
    from streams import client

    for record in client.subscribe(name, settings=settings, address=address, from_beginning=True, until_end=True):
        yield orjson.loads(record.body)
