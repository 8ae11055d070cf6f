"""What the next hours will bring: right as often as it says, and silent where nothing is known."""

from __future__ import annotations

import doctest
import math
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.detection import Baseline
from streams.detection import forecast as forecast_module
from streams.detection import hours as hours_module
from streams.detection.forecast import Expected, Forecast, expected_range
from streams.detection.hours import Hours


@pytest.mark.parametrize("module", [forecast_module, hours_module])
def test_what_its_examples_say(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


def usual(days: int, mean: float, seed: int) -> list[int]:
    """Negative binomial counts with a rhythm of the day."""
    dice = np.random.default_rng(seed)
    means = mean * (1 + 0.6 * np.sin(2 * np.pi * np.arange(days * 24) / 24))
    return [int(count) for count in dice.negative_binomial(6.0, 6.0 / (6.0 + means))]


class TestForecast:
    @pytest.mark.parametrize("mean", [3.0, 30.0, 1_000.0])
    @pytest.mark.parametrize("coverage", [0.8, 0.95])
    def test_it_is_right_as_often_as_it_says(self, mean: float, coverage: float) -> None:
        forecast = Forecast(hours=4)
        told: dict[int, list[Expected]] = {}
        within = []
        for hour, count in enumerate(usual(56, mean, 7)):
            within += [it.low <= count <= it.high for it in told.pop(hour, [])]
            forecast.learn(hour, count)
            for it in forecast.ahead(coverage):
                told.setdefault(it.hour, []).append(it)
        assert len(within) > 4_000
        # Of small counts, a range of whole numbers holds a little more than it must.
        assert coverage - 0.03 < sum(within) / len(within) < coverage + (0.06 if mean < 10 else 0.03)

    def test_it_knows_the_rhythm(self) -> None:
        found = expected_range([40 if hour % 24 in (9, 10, 11) else 5 for hour in range(24 * 12 + 8)], 0, hours=3)
        assert [it.hour % 24 for it in found] == [8, 9, 10]
        assert found[0].expected < 10
        assert found[1].low > 20

    def test_what_is_unusual_now_goes_on_for_a_while(self) -> None:
        """The more, the longer such things lasted before."""
        lasting, passing = [10] * 400, [10] * 400
        for at in range(20, 400, 40):
            lasting[at : at + 8] = [60] * 8
            passing[at : at + 8] = [60, 10] * 4
        # Both begin to be unusual in the last hour.
        ends = [expected_range([*counts[:381]], 0, hours=3) for counts in (lasting, passing)]
        assert ends[0][0].expected > 1.5 * ends[1][0].expected
        assert ends[0][0].expected > ends[0][2].expected

    def test_nothing_is_told_before_two_days_are_known(self) -> None:
        assert expected_range([5] * 47, 0) == []
        assert len(expected_range([5] * 48, 0)) == 6
        forecast = Forecast()
        assert forecast.ahead(0.8) == []
        for hour in range(300):
            forecast.learn(hour, None if hour >= 40 else 5)
        assert forecast.ahead(0.8) == []

    def test_silence_is_expected_to_go_on(self) -> None:
        assert [(it.expected, it.low, it.high) for it in expected_range([0] * 100, 0, hours=2)] == [(0.0, 0.0, 0.0)] * 2

    def test_a_baseline_is_read_as_it_is(self) -> None:
        past = Baseline(first_ms=0, hours={hour: 3 + hour % 2 for hour in range(100)})
        span = past.span(100 * 3_600_000)
        assert [it.hour for it in expected_range(past.counts(span), span.start, hours=2)] == [100, 101]

    def test_hours_come_in_order(self) -> None:
        forecast = Forecast()
        forecast.learn(7, 1)
        with pytest.raises(ValueError, match="hour 7 is not after hour 7"):
            forecast.learn(7, 1)

    def test_a_jump_of_a_year_begins_anew(self) -> None:
        forecast = Forecast()
        for hour in range(200):
            forecast.learn(hour, 1_000)
        later = 200 + 365 * 24
        for hour in range(later, later + 47):
            forecast.learn(hour, 2)
        assert forecast.ahead(0.8) == []
        forecast.learn(later + 47, 2)
        assert all(it.high < 5 for it in forecast.ahead(0.8))

    def test_memory_is_bounded(self) -> None:
        forecast = Forecast(hours=3)
        for hour in range(2_000):
            forecast.learn(hour, hour % 9)
        assert [len(errors) for errors in forecast._errors] == [336] * 3
        assert len(forecast._pending) == 3

    @settings(deadline=None, max_examples=50)
    @given(st.lists(st.none() | st.floats(0, 1e12), min_size=40, max_size=120), st.integers(0, 10**6))
    def test_whatever_comes_ranges_are_in_order(self, counts: list[float | None], first: int) -> None:
        forecast = Forecast(hours=2)
        for hour, count in enumerate(counts, first):
            forecast.learn(hour, count)
        for likely, sure in zip(forecast.ahead(0.8), forecast.ahead(0.95), strict=True):
            assert 0 <= sure.low <= likely.low <= likely.expected <= likely.high <= sure.high
            assert math.isfinite(sure.high)


class TestHours:
    def test_an_hour_of_which_most_is_missing_has_no_count(self) -> None:
        hours = Hours()
        rows = [row for row in range(1, 12 * 6 + 1) if not 24 < row <= 33 and not 36 < row <= 40]
        told = [it for row in rows for it in hours.feed(300.0 * row, 2.0)] + list(hours.end())
        assert told == [(0, 24.0), (1, 24.0), (2, None), (3, 24.0), (4, 24.0), (5, 24.0)]

    def test_an_hour_that_is_not_over_is_not_told(self) -> None:
        hours = Hours()
        told = [it for row in range(1, 20) for it in hours.feed(300.0 * row, 2.0)] + list(hours.end())
        assert told == [(0, 24.0)]

    def test_an_hour_without_rows_is_left_out(self) -> None:
        hours = Hours()
        told = [it for hour in (1, 2, 5, 6) for it in hours.feed(3_600.0 * hour, 2.0)]
        assert [hour for hour, _ in told] == [0, 1, 4]
