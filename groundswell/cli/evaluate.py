"""``groundswell eval``: how well the scorer hears, on sets whose right answers are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from groundswell.cli import options
from groundswell.cli.failures import UsageError
from groundswell.cli.output import clean, counting, out, say, warn, write_json

if TYPE_CHECKING:
    from groundswell.evaluation.report import Report, Row

DATA = Path("../shared/data")


def evaluate(
    dataset: Annotated[
        str,
        typer.Argument(
            metavar="DATASET",
            help="challenge, implicit, fairness (they come with Groundswell); tweeteval-sentiment, tweeteval-emotion, "
            "goemotions, held-out, airline-sentiment, airline-reasons (in --data); all; or speed.",
        ),
    ],
    tier: Annotated[
        str | None, typer.Option("--tier", help="The scorer's tier, instead of GROUNDSWELL_SCORER.")
    ] = None,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder of the public data sets.")] = DATA,
    failures: Annotated[
        int, typer.Option("--failures", metavar="N", min=0, help="Show so many texts that were read wrongly, too.")
    ] = 0,
    as_json: options.AsJson = False,
) -> None:
    """Judge the scorer as the pipeline calls it, beside TextBlob and VADER: the figures of the model card.

    Shares are in per cent; nothing here was trained on these sets. all is every data set; speed is measured by itself,
    for other work on the machine changes it.
    """
    from groundswell.evaluation.readers import others
    from groundswell.evaluation.suites import DATASETS, Setup

    setup = Setup(_tier(tier), data.expanduser())
    suites: list[Callable[[Setup], Report]]
    if dataset == "speed":
        from groundswell.evaluation.speed import speed

        suites = [speed]
    elif dataset == "all":
        suites = list(DATASETS.values())
    elif dataset in DATASETS:
        suites = [DATASETS[dataset]]
    else:
        raise UsageError(f"there is no data set {dataset}; there are: {', '.join(DATASETS)}, all, speed")
    if dataset != "speed" and len(others()) < 2:
        warn("VADER is not installed, so its column is missing: pip install 'groundswell[evaluation]'")
    with counting("evaluating", len(suites)) as done:
        reports = []
        for at, suite in enumerate(suites):
            reports.append(suite(setup))
            done(at + 1)
    for report in reports:
        if as_json:
            _write(report, setup.tier, failures)
        else:
            _show(report, failures)


def _tier(name: str | None) -> str:
    from streams.scoring.opinions import TIERS

    if name is None:
        return options.settings().scorer
    if name in TIERS or ":" in name:
        return name
    raise UsageError(f"--tier {name}: there is no such tier; there are: {', '.join(TIERS)}, package.module:factory")


def _write(report: Report, tier: str, failures: int) -> None:
    for row in report.rows:
        write_json({**asdict(row), "tier": tier})
    for failure in report.failures[:failures]:
        write_json({"dataset": failure.dataset, "failure": asdict(failure)})


def _show(report: Report, failures: int) -> None:
    for dataset, group in groupby(report.rows, key=lambda row: row.dataset):
        rows = list(group)
        readers = list(dict.fromkeys(name for row in rows for name in row.values))
        table = Table(dataset, "cases", *readers, box=None, pad_edge=False)
        for column in table.columns[1:]:
            column.justify = "right"
        for row in rows:
            table.add_row(row.figure, f"{row.count:,}", *(_figure(row, name) for name in readers))
        out().print(table)
    for note in report.notes:
        say(Text(note, style="dim"))
    for failure in report.failures[:failures]:
        say(f"  {failure.case}: {clean(' '.join(failure.text.split()))}\n      {clean(failure.wrong)}")
    if failures < len(report.failures) and failures:
        say(Text(f"  … and {len(report.failures) - failures:,} more", style="dim"))
    say()


def _figure(row: Row, reader: str) -> str:
    if reader not in row.values:
        return ""
    value = row.values[reader]
    match row.unit:
        case "%":
            return f"{value:.1f}"
        case "":
            return f"{value:.3f}"
        case "s":
            return f"{value:.2f} s"
        case "/s":
            return f"{value:,.0f} /s"
        case "MB":
            return f"{value:,.0f} MB"
