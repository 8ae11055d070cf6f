"""``groundswell send``: recorded or live events onto the raw topics."""

from __future__ import annotations

import asyncio
import secrets
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from groundswell.cli import broker, options
from groundswell.cli.exits import Exit
from groundswell.cli.failures import UsageError
from groundswell.cli.output import counting, measuring, say, warn, write_json


def send(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="JSONL or CSV files, also .gz; - is a pipe.")],
    as_source: Annotated[str, typer.Option("--as", metavar="reviews|posts|tickets", help="What the events are.")],
    speed: Annotated[
        str, typer.Option(metavar="N|max", help="Event time over wall time: 60 plays an hour in a minute.")
    ] = "max",
    live: Annotated[
        bool, typer.Option("--live", help="Send as live events instead of as a replay of the past.")
    ] = False,
    maps: options.Maps = None,
    constants: options.Constants = None,
    timezone: options.Timezone = None,
    time_format: options.TimeFormat = None,
    file_format: options.FileFormat = None,
    encoding: options.Encoding = "utf-8",
    as_json: options.AsJson = False,
) -> None:
    """Send recorded events, with the times at which they were said.

    Several files are merged by time, and a file may be in any order. JSON lines pass as they are, also invalid ones:
    Groundswell quarantines those with a reason. Rows of a CSV become events by --map and --set; columns that are not
    mapped pass through, and rows without an id get one from their content.
    """
    from streams import recorded
    from streams import send as sending

    source = options.source(as_source)
    pace = _speed(speed, live)
    settings = options.settings()
    reading = options.reading(
        source,
        settings,
        maps=maps,
        constants=constants,
        timezone=timezone,
        time_format=time_format,
        file_format=file_format,
        encoding=encoding,
    )
    with measuring("Reading") as tell:
        events = recorded.read(files, reading, on_progress=tell, stdin=None if _real_stdin() else sys.stdin.buffer)
    replay = None if live else f"{Path(files[0]).stem or 'pipe'}-{secrets.token_hex(4)}"
    with broker.address(settings) as address, counting("Sending", events.total) as count:
        report = asyncio.run(
            sending.send(
                ((source, event) for event in events),
                settings=settings,
                address=address,
                replay=replay,
                speed=pace,
                sources=(source,),
                piped=events.total is None,
                on_progress=lambda done, _: count(done),
            )
        )
    if as_json:
        write_json({**asdict(report), "replay": replay, "too_large": events.too_large})
    else:
        of = f", from {_moment(report.first_ms)} to {_moment(report.last_ms)}" if report.sent else ""
        rate = f" ({report.sent / report.seconds:,.0f}/s)" if report.seconds > 0 and pace is None else ""
        say(f"Sent {report.sent:,} {source}{of}, in {report.seconds:.1f} s{rate}.")
    for place in events.too_large[:10]:
        warn(f"{place}: the record is too large for its topic and was left out")
    if events.too_large:
        raise typer.Exit(Exit.PROBLEM)


def _speed(text: str, live: bool) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise UsageError(f"--speed {text}: give a number above 0, such as 60, or max")
    if live:
        raise UsageError("--speed paces a replay, and --live sends events when they come: give one of them")
    return speed


def _real_stdin() -> bool:
    return sys.stdin is sys.__stdin__


def _moment(ms: int | None) -> str:
    return "?" if ms is None else datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
