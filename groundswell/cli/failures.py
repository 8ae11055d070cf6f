"""From what went wrong to one line and an exit code; a traceback only where GROUNDSWELL_DEBUG=1 asks for it."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any

import typer
from typer.core import TyperGroup

from groundswell.cli.exits import Exit
from groundswell.cli.output import complain

# By name, so that a command doesn't import what only another one needs.
CODES = {
    "BrokerUnreachable": Exit.UNREACHABLE,
    "NoBrokerError": Exit.UNREACHABLE,
    "BrokerInUse": Exit.IN_USE,
    "BrokerFailed": Exit.BROKER_FAILED,
    "BadConnectionSettings": Exit.USAGE,
    "ColumnsError": Exit.USAGE,
    "RecordedError": Exit.USAGE,
    "SeriesError": Exit.USAGE,
    "SettingsError": Exit.USAGE,
    "UsageError": Exit.USAGE,
    "LabelsError": Exit.USAGE,
    "MissingDataError": Exit.USAGE,
    "SetupError": Exit.USAGE,
    "CatalogError": Exit.USAGE,
    "RoutesError": Exit.USAGE,
    "HeadError": Exit.USAGE,
    "TooFewExamplesError": Exit.USAGE,
    "UnknownDetectorError": Exit.USAGE,
    "NoTracingError": Exit.USAGE,
    "NativeError": Exit.PROBLEM,
    "NoSuchTopicError": Exit.PROBLEM,
    "PseudonymKeyError": Exit.PROBLEM,
    "SendError": Exit.PROBLEM,
    "ProblemError": Exit.PROBLEM,
    "TopicRefused": Exit.PROBLEM,
}
"""Exception class → exit code; a subclass has its base's."""


class ProblemError(RuntimeError):
    """A command can't finish; the message says why and what to do."""


class NoBrokerError(RuntimeError):
    """No broker is configured and none runs; the message says how to get one."""


class UsageError(ValueError):
    """What was asked makes no sense; the message says what would."""


def debugging() -> bool:
    """Whether tracebacks are wanted."""
    return os.environ.get("GROUNDSWELL_DEBUG", "") not in ("", "0")


def code_of(error: BaseException) -> Exit | None:
    """The exit code of an expected failure; None for one that nobody thought of."""
    return next((CODES[base.__name__] for base in type(error).__mro__ if base.__name__ in CODES), None)


class Guarded(TyperGroup):
    """Commands whose failures end in one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except KeyboardInterrupt:
            raise typer.Exit(Exit.INTERRUPTED) from None
        except BrokenPipeError:
            # Whoever read our output has seen enough. What is still buffered goes nowhere, instead of failing later.
            _mute_stdout()
            raise typer.Exit(Exit.OK) from None
        except Exception as error:
            raise typer.Exit(told(error)) from None


def told(error: Exception) -> Exit:
    """Print what went wrong; give back the exit code."""
    if debugging():
        traceback.print_exc()
    code = code_of(error)
    if code is not None:
        complain(str(error))
        return code
    complain(
        f"unexpected {type(error).__name__}: {error}".strip().removesuffix(":")
        + ("" if debugging() else " (GROUNDSWELL_DEBUG=1 shows where)")
    )
    return Exit.BUG


def _mute_stdout() -> None:
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
    except (OSError, ValueError):
        # Not a real file: then nothing of it reaches a pipe either.
        return
