"""``groundswell demo``: a week of a small coffee shop in about a minute, on a real Kafka."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from groundswell.cli import options, show
from groundswell.cli.failures import ProblemError
from groundswell.cli.output import out, say, write_json
from groundswell.cli.up import running

if TYPE_CHECKING:
    from groundswell.demo.outcome import Outcome
    from schemas.alerts import Alert
    from streams.settings import Settings

CATALOG: Final = ("generic", "subscription-shop", "mobile-app")
SECONDS: Final = 55
"""How long the week takes at normal pace."""
WEEK: Final = TaskID(0)
"""The one task of the progress bar."""
PATIENCE: Final = 90.0
"""Seconds after the last event in which the workers must come to the end."""


def demo(
    fast: Annotated[bool, typer.Option("--fast", help="Play the week as fast as possible.")] = False,
    data: options.Data = None,
    as_json: options.AsJson = False,
) -> None:
    """Play a week of Bean & Benevolence, a small coffee subscription shop, and tell what was heard.

    Starts Kafka and a worker of its own in a folder that each run begins anew, sends reviews, posts and tickets, shows
    alerts as they fire and resolve, and ends with what the script held and what was found.
    """
    settings = options.settings(data)
    folder = settings.data / "demo"
    if settings.broker is not None:
        raise ProblemError("the demo runs a Kafka of its own; unset GROUNDSWELL_BROKER for it")
    settings = settings.model_copy(update={"data": folder, "catalog": CATALOG})
    began = time.monotonic()
    if not as_json:
        _greet()
    _refuse_if_running(settings)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    with (folder / "workers.log").open("wb") as log, running(settings, 1, log) as (address, _):
        if not as_json:
            say(f"Kafka runs at {address}, and a worker is ready, after {time.monotonic() - began:.0f} s.\n")
        outcome = _play(settings, address, began, fast=fast, quiet=as_json)
    if as_json:
        write_json(outcome.summary(), indent=True)
    else:
        out().print(*outcome.tables())
        _where_next(settings)
    if outcome.missed:
        raise ProblemError(f"not as the script has it: {', '.join(outcome.missed)}")


def _play(settings: Settings, address: str, began: float, *, fast: bool, quiet: bool) -> Outcome:
    """Send the week, show alerts as they come, and gather what the topics hold at the end."""
    from groundswell.demo.outcome import gather
    from groundswell.demo.week import week
    from streams.client import subscribe
    from streams.recorded import RecordedEvent
    from streams.send import send

    records = week()
    events = [(record.source, RecordedEvent(record.key, record.value, record.time_ms)) for record in records]
    span = (records[-1].time_ms - records[0].time_ms) / 1000
    first_alert: list[float] = []
    stop = threading.Event()

    with _bar(len(events), quiet=quiet) as progress, ThreadPoolExecutor(1) as pool:

        def listen() -> None:
            for received in subscribe("alerts", settings=settings, address=address, from_beginning=True, stop=stop):
                alert: Alert = received.value
                first_alert.append(time.monotonic() - began)
                if not quiet and alert.reason != "reminder":
                    progress.console.print(show.alert(alert), "")

        listening = pool.submit(listen)
        try:
            asyncio.run(
                send(
                    events,
                    settings=settings,
                    address=address,
                    replay="demo",
                    speed=None if fast else span / SECONDS,
                    on_progress=lambda done, at_ms: progress.update(WEEK, completed=done, clock=_clock(at_ms)),
                )
            )
            _wait_for_the_end(settings, address)
        finally:
            stop.set()
        listening.result()
    seconds = first_alert[0] if first_alert else None
    return gather(settings, address, events=len(events), seconds_to_first_alert=seconds)


def _wait_for_the_end(settings: Settings, address: str) -> None:
    """Until the workers have nothing left to read but each other's progress."""
    from streams import admin

    deadline = time.monotonic() + PATIENCE
    quiet = 0
    while quiet < 2:
        if time.monotonic() > deadline:
            raise ProblemError(f"the worker did not come to the end; its log is {settings.data / 'workers.log'}")
        time.sleep(1.0)
        behind = sum(line.records for line in admin.lag(settings, address))
        quiet = quiet + 1 if behind <= settings.partitions else 0


def _refuse_if_running(settings: Settings) -> None:
    from streams.broker import BrokerInUse
    from streams.broker import running as found

    if (address := found(settings.data)) is not None:
        raise BrokerInUse(f"a demo runs already, its Kafka is {address}; end it first, or name another folder: --data")


def _greet() -> None:
    from groundswell.demo.week import INCIDENTS

    story = "\n".join(f"{it.starts_at:%A %H:%M}  {it.title}" for it in INCIDENTS)
    out().print(
        Panel(
            "Seven days of reviews, posts and tickets of a small coffee subscription shop, in about a minute.\n"
            f"What happens, and nobody tells Groundswell:\n\n{story}\n\nEverything else is a quiet week.",
            title="Bean & Benevolence",
            expand=False,
        )
    )


@contextmanager
def _bar(total: int, *, quiet: bool) -> Iterator[Progress]:
    columns: tuple[Any, ...] = (
        SpinnerColumn(),
        TextColumn("{task.fields[clock]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = out()
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as progress:
        progress.add_task("week", total=total, clock="Monday 00:00")
        yield progress


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%A %H:%M").ljust(15)


def _where_next(settings: Settings) -> None:
    command = f"groundswell up --data '{settings.data}'"
    say("\nWhere to look next")
    say(f"  {command}    starts the same Kafka again, with the week in it; then, beside it,")
    for rest, what in (
        ("tail alerts --from-beginning", "each alert with its evidence"),
        ("tail pain-points --from-beginning", "what a product team would read"),
        ("tail handoffs --from-beginning", "customers whom a person should see"),
        ("quarantine list", "what could not be read, and why"),
    ):
        say(f"  GROUNDSWELL_DATA='{settings.data}' groundswell {rest}    {what}")
    say("  groundswell replay YOUR.csv --as reviews --out results …    your own data, without a broker: see README")
