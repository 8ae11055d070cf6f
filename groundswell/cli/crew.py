"""The workers that ``groundswell up`` runs: processes that are started, watched, started again, and ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Final, Self

import orjson

from groundswell.cli.failures import ProblemError
from streams.settings import Settings

READY_SECONDS: Final = 120.0
"""How long the first start of a worker may take until it has its partitions."""
STOP_SECONDS: Final = 25.0
"""How long a worker may take to finish its frames before it is killed."""
STEADY_SECONDS: Final = 60.0
"""A worker that has lived so long begins its next series of restarts anew."""
LONGEST_PAUSE: Final = 30.0
TRIES: Final = 3
"""Starts before the first readiness, after which something must be wrong with all of them."""


@dataclass
class _Worker:
    number: int
    process: subprocess.Popen[bytes]
    port: int
    started: float
    falls: int = 0
    again_at: float | None = None
    """When it starts again; None while it runs."""


@dataclass
class Crew:
    """Workers as processes of their own; a context that ends them. They end with this process, however it ends."""

    settings: Settings
    address: str
    count: int
    tell: Callable[[str], None]
    log: IO[bytes] | None = None
    """Where the workers' logs go, instead of standard error."""
    _workers: list[_Worker] = field(default_factory=list)

    def __enter__(self) -> Self:
        try:
            for number in range(1, self.count + 1):
                process, port = self._start()
                self._workers.append(_Worker(number, process, port, time.monotonic()))
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def pids(self) -> list[int]:
        """Process ids, in order."""
        return [worker.process.pid for worker in self._workers]

    @property
    def metrics(self) -> list[str]:
        """Where each worker shows its metrics."""
        return [f"http://{self.settings.metrics_host}:{worker.port}/metrics" for worker in self._workers]

    @property
    def numbered(self) -> dict[str, str]:
        """The same by the worker's number, which it keeps when it starts again."""
        return {str(worker.number): address for worker, address in zip(self._workers, self.metrics, strict=True)}

    def wait_until_ready(self) -> None:
        """Wait until every worker has its partitions and their state.

        Raises:
            ProblemError: One doesn't get there.
        """
        deadline = time.monotonic() + READY_SECONDS
        for worker in self._workers:
            while (why := self._unready(worker)) is not None:
                self.watch()
                if worker.falls >= TRIES:
                    raise ProblemError(
                        f"worker {worker.number} ended {worker.falls} times before it was ready; its log above says why"
                    )
                if time.monotonic() > deadline:
                    raise ProblemError(f"worker {worker.number} is not ready after {READY_SECONDS:.0f} s: {why}")
                time.sleep(0.1)

    def watch(self) -> None:
        """See who has ended, and start again whose pause is over. To be called about twice a second."""
        now = time.monotonic()
        for worker in self._workers:
            if worker.again_at is None and (code := worker.process.poll()) is not None:
                worker.falls = 1 if now - worker.started > STEADY_SECONDS else worker.falls + 1
                pause = min(2.0 ** (worker.falls - 1), LONGEST_PAUSE)
                worker.again_at = now + pause
                self.tell(f"worker {worker.number} ended ({_how(code)}); it starts again in {pause:.0f} s")
            elif worker.again_at is not None and now >= worker.again_at:
                _close(worker.process)
                worker.process, worker.port = self._start()
                worker.started, worker.again_at = now, None
                self.tell(f"worker {worker.number} has started again, metrics on port {worker.port}")

    def stop(self) -> None:
        """Ask all to end, wait, and kill who doesn't."""
        for worker in self._workers:
            if worker.process.poll() is None:
                worker.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for worker in self._workers:
            try:
                worker.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.tell(f"worker {worker.number} did not end in {STOP_SECONDS:.0f} s and is killed")
                worker.process.kill()
                worker.process.wait()
            _close(worker.process)
        self._workers.clear()

    def _start(self) -> tuple[subprocess.Popen[bytes], int]:
        port = _free_port(self.settings.metrics_host)
        environment = {
            **os.environ,
            "GROUNDSWELL_BROKER": self.address,
            "GROUNDSWELL_DATA": str(self.settings.data),
            "GROUNDSWELL_METRICS_HOST": self.settings.metrics_host,
            "GROUNDSWELL_METRICS_PORT": str(port),
            "GROUNDSWELL_CATALOG": orjson.dumps(self.settings.catalog).decode(),
            "GROUNDSWELL_CATALOGS": orjson.dumps(self.settings.catalogs).decode(),
        }
        # A session of its own: Ctrl-C reaches only us, and we end the workers in order. They hold the other end of a
        # pipe that closes when we are gone, whatever has ended us.
        process = subprocess.Popen(
            [sys.executable, "-m", "groundswell", "worker", "--attached"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self.log,
            start_new_session=True,
        )
        return process, port

    def _unready(self, worker: _Worker) -> str | None:
        url = f"http://{self.settings.metrics_host}:{worker.port}/readyz"
        try:
            with urllib.request.urlopen(url, timeout=2):
                return None
        except urllib.error.HTTPError as error:
            return error.read(500).decode("utf-8", "replace").strip()
        except OSError:
            return "it does not answer yet"


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
