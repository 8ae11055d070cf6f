"""How fast the scorer is as the pipeline calls it, everything on; how soon a process is ready; what memory it takes."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

from groundswell.evaluation import public
from groundswell.evaluation.readers import Product, events, frames
from groundswell.evaluation.report import Report, Row
from groundswell.evaluation.suites import Setup
from streams.collector import look_seldom
from streams.reader import SLICE_RECORDS

ROUNDS = 3
JOINED = 10
"""Texts of a hundred characters that make a long one."""
PACKS = (("generic",), ("generic", "airline"))


def speed(setup: Setup) -> Report:
    """Texts a second of processor time on the airline tweets, one by one and ten joined; start and memory."""
    texts = public.airline(setup.data).texts
    long = [" ".join(texts[at : at + JOINED]) for at in range(0, len(texts), JOINED)]
    report = Report()
    for packs in PACKS:
        name = "+".join(packs)
        for batch in (texts, long):
            length = int(statistics.median(map(len, batch)))
            first, later = _rates(setup.tier, packs, batch)
            for which, rate in (("words known", later), ("first pass", first)):
                figure = f"{name}, {length:,} characters, {which}"
                report.rows.append(Row("speed", figure, len(batch), {setup.tier: rate}, "/s"))
    wall, used = _cold_start(setup.tier)
    report.rows.append(Row("speed", "from nothing to the first record", ROUNDS, {setup.tier: wall}, "s"))
    report.rows.append(Row("speed", "of it, processor time", ROUNDS, {setup.tier: used}, "s"))
    with get_context("spawn").Pool(1) as pool:
        ready, peak = pool.apply(_memory, (setup.tier, setup.data))
    report.rows.append(Row("speed", "memory when ready", 1, {setup.tier: ready}, "MB"))
    report.rows.append(Row("speed", "memory at most, after all texts of both lengths", 1, {setup.tier: peak}, "MB"))
    report.notes.append(
        "Texts a second of processor time, median of three passes; length is the median. "
        "Other work on the machine slows it: caches and memory are shared."
    )
    return report


def _rates(tier: str, packs: Sequence[str], texts: Sequence[str]) -> tuple[float, float]:
    """Texts a second: on the first pass, which learns the words; and on those after it."""
    product, batch = Product(tier, packs), events(texts)
    look_seldom()
    rates = []
    for _ in range(1 + ROUNDS):
        began = time.process_time()
        for frame in frames(batch):
            product.scorer.score(frame)
        rates.append(len(batch) / (time.process_time() - began))
    return rates[0], statistics.median(rates[1:])


def _cold_start(tier: str) -> tuple[float, float]:
    """Seconds that ``groundswell score`` takes for one text, on the clock and of the processor; median of three."""
    command = [sys.executable, "-c", "import sys; from groundswell.cli import main; main()", "score"]
    clock, used = [], []
    for _ in range(ROUNDS):
        before, began = _children(), time.perf_counter()
        subprocess.run(  # noqa: S603 — this interpreter, fixed arguments.
            command,
            input=b'{"text": "The parcel came in time."}\n',
            check=True,
            capture_output=True,
            env={**os.environ, "GROUNDSWELL_SCORER": tier},
        )
        clock.append(time.perf_counter() - began)
        used.append(_children() - before)
    return statistics.median(clock), statistics.median(used)


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _memory(tier: str, data: Path) -> tuple[float, float]:
    """Resident megabytes of this process: with a scorer that has read one text, and at most after all texts."""
    product = Product(tier)
    product.read(["The parcel came in time."])
    look_seldom()
    ready = _peak_mb()
    texts = public.airline(data).texts
    long = [" ".join(texts[at : at + JOINED]) for at in range(0, len(texts), JOINED)]
    for batch in (texts, long):
        for at in range(0, len(batch), SLICE_RECORDS):
            # A worker holds a frame's events, not all that it ever read.
            product.read(batch[at : at + SLICE_RECORDS])
    return ready, _peak_mb()


def _peak_mb() -> float:
    """The most so far. ``getrusage`` alone would count what the parent held when it made this process."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        # Not Linux: macOS counts bytes, others kilobytes.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
