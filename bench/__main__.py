"""The benchmark: everybody on the same events and the same Kafka, in rounds, each checked before it is measured.

    make bench                                      # all of it, about ten minutes on a quiet machine
    make bench ROUNDS=5 EVENTS=400000 JSON=bench.json
    make bench ONLY=librdkafka,groundswell,path

Who takes part: librdkafka, groundswell, bytewax, quix, faust (the common job); path, path2 (the product's full path
with one and with two workers). Times are wall time: run it on a machine that has nothing else to do.

Beside it: python -m bench.growth, what an event costs on much state; python -m bench.recovery, how long the flow stops
when something happens to it.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import orjson

from bench import common, product, product_latency, table, workload
from bench.cluster import cluster
from bench.common import ROOT, Bench
from bench.contestants import CONTESTANTS, Contestant
from bench.measuring import FailedError, Run
from bench.results import Entry, Results
from bench.workload import Workload
from streams.broker.jars import LOCK_FILE

PARTITIONS: Final = 4
PATHS: Final = {"path": 1, "path2": 2}
"""Name → workers of the full path."""
PATH_SHARE: Final = 0.5
"""Of the events."""
AGO_MS: Final = 15 * 60_000
"""The last event's age: with the allowed lateness of ten minutes, all windows of the full path close during a run."""
LEAST_EVENTS: Final = 1_000

_VERSIONS = """
import importlib.metadata, json, platform, sys
def version(name):
    try: return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError: return None
print(json.dumps({"python": platform.python_version()} | {name: version(name) for name in sys.argv[1:]}))
"""


