"""Who can be hit: a broker that is killed and comes back; workers that are killed, frozen, misled, left no room."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from streams.broker import Broker, embedded
from tests.broker.pipeline import Pipeline
from tests.chaos import clock

READY_SECONDS: Final = 120.0
LOCALHOST: Final = "127.0.0.1"

_THROWN_OUT: Final = "[Error 25] UnknownMemberIdError"

_LAG = re.compile(r'^groundswell_consumer_lag_records\{partition="(\d+)",topic="([^"]+)"\}', re.MULTILINE)


class MortalBroker:
    """The embedded broker on a folder, which can be killed and started again. A context that ends it."""

    def __init__(self, data: Path, cache: Path) -> None:
        self._data, self._cache = data, cache
        self._running: AbstractContextManager[Broker] | None = None
        self.broker: Broker | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._running is not None:
            self._running.__exit__(None, None, None)

    def start(self) -> None:
        """Start it, on what it has written before.

        Raises:
            AssertionError: It came back at another address, where nobody looks for it.
        """
        former = self.address if self.broker else None
        self._running = embedded(self._data, self._cache)
        self.broker = self._running.__enter__()
        assert former in (None, self.address), f"the broker moved from {former} to {self.address}"

    @property
    def address(self) -> str:
        """Where it is, or was before it was killed."""
        assert self.broker is not None, "it has not been started"
        return self.broker.address

    def kill(self) -> None:
        """End the JVM and its guard without a word, as a machine does that loses its power (but keeps its disk)."""
        assert self.broker is not None and self._running is not None, "it does not run"
        parent = subprocess.run(["ps", "-o", "ppid=", "-p", str(self.broker.pid)], capture_output=True, check=True)
        guard = int(parent.stdout)
        os.kill(self.broker.pid, signal.SIGKILL)
        os.kill(guard, signal.SIGKILL)
        self._running.__exit__(None, None, None)
        self._running = None


@dataclass(slots=True)
class Worker:
    """A worker's process, and what was done to it."""

    number: int
    process: subprocess.Popen[bytes]
    port: int
    offset: Path
    """File of its wall clock's offset."""
    log: Path
    asked_to_end: bool = False
    was_ready: bool = False

    @property
    def ended(self) -> bool:
        """Whether the process has ended."""
        return self.process.poll() is not None

    def partitions(self) -> frozenset[tuple[str, int]] | None:
        """(full topic name, partition) of all that it owns, by its own word; None where it doesn't answer."""
        text = self._get("/metrics")
        return None if text is None else frozenset((topic, int(number)) for number, topic in _LAG.findall(text))

    def wait_until_ready(self) -> None:
        """Wait until it has its partitions and their state.

        Raises:
            TimeoutError: It does not get there.
        """
        deadline = time.monotonic() + READY_SECONDS
        while not self.ready():
            if self.ended or time.monotonic() > deadline:
                raise TimeoutError(f"worker {self.number} does not get ready; exit code {self.process.poll()}")
            time.sleep(0.1)

    def ready(self) -> bool:
        """Whether it has been ready at any time up to now."""
        self.was_ready = self.was_ready or self._get("/readyz") is not None
        return self.was_ready

    @property
    def thrown_out(self) -> bool:
        """Whether the group went on without it, because it did not answer in time: then others read its work again."""
        return _THROWN_OUT in self.log.read_text(errors="replace")

    def freeze(self) -> None:
        """SIGSTOP."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        if not self.ended:
            self.process.send_signal(signal.SIGCONT)

    def end(self, how: signal.Signals) -> None:
        """SIGTERM or SIGKILL."""
        self.asked_to_end = True
        self.process.send_signal(how)

    def fill_its_disk(self) -> None:
        """From now on every write to a file fails, as on a full disk; what is there can be read. Linux only."""
        if not hasattr(resource, "prlimit"):
            return
        _, hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (0, hard))

    def move_its_clock(self, seconds: float) -> None:
        """Its wall clock jumps."""
        clock.write(self.offset, seconds)

    def _get(self, path: str) -> str | None:
        try:
            with urllib.request.urlopen(f"http://{LOCALHOST}:{self.port}{path}", timeout=2) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, OSError):
            return None


def start(pipeline: Pipeline, number: int, port: int) -> Worker:
    """One more worker, with a clock of its own; its metrics are at that port."""
    offset = pipeline.folder / f"clock-{len(pipeline.workers)}"
    log = pipeline.folder / f"worker-{len(pipeline.workers)}.log"
    clock.write(offset, 0.0)
    process = pipeline.start(("-m", clock.__name__, str(offset)), GROUNDSWELL_METRICS_PORT=str(port))
    return Worker(number, process, port, offset, log)
