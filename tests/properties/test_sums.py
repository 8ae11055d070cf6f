"""Sums that forget order, and the watermark that never goes back."""

from __future__ import annotations

import math
import random
from copy import deepcopy
from fractions import Fraction
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from streams.detection import onset_of
from streams.detection.chance import negative_binomial_tail
from streams.detection.surge import trimmed_mean
from streams.windows.aggregate import Aggregate, merged
from streams.windows.cells import Cell
from streams.windows.clock import LIVE, Clocks
from streams.windows.observation import Observation
from streams.windows.rolling import DAY_MS, FIVE_MINUTES_MS, HOUR_MS, Rolling, sliding
from tests.support.examples import examples
from tests.support.records import BASE_MS, MINUTE, mark, observed, progress, scored

LATENESS = 10 * MINUTE


@st.composite
def observations(draw: st.DrawFn) -> list[Observation]:
    rng = random.Random(draw(st.integers(0, 2**32)))
    return [
        observed(
            scored(
                f"e{number}",
                BASE_MS + rng.randrange(90) * MINUTE,
                author=f"a{rng.randrange(6)}",
                points=rng.choice([(), ("late_delivery",), ("late_delivery", "personal_touch")]),
                sentiment=rng.choice([-0.7, 0.0, 0.333]),
                effort=rng.random(),
                emotions={rng.choice(["anger", "joy"]): round(rng.random(), 3)},
                product=rng.choice([None, "Beans", "Cups"]),
            )
        )
        for number in range(draw(st.integers(0, 40)))
    ]


def summed(seen: list[Observation]) -> Aggregate:
    total = Aggregate()
    total.observe(seen)
    return total


def plain(aggregate: Aggregate) -> list[Any]:
    """The numbers without empty dimensions, which say nothing."""
    assert aggregate.loudest == max(aggregate.voices.values(), default=0)
    state = deepcopy(aggregate.to_state())
    state[-2] = {name: values for name, values in state[-2].items() if values}
    return state


@examples(60)
@given(observations(), st.randoms(use_true_random=False), st.integers(0, 40))
def test_order_and_grouping_do_not_change_a_sum(seen: list[Observation], rng: random.Random, cut: int) -> None:
    shuffled = seen.copy()
    rng.shuffle(shuffled)
    assert plain(summed(shuffled)) == plain(summed(seen))
    assert plain(merged([summed(seen[:cut]), summed(seen[cut:])])) == plain(summed(seen))
    assert summed(shuffled).tally() == summed(seen).tally()


@examples(60)
@given(observations(), observations())
def test_subtracting_is_the_inverse_of_adding(one: list[Observation], other: list[Observation]) -> None:
    total = summed(one)
    total.add(summed(other))
    total.subtract(summed(other))
    assert plain(total) == plain(summed(one))
    restored = Aggregate.from_state(total.to_state())
    assert plain(restored) == plain(total)


@examples(40)
@given(observations(), st.sampled_from([FIVE_MINUTES_MS, HOUR_MS, DAY_MS]), st.integers(1, 30))
def test_rolling_sums_equal_naive_sums(seen: list[Observation], span_ms: int, step: int) -> None:
    cells: dict[int, Cell] = {}
    for one in seen:
        start = one.time_ms - one.time_ms % MINUTE
        cells.setdefault(start, Cell(start)).observe(one)
    for cell in cells.values():
        cell.settle()
    ordered = [cells[start] for start in sorted(cells)]
    rolling, coming = Rolling(span_ms), ordered.copy()
    ends = range(BASE_MS, BASE_MS + 26 * HOUR_MS, step * MINUTE)
    for end_ms in ends:
        while coming and coming[0].end_ms <= end_ms:
            rolling.push(coming.pop(0))
        rolling.evict(end_ms)
        inside = [one for one in seen if end_ms - span_ms <= one.time_ms < end_ms]
        for name in ("*", "*negative", "late_delivery", "personal_touch"):
            naive = [one for one in inside if name == "*" or name in one.points]
            if name == "*negative":
                naive = [one for one in inside if one.label == "negative"]
            assert plain(rolling.of(name)) == plain(summed(naive)), (name, end_ms)
    for end_ms, total in zip(ends, sliding(ordered, "*", ends, span_ms), strict=True):
        inside = [one for one in seen if end_ms - span_ms <= one.time_ms < end_ms]
        assert plain(total) == plain(summed(inside))


