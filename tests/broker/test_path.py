"""The whole path on a real Kafka, judged by the same path in one thread."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from groundswell.demo.week import week
from streams.broker import Broker
from streams.recorded import RecordedEvent
from streams.settings import Settings
from streams.topics import ALERTS, QUARANTINE, SCORED
from tests.broker.pipeline import Events, Outcome, Pipeline, eventually, stop, truth_of

SHOP = ("generic", "subscription-shop", "mobile-app")


CROWD = 2
"""The week is told by so many times its people, so that a worker is in the middle of it when it is ended."""


@pytest.fixture(scope="module")
def events() -> Events:
    told: Events = []
    for record in week():
        for number in range(CROWD):
            value = record.value
            for name in (b'"id":"', b'"author":"', b'"conversation_id":"'):
                value = value.replace(name, name + str(number).encode() + b"-")
            told.append((record.source, RecordedEvent(record.key and f"{number}-{record.key}", value, record.time_ms)))
    return told


@pytest.fixture(scope="module")
def truth(events: Events) -> Outcome:
    found = truth_of(events, SHOP)
    assert sum(key[0] == "alert" for key in found) >= 6, "the week has its incidents"
    return found


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


def test_the_path_equals_the_replay(pipeline: Pipeline, events: Events, truth: Outcome):
    pipeline.start()
    pipeline.send(events, "week")
    eventually(pipeline.outcome, truth, why=pipeline.logs)
    accounted(pipeline, len(events))


def test_a_restart_in_the_middle_of_a_window_loses_and_doubles_nothing(
    pipeline: Pipeline, events: Events, truth: Outcome
):
    worker = pipeline.start()
    pipeline.send(events, "week")
    eventually(lambda: len(pipeline.held(SCORED)) > 500, True, why=pipeline.logs)
    stop(worker, signal.SIGKILL)
    pipeline.start()
    eventually(pipeline.outcome, truth, why=pipeline.logs)
    accounted(pipeline, len(events))


def test_an_orderly_stop_repeats_nothing(pipeline: Pipeline, events: Events, truth: Outcome):
    worker = pipeline.start()
    pipeline.send(events, "week")
    eventually(lambda: len(pipeline.held(SCORED)) > 500, True, why=pipeline.logs)
    assert stop(worker) == 0
    pipeline.start()
    eventually(pipeline.outcome, truth, why=pipeline.logs)
    accounted(pipeline, len(events))
    assert len(origins(pipeline, SCORED)) == len(set(origins(pipeline, SCORED)))


def test_a_second_worker_joins_and_the_first_is_killed(pipeline: Pipeline, events: Events, truth: Outcome):
    first = pipeline.start()
    pipeline.send(events, "week")
    eventually(lambda: len(pipeline.held(SCORED)) > 500, True, why=pipeline.logs)
    pipeline.start()
    eventually(lambda: len(pipeline.held(SCORED)) > 2_000, True, why=pipeline.logs)
    stop(first, signal.SIGKILL)
    eventually(pipeline.outcome, truth, why=pipeline.logs)
    accounted(pipeline, len(events))


def test_a_worker_that_was_frozen_wakes_up_to_find_itself_replaced(pipeline: Pipeline, events: Events, truth: Outcome):
    frozen = pipeline.start()
    pipeline.send(events, "week")
    eventually(lambda: len(pipeline.held(SCORED)) > 500, True, why=pipeline.logs)
    frozen.send_signal(signal.SIGSTOP)
    pipeline.start()  # It gets the partitions when the frozen one's session has timed out.
    eventually(lambda: len(pipeline.outcome()) > len(truth) // 2, True, why=pipeline.logs)
    frozen.send_signal(signal.SIGCONT)
    eventually(pipeline.outcome, truth, why=pipeline.logs)
    time.sleep(3.0)  # Whatever it still had in hand has arrived by now.
    assert pipeline.outcome() == truth, pipeline.logs()
    accounted(pipeline, len(events))


def test_every_alert_is_told_once_it_is_published(pipeline: Pipeline, events: Events, truth: Outcome):
    pipeline.start()
    pipeline.send(events, "week")
    eventually(pipeline.outcome, truth, why=pipeline.logs)
    alerts = {(value["fingerprint"], value["revision"]) for _, value in pipeline.held(ALERTS)}
    eventually(
        lambda: all(f"{fingerprint}/{revision}" in pipeline.logs() for fingerprint, revision in alerts),
        True,
        why=pipeline.logs,
    )
