"""The full path: the product's own workers, as users run them, from a backlog on the raw topics to metrics."""

from __future__ import annotations

import socket
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any, Final

import orjson

from bench.cluster import Records
from bench.common import PATIENCE_SECONDS, ROOT, SETTLED_SECONDS, Bench
from bench.measuring import FailedError, Run, span
from bench.processes import Usage, started, tail, watched
from bench.workload import Workload
from schemas.progress import PROGRESS_HEADER
from schemas.raw import Source
from streams import admin
from streams.settings import Settings
from streams.topics import ALL, METRICS, RAW, SCORED

SOURCES: Final[tuple[Source, ...]] = ("posts", "reviews", "posts", "tickets", "posts", "reviews", "posts", "tickets")
"""Where one event after the other comes from."""


@dataclass
class Workers:
    """Ready workers on topics of their own."""

    settings: Settings
    processes: list[Popen[bytes]]
    logs: list[Path]
    usages: list[Usage]
    """Theirs together, then the broker's."""
    ready_ms: int

    def topic(self, name: str) -> str:
        """Full name."""
        return self.settings.topic_prefix + name

    def look(self) -> None:
        """See that all are there.

        Raises:
            FailedError: One has ended.
        """
        for process, log in zip(self.processes, self.logs, strict=True):
            if process.poll() is not None:
                raise FailedError(f"a worker ended with exit code {process.returncode}:\n{tail(log)}")


def throughput(bench: Bench, name: str, workload: Workload, count: int) -> Run:
    """One run of ``count`` workers, from an hour's backlog to everything published.

    Raises:
        FailedError: They did not do the job; the message says what was wrong.
    """
    with topics(bench, name) as settings:
        bench.cluster.fill(raw_records(settings, workload))
        with workers(bench, settings, count) as running:
            wait(bench, running)
        scored, metrics = said(bench, running, SCORED.name), said(bench, running, METRICS.name)
    check(workload, scored, metrics)
    effects = effects_of(scored, metrics)
    worked = span([record.timestamp for record, _ in scored], max(effects.values()), running.ready_ms)
    begin, end = worked.begin_ms / 1000, worked.end_ms / 1000
    thousands = worked.events / 1000
    theirs, brokers = running.usages
    return Run(
        len(workload.events),
        worked.rate,
        theirs.cpu_between(begin, end) / thousands,
        brokers.cpu_between(begin, end) / thousands,
        theirs.peak_mb,
    )


def raw_records(settings: Settings, workload: Workload) -> Records:
    """The events on the raw topics, keyed as ``send`` does."""
    names = {source: RAW[source].full_name(settings.topic_prefix) for source in RAW}
    for index, event in enumerate(workload.events):
        yield names[SOURCES[index % len(SOURCES)]], event.id.encode(), event.value


Said = list[tuple[Any, Any]]
"""(aiokafka's record, its value), in order per partition."""


def said(bench: Bench, running: Workers, name: str) -> Said:
    """What a topic holds, progress left out."""
    return [
        (record, orjson.loads(record.value))
        for record in bench.cluster.read(running.topic(name))
        if not any(header == PROGRESS_HEADER for header, _ in record.headers)
    ]


def check(workload: Workload, scored: Said, metrics: Said) -> None:
    """Every event scored once, and counted in every window that it belongs to.

    Raises:
        FailedError: Something is missing, double or wrong.
    """
    ids = Counter(value["id"] for _, value in scored)
    wanted = {event.id for event in workload.events}
    counts: Counter[tuple[str, str, str]] = Counter()
    for _, value in scored:
        minute = value["created_at"][:16]
        # A delight of who is unhappy as a whole counts for no series.
        delights = value["delights"] if value["sentiment"]["label"] != "negative" else ()
        points = {mention["id"] for mention in (*value["pain_points"], *delights)}
        counts.update((value["brand"], point, minute) for point in (*points, "*"))
    last = {
        (value["brand"], value["pain_point"], value["window_start"][:16]): value["window"]["mentions"]
        for _, value in metrics
    }
    problems = {
        "not scored": len(wanted - ids.keys()),
        "not ours": len(ids.keys() - wanted),
        "scored twice": sum(count - 1 for count in ids.values()),
        "windows miscounted": sum(last.get(window) != count for window, count in counts.items()),
        "windows too many": sum(1 for window, count in last.items() if count and window not in counts),
    }
    if any(problems.values()):
        raise FailedError(", ".join(f"{number:,} {what}" for what, number in problems.items() if number))


