"""Who may do what on the broker. That a worker needs just this is tried in tests/broker/test_secured.py."""

from __future__ import annotations

import re

import orjson
import pytest
from typer.testing import CliRunner

from groundswell.cli import app
from streams import rights
from streams.settings import Settings
from streams.topics import ALL, INPUTS, QUARANTINE, SCORED


def granted(role: rights.Role, operation: str) -> set[str]:
    return {it.name for it in rights.of(role, Settings()) if operation in it.operations and it.resource == "topic"}


def names(*topics: object) -> set[str]:
    return {topic.full_name("groundswell.") for topic in ALL if topic in topics}


def test_a_source_only_writes_and_a_subscriber_only_reads_what_nobody_can_be_known_by() -> None:
    assert granted("source", "Write") == names(*INPUTS)
    assert {operation for it in rights.of("source", Settings()) for operation in it.operations} == {"Write"}
    assert {operation for it in rights.of("subscriber", Settings()) for operation in it.operations} == {"Read"}
    assert SCORED.full_name("groundswell.") in granted("subscriber", "Read")
    assert not granted("subscriber", "Read") & names(*INPUTS, QUARANTINE)


def test_a_worker_writes_nothing_that_is_others_to_say() -> None:
    assert not granted("worker", "Write") & names(*INPUTS)
    assert granted("worker", "DescribeConfigs") == names(*ALL) | {Settings().state_topic}


def test_only_who_creates_topics_can_change_them() -> None:
    for role in rights.ROLES:
        changing = granted(role, "Create") | granted(role, "AlterConfigs")
        assert changing == (names(*ALL) | {Settings().state_topic} if role == "topics" else set())


def test_the_command_prints_kafkas_own_for_these_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_TOPIC_PREFIX", "shop.")
    monkeypatch.setenv("GROUNDSWELL_GROUP", "listeners")
    monkeypatch.setenv("GROUNDSWELL_BROKER", "kafka:9093")
    told = CliRunner().invoke(app, ["topics", "rights", "worker", "--principal", "User:ears"]).stdout.splitlines()
    form = r"kafka-acls.sh --bootstrap-server kafka:9093 --add --allow-principal User:ears "
    form += r"--(topic|group) \S+( --operation \w+)+"
    assert all(re.fullmatch(form, line) for line in told)
    assert any("--topic shop.listeners.state.v2 --operation Read --operation Write" in line for line in told)
    assert told[-1].endswith("--group listeners --operation Read")
    as_json = CliRunner().invoke(app, ["topics", "rights", "source", "--json"]).stdout.splitlines()
    assert orjson.loads(as_json[0]) == {"resource": "topic", "name": "shop.changes.v1", "operations": ["Write"]}


def test_a_role_that_there_is_not_is_told_with_those_that_there_are() -> None:
    refused = CliRunner().invoke(app, ["topics", "rights", "king"])
    assert refused.exit_code == 2
    assert "worker, source, subscriber, oncall, topics" in refused.output
