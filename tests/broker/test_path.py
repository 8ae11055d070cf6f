"""The whole path on a real Kafka, judged by the same path in one thread."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from groundswell.demo.week import week
from streams.broker import Broker
from streams.recorded import RecordedEvent
from streams.settings import Settings
from streams.topics import ALERTS, QUARANTINE, SCORED
from tests.broker.pipeline import Events, Pipeline, eventually, stop

SHOP = ("generic", "subscription-shop", "mobile-app")


@pytest.fixture(scope="module")
def events() -> Events:
    return [(record.source, RecordedEvent(record.key, record.value, record.time_ms)) for record in week()]


@pytest.fixture
def pipeline(broker: Broker, settings: Settings, tmp_path: Path):
    with Pipeline(settings, broker.address, tmp_path, SHOP) as started:
        yield started


def origins(pipeline: Pipeline, topic) -> list[tuple]:
    return [
        tuple(value["origin"][part] for part in ("topic", "partition", "offset")) for _, value in pipeline.held(topic)
    ]


def accounted(pipeline: Pipeline, sent: int) -> None:
    """raw = distinct scored + quarantined, and none is both."""
    scored, quarantined = set(origins(pipeline, SCORED)), set(origins(pipeline, QUARANTINE))
    assert not scored & quarantined
    assert len(scored) + len(quarantined) == sent


def test_the_path_equals_the_replay(pipeline: Pipeline, events: Events):
    pipeline.start()
    pipeline.send(events, "week")
    truth = pipeline.truth(events)
    assert sum(key[0] == "alert" for key in truth) >= 5, "the week has its incidents"
    eventually(pipeline.outcome, truth, why=pipeline.logs)
    accounted(pipeline, len(events))


def test_a_restart_in_the_middle_of_a_window_loses_and_doubles_nothing(pipeline: Pipeline, events: Events):
    worker = pipeline.start()
    pipeline.send(events, "week")
    eventually(lambda: len(pipeline.held(SCORED)) > 500, True, why=pipeline.logs)
    stop(worker, signal.SIGKILL)
    pipeline.start()
    eventually(pipeline.outcome, pipeline.truth(events), why=pipeline.logs)
    accounted(pipeline, len(events))


def test_an_orderly_stop_repeats_nothing(pipeline: Pipeline, events: Events):
    worker = pipeline.start()
    pipeline.send(events, "week")
    eventually(lambda: len(pipeline.held(SCORED)) > 500, True, why=pipeline.logs)
    assert stop(worker) == 0
    pipeline.start()
    eventually(pipeline.outcome, pipeline.truth(events), why=pipeline.logs)
    accounted(pipeline, len(events))
    assert len(origins(pipeline, SCORED)) == len(set(origins(pipeline, SCORED)))


def test_a_second_worker_joins_and_the_first_is_killed(pipeline: Pipeline, events: Events):
    first = pipeline.start()
    pipeline.send(events[: len(events) // 2], "monday")
    eventually(lambda: len(pipeline.held(SCORED)) > 500, True, why=pipeline.logs)
    pipeline.start()
    pipeline.send(events[len(events) // 2 :], "thursday")
    eventually(lambda: len(pipeline.held(SCORED)) > len(events) // 2 + 500, True, why=pipeline.logs)
    stop(first, signal.SIGKILL)
    eventually(lambda: len(set(origins(pipeline, SCORED))) > len(events) - 50, True, why=pipeline.logs)
    accounted_soon = lambda: len(set(origins(pipeline, SCORED)) | set(origins(pipeline, QUARANTINE)))  # noqa: E731
    eventually(accounted_soon, len(events), why=pipeline.logs)


def test_every_alert_is_told_once_it_is_published(pipeline: Pipeline, events: Events):
    pipeline.start()
    pipeline.send(events, "week")
    eventually(pipeline.outcome, pipeline.truth(events), why=pipeline.logs)
    alerts = {(value["fingerprint"], value["revision"]) for _, value in pipeline.held(ALERTS)}
    eventually(
        lambda: all(f"{fingerprint}/{revision}" in pipeline.logs() for fingerprint, revision in alerts),
        True,
        why=pipeline.logs,
    )
