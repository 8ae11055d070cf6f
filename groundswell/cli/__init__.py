"""The command line: ``groundswell``, one small file a command or family; each is imported when it is asked for."""

from __future__ import annotations

import logging
from typing import Annotated, Any, Final

import typer

from groundswell.cli.exits import Exit
from groundswell.cli.failures import Guarded, debugging
from groundswell.cli.lazy import Commands

EPILOG = "Exit codes: " + "; ".join(f"{code.value} {code.meaning}" for code in Exit) + "."

COMMANDS: Final = Commands(
    {
        "demo": "demo:demo",
        "up": "up:up",
        "worker": "worker:worker",
        "send": "send:send",
        "tail": "tail:tail",
        "watch": "watch:watch",
        "replay": "replay:replay",
        "backtest": "backtest:backtest",
        "series": "series:series",
        "change": "change:change",
        "digest": "digest:digest",
        "score": "score:score",
        "eval": "evaluate:evaluate",
        "schema": "schema:schema",
        "doctor": "doctor:doctor",
        "catalog": "catalog:app",
        "topics": "topics:app",
        "quarantine": "quarantine:app",
        "silence": "silence:app",
        "routes": "routes:app",
        "ack": "silence:ack",
    }
)
"""Name → module of this package, and the function or family in it."""


class Groundswell(Guarded):
    """All commands, each loaded when it is asked for."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**settings, "commands": COMMANDS})

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, as they stand in the help."""
        return list(COMMANDS)


app = typer.Typer(
    name="groundswell",
    cls=Groundswell,
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


def main() -> None:
    """The entry point of the command ``groundswell``."""
    app(prog_name="groundswell")
