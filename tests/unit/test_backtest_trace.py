"""Why a detector stayed silent, by hour; and the configurations that are tried."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from streams.backtest import Setup, SetupError, Trace, read_setup
from streams.detection import DETECTORS, Verdict, detector
from streams.detection.surge import Surge
from streams.settings import Settings
from tests.support.records import BASE_MS, HOUR, MINUTE


def verdict(reason: Any, observed: int = 3, probability: float | None = None, hours: int = 1) -> Verdict:
    return Verdict(reason, observed, 1.0, probability, hours * HOUR)


def noted(*verdicts: tuple[int, Verdict], firing: bool = False) -> Trace:
    trace = Trace()
    for minutes, it in verdicts:
        trace.note("Acme", "late_delivery", BASE_MS + minutes * MINUTE, it, firing)
    return trace


def test_silences_are_counted_by_reason_and_the_nearest_misses_kept() -> None:
    below = [(minutes, verdict("below_minimum", observed=minutes % 7)) for minutes in range(5, 6 * 60, 5)]
    trace = noted(*below, (360, verdict("below_baseline", 6, probability=0.01)), (365, verdict("one_voice")))
    found = {silence.reason: silence for silence in trace.silences()}
    assert {reason: silence.judgements for reason, silence in found.items()} == {
        "below_minimum": 71, "below_baseline": 1, "one_voice": 1,
    }  # fmt: skip
    nearest = found["below_minimum"].nearest
    assert [miss.verdict.observed for miss in nearest] == [6, 6, 6]
    assert len({(miss.at_ms - 1) // HOUR for miss in nearest}) == 3


def test_what_chance_explains_least_is_the_nearest_miss() -> None:
    trace = noted(
        (10, verdict("below_baseline", 50)),
        (70, verdict("below_baseline", 8, probability=0.002)),
        (130, verdict("below_baseline", 9, probability=0.05)),
    )
    (silence,) = trace.silences()
    assert [miss.verdict.observed for miss in silence.nearest] == [8, 9, 50]


def test_while_its_alert_fires_nothing_is_a_silence() -> None:
    assert noted((5, verdict("below_baseline")), (10, verdict("firing")), firing=True).silences() == []
    assert noted((5, verdict("fired"))).silences() == []


def test_a_full_hour_belongs_to_the_hour_that_ends() -> None:
    trace = noted((60, verdict("below_minimum", 5)), (65, verdict("below_minimum", 2)))
    hours = trace.hours["Acme", "late_delivery"]
    first = BASE_MS // HOUR
    assert {hour - first: it.observed for hour, it in hours.items()} == {0: 5, 1: 2}
    assert trace.silences(since_ms=BASE_MS + HOUR)[0].judgements == 1
    assert trace.silences(until_ms=BASE_MS + HOUR)[0].nearest[0].verdict.observed == 5
    assert trace.silences(brand="Beta") == []


def test_longer_windows_do_not_raise_the_line() -> None:
    trace = noted((55, verdict("below_baseline", 4)), (60, verdict("inhibited", 30, 1e-9, hours=6)))
    (hour,) = trace.hours["Acme", "late_delivery"].values()
    assert hour.observed == 4
    assert {silence.reason for silence in trace.silences()} == {"below_baseline", "inhibited"}


SETUP = """
detector = "surge"
catalog = ["generic", "airline"]
scorer = "textblob"
lateness = "PT5M"
future = 60

[catalogs]
"US Airways" = ["airline"]

[parameters]
minimum = 8
probability = 1e-6

