"""Grafana's dashboards, held to what workers show; tests/broker/test_panels.py asks a real Prometheus."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from streams.messages import DASHBOARD_UID
from tests.unit.test_deploy import BY_PROMETHEUS, RECORDED, exported, selectors

GRAFANA = Path(__file__).parents[2] / "deploy" / "grafana"
BOARDS = {path.stem: orjson.loads(path.read_bytes()) for path in (GRAFANA / "dashboards").glob("*.json")}
BY_CREW = {"worker"}
"""What ``groundswell up`` adds to each series."""


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def expressions() -> list[tuple[str, str]]:
    """(dashboard: panel, expression) of every query, and of the annotations."""
    asked = [
        (f"{name}: {panel['title']}", target["expr"])
        for name, board in BOARDS.items()
        for panel in panels(board)
        for target in panel["targets"]
    ]
    marks = [
        (f"{name}: {it['name']}", it["expr"])
        for name, board in BOARDS.items()
        for it in board["annotations"].get("list", ())
    ]
    return asked + marks


def test_there_are_the_two_that_links_lead_to() -> None:
    assert {board["uid"] for board in BOARDS.values()} == {DASHBOARD_UID, "groundswell-pipeline"}
    assert BOARDS["voices"]["annotations"]["list"], "alerts are marked"
    assert {it["name"] for it in BOARDS["voices"]["templating"]["list"]} == {"datasource", "brand", "pain_point"}


@pytest.mark.parametrize(("where", "expression"), expressions(), ids=lambda it: it if ": " in it[:60] else "")
def test_panels_read_only_what_workers_show(where: str, expression: str) -> None:
    # What fires, Prometheus tells itself, with the labels of what the rule has read.
    of_rules = {"alertname", "alertstate", "severity"}.union(*exported().values())
    series = exported() | {"ALERTS": of_rules}
    found = selectors(expression)
    assert found, where
    for name, braces in found:
        assert name in series or name in RECORDED or name.startswith("process_"), f"{where}: nobody shows {name}"
        for label in re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", braces):
            assert label in series.get(name, set()) | BY_PROMETHEUS, f"{where}: {name} has no label {label}"
    for labels in re.findall(r"\bby\s*\(([^)]*)\)", expression):
        known = set().union(*(series.get(name, set()) for name, _ in found)) | BY_PROMETHEUS | BY_CREW | {"le"}
        assert {label.strip() for label in labels.split(",")} <= known, where


@pytest.mark.parametrize("name", BOARDS)
def test_every_panel_says_what_it_shows_and_none_covers_another(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARDS[name]["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken and max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["description"].endswith("."), panel["title"]
            assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_what_is_provisioned_fits_together() -> None:
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text("utf-8"))["datasources"]
    for board in BOARDS.values():
        chosen = next(it for it in board["templating"]["list"] if it["name"] == "datasource")
        assert chosen["current"]["value"] == source["uid"]
    compose = yaml.safe_load((GRAFANA.parents[1] / "docker-compose.yml").read_text("utf-8"))
    assert source["url"] == "http://prometheus:9090" and "prometheus" in compose["services"]
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/groundswell.yml").read_text("utf-8"))["providers"]
    mounts = dict(mount.split(":")[:2] for mount in compose["services"]["grafana"]["volumes"] if mount.startswith("./"))
    assert mounts == {
        "./deploy/grafana/provisioning": "/etc/grafana/provisioning",
        "./deploy/grafana/dashboards": provider["options"]["path"],
    }
