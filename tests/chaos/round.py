"""One round: workers under load, the faults of its schedule, and the judgement."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.raw import Source
from streams import admin, pseudonym_key
from streams.recorded import RecordedEvent
from streams.send import send
from streams.settings import Settings
from streams.topics import RAW
from tests.broker.pipeline import Events, Pipeline
from tests.chaos import cast
from tests.chaos.cast import MortalBroker, Worker
from tests.chaos.judge import Judgement, judge
from tests.chaos.measure import Measures, Struck, measure
from tests.chaos.records import stream
from tests.chaos.schedule import Fault, Schedule
from tests.chaos.tail import Tail
from tests.chaos.truth import Found, truth_of

CATALOG: Final = ("generic", "subscription-shop", "mobile-app")
PARTITIONS: Final = 4
LOOK_SECONDS: Final = 0.02
STRIKE_SECONDS: Final = 5.0
"""A fault does not wait longer for its share of the wave: nobody may be there to score it."""
FINISH_SECONDS: Final = 300.0
"""How long the workers may take for what is left when all faults are over."""
STILL_SECONDS: Final = 3.0
"""When all that should be there is there: whatever else somebody still has in hand has arrived by then."""
END_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Played:
    """A round that is over."""

    schedule: Schedule
    events: int
    struck: tuple[Struck, ...]
    judgement: Judgement
    measures: Measures
    slow: tuple[int, ...]
    """Workers that the group went on without, though nobody had frozen them: the machine is too busy for the round."""
    seconds: float


class Round:
    """Plays a schedule with a broker of its own, in a folder that keeps everything."""

    def __init__(self, plan: Schedule, folder: Path, *, brands: int = 2, crowd: int = 1) -> None:
        self._plan, self._folder, self._brands, self._crowd = plan, folder, brands, crowd
        name = f"chaos{plan.seed}"
        self._settings = Settings(topic_prefix=f"{name}.", group=name, partitions=PARTITIONS)
        self._found = Found(self._settings.topic_prefix)
        self._workers: dict[int, Worker] = {}
        self._struck: list[Struck] = []
        self._disk_is_full = False
        self._ending_well: list[int] = []
        """Workers that were asked to end, and should do so with exit code 0."""
        self._starting: set[int] = set()
        """Workers that had not been ready when the broker was killed."""
        self._problems: list[str] = []
        self._threads: list[threading.Thread] = []
        self._broker_is_up = threading.Event()
        self._over = threading.Event()

    def play(self) -> Played:
        """Start everybody, do what the schedule says, wait until all is done, and compare.

        Raises:
            TimeoutError: The workers don't even get ready.
        """
        began, now_ms = time.monotonic(), time.time_ns() // 1_000_000
        plan = self._plan
        events = stream(plan.seed, plan.disorder, brands=self._brands, crowd=self._crowd, now_ms=now_ms)
        with (
            ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as oracle,
            MortalBroker(self._folder / "broker", self._settings.cache) as self._broker,
            Pipeline(self._settings, self._broker.address, self._folder, CATALOG) as self._pipeline,
            Tail(self._pipeline.settings, self._broker.address) as self._tail,
        ):
            self._broker_is_up.set()
            key = pseudonym_key.load(self._pipeline.settings)
            asked = oracle.submit(truth_of, events, CATALOG, key)
            try:
                for number in range(plan.workers):
                    self._start_worker(number)
                for worker in self._workers.values():
                    worker.wait_until_ready()
                self._send_and_strike(events)
                truth = asked.result(FINISH_SECONDS)
                self._wait_for(lambda: self._found.complete(truth), FINISH_SECONDS)
                self._wait_for(lambda: False, STILL_SECONDS)
                if not self._wait_for(self._all_is_seen_and_committed, END_SECONDS):
                    self._problems.append("not all that was read is committed")
                self._end()
            finally:
                self._over.set()
                for worker in self._workers.values():
                    worker.thaw()
            self._found.take(self._tail.seen)
            judgement = judge(truth, self._found, events)
        measures = measure(self._struck, self._found, self._tail.seen, self._settings)
        if measures.unexplained and not self._slow():
            self._problems.append(f"read again though nobody was hurt: {measures.unexplained:,} records")
        judgement.problems += self._problems
        seconds = time.monotonic() - began
        return Played(plan, len(events), tuple(self._struck), judgement, measures, self._slow(), seconds)

    # The load.

    def _send_and_strike(self, events: Events) -> None:
        faults = self._plan.faults
        count = len(faults) + 1
        waves = [events[len(events) * n // count : len(events) * (n + 1) // count] for n in range(count)]
        gates = [threading.Event() for _ in waves]
        self._in_background(lambda: self._send(waves, gates))
        began, sent = time.monotonic(), 0
        try:
            for fault, gate, wave in zip(faults, gates, waves, strict=False):
                self._wait_for(lambda: False, began + fault.at - time.monotonic())
                gate.set()
                enough = int(sent + fault.share * len(wave))
                sent += len(wave)
                self._wait_for(lambda: self._found.read >= enough, STRIKE_SECONDS)  # noqa: B023 - called at once.
                self._strike(fault, time.monotonic() - began, sent - self._found.read)
            self._wait_for(lambda: False, self._plan.rest)
            gates[-1].set()
            # Everybody is awake, the broker is up, and all is sent.
            self._wait_for(lambda: not any(thread.is_alive() for thread in self._threads), FINISH_SECONDS)
        finally:
            if not gates[-1].is_set():
                self._over.set()
                for gate in gates:
                    gate.set()

    def _send(self, waves: list[Events], gates: list[threading.Event]) -> None:
        def flow() -> Iterator[tuple[Source, RecordedEvent]]:
            for gate, wave in zip(gates, waves, strict=True):
                gate.wait()
                if self._over.is_set():
                    return
                yield from wave

        settings, address = self._pipeline.settings, self._broker.address
        try:
            asyncio.run(send(flow(), settings=settings, address=address, replay=settings.group, piped=True))
        except Exception as error:
            self._problems.append(f"the sender gave up: {type(error).__name__}: {error}")

    # The faults.

    def _strike(self, fault: Fault, after: float, waiting: int) -> None:
        if fault.kind == "join":
            self._broker_is_up.wait(FINISH_SECONDS)
            self._struck.append(Struck(fault, after, time.monotonic(), waiting=waiting))
            assert fault.worker is not None
            self._start_worker(fault.worker)
            return
        worker = None if fault.worker is None else self._workers[fault.worker]
        # Before it is hit; in the instant between, nothing moves as long as no other fault is at work.
        owned = worker.partitions() if worker is not None and fault.kind in ("kill", "freeze") else None
        self._struck.append(Struck(fault, after, time.monotonic(), owned, waiting))
        if worker is None:
            self._starting = {number for number, each in self._workers.items() if not each.ended and not each.ready()}
            self._broker_is_up.clear()
            self._broker.kill()
            self._in_background(lambda: self._restart_broker(fault.seconds))
        elif fault.kind == "kill":
            worker.end(signal.SIGKILL)
        elif fault.kind == "stop":
            worker.end(signal.SIGTERM)
            if self._broker_is_up.is_set():  # Else nobody can take its last commit: then it ends as well as it can.
                self._ending_well.append(worker.number)
        elif fault.kind == "freeze":
            worker.freeze()
            self._in_background(lambda: self._thaw(worker, fault.seconds))
        elif fault.kind == "disk":
            self._disk_is_full = True  # Also for those who start on it from now on.
            worker.fill_its_disk()
        else:
            worker.move_its_clock(fault.seconds)

    def _restart_broker(self, after: float) -> None:
        self._over.wait(after)
        self._broker.start()
        self._broker_is_up.set()

    def _thaw(self, worker: Worker, after: float) -> None:
        self._over.wait(after)
        worker.thaw()

    def _start_worker(self, number: int) -> None:
        with socket.socket() as probe:
            probe.bind((cast.LOCALHOST, 0))
            port = int(probe.getsockname()[1])
        self._workers[number] = cast.start(self._pipeline, number, port)
        if self._disk_is_full:
            self._workers[number].fill_its_disk()

    def _in_background(self, work: Callable[[], None]) -> None:
        self._threads.append(threading.Thread(target=work, daemon=True))
        self._threads[-1].start()

    # Waiting.

    def _wait_for(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait, take in what comes on the topics, and see who falls over by himself."""
        deadline = time.monotonic() + seconds
        while True:
            self._found.take(self._tail.seen)
            for number, worker in self._workers.items():
                if worker.ended and not worker.asked_to_end:
                    self._fell(number, worker)
                    break
            if condition():
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(LOOK_SECONDS)

    def _fell(self, number: int, worker: Worker) -> None:
        """A worker has ended by itself: that is wrong; and it is started again, as whoever runs workers does."""
        code = worker.process.returncode
        if number in self._starting:
            self._starting.discard(number)  # It could not start without a broker, and whoever runs it tries again.
        else:
            self._problems.append(f"worker {number} ended by itself with exit code {code}; see worker-*.log")
        self._struck.append(Struck(None, 0.0, time.monotonic()))
        worker.asked_to_end = True
        if self._broker_is_up.wait(END_SECONDS):
            self._start_worker(number)

    def _slow(self) -> tuple[int, ...]:
        frozen = {struck.fault.worker for struck in self._struck if struck.fault and struck.fault.kind == "freeze"}
        return tuple(number for number, each in self._workers.items() if number not in frozen and each.thrown_out)

    def _all_is_seen_and_committed(self) -> bool:
        raw = {topic.full_name(self._settings.topic_prefix) for topic in RAW.values()}
        lags = admin.lag(self._pipeline.settings, self._broker.address, raw)
        return self._tail.complete() and not any(lag.records for lag in lags if lag.topic in raw)

    def _end(self) -> None:
        """An orderly end of those who are left; whoever was asked for one before has to have ended well, too."""
        for number, worker in self._workers.items():
            if not worker.asked_to_end:
                worker.end(signal.SIGTERM)
                self._ending_well.append(number)
        for number in self._ending_well:
            code = self._workers[number].process.wait(END_SECONDS)
            if code:
                self._problems.append(f"worker {number} was asked to end, and did with exit code {code}")
