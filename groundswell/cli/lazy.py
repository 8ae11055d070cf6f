"""Commands that are imported when they are asked for: one is run, and the others would only take time and memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.main import get_command


class Commands(Mapping[str, Any]):
    """Name → command, in the order of the help."""

    def __init__(self, places: dict[str, str]) -> None:
        """Takes each command's place: ``module:function`` or ``module:family`` within ``groundswell.cli``."""
        self._places = places
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            module, _, member = self._places[name].partition(":")
            self._loaded[name] = _command(name, getattr(import_module(f"groundswell.cli.{module}"), member))
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _command(name: str, made_of: Any) -> Any:
    """What Typer makes of a function or of a family of commands, as a part of a larger one."""
    whole = typer.Typer()
    if isinstance(made_of, typer.Typer):
        whole.add_typer(made_of, name=name)
    else:
        whole.command(name)(made_of)
    whole.callback()(_nothing)  # With it, Typer makes a group also of a single command.
    group: Any = get_command(whole)
    return group.commands[name]


def _nothing() -> None:
    """What stands before the command."""
