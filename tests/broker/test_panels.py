"""The dashboards' queries and the rules, asked of a real Prometheus that has watched the demo's week on Kafka."""

from __future__ import annotations

import pytest

from tests.broker.pipeline import Pipeline
from tests.broker.watched import Watched
from tests.support.prometheus import program
from tests.unit.test_deploy import ALERTS, RECORDED

NOTHING_IS_WRONG = {"pipeline: Alerts about the pipeline", "pipeline: Alerts"}
"""They show rules that fire, and in that week none does."""


@pytest.fixture
def seen(watched: Watched | None, week_done: Pipeline) -> Watched:
    program("prometheus")
    assert watched is not None
    return watched


def test_every_panel_shows_something_of_a_running_pipeline_and_no_query_errs(seen: Watched) -> None:
    assert len(seen.panels) > 50
    assert {where: answer for where, answer in seen.panels.items() if isinstance(answer, str)} == {}
    empty = {where.partition(",")[0] for where, answer in seen.panels.items() if not answer}
    assert empty == NOTHING_IS_WRONG


def test_every_rule_is_evaluated_reads_what_is_there_and_finds_nothing_wrong(seen: Watched) -> None:
    told = {rule["name"]: rule for rule in seen.rules}
    assert told.keys() == ALERTS.keys() | RECORDED
    assert {name: rule.get("lastError") for name, rule in told.items() if rule["health"] != "ok"} == {}
    assert [name for name in ALERTS if told[name]["state"] == "firing"] == []
    assert {selector for selector, series in seen.read.items() if not series} == set()
