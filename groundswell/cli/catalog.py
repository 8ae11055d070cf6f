"""``groundswell catalog``: what a brand's own labelled examples teach about its pain points, and what rises unnamed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import orjson
import typer
from rich.table import Table

from groundswell.cli import options
from groundswell.cli.candidates import candidates
from groundswell.cli.exits import Exit
from groundswell.cli.failures import Guarded, ProblemError, UsageError
from groundswell.cli.output import out, say, warn, write_json

if TYPE_CHECKING:
    from streams.catalog import Catalog
    from streams.scoring.head_fit import Example, Fitted, Score

MOST_TOLD: Final = 5
"""Lines that are told one by one, of those that can't be read."""

app = typer.Typer(cls=Guarded, no_args_is_help=True, help="Learn a brand's pain points; see what has no name yet.")

app.command()(candidates)


@app.command()
def learn(
    labels: Annotated[
        Path,
        typer.Argument(help="JSON lines with text and pain_point each, or id and pain_point with --events; also null."),
    ],
    events: Annotated[
        Path | None, typer.Option("--events", metavar="FILE", help="JSON lines with the texts of the labels' ids.")
    ] = None,
    packs: options.Packs = None,
    brand: Annotated[
        str | None,
        typer.Option("--brand", help="Whose packs to take, and of lines that name a brand only those of this one."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="File to write; LABELS.head if none.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Fit a head: what labelled examples teach about which pain point a complaint is of, beside the phrases.

    The last fifth of the lines is held out first, and it is told what was gained there; then all lines are learned
    from and the file is written. Use it with --head, GROUNDSWELL_HEAD, or GROUNDSWELL_HEADS for one brand. Lines whose
    pain_point is null teach what is no complaint. A pain_point is an id of the catalog ("late_flight", "Late Flight").
    """
    from streams.catalog import Catalogs
    from streams.scoring.head_fit import fit

    settings = options.settings(packs=packs)
    catalogs = Catalogs.load(settings.catalog, settings.catalogs)
    mine = catalogs.for_brand(brand) if brand else catalogs.default
    examples, problems = _examples(labels, events, brand, mine)
    fitted = fit(examples, mine)
    to = to or labels.with_suffix(".head")
    try:
        fitted.head.save(to)
    except OSError as error:
        raise ProblemError(f"{to} can't be written: {error.strerror or error}") from error
    if as_json:
        write_json(_report(fitted, to))
    else:
        _show(fitted, to)
    for problem in problems[:MOST_TOLD]:
        warn(problem)
    if len(problems) > MOST_TOLD:
        warn(f"and {len(problems) - MOST_TOLD:,} more lines were left out")
    if problems:
        raise typer.Exit(Exit.PROBLEM)


def _examples(
    labels: Path, events: Path | None, brand: str | None, catalog: Catalog
) -> tuple[list[Example], list[str]]:
    """The labelled texts in the order of their lines, and what is wrong with lines that were left out."""
    from streams.scoring.head_features import NONE
    from streams.scoring.head_fit import Example

    problems: list[str] = []
    texts = dict(_texts(events, problems)) if events else None
    ids = {entry.id for entry in catalog if entry.kind == "pain_point"}
    examples: list[Example] = []
    unknown: dict[str, int] = {}
    for place, row in _rows(labels, problems):
        event = row if texts is None else texts.get(str(row.get("id")))
        if event is None:
            problems.append(f"{place}: {events} has no event with the id {row.get('id')!r}")
            continue
        text, said = event.get("text"), row.get("pain_point")
        if not isinstance(text, str) or not isinstance(said, str | None) or "pain_point" not in row:
            problems.append(f"{place}: a label needs text (or --events) and pain_point, a string or null")
            continue
        if brand and (event.get("brand") or brand).casefold() != brand.casefold():
            continue
        id_ = _id(said) if said else NONE
        if said and id_ not in ids:
            unknown[said] = unknown.get(said, 0) + 1
            continue
        examples.append(Example(text, id_))
    if unknown:
        raise UsageError(_unknown(unknown, catalog))
    if not examples:
        raise UsageError(f"{labels} has no labelled text" + (f" of {brand}" if brand else ""))
    return examples, problems


def _id(said: str) -> str:
    """An id as it is, or as people write it: lower case, without apostrophes, other signs as underscores."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub("['\u2019]", "", said.lower())).strip("_")


def _unknown(unknown: dict[str, int], catalog: Catalog) -> str:
    from streams.catalog import load_pack, pack_names

    named = ", ".join(list(unknown)[:MOST_TOLD])
    ids = {_id(said) for said in unknown}
    helping = [name for name in pack_names() if ids <= load_pack(name).entries.keys()]
    advice = f"they are in the pack {helping[0]}: --catalog {helping[0]}" if helping else "add them to a pack"
    return f"the catalog of {', '.join(catalog.packs)} has no pain point {named}; {advice}"


def _texts(events: Path, problems: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for _, row in _rows(events, problems):
        yield str(row.get("id")), row


def _rows(file: Path, problems: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The file's lines as objects, each with its place; what is none is a problem."""
    from streams.formats import lines

    try:
        opened = file.open("rb")
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or error}") from error
    with opened:
        for number, (_, line) in enumerate(lines(opened), 1):
            place = f"{file}:{number}"
            if line is not None and not line.strip():
                continue
            try:
                row = orjson.loads(line or b"")
            except orjson.JSONDecodeError:
                row = None
            if isinstance(row, dict):
                yield place, row
            else:
                problems.append(f"{place}: no JSON object of at most 8 MiB")


def _report(fitted: Fitted, to: Path) -> dict[str, Any]:
    def figures(score: Score) -> dict[str, Any]:
        return {
            "accuracy": round(score.accuracy, 4),
            "macro_f1": round(score.macro_f1, 4),
            "f1": {id_: round(value, 4) for id_, value in score.f1.items()},
            "false_alarms": None if score.false_alarms is None else round(score.false_alarms, 4),
        }

    return {
        "out": str(to),
        "examples": fitted.counts,
        "left_out": fitted.left_out,
        "held_out": fitted.held_out,
        "keywords": figures(fitted.keywords),
        "with_head": figures(fitted.with_head),
    }


def _show(fitted: Fitted, to: Path) -> None:
    table = Table("pain point", "examples", "phrases alone", "with the head", box=None, pad_edge=False)

    def row(name: str, count: str, before: float | None, after: float | None) -> None:
        table.add_row(name, count, *("" if value is None else f"{100 * value:.1f}" for value in (before, after)))

    before, after = fitted.keywords, fitted.with_head
    for id_ in sorted(after.f1, key=lambda id_: -fitted.counts.get(id_, 0)):
        row(id_, f"{fitted.counts.get(id_, 0):,}", before.f1.get(id_), after.f1[id_])
    table.add_section()
    row("macro-F1", "", before.macro_f1, after.macro_f1)
    row("accuracy", "", before.accuracy, after.accuracy)
    if after.false_alarms is not None:
        row("told of texts without one", "", before.false_alarms, after.false_alarms)
    say(f"On the last {fitted.held_out:,} lines, learned from the {fitted.learned_from:,} before (F1 of 100):")
    out().print(table)
    for id_, count in fitted.left_out.items():
        warn(f"{id_} has {count} examples, too few to learn from; the phrases still tell it")
    if after.accuracy <= before.accuracy:
        warn("the head gained nothing there: more examples may help")
    say(f"Learned from all lines and written to {to} ({to.stat().st_size / 1024:,.0f} KiB).")