REPORTS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 10**6), st.sampled_from([None, "r1", "r2"]), st.booleans()), max_size=40
)


@examples(200)
@given(REPORTS)
def test_watermarks_never_go_back_nor_pass_an_origin_that_lags(
    reports: list[tuple[int, int, str | None, bool]],
) -> None:
    clocks = Clocks(LATENESS)
    raw = {"posts.v1": 4}
    last: dict[str, int] = {}
    reached: dict[str, dict[str, int]] = {LIVE: {}, "r1": {}, "r2": {}}
    ended: dict[str, set[str]] = {"r1": set(), "r2": set()}
    for number, time_ms, replay, end in reports:
        origin = f"posts.v1:{number}"
        if replay is None:
            clocks.note(progress({origin: time_ms}, raw=raw))
        else:
            clocks.note(progress(marks={origin: mark(replay, time_ms, origins=raw, ended=end)}, raw=raw))
            if end:
                ended[replay].add(origin)
        times = reached[replay or LIVE]
        times[origin] = max(times.get(origin, 0), time_ms)
        for name in (LIVE, "r1", "r2"):
            watermark = clocks.watermark(name)
            if watermark is None:
                assert len(reached[name]) < 4, "all have told"
                continue
            assert len(reached[name]) == 4
            assert watermark >= last.get(name, watermark)
            if name == LIVE or len(ended[name]) < 4:
                assert watermark == min(reached[name].values()) - LATENESS
            else:
                assert watermark > max(reached[name].values())
            last[name] = watermark
        assert Clocks.from_state(LATENESS, deepcopy(clocks.to_state())) == clocks


@examples(150)
@given(st.integers(0, 120), st.integers(1, 400), st.integers(100, 900))
def test_the_tail_equals_an_exact_sum(count: int, mean_tenths: int, dispersion_hundredths: int) -> None:
    mean, dispersion = Fraction(mean_tenths, 10), Fraction(dispersion_hundredths, 100)
    assume(dispersion == 1 or dispersion > Fraction(101, 100))
    # 1 - Σ P(k) for k < count, where P(k) follows from P(k - 1): exact but for P(0).
    if dispersion == 1:
        below = sum(Fraction(float(mean)) ** k / math.factorial(k) for k in range(count)) * Fraction(math.exp(-mean))
    else:
        chance, size = 1 - 1 / dispersion, mean / (dispersion - 1)
        term, below = Fraction(float(1 - chance) ** float(size)), Fraction(0)
        for k in range(count):
            below += term
            term *= chance * (k + size) / (k + 1)
    exact = float(1 - below)
    assume(exact > 1e-9)  # The complement itself has lost what lies below.
    told = negative_binomial_tail(count, float(mean), float(dispersion))
    assert math.isclose(told, exact, rel_tol=1e-3, abs_tol=1e-9)


@examples(100)
@given(st.floats(0.25, 500), st.floats(1, 30))
def test_the_tail_falls_from_one_to_nothing(mean: float, dispersion: float) -> None:
    told = [negative_binomial_tail(count, mean, dispersion) for count in range(60)]
    assert told[0] == 1.0
    assert told == sorted(told, reverse=True)
    assert all(0.0 <= chance <= 1.0 for chance in told)


@examples(100)
@given(st.lists(st.integers(0, 1000), max_size=60))
def test_a_trimmed_mean_leaves_out_the_highest(values: list[int]) -> None:
    told = trimmed_mean(values)
    assert told <= (sum(values) / len(values) if values else 0.0) + 1e-9
    if len(values) >= 4:
        assert trimmed_mean([*values[:-1], 10**9]) <= max(values[:-1])


@examples(100)
@given(st.dictionaries(st.integers(0, 360), st.integers(1, 9), max_size=60), st.floats(0, 50))
def test_the_onset_is_the_last_time_that_the_sum_was_at_zero(voices: dict[int, int], expected: float) -> None:
    minutes = [(BASE_MS + minute * MINUTE, count) for minute, count in sorted(voices.items())]
    onset = onset_of(minutes, expected)
    if not minutes:
        assert onset is None
        return
    assert onset in dict(minutes)
    # From the onset on, what was heard has always outweighed what was due; just before it, it had not.
    drift = 1.5 * max(expected, 1.0) / (60 * MINUTE)
    since = [(start, count) for start, count in minutes if start >= onset]
    for place in range(1, len(since)):
        heard = sum(count for _, count in since[:place])
        assert heard > drift * (since[place][0] - onset) - 1e-6
