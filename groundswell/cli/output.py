"""What people and programs see: results on standard output, everything else on standard error."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to ``failures.Guarded``; Rich would end the process with 1."""
        raise BrokenPipeError


def out() -> Console:
    """Where results go. Made anew each time, for tests and pipes replace the stream."""
    return _Console(highlight=False, soft_wrap=True)


def err() -> Console:
    """Where progress, warnings and errors go."""
    return _Console(stderr=True, highlight=False, soft_wrap=True)


def complain(message: str) -> None:
    """One line about what went wrong."""
    err().print(Text("error: ", style="bold red").append(clean(message), style="default"))


def warn(message: str) -> None:
    """One line about what somebody should know."""
    err().print(Text("warning: ", style="bold yellow").append(clean(message), style="default"))


def say(message: str | Text = "") -> None:
    """One result for people."""
    out().print(message if isinstance(message, Text) else Text(message))


def write_json(value: Any, *, indent: bool = False) -> None:
    """One result for programs: a line, or indented."""
    options = orjson.OPT_NON_STR_KEYS | (orjson.OPT_INDENT_2 if indent else 0)
    sys.stdout.write(orjson.dumps(value, option=options, default=str).decode() + "\n")
    sys.stdout.flush()


def clean(text: str) -> str:
    """The text without control characters: what a customer wrote must not steer the terminal."""
    return _STEERING.sub("�", text)


# Control characters, line separators, overrides of the direction of writing, and halves of surrogate pairs.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@contextmanager
def counting(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A progress bar over records; called with how many are done. Shown only on a terminal."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with _progress(*columns) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)


@contextmanager
def measuring(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar over bytes; called with how many are done, of how many."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with _progress(*columns) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _progress(*columns: Any) -> Progress:
    console = err()
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
