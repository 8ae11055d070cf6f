"""One contestant on the common job: a run under full load, and its latency. What it did is checked before it counts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any, Final

import orjson

from bench.cluster import Cluster
from bench.contestants import Contestant
from bench.contestants.place import Place
from bench.measuring import Delay, FailedError, Run, delay, span
from bench.processes import Usage, started, tail, watched
from bench.workload import Truth, Workload

ROOT: Final = Path(__file__).parents[1]
PATIENCE_SECONDS: Final = 60.0
"""Without an output for so long, nothing more is expected."""
SETTLED_SECONDS: Final = 1.5
"""All scored records are there and no count has come for so long: it is done."""
IDLE_RATE: Final = 50.0
IDLE_SECONDS: Final = 6.0
HALF_SECONDS: Final = 8.0

STATE_CONFIG: Final = {"cleanup.policy": "compact", "max.message.bytes": str(8 * 1024 * 1024)}


@dataclass(frozen=True)
class Bench:
    """What all cells of a run share."""

    cluster: Cluster
    folder: Path
    pythons: Mapping[bool, str]
    """The interpreter of the product (True) and of the others (False)."""


def throughput(bench: Bench, contestant: Contestant, name: str, events: str, workload: Workload) -> Run:
    """One run on a topic that is filled already.

    Raises:
        FailedError: It did not do the job; the message says what was wrong.
    """
    with _place(bench, name, events) as place:
        with _watched(bench, contestant, place) as (process, log, (theirs, brokers)):
            _wait(bench.cluster, place, process, len(workload.events), log)
        scored, counts = bench.cluster.read(place.scored), bench.cluster.read(place.counts)
        check(workload.truth, scored, counts)
        ended_ms = max(record.timestamp for record in (*scored, *counts))
        worked = span([record.timestamp for record in scored], ended_ms)
        begin, end = worked.begin_ms / 1000, worked.end_ms / 1000
        thousands = worked.events / 1000
        return Run(
            len(workload.events),
            worked.rate,
            theirs.cpu_between(begin, end) / thousands,
            brokers.cpu_between(begin, end) / thousands,
            theirs.peak_mb,
        )


def latency(bench: Bench, contestant: Contestant, name: str, workload: Workload, rate: float) -> dict[str, Delay]:
    """From a record's arrival to its scored record's, when idle and at half of the load that it can bear.

    Args:
        rate: What it can bear, in events a second.

    Raises:
        FailedError: It did not do the job; the message says what was wrong.
    """
    cluster, events = bench.cluster, f"{name}.events"
    idle = 1 + round(IDLE_RATE * IDLE_SECONDS)
    used = workload.first(idle + round(rate / 2 * HALF_SECONDS))
    if len(used.events) <= idle:
        raise FailedError("too few events to tell latencies; give more: EVENTS=…")
    records = [(events, event.brand.encode(), event.value) for event in used.events]
    cluster.create([events])
    with _place(bench, name, events) as place:
        with _watched(bench, contestant, place) as (process, log, _):
            cluster.fill(records[:1])
            _wait(cluster, place, process, 1, log)
            cluster.pace(records[1:idle], IDLE_RATE)
            cluster.pace(records[idle:], rate / 2)
            _wait(cluster, place, process, len(records), log)
        scored = cluster.read(place.scored)
        check(used.truth, scored, cluster.read(place.counts))
        arrived = {orjson.loads(record.value)["id"]: record.timestamp for record in cluster.read(events)}
        left = {orjson.loads(record.value)["id"]: record.timestamp for record in scored}
        came = [arrived[event.id] for event in used.events]
        took = [left[event.id] - arrived[event.id] for event in used.events]
        return {"idle": delay(took[1:idle], came[1:idle]), "half load": delay(took[idle:], came[idle:])}


def check(truth: Truth, scored: list[Any], counts: list[Any]) -> None:
    """Every event scored once and rightly, and every series counted to its end.

    Raises:
        FailedError: Something is missing, double or wrong.
    """
    found: set[str] = set()
    doubled = wrong = 0
    for record in scored:
        value = orjson.loads(record.value)
        if value["id"] in found:
            doubled += 1
        found.add(value["id"])
        same = truth.scored.get(value["id"]) == (value["score"], tuple(value["points"]))
        wrong += not same or record.key != value["brand"].encode()
    last: dict[str, int] = {}
    for record in counts:
        value = orjson.loads(record.value)
        series = record.key.decode()
        last[series] = value["count"]
        wrong += series != f"{value['brand']}|{value['point']}|{value['minute']}"
    miscounted = sum(last.get(series) != count for series, count in truth.counts.items())
    miscounted += len(last.keys() - truth.counts.keys())
    problems = {
        "not scored": len(truth.scored.keys() - found),
        "scored twice": doubled,
        "wrong": wrong,
        "series miscounted": miscounted,
    }
    if any(problems.values()):
        raise FailedError(", ".join(f"{number:,} {what}" for what, number in problems.items() if number))


@contextmanager
def _place(bench: Bench, name: str, events: str) -> Iterator[Place]:
    cluster, folder = bench.cluster, bench.folder / name
    folder.mkdir()
    scored, counts, state = (f"{name}.{what}" for what in ("scored", "counts", "state"))
    cluster.create([scored, counts])
    cluster.create([state], **STATE_CONFIG)
    try:
        yield Place(cluster.address, name, events, scored, counts, state, cluster.partitions, folder)
    finally:
        cluster.delete(name)


@contextmanager
def _watched(bench: Bench, contestant: Contestant, place: Place) -> Iterator[tuple[Popen[bytes], Path, list[Usage]]]:
    """Its process, its log, and the usages of it and of the broker."""
    log = bench.folder / f"{place.group}.log"
    command = [bench.pythons[contestant.ours], *contestant.command]
    environment = {**place.environment(), "PYTHONPATH": str(ROOT)}
    with (
        started(command, environment, log) as process,
        watched([process.pid], [bench.cluster.broker.pid]) as usages,
    ):
        yield process, log, usages


def _wait(cluster: Cluster, place: Place, process: Popen[bytes], wanted: int, log: Path) -> None:
    before, since = (-1, -1), time.monotonic()
    while True:
        now = cluster.ends(place.scored), cluster.ends(place.counts)
        if now != before:
            before, since = now, time.monotonic()
        if process.poll() is not None:
            raise FailedError(f"it ended with exit code {process.returncode}; the end of its log:\n{tail(log)}")
        silent = time.monotonic() - since
        if now[0] >= wanted and (silent > SETTLED_SECONDS or wanted == 1):
            return
        if silent > PATIENCE_SECONDS:
            raise FailedError(
                f"{now[0]:,} of {wanted:,} scored, then nothing for {PATIENCE_SECONDS:.0f} s\n{tail(log)}"
            )
        time.sleep(0.25)
