"""The AsyncAPI document: as checked in, of every topic, and valid to the official parser."""

from __future__ import annotations

import copy
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from groundswell.asyncapi import document
from groundswell.cli import app
from streams.settings import Settings
from streams.topics import ALL, INPUTS
from tests.golden.path import ASYNCAPI

ROOT = Path(__file__).parents[2]
CHECK = ROOT / "tests" / "support" / "asyncapi.mjs"


def parsed(*paths: Path) -> list[dict[str, Any]]:
    """What the official parser makes of documents; skips the test where it is not installed."""
    node = shutil.which("node")
    if node is None or not (ROOT / "examples" / "node_modules" / "@asyncapi" / "parser").is_dir():
        pytest.skip("AsyncAPI's parser is not installed: npm ci --prefix examples, with node 20 or newer")
    done = subprocess.run([node, CHECK, *paths], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [orjson.loads(line) for line in done.stdout.splitlines()]


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


def broken(change: Callable[[Any], object]) -> dict[str, Any]:
    told = copy.deepcopy(document(Settings()))
    change(told)
    return told


WRONG: dict[str, Callable[[Any], object]] = {
    "a reference that leads nowhere": lambda it: it["channels"]["alerts"]["messages"]["alerts"].update(
        {"$ref": "#/components/messages/alarms"}
    ),
    "an action that is none": lambda it: it["operations"]["publish-alerts"].update(action="publish"),
    "a binding's wrong type": lambda it: it["channels"]["alerts"]["bindings"]["kafka"].update(partitions="four"),
    "no title": lambda it: it["info"].pop("title"),
    "a payload that is no schema": lambda it: it["components"]["schemas"]["Quote"].update(type="quote"),
}


def test_the_official_parser_calls_it_valid_and_what_is_wrong_wrong(tmp_path: Path) -> None:
    paths = []
    for name, change in WRONG.items():
        paths.append(tmp_path / f"{name}.json")
        paths[-1].write_bytes(orjson.dumps(broken(change)))
    good, *bad = parsed(ASYNCAPI, *paths)
    assert set(good["channels"]) == {topic.full_name(Settings().topic_prefix) for topic in ALL}
    # 3.1 exists; 3.0 is what more tools read.
    assert [it["code"] for it in good["said"]] == ["asyncapi-latest-version"]
    for name, answer in zip(WRONG, bad, strict=True):
        assert [it for it in answer["said"] if it["level"] == "error"], name
