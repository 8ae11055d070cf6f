"""The guard: a small process that starts the JVM, keeps its log, and ends it when whoever asked for it is gone.

It holds the read end of a pipe whose write end only its parent has. The system closes the pipe when the parent ends,
even by SIGKILL, and the guard then ends the JVM. It runs in a session of its own, so that Ctrl-C in a terminal reaches
the workers and not Kafka. Only the standard library is used: it is run as a file, without site-packages, to start at
once.

    python -I -S guard.py LOCK_FD LOG STATE COMMAND…

LOCK_FD is the open, locked lock file of the data folder. The JVM inherits it too, so the folder stays locked until the
last of them has ended. STATE (``broker.json``) is removed when the JVM has ended. The first line of its output is the
JVM's process id.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

GRACE_SECONDS = 15
"""How long Kafka may take to close its logs before SIGKILL; measured: about 0.4 s."""
MAX_LOG_BYTES = 5 * 1024 * 1024
"""A log that has grown longer is kept once, as ``broker.log.1``."""


def _dies_with_its_parent() -> Callable[[], None] | None:
    """On Linux, what makes the system end the JVM when the guard itself is killed (PR_SET_PDEATHSIG of prctl(2))."""
    if sys.platform != "linux":
        return None
    try:
        import ctypes

        prctl = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return None
    return lambda: prctl(1, signal.SIGTERM)


class _Log:
    """The broker's log, bounded."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab", buffering=0)

    def write(self, chunk: bytes) -> None:
        """Appends; a full disk loses lines of the log, and nothing else."""
        try:
            if self._file.tell() > MAX_LOG_BYTES:
                self._file.close()
                self._path.replace(self._path.with_name(self._path.name + ".1"))
                self._file = self._path.open("ab", buffering=0)
            self._file.write(chunk)
        except OSError:
            pass


def guard(lock: int, log: Path, state: Path, command: list[str]) -> int:
    """Runs the command until it ends by itself, the parent is gone, or the guard is told to stop.

    Returns:
        The command's exit code; negative, a signal's number.
    """
    parent = os.getppid()
    asked_to_stop = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal asked_to_stop
        asked_to_stop = True

    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, stop)

    lines = _Log(log)
    jvm = subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(lock,),
        preexec_fn=_dies_with_its_parent(),
    )
    assert jvm.stdout is not None
    os.write(1, f"{jvm.pid}\n".encode())
    os.close(1)

    pipes = selectors.DefaultSelector()
    pipes.register(0, selectors.EVENT_READ)
    pipes.register(jvm.stdout, selectors.EVENT_READ)
    killed_at: float | None = None
    while jvm.poll() is None:
        for key, _ in pipes.select(timeout=0.1 if killed_at or len(pipes.get_map()) < 2 else 1.0):
            chunk = os.read(key.fd, 65_536)
            if not chunk:
                pipes.unregister(key.fileobj)
                asked_to_stop = asked_to_stop or key.fd == 0
            elif key.fd != 0:
                lines.write(chunk)
        # A forked child of the parent may hold the pipe open after the parent's death; its new parent tells.
        if killed_at is None and (asked_to_stop or os.getppid() != parent):
            jvm.terminate()
            killed_at = time.monotonic() + GRACE_SECONDS
        elif killed_at is not None and time.monotonic() > killed_at:
            jvm.kill()
    # What is still in the pipe is the JVM's last words.
    while chunk := os.read(jvm.stdout.fileno(), 65_536):
        lines.write(chunk)
    state.unlink(missing_ok=True)
    return jvm.returncode


if __name__ == "__main__":
    sys.exit(guard(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:]) & 0xFF)
