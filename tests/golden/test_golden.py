"""What was written once is read for ever."""

from __future__ import annotations

import copy
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.topics import ALL, named
from tests.golden.growth import narrowed
from tests.golden.path import SCHEMAS, WIRE, produced, schema, versions

FILES = sorted(WIRE.glob("*/*.jsonl"))
OLD_SCHEMAS = sorted(SCHEMAS.glob("*/*.json"))


def lines(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def test_every_topic_has_its_files_in_this_version() -> None:
    topics = {topic.short_name for topic in ALL}
    assert versions(WIRE)[-1] == versions(SCHEMAS)[-1] == version("groundswell")
    assert {path.stem for path in (WIRE / versions(WIRE)[-1]).iterdir()} == topics
    assert {path.stem for path in (SCHEMAS / versions(SCHEMAS)[-1]).iterdir()} == topics


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_records_of_every_version_can_be_read(path: Path) -> None:
    records = lines(path)
    assert records
    model = named(path.stem).value
    for record in records:
        assert isinstance(record["key"], str)
        model.model_validate_json(orjson.dumps(record["value"]))
        # A newer writer may have added fields anywhere at the top: they are passed over or passed on, never refused.
        model.model_validate_json(orjson.dumps(record["value"] | {"a_field_of_tomorrow": [1]}))


def test_the_path_still_writes_what_this_version_wrote() -> None:
    today = produced()
    for topic, records in today.items():
        stored = lines(WIRE / versions(WIRE)[-1] / f"{topic}.jsonl")
        assert records == stored, f"{topic} has changed; if that is meant: python -m tests.golden.regenerate"


def test_the_files_show_a_whole_life_of_an_alert_and_of_a_handoff() -> None:
    newest = WIRE / versions(WIRE)[-1]
    assert {record["value"]["status"] for record in lines(newest / "alerts.jsonl")} >= {"firing", "resolved"}
    assert {record["value"]["status"] for record in lines(newest / "handoffs.jsonl")} == {"open", "answered"}


@pytest.mark.parametrize("path", OLD_SCHEMAS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_schemas_only_grow(path: Path) -> None:
    assert narrowed(orjson.loads(path.read_bytes()), schema(named(path.stem))) == []


def test_the_newest_schemas_are_todays() -> None:
    for topic in ALL:
        stored = orjson.loads((SCHEMAS / versions(SCHEMAS)[-1] / f"{topic.short_name}.json").read_bytes())
        assert schema(topic) == stored, f"{topic.short_name}: if that is meant: python -m tests.golden.regenerate"


def test_the_comparison_sees_what_turns() -> None:
    """The check of the check: each way to break a reader is found, each way to grow is not."""
    old = schema(named("alerts"))

    def changed(change: Any) -> list[str]:
        new = copy.deepcopy(old)
        change(new)
        return narrowed(old, new)

    assert changed(lambda new: None) == []
    assert changed(lambda new: new["properties"].update(more={"type": "string"})) == []
    assert changed(lambda new: new["required"].remove("title")) == []
    assert changed(lambda new: new["properties"]["kind"]["enum"].append("trend")) == []
    assert changed(lambda new: new["properties"].update(title={})) == []
    assert changed(lambda new: new["properties"].pop("title")) == [".title: is gone"]
    assert changed(lambda new: new["required"].append("ends_at")) == [".ends_at: is required now"]
    assert changed(lambda new: new["properties"]["kind"]["enum"].remove("surge"))
    assert changed(lambda new: new["properties"]["title"].update(type="integer"))
    assert changed(lambda new: new["properties"]["title"].update(maxLength=9))
    assert changed(lambda new: new["properties"]["severity"].update(maximum=3))
    assert changed(lambda new: new["properties"]["ends_at"]["anyOf"].pop())
    assert changed(lambda new: new["$defs"]["Quote"]["properties"].pop("url")) == [".quotes[].url: is gone"]
    assert changed(lambda new: new["$defs"]["Quote"]["required"].append("url"))