[reasons]
"Late Flight" = ["late_delivery", "late_flight"]
"""


def test_a_configuration_changes_what_it_names() -> None:
    base = Settings(catalog=("mobile-app",))
    assert base.lateness_ms == 600_000
    setup = read_setup(SETUP, "a", base)
    assert setup.settings.lateness == timedelta(minutes=5)
    assert setup.described() == {
        "catalog": ["generic", "airline"], "catalogs": {"US Airways": ["airline"]}, "detector": "surge",
        "parameters": {"minimum": 8, "probability": 1e-6}, "scorer": "textblob", "alert_budget": None,
        "deep_share": 1.0, "lateness_seconds": 300.0, "early_warning": False,
        "reasons": {"Late Flight": ["late_delivery", "late_flight"]}, "future_seconds": 60.0,
    }  # fmt: skip
    assert (setup.detector.minimum, setup.detector.probability) == (8, 1e-6)  # type: ignore[attr-defined]
    assert setup.catalogs().for_brand("US Airways") is not setup.catalogs().default
    unchanged = read_setup("", "b", base)
    assert unchanged.settings == base
    assert unchanged.detector == detector("surge")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("detector", "a is no TOML"),
        (
            "partitions = 3",
            "there is no key 'partitions'; there are: alert_budget, catalog, catalogs, deep_share, detector, early",
        ),
        ("[window]\nhours = 2", "there is no key 'window'"),
        ("parameters = 3", "parameters is a table: [parameters]"),
        ("lateness = 'soon'", "a: lateness: input should be a valid timedelta"),
        ("catalog = 'generic'", "a: catalog: input should be a valid list"),
        ("catalogs = {Acme = 'generic'}", "a: catalogs.Acme: input should be a valid list"),
        ("scorer = 'slow'", "a: scorer: string should match pattern"),
        ("detector = 3", "a: detector: input should be a valid string"),
        ("reasons = 3", "a: reasons: input should be a valid dictionary"),
        ("[reasons]\nRain = 'late_delivery'", "a: reasons.Rain: input should be a valid list"),
    ],
)
def test_a_wrong_configuration_is_told_by_its_key(text: str, message: str) -> None:
    with pytest.raises(SetupError) as raised:
        read_setup(text, "a", Settings())
    assert message in str(raised.value)


def test_a_reason_stands_for_ids_of_the_catalog() -> None:
    setup = read_setup("[reasons]\nRain = ['late_delivery', 'weather']", "a", Settings())
    with pytest.raises(SetupError, match=r"a: reasons\.Rain: no catalog has 'weather'; there are: app_crash, billing"):
        setup.catalogs()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"minimal": 3}, "the detector surge has no parameter 'minimal'; it has: "),
        ({"minimum": "8"}, "a: parameters.minimum is a whole number, not '8'"),
        ({"minimum": 8.5}, "a: parameters.minimum is a whole number, not 8.5"),
        ({"minimum": True}, "a: parameters.minimum is a whole number, not True"),
        ({"ratio": float("nan")}, "a: parameters.ratio is a number, not nan"),
        ({"ratio": "2"}, "a: parameters.ratio is a number, not '2'"),
        ({"ratio": [2]}, "a: parameters.ratio is a number, not [2]"),
    ],
)
def test_a_wrong_parameter_is_told_by_its_name(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(SetupError) as raised:
        _ = Setup("a", Settings(), parameters).detector
    assert message in str(raised.value)


@dataclass(frozen=True)
class Odd(Surge):
    """A detector with parameters of every kind."""

    strict: bool = False
    memory: str = "week"
    steps: tuple[int, ...] = (1, 2)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"strict": True, "memory": "day", "ratio": 3}, None),
        ({"strict": 1}, "a: parameters.strict is true or false, not 1"),
        ({"memory": 7}, "a: parameters.memory is text, not 7"),
        ({"steps": [1]}, "a: parameters.steps is not for a file to set, not [1]"),
    ],
)
def test_a_parameter_is_of_the_kind_of_its_default(
    parameters: dict[str, Any], message: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DETECTORS, "odd", Odd)
    setup = Setup("a", Settings(detector="odd"), parameters)
    if message is None:
        assert setup.detector == Odd(strict=True, memory="day", ratio=3)
        return
    with pytest.raises(SetupError) as raised:
        _ = setup.detector
    assert message in str(raised.value)
