"""One embedded broker for all tests here: the launcher that users have, on a folder of its own."""

from __future__ import annotations

import gzip
import itertools
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from groundswell.demo.week import INCIDENTS, week
from schemas.raw import Source
from streams.broker import Broker, embedded
from streams.recorded import RecordedEvent
from streams.settings import Settings
from tests.broker.pipeline import SHOP, Events, Outcome, Pipeline, eventually, stop, truth_of
from tests.broker.watched import Watched, watching

_numbers = itertools.count(1)

CROWD = 2
"""The week is told by so many times its people, so that a worker is in the middle of it when it is ended."""


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    # The cache is the user's own, so that the jars are fetched once and not by each run.
    with embedded(tmp_path_factory.mktemp("broker"), Settings().cache) as started:
        yield started


@pytest.fixture
def settings(broker: Broker) -> Settings:
    """Settings whose topics and group no other test has."""
    return _settings(broker)


def _settings(broker: Broker) -> Settings:
    name = f"test{next(_numbers)}"
    return Settings(broker=broker.address, topic_prefix=f"{name}.", group=name, partitions=2)


@pytest.fixture(scope="session")
def crowd() -> Events:
    """The demo's week, told by a crowd."""
    told: Events = []
    for record in week():
        for number in range(CROWD):
            value = record.value
            for name in (b'"id":"', b'"author":"', b'"conversation_id":"'):
                value = value.replace(name, name + str(number).encode() + b"-")
            told.append((record.source, RecordedEvent(record.key and f"{number}-{record.key}", value, record.time_ms)))
    return told


@pytest.fixture(scope="session")
def truth(crowd: Events) -> Outcome:
    """What has to come of it."""
    found = truth_of(crowd, SHOP)
    assert sum(key[0] == "alert" for key in found) >= 6, "the week has its incidents"
    return found


@pytest.fixture(scope="session")
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """Where OpenTelemetry's spans are sent to, and what came: OTLP over HTTP."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if self.path != "/v1/traces":  # It is a receiver of alerts, too.
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(200)
                self.end_headers()
                return
            body = self.rfile.read(int(self.headers["content-length"]))
            bodies.append(gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", bodies
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched | None]:
    """What Prometheus sees of ``week_done``; None where it isn't installed."""
    with ExitStack() as until:
        there = shutil.which("prometheus") is not None
        yield until.enter_context(watching(tmp_path_factory.mktemp("watched"))) if there else None


@pytest.fixture(scope="session")
def week_done(
    broker: Broker,
    crowd: Events,
    truth: Outcome,
    collector: tuple[str, list[bytes]],
    watched: Watched | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Pipeline]:
    """The topics as one worker left them when it had read the whole week, traced and watched: for tests that look."""
    with Pipeline(_settings(broker), broker.address, tmp_path_factory.mktemp("week"), SHOP) as pipeline:
        more = {} if watched is None else {"GROUNDSWELL_METRICS_PORT": str(watched.port)}
        worker = pipeline.start(
            GROUNDSWELL_TRACES="true", GROUNDSWELL_TRACE_SHARE="0.05", OTEL_EXPORTER_OTLP_ENDPOINT=collector[0],
            GROUNDSWELL_WEBHOOK_URL=f"{collector[0]}/alerts", **more,
        )  # fmt: skip
        pipeline.send(crowd if watched is None else _until_seen(crowd, watched), "week", piped=True)
        eventually(pipeline.outcome, truth, why=pipeline.logs)
        told = [f"{name}/{revision}" for kind, name, revision, *_ in truth if kind == "alert"]
        eventually(lambda: [it for it in told if it not in pipeline.logs()], [], why=pipeline.logs)
        if watched is not None:
            eventually(lambda: watched.has("groundswell_recovery_seconds"), True, why=pipeline.logs)
            watched.ask()
        assert stop(worker) == 0, pipeline.logs()
        yield pipeline


def _until_seen(week: Events, watched: Watched) -> Iterator[tuple[Source, RecordedEvent]]:
    """The week, which stands still in its first incident until Prometheus has seen an open alert: a worker is quick."""
    incident = min(INCIDENTS, key=lambda it: it.starts_at)
    middle_ms = int((incident.starts_at + (incident.ends_at - incident.starts_at) / 2).timestamp() * 1000)
    middle = next(number for number, (_, event) in enumerate(week) if event.time_ms >= middle_ms)
    yield from week[:middle]
    eventually(lambda: watched.has("groundswell_open_alerts"), True)
    yield from week[middle:]
