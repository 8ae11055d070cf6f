"""Which alert tells which incident, and what follows from it: precision, recall, delay."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from streams.backtest import Judgement, Labels, Setup, judge, read_labels, report, why_silent
from streams.backtest.told import told
from streams.detection import Verdict
from streams.settings import Settings
from tests.support.recordings import LOUD_MS, TROUBLE_MS, labels
from tests.support.records import BASE_MS, DAY, HOUR, MINUTE
from tests.support.runs import alert, run


def truth(*incidents: dict[str, Any], **changed: Any) -> Labels:
    content = labels(**changed)
    content["incidents"] += [content["incidents"][0] | more for more in incidents]
    return read_labels(orjson.dumps(content), "labels.json")


def standings(judgement: Judgement) -> list[str]:
    return [judged.standing for judged in judgement.judged]


@pytest.mark.parametrize(
    ("seen", "fields", "tells"),
    [
        (0, {}, True),
        (HOUR, {}, True),
        (2 * HOUR - 5 * MINUTE, {}, True),  # It judged the hour in which the incident was over.
        (2 * HOUR, {}, False),
        (-HOUR, {}, True),
        (-HOUR - 5 * MINUTE, {}, False),
        (-30 * MINUTE, {"ends_ms": TROUBLE_MS}, False),  # It was over before the incident began.
        (-30 * MINUTE, {"ends_ms": None}, True),
        (0, {"brand": "Beta"}, False),
        (0, {"pain_point": "checkout_fails"}, False),
        (0, {"pain_point": "checkout_fails", "points": {"checkout_fails", "late_delivery"}}, True),
        (0, {"kind": "surge", "pain_point": None}, False),
        (0, {"kind": "surge", "pain_point": None, "points": {"late_delivery"}}, True),
        (0, {"kind": "delight", "pain_point": "personal_touch"}, False),
    ],
)
def test_an_alert_tells_an_incident_of_its_time_and_kind(seen: int, fields: dict[str, Any], tells: bool) -> None:
    judgement = judge(run(alert(TROUBLE_MS + seen, **fields), brands=("Acme", "Beta")), truth())
    assert standings(judgement) == ["must" if tells else "false"]
    assert bool(judgement.answers[0].alerts) == tells


@pytest.mark.parametrize(
    ("label", "fields", "tells", "as_such"),
    [
        ({"sentiment_filter": "negative"}, {}, True, False),
        ({"sentiment_filter": "negative"}, {"kind": "surge", "pain_point": None}, True, True),
        ({"sentiment_filter": "negative"}, {"kind": "delight", "pain_point": "personal_touch"}, False, False),
        ({"sentiment_filter": "nonneg"}, {"kind": "delight", "pain_point": "personal_touch"}, True, False),
        ({"sentiment_filter": "nonneg"}, {}, False, False),
        ({}, {"kind": "delight", "pain_point": "personal_touch"}, True, False),
        ({}, {"kind": "another", "pain_point": None, "sentiment": 0.2}, True, True),
        ({"sentiment_filter": "nonneg"}, {"kind": "another", "pain_point": None, "sentiment": 0.2}, True, True),
        ({"sentiment_filter": "nonneg"}, {"kind": "another", "pain_point": None, "sentiment": -0.2}, False, False),
    ],
)
def test_a_brand_as_a_whole_is_told_by_its_parts(
    label: dict[str, Any], fields: dict[str, Any], tells: bool, as_such: bool
) -> None:
    judgement = judge(run(alert(TROUBLE_MS, **fields)), truth(reason=None, **label))
    assert bool(judgement.answers[0].alerts) == tells
    assert judgement.answers[0].as_such == as_such


def test_a_reason_that_the_catalog_does_not_know_is_any_complaint() -> None:
    judgement = judge(run(alert(TROUBLE_MS, pain_point="checkout_fails")), truth(reason="Bad Weather"))
    assert standings(judgement) == ["must"]
    assert any("“Bad Weather”" in note for note in judgement.notes)


def test_a_configuration_says_what_a_reason_stands_for() -> None:
    labelled = truth(reason="Bad Weather")
    of_another = run(alert(TROUBLE_MS, pain_point="checkout_fails"))
    for ids, standing in ((("late_delivery",), "false"), (("late_delivery", "checkout_fails"), "must")):
        of_another.setup = Setup("a", Settings(), reasons={"Bad Weather": ids})
        judgement = judge(of_another, labelled)
        assert (standings(judgement), judgement.notes) == ([standing], [])


def test_pain_points_that_the_catalog_lacks_are_said() -> None:
    judgement = judge(run(alert(TROUBLE_MS)), truth(pain_points=["late_parcel"]))
    assert standings(judgement) == ["false"]
    assert any(note.endswith("so no alert can: late_parcel") for note in judgement.notes)


@pytest.mark.parametrize(
    ("seen", "since", "loud"),
    [
        (LOUD_MS + HOUR, LOUD_MS - HOUR, True),
        (LOUD_MS + 5 * MINUTE, LOUD_MS - HOUR, True),
        (LOUD_MS, LOUD_MS - HOUR, False),
        (LOUD_MS + 3 * HOUR, LOUD_MS, True),  # Its onset is there.
        (LOUD_MS + HOUR + 5 * MINUTE, LOUD_MS - MINUTE, False),
        (LOUD_MS + 3 * HOUR, LOUD_MS + HOUR, False),
    ],
)
def test_no_alert_may_come_from_a_loud_hour(seen: int, since: int, loud: bool) -> None:
    judgement = judge(run(alert(seen, starts_ms=since)), truth())
    assert standings(judgement) == ["loud" if loud else "false"]
    assert [hour.author for hour in judgement.judged[0].loud] == (["loud"] if loud else [])


def test_a_loud_hour_within_an_incident_may_be_told() -> None:
    content = labels(start="2026-03-08T15:00:00Z", end="2026-03-08T17:00:00Z")
    seen = run(alert(LOUD_MS + HOUR))
    assert standings(judge(seen, read_labels(orjson.dumps(content), "x"))) == ["loud"]
    content["loud_voices"][0]["inside_incident"] = ["trouble"]
    assert standings(judge(seen, read_labels(orjson.dumps(content), "x"))) == ["must"]


def test_a_loud_cell_is_about_its_reason() -> None:
    content = labels() | {"loud_voices": []}
    content["loud_cells"] = [labels()["loud_voices"][0] | {"reason": "Late Delivery"}]
    seen = run(alert(LOUD_MS + HOUR), alert(LOUD_MS + HOUR, pain_point="checkout_fails"))
    assert standings(judge(seen, read_labels(orjson.dumps(content), "x"))) == ["loud", "false"]


def test_figures() -> None:
    may = {"id": "may", "class": "may", "start": "2026-03-04T09:00:00Z", "end": "2026-03-04T12:00:00Z"}
    second = {"id": "second", "start": "2026-03-05T09:00:00Z", "end": "2026-03-05T12:00:00Z"}
    third = {"id": "third", "start": "2026-03-06T09:00:00Z", "end": "2026-03-06T12:00:00Z"}
    of_may, of_second = BASE_MS + 2 * DAY + 9 * HOUR, BASE_MS + 3 * DAY + 9 * HOUR
    alerts = (
        alert(of_may + 20 * MINUTE),
        alert(of_second + 30 * MINUTE),
        alert(TROUBLE_MS + 10 * MINUTE),
        alert(TROUBLE_MS + 50 * MINUTE),
        alert(BASE_MS + 2 * HOUR),
        alert(LOUD_MS + 30 * MINUTE),
    )
    it = run(*alerts)
    judgement = judge(it, truth(may, second, third))
    assert standings(judgement) == ["false", "may", "must", "must", "must", "loud"]
    assert [judged.again for judged in judgement.judged] == [False, False, False, False, True, False]
    assert judgement.precision == 3 / 5
    assert judgement.recall == 2 / 3
    assert judgement.median_delay == 20
    assert [answer.delay_minutes for answer in judgement.answers] == [10, 20, 30, None]
    (told_of,) = report([it], [judgement])["configurations"]
    assert told_of["figures"]["alerts"] == {"all": 6, "must": 3, "may": 1, "false": 1, "loud": 1, "again": 1}
    assert told_of["figures"]["incidents"] == {"must": 3, "told": 2, "told_as_such": 2}
    assert told_of["alerts_per_week"] == {"Acme": 6.0}
    assert told_of["figures"]["wrong_alerts_per_week"] == {"Acme": 2.0}


def test_without_alerts_or_incidents_there_are_no_shares() -> None:
    silent = judge(run(), truth())
    assert (silent.precision, silent.recall, silent.median_delay) == (None, 0.0, None)
    unasked = judge(run(alert(BASE_MS + HOUR)), read_labels(b'{"incidents": []}', "x"))
    assert (unasked.precision, unasked.recall, unasked.median_delay) == (0.0, None, None)


def test_an_alert_that_fires_already_tells_no_new_incident() -> None:
    before = alert(TROUBLE_MS - 5 * HOUR, ends_ms=TROUBLE_MS + HOUR)
    (answer,) = judge(run(before), truth()).answers
    assert (answer.alerts, answer.fires_already) == ((), before)


def test_brands_and_times_that_the_recording_lacks_are_not_judged() -> None:
    early = {"id": "early", "start": "2026-02-02T09:00:00Z", "end": "2026-02-02T12:00:00Z"}
    judgement = judge(run(), truth(early, {"id": "other", "brand": "Beta"}))
    assert [answer.incident.id for answer in judgement.answers] == ["trouble"]
    assert any("early" in note and "2026-03-02 00:00" in note for note in judgement.notes)
    assert any("nobody wrote to 'Beta'" in note and "Acme" in note for note in judgement.notes)
    assert [hour.brand for hour in judgement.loud] == ["Acme"]


def test_why_an_incident_was_missed() -> None:
    it = run(brands=("Acme", "Beta"))
    for brand, series, at_ms, observed in (
        ("Acme", "late_delivery", TROUBLE_MS + 30 * MINUTE, 4),
        ("Acme", "late_delivery", TROUBLE_MS + 35 * MINUTE, 5),
        ("Acme", "late_delivery", TROUBLE_MS + 4 * HOUR, 9),
        ("Acme", "checkout_fails", TROUBLE_MS + 30 * MINUTE, 5),
        ("Acme", "personal_touch", TROUBLE_MS + 30 * MINUTE, 5),
        ("Acme", "*negative", TROUBLE_MS + 30 * MINUTE, 5),
        ("Beta", "late_delivery", TROUBLE_MS + 30 * MINUTE, 5),
    ):
        it.trace.note(brand, series, at_ms, Verdict("below_minimum", observed, 0.5, None), False)

    def series(**changed: Any) -> list[str]:
        return sorted(silence.series for silence in why_silent(it, truth(**changed).incidents[0]))

    (silence,) = why_silent(it, truth().incidents[0])
    assert (silence.series, silence.reason, silence.judgements) == ("late_delivery", "below_minimum", 2)
    assert silence.nearest[0].verdict.observed == 5
    assert series(reason="Bad Weather") == ["*negative", "checkout_fails", "late_delivery"]
    assert series(reason=None, sentiment_filter="nonneg") == ["personal_touch"]
    assert series(reason=None) == ["*negative", "checkout_fails", "late_delivery", "personal_touch"]


def test_the_records_of_an_episode_are_one_alert() -> None:
    record: dict[str, Any] = {
        "fingerprint": "f", "brand": "Acme", "kind": "pain_point", "pain_point": "late_delivery", "title": "Late",
        "starts_at": "2026-03-07T12:00:00.000Z", "detected_at": "2026-03-07T12:10:00.000Z", "ends_at": None,
        "severity": 3, "window_seconds": 3600, "observed": 8, "expected": 0.7, "ratio": 11.4, "voices": 8,
        "mentions": 9, "top_voice_share": 0.2, "sentiment": -0.5, "quotes": [],
        "pain_points": {"late_delivery": 8, "checkout_fails": 4, "packaging": 3},
    }  # fmt: skip
    worse = record | {"severity": 1, "voices": 40, "observed": 40, "pain_points": {}}
    over = worse | {"severity": 2, "ends_at": "2026-03-07T14:00:00.000Z"}
    anew = record | {"detected_at": "2026-03-08T12:10:00.000Z"}
    first, second = told([record, worse, over, anew])
    assert (first.severity, first.voices, first.observed, first.records) == (1, 40, 8, 3)
    assert first.ends_ms == TROUBLE_MS + 2 * HOUR and second.ends_ms is None
    assert first.points == {"late_delivery", "checkout_fails"}
    assert second.detected_ms == first.detected_ms + DAY
