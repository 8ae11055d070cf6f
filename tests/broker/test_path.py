"""The whole path on a real Kafka, judged by the same path in one thread."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from streams.broker import Broker
from streams.settings import Settings
from streams.topics import ALERTS, QUARANTINE, SCORED
from tests.broker.pipeline import SHOP, Events, Outcome, Pipeline, eventually, stop


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


def test_the_path_equals_the_replay(week_done: Pipeline, crowd: Events, truth: Outcome):
    assert week_done.outcome() == truth
    accounted(week_done, len(crowd))


def test_a_restart_in_the_middle_of_a_window_loses_and_doubles_nothing(
    pipeline: Pipeline, crowd: Events, truth: Outcome
):
    worker = pipeline.start()
    pipeline.send(crowd, "week")
    eventually(lambda: len(pipeline.held(SCORED)) > 500, True, why=pipeline.logs)
    stop(worker, signal.SIGKILL)
    pipeline.start()
    eventually(pipeline.outcome, truth, why=pipeline.logs)
    accounted(pipeline, len(crowd))


def test_an_orderly_stop_repeats_nothing(pipeline: Pipeline, crowd: Events, truth: Outcome):
    worker = pipeline.start()
    pipeline.send(crowd, "week")
    eventually(lambda: len(pipeline.held(SCORED)) > 500, True, why=pipeline.logs)
    assert stop(worker) == 0
    pipeline.start()
    eventually(pipeline.outcome, truth, why=pipeline.logs)
    accounted(pipeline, len(crowd))
    assert len(origins(pipeline, SCORED)) == len(set(origins(pipeline, SCORED)))


def test_a_second_worker_joins_and_the_first_is_killed(pipeline: Pipeline, crowd: Events, truth: Outcome):
    first = pipeline.start()
    pipeline.send(crowd, "week")
    eventually(lambda: len(pipeline.held(SCORED)) > 500, True, why=pipeline.logs)
    pipeline.start()
    eventually(lambda: len(pipeline.held(SCORED)) > 2_000, True, why=pipeline.logs)
    stop(first, signal.SIGKILL)
    eventually(pipeline.outcome, truth, why=pipeline.logs)
    accounted(pipeline, len(crowd))


def test_a_worker_that_was_frozen_wakes_up_to_find_itself_replaced(pipeline: Pipeline, crowd: Events, truth: Outcome):
    frozen = pipeline.start()
    pipeline.send(crowd, "week")
    eventually(lambda: len(pipeline.held(SCORED)) > 500, True, why=pipeline.logs)
    frozen.send_signal(signal.SIGSTOP)
    pipeline.start()  # It gets the partitions when the frozen one's session has timed out.
    eventually(lambda: len(pipeline.outcome()) > len(truth) // 2, True, why=pipeline.logs)
    frozen.send_signal(signal.SIGCONT)
    eventually(pipeline.outcome, truth, why=pipeline.logs)
    time.sleep(3.0)  # Whatever it still had in hand has arrived by now.
    assert pipeline.outcome() == truth, pipeline.logs()
    accounted(pipeline, len(crowd))


def test_every_alert_is_told_once_it_is_published(week_done: Pipeline):
    alerts = {(value["fingerprint"], value["revision"]) for _, value in week_done.held(ALERTS)}
    said = week_done.logs()
    assert alerts
    assert [
        name for name in (f"{fingerprint}/{revision}" for fingerprint, revision in alerts) if name not in said
    ] == []
