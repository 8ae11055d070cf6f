"""``groundswell backtest``: recorded events through the whole path, judged by what is known to have happened."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groundswell.cli import change, options
from groundswell.cli.exits import Exit
from groundswell.cli.failures import ProblemError, UsageError
from groundswell.cli.output import counting, measuring, out, warn, write_json
from schemas.raw import Source
from streams.recorded import RecordedEvent
from streams.settings import Settings

if TYPE_CHECKING:
    from schemas.changes import Change
    from streams.backtest import Run, Setup

LARGEST = 16 * 1024 * 1024
"""Bytes of a file of labels or of a configuration."""

PIPED_WIDTH = 180
"""Columns of the tables where no terminal says how many there are."""

Events = Iterable[tuple[Source, RecordedEvent]]


def backtest(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]…", help="JSONL or CSV files, also .gz; - is a pipe.")
    ] = None,
    as_source: Annotated[
        str | None, typer.Option("--as", metavar="reviews|posts|tickets", help="What the events are.")
    ] = None,
    from_broker: Annotated[
        bool, typer.Option("--from-broker", help="Read the broker's raw topics instead of files; --as names one.")
    ] = False,
    labels_file: Annotated[
        Path | None, typer.Option("--labels", metavar="FILE", help="Incidents that alerts are judged by, as JSON.")
    ] = None,
    configs: Annotated[
        list[Path] | None,
        typer.Option("--config", metavar="FILE", help="TOML file of settings to try. Repeated: side by side."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Write a page with what was heard, as HTML.")
    ] = None,
    maps: options.Maps = None,
    constants: options.Constants = None,
    timezone: options.Timezone = None,
    time_format: options.TimeFormat = None,
    file_format: options.FileFormat = None,
    encoding: options.Encoding = "utf-8",
    packs: options.Packs = None,
    changes: change.File = None,
    as_json: options.AsJson = False,
) -> None:
    """Judge the whole path by recorded events: which alerts, how early, how often wrong, and why it stayed silent.

    The same steps run as in the workers, in one thread, and the same recording gives the same result to the byte. With
    --labels it tells precision, recall and delay. A file of --config holds settings such as detector = "surge" and
    catalog = ["generic", "airline"], a table of the detector's own parameters, and a table of reasons: which pain
    points the reasons of labels stand for, "Late Flight" = ["late_delivery"].
    """
    from groundswell.cli.judged import tables
    from streams import backtest as judging

    settings = options.settings(packs=packs)
    labels = judging.read_labels(_body(labels_file), str(labels_file)) if labels_file else None
    known = change.read(changes)
    setups = _setups(configs or [], settings)
    for setup in setups:
        # What is wrong with one is told before an hour of reading.
        _ = setup.detector, setup.catalogs()
    reading = {
        "maps": maps,
        "constants": constants,
        "timezone": timezone,
        "time_format": time_format,
        "file_format": file_format,
        "encoding": encoding,
    }
    with ExitStack() as stack:
        if from_broker:
            if files or any(value for name, value in reading.items() if name != "encoding"):
                raise UsageError("--from-broker takes events as they stand on the topics: give no files and no columns")
            events, total, left_out = _of_broker(as_source, settings, stack)
        else:
            events, total, left_out = _of_files(files or [], as_source, settings, reading, several=len(setups) > 1)
        if total == 0:
            raise ProblemError(f"there are no events in {', '.join(files or ['the raw topics'])}")
        runs = [_run(setup, events, total, known, alone=len(setups) == 1) for setup in setups]
    _refuse_unread(runs[0])
    judgements = [judging.judge(run, labels) for run in runs] if labels else None
    if plot is not None:
        from streams.backtest.page import page

        _write(plot, page(runs, judgements))
    if as_json:
        write_json(judging.report(runs, judgements))
    else:
        console = out()
        if not console.is_terminal:
            console.width = max(console.width, PIPED_WIDTH)
        for part in tables(runs, judgements):
            console.print(part)
    for line in left_out:
        warn(line)
    for note in dict.fromkeys(note for judgement in judgements or () for note in judgement.notes):
        warn(note)
    if left_out:
        raise typer.Exit(Exit.PROBLEM)


def _setups(configs: list[Path], settings: Settings) -> list[Setup]:
    from streams.backtest import Setup, SetupError, read_setup

    if not configs:
        return [Setup("settings", settings)]
    names = [path.stem for path in configs]
    setups = []
    for path in configs:
        name = path.stem if names.count(path.stem) == 1 else str(path)
        try:
            text = _body(path).decode()
        except UnicodeDecodeError as error:
            raise SetupError(f"{path} is not UTF-8 (byte {error.start:,})") from None
        setups.append(read_setup(text, name, settings))
    if len({setup.name for setup in setups}) < len(setups):
        raise UsageError("--config: the same file is given twice")
    return setups


def _of_files(
    files: list[str], as_source: str | None, settings: Settings, reading: dict[str, Any], *, several: bool
) -> tuple[Events, int | None, list[str]]:
    from streams import recorded

    if not files:
        raise UsageError("give recorded events: files, - for a pipe, or --from-broker")
    if as_source is None:
        raise UsageError("--as is missing: say what the files hold, --as reviews, posts or tickets")
    source = options.source(as_source)
    stdin = None if sys.stdin is sys.__stdin__ else sys.stdin.buffer
    with measuring("Reading") as tell:
        events = recorded.read(files, options.reading(source, settings, **reading), on_progress=tell, stdin=stdin)
    if events.total is None and several:
        raise UsageError("a pipe can be read only once: save it as a file to try several configurations")
    left_out: list[str] = []

    class Named:
        """The events with their source; what is left out is noted once it is known."""

        def __iter__(self) -> Iterator[tuple[Source, RecordedEvent]]:
            for event in events:
                yield source, event
            left_out[:] = [
                f"{place}: the record is larger than a topic would take and was left out"
                for place in events.too_large[:10]
            ]

    return Named(), events.total, left_out


def _of_broker(as_source: str | None, settings: Settings, stack: ExitStack) -> tuple[Events, int | None, list[str]]:
    from groundswell.cli import broker
    from groundswell.cli.fetched import fetched
    from streams.topics import RAW

    sources = list(RAW) if as_source is None else [options.source(as_source)]
    as_they_are: dict[str, Any] = dict.fromkeys(("maps", "constants", "timezone", "time_format"))
    readings = {
        source: options.reading(source, settings, **as_they_are, file_format="jsonl", encoding="utf-8")
        for source in sources
    }
    with counting("Fetching", None) as told:
        found = stack.enter_context(fetched(settings, broker.required(settings), readings, told))
    left_out = [
        f"{count:,} records of {source} are not what the topic should hold and were left out"
        for source, count in sorted(found.unreadable.items())
    ]
    return found, found.total, left_out


def _run(setup: Setup, events: Events, total: int | None, changes: list[Change], *, alone: bool) -> Run:
    from streams.backtest import run

    with counting("Replaying" if alone else f"Replaying with {setup.name}", total) as told:

        def counted() -> Iterator[tuple[Source, RecordedEvent]]:
            for number, event in enumerate(events, 1):
                if not number % 500:
                    told(number)
                yield event

        return run(setup, counted(), now_ms=time.time_ns() // 1_000_000, changes=changes)


def _refuse_unread(run: Run) -> None:
    if run.brands:
        return
    if not run.quarantined:
        raise ProblemError("there are no events in standard input")
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(run.quarantined.items()))
    raise ProblemError(
        f"none of the {run.quarantined.total():,} records can be read as an event ({reasons}); "
        "groundswell replay writes each with its reason to quarantine.jsonl"
    )


def _body(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            body = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    if len(body) > LARGEST:
        raise UsageError(f"{path} is larger than {LARGEST // 1024 // 1024} MiB: it is no file of labels or settings")
    return body


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ProblemError(f"{path} can't be written: {error.strerror or error}") from error
