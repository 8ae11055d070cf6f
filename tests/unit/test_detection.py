"""Detection: the contract that every detector keeps, and what the surge detector makes of some pasts."""

from __future__ import annotations

import doctest
import inspect
import random
from typing import get_args

import pytest

from schemas.metrics import Silence
from streams.detection import DETECTORS, Baseline, Detector, Sample, detector, onset_of
from streams.detection.baseline import HOUR_MS, KEPT_HOURS
from streams.detection.registry import UnknownDetectorError
from streams.detection.surge import Surge

MINUTE = 60_000
DAYS_10 = 10 * 24


def sample(hour: int, voices: int, *, mentions: int | None = None, top: float | None = None, free: int = 0) -> Sample:
    count = voices if mentions is None else mentions
    share = (1 / voices if voices else 0.0) if top is None else top
    return Sample(hour * HOUR_MS, (hour - 1) * HOUR_MS, free, voices=voices, mentions=count, top_voice_share=share)


def constant(voices: int, hours: int = DAYS_10) -> Baseline:
    return Baseline(0, {hour: voices for hour in range(hours) if voices})


def pasts() -> list[Baseline]:
    """Quiet, steady, with a daily rhythm, bursty, sparse, and long."""
    rng = random.Random(3)
    return [
        constant(0),
        constant(1),
        constant(40),
        Baseline(0, {hour: 2 + 20 * (8 <= hour % 24 < 20) for hour in range(DAYS_10)}),
        Baseline(0, {hour: rng.choice([0, 0, 0, 0, 30]) for hour in range(DAYS_10)}),
        Baseline(0, dict.fromkeys(range(0, DAYS_10, 17), 1)),
        Baseline(0, {hour: rng.randrange(5) for hour in range(KEPT_HOURS)}),
    ]


@pytest.fixture(params=sorted(DETECTORS))
def one(request: pytest.FixtureRequest) -> Detector:
    return detector(request.param)


class TestEveryDetector:
    def test_says_what_it_is_and_shows_it(self, one: Detector) -> None:
        assert inspect.getdoc(type(one))
        module = inspect.getmodule(type(one))
        tests = doctest.DocTestFinder().find(type(one), globs=dict(vars(module)))
        ran = [doctest.DocTestRunner().run(test) for test in tests]
        assert sum(result.attempted for result in ran) > 0, "a detector comes with an example that runs"
        assert sum(result.failed for result in ran) == 0

    def test_keeps_its_numbers_in_bounds(self, one: Detector) -> None:
        for past in pasts():
            for voices in (0, 1, 5, 6, 7, 20, 100, 10_000):
                verdict = one.judge(sample(DAYS_10, voices), past)
                assert verdict.reason in set(get_args(Silence)) - {"firing", "inhibited"}
                assert verdict.observed >= 0
                assert verdict.expected is None or 0 <= verdict.expected < 1e6
                assert verdict.probability is None or 0 <= verdict.probability <= 1
                assert verdict.ratio >= 0
                assert one.calm_below(verdict) > 0
                assert verdict.window_ms % HOUR_MS == 0

    def test_is_a_function_of_its_arguments(self, one: Detector) -> None:
        for past in pasts():
            for voices in (3, 30):
                again = Baseline(past.first_ms, dict(reversed(past.hours.items())))
                told = {one.judge(sample(DAYS_10, voices), past) for past in (past, past, again)}
                told.add(type(one)().judge(sample(DAYS_10, voices), again))
                assert len(told) == 1

    def test_does_not_change_the_past(self, one: Detector) -> None:
        for past in pasts():
            before = past.to_state()
            one.judge(sample(DAYS_10, 50), past)
            assert past.to_state() == before

    def test_is_silent_in_warm_up(self, one: Detector) -> None:
        for hours in (0, 1, 5, 12):
            verdict = one.judge(sample(hours, 500), constant(3, hours))
            assert verdict.reason == "no_baseline"
            assert verdict.expected is None

    @pytest.mark.parametrize("voices", [0, 1, 5, 50, 500])
    def test_is_silent_on_what_is_always_so(self, one: Detector, voices: int) -> None:
        past = constant(voices)
        for hour in range(DAYS_10 - 24, DAYS_10):
            assert not one.judge(sample(hour, voices), past).fired

    def test_fires_on_what_was_never_so(self, one: Detector) -> None:
        for past in pasts()[:4]:
            assert one.judge(sample(DAYS_10, 1_000), past).fired

    def test_one_voice_never_fires(self, one: Detector) -> None:
        for past in pasts():
            assert not one.judge(sample(DAYS_10, 1, mentions=1_000, top=1.0), past).fired

    def test_what_fires_is_not_calm_within_the_hour(self, one: Detector) -> None:
        for past in pasts():
            for voices in range(0, 200, 3):
                verdict = one.judge(sample(DAYS_10, voices), past)
                if verdict.fired and verdict.window_ms == HOUR_MS:
                    assert one.calm_below(verdict) < verdict.observed

    def test_more_voices_are_never_less_of_a_spike(self, one: Detector) -> None:
        for past in pasts():
            fired = [one.judge(sample(DAYS_10, voices), past).fired for voices in range(0, 300, 7)]
            assert fired == sorted(fired)


