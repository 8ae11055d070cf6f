"""How long the flow stops when something happens to it: on a real Kafka, with the workers that users run.

    python -m bench.recovery                        # everything but the long absence, as a table
    python -m bench.recovery kill rolling --tries 5 --json
    python -m bench.recovery away --away 600        # the broker is gone for ten minutes

kill: SIGKILL for one of two workers; until the slowest partition has an output again.
start: one worker on 100,000 keys of state; from its start to the first output of the whole path (and the processor
    time that it took by then), and until every partition has one.
rolling: SIGTERM for one of two workers, and a new one in its place; the longest silence of any partition.
away: the broker is stopped, and started again on the same folder; memory meanwhile, and until all flow again.

Times are wall time: run it on a machine that has nothing else to do.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from bench.flow import Flow
from streams.broker import embedded
from streams.recorded import RecordedEvent
from streams.settings import Settings
from tests.broker.pipeline import Events, Pipeline

TARGETS = {"kill": 15.0, "start": 6.0, "rolling": 5.0}
"""Seconds, from the issue that asked for them."""
RATE = 200
SEEDED_BRANDS, SEEDED_MINUTES = 100, 1_000
STEADY_SECONDS = 4.0
"""How long the flow must have been steady before something is done to it."""


@dataclass(frozen=True)
class Worker:
    """A worker's process and where it answers."""

    process: subprocess.Popen[bytes]
    port: int

    def unready(self) -> str | None:
        """Why it isn't ready; None when it is."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5):
                return None
        except urllib.error.HTTPError as error:
            return error.read().decode().strip()
        except OSError as error:
            return f"no answer ({error})"

    def wait_until_ready(self, patience: float = 60.0) -> float:
        """Gives the moment at which it was ready."""
        deadline = time.monotonic() + patience
        while (why := self.unready()) is not None:
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise TimeoutError(f"not ready after {patience:.0f} s: {why}")
            time.sleep(0.05)
        return time.monotonic()

    def resident_mb(self) -> float:
        """Resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024

    def cpu_seconds(self) -> float:
        """Processor time that it has taken."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self, how: signal.Signals) -> int:
        """Ends it, and waits."""
        self.process.send_signal(how)
        return self.process.wait(60)


def start(pipeline: Pipeline) -> Worker:
    """One more worker."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    return Worker(pipeline.start(GROUNDSWELL_METRICS_PORT=str(port)), port)


@contextmanager
def pipeline(address: str, name: str, folder: Path) -> Iterator[Pipeline]:
    """Topics and a group of their own."""
    settings = Settings(broker=address, topic_prefix=f"{name}.", group=name, partitions=4)
    (folder / name).mkdir()
    with Pipeline(settings, address, folder / name) as made:
        yield made


def kill(address: str, folder: Path, tries: int) -> Iterator[dict[str, Any]]:
    """SIGKILL for one of two workers."""
    with pipeline(address, "kill", folder) as made:
        workers = [start(made), start(made)]
        with Flow(made.settings, address, RATE).running() as flow:
            for _ in range(tries):
                _steady(flow, workers)
                killed_at = time.monotonic()
                workers.pop(0).end(signal.SIGKILL)
                again = flow.wait_until_all_flow(killed_at + 1.0, 60)
                time.sleep(STEADY_SECONDS)
                gap, until, stream = flow.longest_stop(killed_at)
                yield {"seconds": max(until, again) - killed_at, "longest stop": gap, "of": stream}
                workers.append(start(made))


def first_output(address: str, folder: Path, tries: int) -> Iterator[dict[str, Any]]:
    """The start of one worker on much state."""
    with pipeline(address, "start", folder) as made:
        worker = start(made)
        made.send(_seed(), "seed")
        _wait_until_read(made, worker)
        keys = _keys(made)
        worker.end(signal.SIGTERM)
        for number in range(tries):
            with Flow(made.settings, address, RATE, prefix=f"new{number}").running() as flow:
                time.sleep(STEADY_SECONDS)
                began = time.monotonic()
                worker = start(made)
                try:
                    scored = flow.wait_until_first("score", began, 120) - began
                    told = flow.wait_until_first("detect", began, 120) - began
                    cpu = worker.cpu_seconds()
                    everywhere = flow.wait_until_all_flow(began, 120) - began
                finally:
                    worker.end(signal.SIGTERM)
                yield {"seconds": told, "processor s": cpu, "scored": scored, "everywhere": everywhere, "keys": keys}


