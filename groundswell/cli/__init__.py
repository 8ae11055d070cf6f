"""The command line: ``groundswell``, one small file a command or family."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from groundswell.cli import (
    backtest,
    catalog,
    change,
    demo,
    digest,
    doctor,
    evaluate,
    quarantine,
    replay,
    routes,
    schema,
    score,
    send,
    series,
    silence,
    tail,
    topics,
    up,
    watch,
    worker,
)
from groundswell.cli.exits import Exit
from groundswell.cli.failures import Guarded, debugging

EPILOG = "Exit codes: " + "; ".join(f"{code.value} {code.meaning}" for code in Exit) + "."

app = typer.Typer(
    name="groundswell",
    cls=Guarded,
    help="Hears what customers say while they say it: sentiment, pain points, spikes and recovery, on Kafka.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"groundswell {version('groundswell')}")
        raise typer.Exit


@app.callback()
def groundswell(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Set up what all commands need."""
    logging.basicConfig(level=logging.DEBUG if debugging() else logging.WARNING, format="%(levelname)s: %(message)s")
    if not debugging():
        # The clients log each attempt; what comes of them is told in one line by whoever asked.
        for library in ("kafka", "aiokafka"):
            logging.getLogger(library).setLevel(logging.CRITICAL)


app.command()(demo.demo)
app.command()(up.up)
app.command()(worker.worker)
app.command()(send.send)
app.command()(tail.tail)
app.command()(watch.watch)
app.command()(replay.replay)
app.command()(backtest.backtest)
app.command()(series.series)
app.command()(change.change)
app.command()(digest.digest)
app.command()(score.score)
app.command("eval")(evaluate.evaluate)
app.command()(schema.schema)
app.command()(doctor.doctor)
app.add_typer(catalog.app, name="catalog")
app.add_typer(topics.app, name="topics")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(silence.app, name="silence")
app.add_typer(routes.app, name="routes")
app.command()(silence.ack)


def main() -> None:
    """The entry point of the command ``groundswell``."""
    app(prog_name="groundswell")
