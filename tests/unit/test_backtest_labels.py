"""Files of labels: what they say, and what is told of a wrong one."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from streams.backtest import Labels, LabelsError, read_labels
from streams.backtest.labels import points_of
from tests.support.recordings import LOUD_MS, TROUBLE_MS, labels
from tests.support.records import HOUR, catalogs


def read(content: Any) -> Labels:
    return read_labels(orjson.dumps(content), "labels.json")


def test_they_are_read_with_what_is_for_people_passed_over() -> None:
    found = read(labels())
    (incident,) = found.incidents
    assert (incident.id, incident.brand, incident.wanted) == ("trouble", "Acme", "must")
    assert (incident.start_ms, incident.end_ms) == (TROUBLE_MS, TROUBLE_MS + HOUR)
    (loud,) = found.loud
    assert (loud.brand, loud.author, loud.hour_ms, loud.reason) == ("Acme", "loud", LOUD_MS, None)
    assert found.brands == ["Acme"]


def test_a_cell_is_a_loud_hour_of_one_reason() -> None:
    cell = {"airline_label": "Beta", "reason": "Late Delivery", "hour": "2026-03-02T09:00:00Z", "top_author": "ann"}
    found = read(labels() | {"loud_cells": [cell | {"unique_authors": 2}]})
    assert [(it.brand, it.author, it.reason) for it in found.loud] == [
        ("Acme", "loud", None),
        ("Beta", "ann", "Late Delivery"),
    ]
    assert found.brands == ["Acme", "Beta"]


@pytest.mark.parametrize(
    ("fields", "mood"),
    [
        ({"reason": "Late Delivery"}, "negative"),
        ({"reason": None}, None),
        ({"reason": None, "sentiment_filter": "negative"}, "negative"),
        ({"reason": None, "sentiment_filter": "nonneg"}, "nonneg"),
        ({"reason": None, "pain_points": ["late_delivery"]}, "negative"),
        ({"reason": None, "pain_points": ["personal_touch"], "sentiment_filter": "nonneg"}, "nonneg"),
    ],
)
def test_whose_voices_are_meant(fields: dict[str, Any], mood: str | None) -> None:
    assert read(labels(**fields)).incidents[0].mood == mood


@pytest.mark.parametrize(
    ("fields", "points"),
    [
        ({"reason": "Late Delivery"}, {"late_delivery"}),
        ({"reason": " late   delivery!"}, {"late_delivery"}),
        ({"reason": "Can't Tell"}, set()),
        ({"reason": None}, set()),
        (
            {"reason": "Can't Tell", "pain_points": ["checkout_fails", "late_delivery"]},
            {"checkout_fails", "late_delivery"},
        ),
    ],
)
def test_a_reason_is_an_id_of_the_catalog_or_names_some(fields: dict[str, Any], points: set[str]) -> None:
    (incident,) = read(labels(**fields)).incidents
    assert points_of(incident, catalogs().for_brand("Acme")) == points


def without(content: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name not in names}


INCIDENT = labels()["incidents"][0]
LOUD = labels()["loud_voices"][0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "labels are one JSON object"),
        ({}, "incidents: field required"),
        ({"incidents": {}}, "incidents: input should be a valid list"),
        ({"incidents": [7]}, "incidents.0: "),
        (labels(start="yesterday"), "incidents.0.start: input should be a valid datetime"),
        (labels(start="2026-03-07T12:00:00"), "incidents.0.start: input should have timezone info"),
        (labels(end=INCIDENT["start"]), "incidents.0: end must be after start"),
        (labels(**{"class": "should"}), "incidents.0.class: input should be 'must' or 'may', not 'should'"),
        (labels(sentiment_filter="angry"), "incidents.0.sentiment_filter: "),
        (labels(brand=""), "incidents.0.brand: "),
        (labels(id=7), "incidents.0.id: input should be a valid string, not 7"),
        ({"incidents": [without(INCIDENT, "brand")]}, "incidents.0.brand: field required"),
        ({"incidents": [without(INCIDENT, "class")]}, "incidents.0.class: field required"),
        ({"incidents": [INCIDENT, INCIDENT]}, "incidents.1.id: 'trouble' is the id of two incidents"),
        ({"incidents": [], "loud_voices": [without(LOUD, "hour")]}, "loud_voices.0.hour: field required"),
        ({"incidents": [], "loud_voices": [without(LOUD, "airline_label")]}, "loud_voices.0.brand: field required"),
        ({"incidents": [], "loud_cells": [LOUD | {"expect": "alert"}]}, "loud_cells.0.expect: "),
        (
            {"incidents": [], "loud_voices": [LOUD | {"inside_incident": ["fire"]}]},
            "loud_voices.0.inside_incident: no incident has the id 'fire'",
        ),
    ],
)
def test_a_wrong_one_is_told_by_its_field(content: Any, message: str) -> None:
    with pytest.raises(LabelsError, match=r"labels\.json") as raised:
        read(content)
    assert message in str(raised.value)


def test_many_wrong_fields_are_told_in_one_line() -> None:
    with pytest.raises(LabelsError, match="and 2 more") as raised:
        read({"incidents": [{}]})
    assert "\n" not in str(raised.value)


def test_what_is_no_json_is_told() -> None:
    with pytest.raises(LabelsError, match=r"labels\.json is no JSON"):
        read_labels(b"{'incidents'}", "labels.json")
