"""What stands still is told, what dies takes its worker with it, and a broker that is away is waited for."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from groundswell.demo.week import week
from streams.broker import Broker, embedded
from streams.recorded import RecordedEvent
from streams.settings import Settings
from streams.topics import SCORED
from tests.broker.pipeline import Events, Pipeline, eventually, stop, truth_of

INJURED = ("-m", "tests.broker.injured")
SHOP = ("generic", "subscription-shop", "mobile-app")


class Worker:
    """A worker's process, and what it says at /readyz and /metrics."""

    def __init__(
        self, pipeline: Pipeline, command: tuple[str, ...] = ("-m", "groundswell"), **environment: str
    ) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._at = f"http://127.0.0.1:{probe.getsockname()[1]}"
        port = self._at.rpartition(":")[2]
        self.process = pipeline.start(command, GROUNDSWELL_METRICS_PORT=port, **environment)

    def says(self) -> str:
        """What it waits for; ``ready``; or nothing, where it does not answer."""
        try:
            with urllib.request.urlopen(f"{self._at}/readyz", timeout=10) as answer:
                return str(answer.read().decode().strip())
        except urllib.error.HTTPError as error:
            assert error.code == 503
            return error.read().decode().strip()
        except OSError:
            return ""

    def metric(self, name: str) -> float:
        """The largest of a metric's values."""
        with urllib.request.urlopen(f"{self._at}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return max(float(line.rsplit(maxsplit=1)[1]) for line in lines if line.startswith(name))


class Moody:
    """A broker that comes and goes, always at the same address and with the same records."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running = ExitStack()
        self.address = ""

    def comes(self) -> None:
        address = self._running.enter_context(embedded(self._folder, Settings().cache)).address
        assert self.address in ("", address), "it comes back where it was"
        self.address = address

    def goes(self) -> None:
        self._running.close()


@pytest.fixture
def moody(tmp_path: Path) -> Iterator[Moody]:
    broker = Moody(tmp_path / "broker")
    yield broker
    broker.goes()


@pytest.fixture
def pipeline(broker: Broker, settings: Settings, tmp_path: Path) -> Iterator[Pipeline]:
    with Pipeline(settings, broker.address, tmp_path) as started:
        yield started


@pytest.fixture(scope="module")
def events() -> Events:
    return [(record.source, RecordedEvent(record.key, record.value, record.time_ms)) for record in week()]


def ready(pipeline: Pipeline, *workers: Worker) -> None:
    for worker in workers:
        eventually(worker.says, "ready", why=pipeline.logs)


# Standing still.


def test_a_partition_that_stands_still_is_told_by_name_with_its_lag(pipeline: Pipeline, events: Events) -> None:
    worker = Worker(pipeline, INJURED, INJURY="step_hangs", GROUNDSWELL_STALLED_AFTER="PT2S")
    ready(pipeline, worker)
    pipeline.send(events[:200], "some")
    scored = re.escape(SCORED.full_name(pipeline.settings.topic_prefix))
    told = rf"standing still: .*{scored}:\d has finished nothing for \d+ s, and [\d,]+ records wait"
    eventually(lambda: bool(re.search(told, worker.says())), True, why=lambda: worker.says() + pipeline.logs())
    assert worker.metric("groundswell_stalled_seconds") > 2.0
    assert worker.metric("groundswell_broker_up") == 1.0
    assert re.search(rf"ERROR streams.app: Standing still: {scored}:\d", pipeline.logs())
    assert worker.process.poll() is None


# Dying.


@pytest.mark.parametrize(
    ("injury", "said"),
    [
        ("agent_fails", "The agent score has failed"),
        ("agent_is_cancelled", "a part of it is dead: agent score"),
        ("step_fails", "detect failed on"),
        ("progress_ends", "a part of it is dead: Injured._tell_progress"),
        ("commits_end", "a part of it is dead: FrameConsumer._commit_handler"),
        ("delivery_ends", "a part of it is dead: Fetcher._fetcher"),
        ("rebalancing_ends", "a part of it is dead: PatientRecovery._restart_recovery"),
        ("sender_ends", "a part of it is dead: a producer's sender"),
        ("membership_ends", "a part of it is dead: the consumer's group membership"),
        ("membership_is_refused", "GroupAuthorizationFailedError"),
        ("heartbeats_end", "a part of it is dead: the consumer's heartbeats"),
        ("fetching_ends", "a part of it is dead: the consumer's fetching"),
        ("silences_end", "a part of it is dead: Injured._read_silences"),
        ("silences_are_not_fetched", "silences.v1 has ended"),
        ("release_ends", "a part of it is dead: Injured._release"),
        ("thread_ends", "a part of it is dead: "),
        ("http_ends", "a part of it is dead: HTTP on http://127.0.0.1"),
        ("loop_hangs", "The worker has been hanging for 3 s; it is ended at once"),
    ],
)
def test_what_dies_takes_the_worker_with_it(pipeline: Pipeline, events: Events, injury: str, said: str) -> None:
    pipeline.send(events[:500], "some")
    worker = Worker(pipeline, INJURED, INJURY=injury, END_SECONDS="4")
    if injury.startswith(("agent", "step")):
        ready_or_gone = lambda: worker.says() == "ready" or worker.process.poll() is not None  # noqa: E731
        eventually(ready_or_gone, True, why=pipeline.logs)
        pipeline.send(events[500:600], "more")
    try:
        code = worker.process.wait(timeout=90)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"it lives\n{worker.says()}\n{pipeline.logs()}") from None
    assert code == 1
    eventually(lambda: said in pipeline.logs(), True, patience=5, why=pipeline.logs)


# A broker that is away.


def test_a_broker_that_was_away_is_waited_for_and_nothing_is_lost(
    moody: Moody, events: Events, settings: Settings, tmp_path: Path
) -> None:
    moody.comes()
    settings = settings.model_copy(update={"broker": moody.address})
    truth = truth_of(events, SHOP)
    with Pipeline(settings, moody.address, tmp_path, SHOP) as pipeline:
        workers = [Worker(pipeline), Worker(pipeline)]
        ready(pipeline, *workers)
        pipeline.send(events, "week")
        eventually(lambda: len(pipeline.held(SCORED)) > 200, True, why=pipeline.logs)
        moody.goes()
        for worker in workers:
            eventually(lambda w=worker: "has not answered for" in w.says(), True, why=pipeline.logs)
            assert worker.metric("groundswell_broker_up") == 0.0
        time.sleep(20.0)  # Longer than the session and the group's rebalance take.
        moody.comes()
        ready(pipeline, *workers)
        eventually(pipeline.outcome, truth, why=pipeline.logs)
        for worker in workers:
            assert worker.metric("groundswell_broker_up") == 1.0
            assert worker.process.poll() is None, "it is the same process"
        # Each said it once when the broker went and once when it was back.
        assert pipeline.logs().count("The broker does not answer; waiting for it") == 2
        assert pipeline.logs().count("The broker answers again, after") == 2
        assert [stop(worker.process) for worker in workers] == [0, 0]


def test_a_worker_that_starts_first_waits_for_its_broker(moody: Moody, settings: Settings, tmp_path: Path) -> None:
    moody.comes()
    settings = settings.model_copy(update={"broker": moody.address})
    with Pipeline(settings, moody.address, tmp_path) as pipeline:
        moody.goes()
        leaves, stays = Worker(pipeline), Worker(pipeline)
        eventually(lambda: pipeline.logs().count("waiting for the broker: No Kafka can be reached"), 2)
        assert stop(leaves.process) == 0
        time.sleep(3.0)
        moody.comes()
        ready(pipeline, stays)
        assert pipeline.logs().count("waiting for the broker") == 2, "it does not say so each second"
        assert f"{moody.address}: The broker answers again" in pipeline.logs()
        # While the broker is away an orderly end is not possible, but an end is.
        impatient = Worker(pipeline, INJURED, END_SECONDS="3")
        ready(pipeline, impatient)
        moody.goes()
        eventually(lambda: "has not answered for" in impatient.says(), True, why=pipeline.logs)
        impatient.process.send_signal(signal.SIGTERM)
        assert impatient.process.wait(timeout=30) == 1
        eventually(lambda: "The worker did not end within 3 s" in pipeline.logs(), True, patience=5, why=pipeline.logs)