def rolling(address: str, folder: Path, tries: int) -> Iterator[dict[str, Any]]:
    """SIGTERM for one worker after the other, each with a new one in its place."""
    with pipeline(address, "rolling", folder) as made:
        workers = [start(made), start(made)]
        with Flow(made.settings, address, RATE).running() as flow:
            for _ in range(tries):
                _steady(flow, workers)
                asked_at = time.monotonic()
                leaving = workers.pop(0)
                code = leaving.end(signal.SIGTERM)
                ended = time.monotonic() - asked_at
                workers.append(start(made))
                workers[-1].wait_until_ready()
                flow.wait_until_all_flow(time.monotonic(), 60)
                time.sleep(STEADY_SECONDS)
                gap, until, stream = flow.longest_stop(asked_at)
                yield {"seconds": gap, "of": stream, "at": until - asked_at, "to end": ended, "exit code": code}


def away(folder: Path, absence: float) -> dict[str, Any]:
    """The broker goes, and comes back."""
    data, cache = folder / "away-broker", Settings().cache
    samples: list[tuple[float, list[float], list[str]]] = []
    with embedded(data, cache) as broker:
        address = broker.address
        made = pipeline(address, "away", folder)
        topics = made.__enter__()
        workers = [start(topics), start(topics)]
        for worker in workers:
            worker.wait_until_ready()
        flow = Flow(topics.settings, address, RATE)
        running = flow.running()
        running.__enter__()
        _steady(flow, workers)
        flow.paused = True  # A sender has its own way of waiting for a broker, and it is not what is measured here.
        time.sleep(2.0)
        samples.append((0.0, [worker.resident_mb() for worker in workers], []))
    try:
        gone_at = time.monotonic()
        while (since := time.monotonic() - gone_at) < absence:
            time.sleep(min(30.0, absence - since))
            told = [worker.unready() or "ready" for worker in workers]
            samples.append((time.monotonic() - gone_at, [worker.resident_mb() for worker in workers], told))
            print(f"  away for {samples[-1][0]:.0f} s: {samples[-1][1]} MB, {told}", file=sys.stderr)
        with embedded(data, cache) as broker:
            back_at = time.monotonic()
            if broker.address != address:
                raise RuntimeError(f"the broker came back at {broker.address} instead of {address}")
            flow.paused = False
            flowing = flow.wait_until_all_flow(back_at, 300) - back_at
            running.__exit__(None, None, None)
            samples.append((time.monotonic() - gone_at, [worker.resident_mb() for worker in workers], []))
            lost = _lost(topics)
            codes = [worker.end(signal.SIGTERM) for worker in workers]
        return {
            "away": absence, "seconds": flowing, "sent": flow.sent, "lost": lost, "exit codes": codes,
            "resident MB": [(round(at), [round(mb) for mb in each], told) for at, each, told in samples],
        }  # fmt: skip
    finally:
        made.__exit__(None, None, None)


def _steady(flow: Flow, workers: list[Worker]) -> None:
    for worker in workers:
        worker.wait_until_ready()
    flow.wait_until_all_flow(time.monotonic(), 60)
    time.sleep(STEADY_SECONDS)


def _seed() -> Events:
    begin = datetime.now(UTC) - timedelta(minutes=SEEDED_MINUTES + 60)
    events: Events = []
    for minute in range(SEEDED_MINUTES):
        at = begin + timedelta(minutes=minute)
        for brand in range(SEEDED_BRANDS):
            event = {
                "id": f"seed-{minute}-{brand}", "brand": f"seeded-{brand}", "author": f"author-{minute % 97}",
                "text": "Where is my parcel?", "created_at": at.isoformat(),
            }  # fmt: skip
            events.append(("posts", RecordedEvent(None, orjson.dumps(event), int(at.timestamp() * 1000))))
    return events


