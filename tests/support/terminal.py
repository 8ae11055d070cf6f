"""A real terminal, by tmux: a program runs on its screen, keys are pressed, and what stands there is read."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.prometheus import program

ENDED = "It has ended with code"


class Terminal:
    """One screen of a tmux server that nobody else uses.

    Args:
        folder: Where its socket is.
    """

    def __init__(self, folder: Path) -> None:
        self._tmux = [program("tmux", package="tmux"), "-u", "-f", "/dev/null", "-S", str(folder / "tmux")]

    def run(self, command: Sequence[str], environment: Mapping[str, str], columns: int, rows: int) -> None:
        """Start a program; when it ends, its code is shown."""
        told = f"{shlex.join(command)}; echo {shlex.quote(ENDED)} $?; sleep 600"
        size = ["-x", str(columns), "-y", str(rows)]
        started = [*self._tmux, "new-session", "-d", *size, told]
        subprocess.run(started, check=True, env=os.environ | {"LANG": "C.UTF-8"} | environment)

    def press(self, *keys: str) -> None:
        """Keys by tmux's names: ``a``, ``Down``, ``Enter``."""
        self._do("send-keys", *keys)

    def resize(self, columns: int, rows: int) -> None:
        """As if the window were pulled."""
        self._do("resize-window", "-x", str(columns), "-y", str(rows))

    def screen(self) -> str:
        """What stands there, a line a row."""
        return self._do("capture-pane", "-p")

    def end(self) -> None:
        """Whatever runs."""
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)

    def _do(self, *arguments: str) -> str:
        done = subprocess.run([*self._tmux, *arguments], check=True, capture_output=True, text=True, encoding="utf-8")
        return done.stdout


@contextmanager
def terminal(folder: Path) -> Iterator[Terminal]:
    """A terminal until the end of the block."""
    it = Terminal(folder)
    try:
        yield it
    finally:
        it.end()