def effects_of(scored: Said, metrics: Said) -> dict[str, int]:
    """Event id → when (ms) the first record of ``metrics`` arrived that counts it.

    A brand's events are counted in the order in which they stand on ``scored``: the n-th of a minute is in the first
    record of that minute's window that has at least n mentions.
    """
    told: defaultdict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for record, value in metrics:
        if value["pain_point"] == "*":
            windows = told[value["brand"], value["window_start"][:16]]
            mentions = value["window"]["mentions"]
            if not windows or mentions > windows[-1][0]:
                windows.append((mentions, record.timestamp))
    effects: dict[str, int] = {}
    ranks: Counter[tuple[str, str]] = Counter()
    for _, value in scored:
        window = value["brand"], value["created_at"][:16]
        ranks[window] += 1
        effects[value["id"]] = next((at for mentions, at in told[window] if mentions >= ranks[window]), 0)
    return effects


@contextmanager
def topics(bench: Bench, name: str) -> Iterator[Settings]:
    """The product's topics, which stamp arrival, under a prefix of their own."""
    folder = bench.folder / name
    folder.mkdir()
    settings = Settings(
        broker=bench.cluster.address,
        topic_prefix=f"{name}.",
        group=name,
        partitions=bench.cluster.partitions,
        data=folder,
    )
    admin.create(settings, bench.cluster.address)
    bench.cluster.stamp_arrival([*(topic.full_name(settings.topic_prefix) for topic in ALL), settings.state_topic])
    try:
        yield settings
    finally:
        bench.cluster.delete(f"{name}.")


@contextmanager
def workers(bench: Bench, settings: Settings, count: int) -> Iterator[Workers]:
    """So many workers, ready.

    Raises:
        FailedError: One does not get ready.
    """
    with ExitStack() as stack:
        processes, logs, ports = [], [], []
        for number in range(1, count + 1):
            logs.append(bench.folder / f"{settings.group}-{number}.log")
            ports.append(_free_port())
            processes.append(
                stack.enter_context(
                    started(
                        [bench.pythons[True], "-m", "groundswell", "worker"],
                        {
                            "GROUNDSWELL_BROKER": bench.cluster.address,
                            "GROUNDSWELL_TOPIC_PREFIX": settings.topic_prefix,
                            "GROUNDSWELL_GROUP": settings.group,
                            "GROUNDSWELL_PARTITIONS": str(settings.partitions),
                            "GROUNDSWELL_DATA": str(settings.data),
                            "GROUNDSWELL_METRICS_PORT": str(ports[-1]),
                            "PYTHONPATH": str(ROOT),
                        },
                        logs[-1],
                    )
                )
            )
        pids = [process.pid for process in processes]
        usages = stack.enter_context(watched(pids, [bench.cluster.broker.pid]))
        running = Workers(settings, processes, logs, usages, 0)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not all(_ready(port) for port in ports):
            running.look()
            if time.monotonic() > deadline:
                raise FailedError(f"not ready after {PATIENCE_SECONDS:.0f} s:\n{tail(logs[-1])}")
            time.sleep(0.05)
        running.ready_ms = time.time_ns() // 1_000_000
        yield running


def wait(bench: Bench, running: Workers) -> None:
    """Until nothing is left on raw and scored, and metrics stand still."""
    settings, cluster = running.settings, bench.cluster
    metrics = METRICS.full_name(settings.topic_prefix)
    # Progress goes to every partition of scored once a second: so many records may always be on their way.
    slack = settings.partitions * len(running.processes)
    before, since = (-1, -1), time.monotonic()
    while True:
        running.look()
        left = sum(lag.records for lag in admin.lag(settings, cluster.address))
        now = left if left > slack else 0, cluster.ends(metrics)
        if now != before:
            before, since = now, time.monotonic()
        silent = time.monotonic() - since
        if not now[0] and silent > SETTLED_SECONDS:
            return
        if silent > PATIENCE_SECONDS:
            raise FailedError(
                f"{left:,} records left, then nothing for {PATIENCE_SECONDS:.0f} s\n{tail(running.logs[0])}"
            )
        time.sleep(1.0)  # Asking costs processor time, and the records themselves tell when it was over.


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
            return True
    except OSError:
        return False