def _wait_until_read(made: Pipeline, worker: Worker, patience: float = 600.0) -> None:
    from streams import admin

    deadline = time.monotonic() + patience
    while sum(each.records for each in admin.lag(made.settings, made.address)):
        if time.monotonic() > deadline or worker.process.poll() is not None:
            raise TimeoutError("the state was not built")
        time.sleep(1.0)


def _keys(made: Pipeline) -> int:
    """Distinct keys in the state's topic, deletions left out."""
    from kafka import KafkaConsumer, TopicPartition

    from streams import connection

    consumer: Any = KafkaConsumer(**connection.kafka_python(made.settings, made.address), enable_auto_commit=False)
    partitions = [TopicPartition(made.settings.state_topic, number) for number in range(made.settings.partitions)]
    consumer.assign(partitions)
    ends = consumer.end_offsets(partitions)
    consumer.seek_to_beginning(*partitions)
    keys: set[tuple[int, bytes]] = set()
    while any(consumer.position(place) < ends[place] for place in partitions):
        for place, records in consumer.poll(timeout_ms=500).items():
            for record in records:
                (keys.discard if record.value is None else keys.add)((place.partition, record.key))
    consumer.close()
    return len(keys)


def _lost(made: Pipeline) -> int:
    """Raw records of which nothing came, once everything is read."""
    from streams import admin
    from streams.topics import QUARANTINE, RAW, SCORED

    deadline = time.monotonic() + 300
    while sum(each.records for each in admin.lag(made.settings, made.address)) and time.monotonic() < deadline:
        time.sleep(1.0)
    sent = len(made.held(RAW["posts"]))
    done = {
        (value["origin"]["partition"], value["origin"]["offset"])
        for topic in (SCORED, QUARANTINE)
        for _, value in made.held(topic)
    }
    return sent - len(done)


def main() -> None:
    """Run what is asked for, print a table or JSON, exit with 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", metavar="kill|start|rolling|away", help="default: kill start rolling")
    parser.add_argument("--tries", type=int, default=3)
    parser.add_argument("--away", type=float, default=600.0, metavar="SECONDS")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work there, and leave the logs")
    arguments = parser.parse_args()
    scenarios: dict[str, Callable[[str, Path, int], Iterator[dict[str, Any]]]] = {
        "kill": kill, "start": first_output, "rolling": rolling,
    }  # fmt: skip
    chosen = arguments.what or list(scenarios)
    if unknown := set(chosen) - {*scenarios, "away"}:
        parser.error(f"there is no {', '.join(unknown)}")
    results: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory(prefix="recovery-") as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if set(chosen) & set(scenarios):
            with embedded(folder / "broker", Settings().cache) as broker:
                for name in chosen:
                    if name in scenarios:
                        results[name] = []
                        for each in scenarios[name](broker.address, folder, arguments.tries):
                            print(f"  {name}: {_line(each)}", file=sys.stderr)
                            results[name].append(each)
        if "away" in chosen:
            results["away"] = [away(folder, arguments.away)]
    if arguments.json:
        sys.stdout.buffer.write(orjson.dumps(results, option=orjson.OPT_APPEND_NEWLINE))
    else:
        for name, tries in results.items():
            seconds = [each["seconds"] for each in tries]
            target = f"target {TARGETS[name]:.0f} s" if name in TARGETS else ""
            print(
                f"{name:<8} median {statistics.median(seconds):5.1f} s  least {min(seconds):5.1f}"
                f"  most {max(seconds):5.1f}  tries {len(seconds)}  {target}"
            )
    missed = [name for name in TARGETS if name in results
              and statistics.median(each["seconds"] for each in results[name]) > TARGETS[name]]  # fmt: skip
    sys.exit(1 if missed else 0)


def _line(result: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {value:.2f}" if isinstance(value, float) else f"{name} {value}" for name, value in result.items()
    )


if __name__ == "__main__":
    main()
