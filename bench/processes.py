"""Started processes: their processor time and memory over time, from /proc; ended for certain."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

EVERY_SECONDS: Final = 0.05
STOP_SECONDS: Final = 20.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a process and all that it has started."""

    at: float
    """Seconds since 1970."""
    cpu: float
    """Seconds of processor time so far, children that have ended included."""
    resident: int
    """Bytes."""


@dataclass
class Usage:
    """What processes have used."""

    samples: list[Sample] = field(default_factory=list)

    @property
    def peak_mb(self) -> float:
        """The most resident memory that was seen, in MB; 0 where nothing was seen."""
        return max((sample.resident for sample in self.samples), default=0) / 1e6

    def cpu_between(self, begin: float, end: float) -> float:
        """Seconds of processor time between two moments, in seconds since 1970."""
        return self._cpu_at(end) - self._cpu_at(begin)

    def _cpu_at(self, moment: float) -> float:
        place = bisect_left(self.samples, moment, key=lambda sample: sample.at)
        if place == 0 or place == len(self.samples):
            return self.samples[min(place, len(self.samples) - 1)].cpu if self.samples else 0.0
        before, after = self.samples[place - 1], self.samples[place]
        return before.cpu + (after.cpu - before.cpu) * (moment - before.at) / (after.at - before.at)


@contextmanager
def watched(*groups: Sequence[int]) -> Iterator[list[Usage]]:
    """Look at groups of processes until the context ends: a usage for each group."""
    usages = [Usage() for _ in groups]
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(EVERY_SECONDS):
            for pids, usage in zip(groups, usages, strict=True):
                if (sample := _sample(pids)) is not None:
                    usage.samples.append(sample)

    thread = threading.Thread(target=look, name="watch", daemon=True)
    thread.start()
    try:
        yield usages
    finally:
        ended.set()
        thread.join()


def _sample(pids: Sequence[int]) -> Sample | None:
    cpu, resident, found, left = 0, 0, False, list(pids)
    now = time.time()
    while left:
        pid = left.pop()
        try:
            # The name in parentheses may hold anything: the numbers are behind the last one.
            numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            for task in Path(f"/proc/{pid}/task").iterdir():
                left.extend(int(child) for child in (task / "children").read_text().split())
        except OSError:
            continue  # It has ended; what it used is among its parent's.
        cpu += sum(int(number) for number in numbers[11:15])
        resident += int(numbers[21]) * _PAGE
        found = True
    return Sample(now, cpu / _TICKS, resident) if found else None


@contextmanager
def started(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process with a log, ended with all that it has started."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, and SIGKILL for what does not heed it."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # Its own session: nobody else is in it.
    process.wait()


def tail(log: Path, lines: int = 8) -> str:
    """The end of a log."""
    text = log.read_text("utf-8", "replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:]) or "(it said nothing)"