def test_an_unknown_detector_is_named_with_those_that_exist() -> None:
    with pytest.raises(UnknownDetectorError, match="no detector is called 'none'; there are: surge"):
        detector("none")


def test_a_rhythm_is_no_spike() -> None:
    """What every morning brings is expected in the morning, and would be a spike at night."""
    past = pasts()[3]
    morning, night = DAYS_10 + 12, DAYS_10 + 3
    assert not Surge().judge(sample(morning, 24), past).fired
    assert Surge().judge(sample(night, 24), past).fired


def test_what_is_bursty_needs_a_bigger_burst() -> None:
    steady, bursty = constant(6), pasts()[4]
    assert Surge().judge(sample(DAYS_10, 40), steady).fired
    assert not Surge().judge(sample(DAYS_10, 40), bursty).fired


def test_a_slow_swell_fires_on_six_hours() -> None:
    past = constant(5)
    past.hours |= dict.fromkeys(range(DAYS_10 - 6, DAYS_10 - 1), 11)
    verdict = Surge().judge(sample(DAYS_10, 11), past)
    assert verdict.fired
    assert (verdict.window_ms, verdict.observed) == (6 * HOUR_MS, 66)
    past.hours |= dict.fromkeys(range(DAYS_10 - 6, DAYS_10 - 1), 6)
    assert not Surge().judge(sample(DAYS_10, 6), past).fired


def test_a_burst_as_every_day_has_one_is_none() -> None:
    """At another hour each day: the worst hours are left out of the dispersion, and the habit knows them."""
    rng = random.Random(8)
    hours = {hour: 9 + hour % 3 for hour in range(DAYS_10)} | {24 * day + rng.randrange(24): 40 for day in range(10)}
    past = Baseline(0, hours)
    assert Surge(strangeness=0.0).judge(sample(DAYS_10, 40), past).fired
    assert Surge().judge(sample(DAYS_10, 40), past).reason == "below_baseline"
    assert Surge().judge(sample(DAYS_10, 200), past).fired


class TestBaseline:
    def test_the_first_hours_do_not_say_since_when_there_is_silence(self) -> None:
        past = Baseline(0)
        assert past.listened_since(5 * HOUR_MS) == 5 * HOUR_MS
        for hour in (2, 90, 91):
            past.settle(hour)
            past.record(hour, 1)
        assert past.listened_since(100 * HOUR_MS) == past.first_ms == 92 * HOUR_MS
        past.settle(95)
        assert past.first_ms == 92 * HOUR_MS
        again = Baseline.from_state(past.to_state())
        assert again == Baseline(past.first_ms, {2: 1, 90: 1, 91: 1}, 3)

    def test_two_weeks_of_silence_are_no_usual_silence(self) -> None:
        past = Baseline(0)
        for hour in (1, 2, 3, 4):
            past.settle(hour)
            past.record(hour, 1)
        later = 4 + KEPT_HOURS + 1
        assert past.listened_since((later - 1) * HOUR_MS) == 4 * HOUR_MS
        assert past.listened_since(later * HOUR_MS) == later * HOUR_MS
        past.settle(later)
        assert past.strays == 1

    def test_a_state_without_strays_is_read(self) -> None:
        assert Baseline.from_state([7, {"3": 2}]) == Baseline(7, {3: 2})

    def test_hours_before_the_first_are_unknown_and_later_ones_zero(self) -> None:
        past = Baseline(first_ms=10 * HOUR_MS + 1)
        assert past.span(14 * HOUR_MS) == range(11, 14)
        assert past.counts(past.span(14 * HOUR_MS)) == [0, 0, 0]
        assert list(past.span(11 * HOUR_MS)) == []
        past.record(12, 7)
        assert past.counts(range(11, 14)) == [0, 7, 0]

    def test_two_weeks_are_kept(self) -> None:
        past = Baseline(0)
        for hour in range(2 * KEPT_HOURS):
            past.record(hour, 1)
        assert len(past.hours) == KEPT_HOURS
        assert past.span(2 * KEPT_HOURS * HOUR_MS) == range(KEPT_HOURS, 2 * KEPT_HOURS)


class TestOnset:
    def test_it_is_the_begin_of_the_run_up(self) -> None:
        lone = [(0, 1), (60 * MINUTE, 1)]
        spike = [(120 * MINUTE + minute * MINUTE, 3) for minute in range(10)]
        assert onset_of(lone + spike, expected=1.0) == 120 * MINUTE

    def test_nobody_spoke(self) -> None:
        assert onset_of([], expected=3.0) is None

    def test_a_busy_past_needs_a_denser_run_up(self) -> None:
        minutes = [(minute * MINUTE, 1) for minute in range(0, 60, 5)] + [(minute * MINUTE, 5) for minute in (61, 62)]
        assert onset_of(minutes, expected=12.0) == 61 * MINUTE
        assert onset_of(minutes, expected=1.0) == 0
