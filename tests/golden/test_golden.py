"""What was written once is read for ever."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.topics import ALERTS, ALL, REVIEWS, named
from tests.golden import regenerate
from tests.golden.growth import turned
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


def test_schemas_only_grow() -> None:
    assert OLD_SCHEMAS
    assert regenerate.no_growth() == []


def test_the_newest_schemas_are_todays() -> None:
    for topic in ALL:
        stored = orjson.loads((SCHEMAS / versions(SCHEMAS)[-1] / f"{topic.short_name}.json").read_bytes())
        assert schema(topic) == stored, f"{topic.short_name}: if that is meant: python -m tests.golden.regenerate"


def renamed(new: Any, old_name: str, new_name: str) -> None:
    new["properties"][new_name] = new["properties"].pop(old_name)
    new["required"] = [new_name if name == old_name else name for name in new["required"]]


GROWTH: dict[str, Callable[[Any], object]] = {
    "nothing": lambda new: None,
    "a field": lambda new: new["properties"].update(more={"type": "string"}),
    "a field that is always there": lambda new: (new["properties"].update(more={"type": "string", "default": ""}),),
    "a nested field": lambda new: new["$defs"]["Quote"]["properties"].update(more={"type": "string"}),
    "a value": lambda new: new["properties"]["kind"]["enum"].append("trend"),
    "a description": lambda new: new["properties"]["title"].update(description="In words."),
}
TURNS: dict[str, tuple[Callable[[Any], object], str]] = {
    "removed": (lambda new: new["properties"].pop("title"), ".title: is gone"),
    "renamed": (lambda new: renamed(new, "title", "headline"), ".title: is gone"),
    "retyped": (
        lambda new: new["properties"]["title"].update(type="integer"),
        ".title: was ['string'], is ['integer']",
    ),
    "newly required": (lambda new: new["required"].append("ends_at"), ".ends_at: is required now"),
    "no longer sure": (lambda new: new["required"].remove("title"), ".title: may be missing now"),
    "a value less": (lambda new: new["properties"]["kind"]["enum"].remove("surge"), ".kind: lost ['surge']"),
    "a bound": (lambda new: new["properties"]["title"].update(maxLength=9), ".title: maxLength was None, is 9"),
    "a closer bound": (lambda new: new["properties"]["severity"].update(maximum=3), ".severity: maximum was 4, is 3"),
    "a wider bound": (lambda new: new["properties"]["severity"].update(maximum=5), ".severity: maximum was 5, is 4"),
    "null no more": (
        lambda new: new["properties"]["ends_at"]["anyOf"].pop(),
        ".ends_at: was ['null'], is ['string']",
    ),
    "null as well": (
        lambda new: new["properties"].update(title={"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ".title: was ['null'], is ['string']",
    ),
    "anything": (lambda new: new["properties"].update(title={}), ".title: was ['any'], is ['string']"),
    "nested, removed": (lambda new: new["$defs"]["Quote"]["properties"].pop("url"), ".quotes[].url: is gone"),
    "nested, required": (lambda new: new["$defs"]["Quote"]["required"].append("url"), ".quotes[].url: is required now"),
    "another format": (
        lambda new: new["properties"]["starts_at"].update(format="date"),
        ".starts_at: format was 'date-time', is 'date'",
    ),
}


@pytest.mark.parametrize("change", GROWTH.values(), ids=GROWTH)
def test_growth_is_allowed(change: Callable[[Any], object]) -> None:
    old = schema(ALERTS)
    new = copy.deepcopy(old)
    change(new)
    assert turned(old, new, published=True) == []


@pytest.mark.parametrize(("change", "said"), TURNS.values(), ids=TURNS)
def test_what_turns_is_found_and_never_recorded(
    change: Callable[[Any], object], said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The check of the check: each way to break a reader, of either age."""
    shutil.copytree(SCHEMAS, tmp_path / "schemas")
    monkeypatch.setattr(regenerate, "SCHEMAS", tmp_path / "schemas")
    new = copy.deepcopy(schema(ALERTS))
    change(new)
    monkeypatch.setattr(regenerate, "schema", lambda topic: new if topic is ALERTS else schema(topic))
    with pytest.raises(SystemExit) as refused:
        regenerate.main()
    assert f"alerts{said}" in str(refused.value)
    assert orjson.loads((tmp_path / "schemas" / version("groundswell") / "alerts.json").read_bytes()) == schema(ALERTS)


def test_what_we_only_read_may_be_loosened() -> None:
    old = schema(REVIEWS)
    new = copy.deepcopy(old)
    new["required"].remove("text")
    assert turned(old, new, published=False) == []
    assert turned(new, old, published=False) == [".text: is required now"]