def main() -> None:
    """Run what is asked for, print the tables; exits with 1 where somebody failed."""
    arguments = _arguments()
    for name in ("aiokafka", "kafka"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # New topics without a leader yet, each time.
    results = Results(_machine(), arguments.rounds, arguments.minutes)
    ours = Path(sys.executable)
    entries: dict[str, Entry] = {}
    for contestant in CONTESTANTS:
        if contestant.name in arguments.only:
            entry = _entry(contestant, ours if contestant.ours else arguments.python)
            entries[contestant.name] = entry
            results.common.append(entry)
    for name, count in PATHS.items():
        if name in arguments.only:
            entries[name] = Entry(name, "one worker" if count == 1 else f"{count} workers")
            results.product.append(entries[name])
    say(f"Making {arguments.events:,} events …")
    end_ms = time.time_ns() // 1_000_000 - AGO_MS
    span_ms = arguments.minutes * 60_000
    events = (
        workload.recorded(arguments.input, arguments.events, end_ms, span_ms=span_ms)
        if arguments.input
        else workload.made(arguments.events, end_ms, span_ms=span_ms)
    )
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        with cluster(folder, PARTITIONS) as running:
            bench = Bench(running, folder, {True: str(ours), False: str(arguments.python)})
            _rounds(bench, entries, events, arguments.rounds)
            if arguments.latency:
                _latencies(bench, entries, events)
    print(table.text(results), end="")
    if arguments.json:
        arguments.json.write_bytes(
            orjson.dumps(results.as_dict(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        )
    sys.exit(any(entry.failure is not None for entry in entries.values()))


def _rounds(bench: Bench, entries: dict[str, Entry], events: Workload, rounds: int) -> None:
    """Everybody once a round, so that what changes on the machine meanwhile falls on all."""
    filled: set[int] = set()
    for number in range(1, rounds + 1):
        for contestant in CONTESTANTS:
            if (entry := entries.get(contestant.name)) is not None:
                part = _part(events, contestant.share)
                size = len(part.events)
                topic = f"events-{size}"
                if size not in filled and entry.failure is None:
                    bench.cluster.create([topic])
                    bench.cluster.fill((topic, event.brand.encode(), event.value) for event in part.events)
                    filled.add(size)
                name = f"{contestant.name}-{number}"
                _run(entry, number, partial(common.throughput, bench, contestant, name, topic, part))
        for name, count in PATHS.items():
            if (entry := entries.get(name)) is not None:
                part = _part(events, PATH_SHARE)
                _run(entry, number, partial(product.throughput, bench, f"{name}-{number}", part, count))


def _run(entry: Entry, number: int, run: Callable[[], Run]) -> None:
    if entry.failure is not None:
        return
    try:
        entry.runs.append(run())
    except FailedError as error:
        entry.failure = str(error)
        say(f"round {number}: {entry.title} failed: {error}")
    else:
        say(f"round {number}: {entry.title}: {entry.runs[-1].rate:,.0f} events/s")


def _latencies(bench: Bench, entries: dict[str, Entry], events: Workload) -> None:
    for contestant in CONTESTANTS:
        entry = entries.get(contestant.name)
        if entry is not None and (typical := entry.typical) is not None:
            try:
                found = common.latency(bench, contestant, f"{contestant.name}-latency", events, typical.rate)
                entry.latencies = {load: {"scored": each} for load, each in found.items()}
            except FailedError as error:
                entry.failure = f"latency: {error}"
            _say_latencies(entry)
    entry = entries.get("path")
    if entry is not None and (typical := entry.typical) is not None:
        try:
            entry.latencies = product_latency.latency(bench, "path-latency", typical.rate)
        except FailedError as error:
            entry.failure = f"latency: {error}"
        _say_latencies(entry)


def _say_latencies(entry: Entry) -> None:
    for load, found in entry.latencies.items():
        told = ", ".join(f"{effect} p50 {each.p50:.0f} ms, p99 {each.p99:.0f} ms" for effect, each in found.items())
        say(f"latency, {entry.title}, {load}: {told}")
    if entry.failure is not None:
        say(f"{entry.title} failed: {entry.failure}")


def _part(events: Workload, share: float) -> Workload:
    return events.first(min(max(round(len(events.events) * share), LEAST_EVENTS), len(events.events)))


def _entry(contestant: Contestant, python: Path) -> Entry:
    """With the versions of what it needs, or with what is missing as its failure."""
    entry = Entry(contestant.name, contestant.title)
    try:
        versions = _versions(python, contestant.packages)
    except OSError:
        entry.failure = f"there is no {python}; `make bench` makes it"
        return entry
    missing = [name for name in contestant.packages if versions[name] is None]
    if missing:
        entry.failure = f"not installed with {python} (Python {versions['python']}): {', '.join(missing)}"
        if "bytewax" in missing:
            entry.failure += "; it has wheels up to Python 3.12, so: make clean, then make PYTHON=python3.12 bench"
    entry.versions = {name: version for name, version in versions.items() if version is not None}
    return entry


def _versions(python: Path, packages: Sequence[str]) -> dict[str, str | None]:
    answer = subprocess.run([python, "-c", _VERSIONS, *packages], capture_output=True, check=True)
    found: dict[str, str | None] = orjson.loads(answer.stdout)
    return found


def _machine() -> dict[str, str]:
    model = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    cores = str(len(os.sched_getaffinity(0)))
    coordinates = orjson.loads(LOCK_FILE.read_bytes())["coordinates"]
    kafka = next(name.rpartition(":")[2] for name in coordinates if ":kafka-clients:" in name)
    return {"processor": model, "cores": cores, "Kafka": kafka, "Python": platform.python_version()}


def say(line: str) -> None:
    """Progress, beside the result."""
    print(time.strftime("%H:%M:%S"), line, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    known = [*(contestant.name for contestant in CONTESTANTS), *PATHS]
    parser = argparse.ArgumentParser("bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=200_000, help="for the fastest; slower ones get a share of them")
    parser.add_argument("--minutes", type=int, default=60, help="event time that the events are spread over")
    parser.add_argument("--only", default=",".join(known), help=f"with commas: {','.join(known)}")
    parser.add_argument(
        "--input", action="append", default=[], metavar="FILE", help="recorded events (JSONL), repeated"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was found there, too")
    parser.add_argument("--no-latency", dest="latency", action="store_false", help="throughput only")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work there, and leave the logs")
    parser.add_argument("--python", type=Path, default=ROOT / ".venv-bench/bin/python", help="of the contestants")
    arguments = parser.parse_args()
    arguments.only = arguments.only.split(",")
    if unknown := set(arguments.only) - set(known):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
    if arguments.rounds < 1 or arguments.events < LEAST_EVENTS or not 1 <= arguments.minutes <= 12 * 60:
        parser.error(f"at least one round and {LEAST_EVENTS:,} events, over 1 to 720 minutes")
    return arguments


if __name__ == "__main__":
    main()
