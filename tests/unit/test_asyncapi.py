"""The AsyncAPI document: as checked in, of every topic, and what the official schema calls valid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from groundswell.asyncapi import document
from groundswell.cli import app
from streams.settings import Settings
from streams.topics import ALL, INPUTS
from tests.golden.path import ASYNCAPI


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_checked_in_document_is_todays() -> None:
    meant = "if that is meant: python -m tests.golden.regenerate"
    assert orjson.loads(ASYNCAPI.read_bytes()) == document(Settings()), meant


def test_the_command_prints_it_for_these_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_TOPIC_PREFIX", "shop.")
    monkeypatch.setenv("GROUNDSWELL_PARTITIONS", "12")
    result = CliRunner().invoke(app, ["schema", "--asyncapi"])
    printed = orjson.loads(result.stdout)
    assert printed == document(Settings(topic_prefix="shop.", partitions=12))
    assert printed["channels"]["alerts"]["address"] == "shop.alerts.v1"
    assert printed["channels"]["alerts"]["bindings"]["kafka"]["partitions"] == 12
    assert CliRunner().invoke(app, ["schema", "alerts", "--asyncapi"]).exit_code == 2


def test_every_topic_is_told_as_the_broker_has_it() -> None:
    told = document(Settings())
    assert set(told["channels"]) == {topic.short_name for topic in ALL}
    for topic in ALL:
        channel = told["channels"][topic.short_name]
        config = channel["bindings"]["kafka"]["topicConfiguration"]
        assert ",".join(config["cleanup.policy"]) == topic.config["cleanup.policy"]
        for name in ("retention.ms", "max.message.bytes"):
            assert str(config[name]) == topic.config[name]
    groups = [op["bindings"]["kafka"]["groupId"]["enum"] for op in told["operations"].values() if "bindings" in op]
    assert groups == [["groundswell"]] * len(INPUTS)


def test_every_reference_leads_somewhere() -> None:
    told = document(Settings())
    found = set(references(told))
    assert found
    for reference in found:
        place: Any = told
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
