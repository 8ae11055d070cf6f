"""``groundswell series`` and its detector: what it tells, what it stays silent on, and what nobody should feed it."""

from __future__ import annotations

import csv
import doctest
import itertools
import math
import random
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from groundswell.cli import app
from groundswell.cli.exits import Exit
from streams.detection import habit as habit_module
from streams.detection import series as series_module
from streams.detection.habit import Habit
from streams.detection.rows import SeriesError, rows
from streams.detection.series import Point, SeriesDetector

STEP = 300.0
DAY = 288
"""Rows of a day."""
BEGIN = 1_772_409_600.0


def usual(days: float, *, mean: float = 20.0, seed: int = 1, rhythm: float = 0.6) -> list[float]:
    """Poisson counts with a rhythm of the day, for so many days."""
    dice = random.Random(seed)
    counts = []
    for row in range(round(days * DAY)):
        rate = mean * (1 + rhythm * math.sin(2 * math.pi * row / DAY))
        limit, product, count = math.exp(-rate), dice.random(), 0
        while product > limit:
            product *= dice.random()
            count += 1
        counts.append(float(count))
    return counts


def judged(values: Iterable[float | None], *, step: float = STEP, begin: float = BEGIN) -> list[Point]:
    detector = SeriesDetector()
    return [detector.feed(begin + step * row, value) for row, value in enumerate(values)]


def fired(points: Iterable[Point]) -> list[int]:
    return [row for row, point in enumerate(points) if point.fired]


@pytest.mark.parametrize("module", [habit_module, series_module])
def test_what_its_examples_say(module: Any) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


class TestWhatItTells:
    @pytest.mark.parametrize("mean", [0.3, 3.0, 20.0, 200.0])
    def test_nothing_of_a_usual_series(self, mean: float) -> None:
        points = judged(usual(21, mean=mean))
        assert fired(points) == []
        assert {point.reason for point in points} <= {"no_baseline", "below_baseline", "below_minimum"}

    @pytest.mark.parametrize("mean", [0.3, 3.0, 20.0, 200.0])
    def test_a_burst_within_a_quarter_of_an_hour(self, mean: float) -> None:
        values = usual(10, mean=mean)
        at = 8 * DAY + 17
        for row in range(at, at + 6):
            values[row] += 10 * max(mean, 2)
        points = judged(values)
        assert len(fired(points)) == 1
        assert at <= fired(points)[0] <= at + 3
        point = points[fired(points)[0]]
        assert point.expected is not None
        assert point.observed > 2 * point.expected
        assert point.window_s == 900

    def test_a_swell_that_no_quarter_of_an_hour_shows(self) -> None:
        dice = random.Random(2)
        values = [value * dice.choice((0.2, 0.5, 2.5)) for value in usual(14)]
        for row in range(0, len(values), 47):
            values[row] *= 4
        at = 12 * DAY
        for row in range(at, at + DAY // 2):
            values[row] *= 1.8
        points = judged(values)
        assert fired(points)
        assert at <= fired(points)[0] <= at + DAY // 3
        assert points[fired(points)[0]].window_s == 6 * 3600

    def test_one_alert_an_episode(self) -> None:
        values = usual(14)
        for row in range(8 * DAY, 11 * DAY):
            values[row] *= 8
        assert len(fired(judged(values))) == 1

    def test_an_episode_that_becomes_much_worse_is_told_again(self) -> None:
        values = usual(10)
        at = 8 * DAY
        for row in range(at, at + 60):
            values[row] *= 8
        for row in range(at + 60, at + 66):
            values[row] *= 150
        again = fired(judged(values))
        assert len(again) == 2
        assert at + 60 <= again[1] <= at + 63

    def test_a_second_episode_is_told_too(self) -> None:
        values = usual(16)
        for at in (8 * DAY, 12 * DAY):
            for row in range(at, at + 6):
                values[row] += 600
        assert [row // DAY for row in fired(judged(values))] == [8, 12]

    def test_what_is_bursty_needs_a_bigger_burst(self) -> None:
        steady, bursty = usual(16), usual(16)
        for at in range(200, 15 * DAY, 131):
            for row in range(at, at + 3):
                bursty[row] += 150
        at = 15 * DAY + 7
        for row in range(at, at + 4):
            steady[row] += 150
            bursty[row] += 150
        assert at <= fired(judged(steady))[0] <= at + 4
        assert [row for row in fired(judged(bursty)) if row >= at] == []

    def test_a_rhythm_is_none(self) -> None:
        """What every morning brings is no news in the morning, and is at night."""
        values = [80.0 if 8 <= row % DAY / 12 < 12 else 4.0 for row in range(20 * DAY)]
        assert [row for row in fired(judged(values)) if row > 7 * DAY] == []
        at = 18 * DAY + 2 * 12
        for row in range(at, at + 12):
            values[row] = 80.0
        assert at <= next(row for row in fired(judged(values)) if row > 7 * DAY) <= at + 3

    def test_the_score_is_half_or_more_exactly_where_it_fires(self) -> None:
        values = usual(10)
        for row in range(8 * DAY, 8 * DAY + 200):
            values[row] *= 9
        points = judged(values)
        assert fired(points)
        assert [row for row, point in enumerate(points) if point.score >= 0.5] == fired(points)
        assert all(0 <= point.score <= 1 for point in points)

    def test_it_knows_nothing_of_what_comes(self) -> None:
        values = usual(9)
        for row in range(8 * DAY, 8 * DAY + 9):
            values[row] += 500
        whole = judged(values)
        for cut in (10, 3 * DAY, 8 * DAY + 1, 8 * DAY + 5):
            assert judged(values[:cut]) == whole[:cut]


class TestWarmUp:
    def test_two_days_without_a_word(self) -> None:
        values = usual(3)
        for row in range(DAY, DAY + 6):
            values[row] += 5_000
        points = judged(values)
        assert {point.reason for point in points[: 2 * DAY]} == {"no_baseline"}
        assert points[2 * DAY + 2].reason != "no_baseline"

    def test_a_gap_is_not_learned_from(self) -> None:
        """A day of rows, ten days without, and then too little to know anything."""
        times = [BEGIN + STEP * row for row in range(DAY)] + [
            BEGIN + 11 * 86_400 + STEP * row for row in range(DAY - 9)
        ]
        detector = SeriesDetector()
        points = [detector.feed(time, 5_000.0 if row > DAY + 40 else 20.0) for row, time in enumerate(times)]
        assert fired(points) == []

    def test_one_stray_row_long_before_does_not_age_a_series(self) -> None:
        detector = SeriesDetector()
        detector.feed(BEGIN - 40 * 86_400, 3.0)
        points = [detector.feed(BEGIN + STEP * row, value) for row, value in enumerate([20.0] * 20 + [900.0] * 5)]
        assert {point.reason for point in points} <= {"no_baseline", "far_ahead"}

    def test_one_stray_row_far_ahead_does_not_silence_a_series(self) -> None:
        values = usual(9)
        for row in range(8 * DAY, 8 * DAY + 6):
            values[row] += 500
        detector = SeriesDetector()
        points = []
        for row, value in enumerate(values):
            if row == 5 * DAY:
                assert detector.feed(BEGIN + 400 * 86_400, 20.0).reason == "far_ahead"
            points.append(detector.feed(BEGIN + STEP * row, value))
        assert points == judged(values)

    def test_a_first_row_far_ahead_is_forgotten(self) -> None:
        detector = SeriesDetector()
        detector.feed(BEGIN + 400 * 86_400, 20.0)
        points = [detector.feed(BEGIN + STEP * row, value) for row, value in enumerate(usual(3))]
        assert points[-1].reason == "below_baseline"

    def test_a_jump_of_a_year_begins_anew(self) -> None:
        values = usual(6)
        detector = SeriesDetector()
        for row, value in enumerate(values):
            detector.feed(BEGIN + STEP * row, value)
        later = BEGIN + 365 * 86_400
        points = [detector.feed(later + STEP * row, 30 * value) for row, value in enumerate(usual(3, seed=2))]
        assert fired(points) == []
        assert points[DAY].reason == "no_baseline"
        assert points[-1].reason == "below_baseline"


class TestSeriesThatAreNone:
    @pytest.mark.parametrize("value", [0.0, 1.0, 7.0, 1e6, 1e12])
    def test_a_constant_one(self, value: float) -> None:
        assert fired(judged([value] * 10 * DAY)) == []

    def test_a_few_words_after_long_silence_are_an_anecdote(self) -> None:
        values = [0.0] * 10 * DAY
        values[9 * DAY] = 5.0
        assert fired(judged(values)) == []
        values[9 * DAY] = 60.0
        assert fired(judged(values)) == [9 * DAY]

    def test_three_points(self) -> None:
        assert [point.reason for point in judged([1.0, 1e6, 0.0])] == ["no_baseline"] * 3

    @pytest.mark.parametrize("step", [1.0, 10.0, 60.0, 900.0, 3_600.0, 86_400.0, 7 * 86_400.0])
    def test_any_step(self, step: float) -> None:
        """Rows of a second or of a week: quiet where it is quiet, and a burst is told where there is a baseline."""
        quiet = [30.0 + row % 4 for row in range(max(round(3 * 86_400 / step), 120))]
        points = judged([*quiet, 3_000.0, 3_000.0, 3_000.0], step=step)
        assert [row for row in fired(points) if row < len(quiet)] == []
        assert fired(points) or step < 60, "a second's rows are counted over fifteen minutes"

    def test_memory_does_not_grow_with_the_rows(self) -> None:
        detector = SeriesDetector()
        for second in range(0, 9 * 3600, 5):
            detector.feed(BEGIN + second, 1.0)
        assert max(len(window.counts) for window in detector._windows) <= 361

    @settings(deadline=None)
    @given(st.lists(st.tuples(st.floats(-1e10, 1e10), st.none() | st.floats(0, 1e12)), max_size=80))
    def test_anything_in_any_order(self, told: list[tuple[float, float | None]]) -> None:
        detector = SeriesDetector()
        for time, value in told:
            point = detector.feed(time, value)
            assert 0 <= point.score <= 1
            assert point.fired == (point.score >= 0.5)
            assert point.expected is None or math.isfinite(point.expected)

    @settings(deadline=None)
    @given(st.data())
    def test_missing_rows_and_values_raise_no_alert(self, data: st.DataObject) -> None:
        values = usual(6, mean=10.0)
        detector = SeriesDetector()
        skipped = data.draw(st.sets(st.integers(0, len(values) - 1), max_size=400))
        missing = data.draw(st.sets(st.integers(0, len(values) - 1), max_size=400))
        for row, value in enumerate(values):
            if row not in skipped:
                assert not detector.feed(BEGIN + STEP * row, None if row in missing else value).fired


class TestHabit:
    def test_a_usual_hour_deviates_little(self) -> None:
        habit = Habit(start=16)
        assert habit.judge(5, 3.0) == (5, 0.0)
        for hour in range(24 * 20):
            habit.learn(30 + hour % 5, hour % 24, 1.0)
        assert all(abs(habit.judge(32, hour)[1]) < 1 for hour in range(24))

    def test_more_is_never_less_unusual(self) -> None:
        habit = Habit(start=16)
        for hour in range(24 * 20):
            habit.learn(hour % 7, hour % 24, 1.0)
        deviations = [habit.judge(count, 12.0)[1] for count in range(0, 300, 7)]
        assert all(less < more for less, more in itertools.pairwise(deviations))

    def test_both_at_once_are_the_same_as_one_after_the_other(self) -> None:
        apart, together = Habit(start=16), Habit(start=16)
        for row, value in enumerate(usual(5)):
            hour = row % DAY / 12
            judged = *apart.judge(value, hour), apart.largest
            apart.learn(value, hour, 1 / 12)
            assert together.judge_and_learn(value, hour, 1 / 12) == judged
        assert apart == together

    def test_the_largest_of_a_day_is_bounded_both_ways(self) -> None:
        calm, wild = Habit(start=16), Habit(start=16)
        for hour in range(24 * 60):
            count = 900_000 if hour % 24 == 3 and hour % 48 < 24 else 1
            for habit, value in ((calm, 5), (wild, count)):
                habit.judge(value, hour % 24)
                habit.learn(value, hour % 24, 1.0)
        assert calm.largest == calm.largest_least
        assert 2 < wild.largest <= wild.largest_most


HEADER = "timestamp,value\n"


def read(text: str) -> list[tuple[float, float | None]]:
    return [(row.time_s, row.value) for row in rows("a.csv", text.splitlines(keepends=True))]


class TestRows:
    def test_what_is_read(self) -> None:
        text = ' Value ,other,TIMESTAMP\n3,x,1970-01-01 00:05:00\n\n,"y,z",1970-01-01 00:10:00\nNaN,,1970-01-01T00:15\n'
        assert read(text) == [(300.0, 3.0), (600.0, None), (900.0, None)]

    @pytest.mark.parametrize("delimiter", [";", "\t", "|"])
    def test_another_delimiter(self, delimiter: str) -> None:
        text = f'"timestamp"{delimiter}"value"\n1970-01-01 00:05{delimiter}"3"\n  \n'
        assert read(text) == [(300.0, 3.0)]

    @pytest.mark.parametrize(
        ("text", "time"),
        [
            ("1772409600", 1772409600.0),
            ("1772409600250", 1772409600.25),
            ("20260302", 1772409600.0),
            # Digits of which a date and a time could be read: the year 1512.
            ("1512010112345", 1512010112.345),
        ],
    )
    def test_seconds_and_milliseconds_since_1970(self, text: str, time: float) -> None:
        assert read(f"{HEADER}{text},1\n") == [(time, 1.0)]

    def test_an_offset_is_counted(self) -> None:
        """Both two o'clocks of the night on which the clocks go back."""
        text = HEADER + "2026-10-25T02:30:00+02:00,1\n2026-10-25T02:30:00+01:00,1\n2026-10-25T01:31:00Z,1\n"
        first, second, third = (time for time, _ in read(text))
        assert (second - first, third - second) == (3600, 60)

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("", "a.csv has no column timestamp, it is empty"),
            ("when,value\n", "no column timestamp; its first line names: when, value"),
            ("timestamp,count\n", "no column value"),
            ("2015-02-26 21:42:53,104\n", "needs the columns timestamp and value"),
            (HEADER + "2026-01-01\n", "line 2: 1 cells, where 2 are needed"),
            (HEADER + "yesterday,1\n", "line 2: 'yesterday' is no timestamp; write it as"),
            (HEADER + "2026-13-01,1\n", "is no timestamp"),
            (HEADER + "2026-01-01,-3\n", "line 2: the value -3 is negative"),
            (HEADER + "2026-01-01,many\n", "the value 'many' is no number"),
            (HEADER + "2026-01-01,inf\n", "is no count"),
            (HEADER + "2026-01-01,1e300\n", "is no count"),
            (HEADER + "2026-01-01,1\n2026-01-02T00:00Z,1\n", "line 3: '2026-01-02T00:00Z' has an offset from UTC"),
            (HEADER + "2026-01-01T00:00Z,1\n2026-01-02,1\n", "has no offset from UTC, unlike"),
            (HEADER + "2026-01-01,1\n1772409600,1\n", "has an offset from UTC, unlike"),
            (HEADER + "99999999999999999,1\n", "is no timestamp"),
            (HEADER + "1772409600.5.1,1\n", "is no timestamp"),
            ("timestamp;value\n2026-01-01;3,5\n", "the value '3,5' is no number"),
            ("timestamp,value,value\n2026-01-01,1,2\n", "has 2 columns value"),
            (HEADER + '"2026-01-01,1\n', "line"),
        ],
    )
    def test_what_is_refused_is_named_with_its_line(self, text: str, says: str) -> None:
        with pytest.raises(SeriesError, match=says.replace("'", ".")):
            read(text)


def run(*args: object) -> Result:
    return CliRunner().invoke(app, ["series", *map(str, args)])


@pytest.fixture
def burst(tmp_path: Path) -> Path:
    """Nine days with a burst on the ninth, and a row that is late and one that is empty."""
    values = usual(9)
    for row in range(8 * DAY, 8 * DAY + 6):
        values[row] += 500
    lines = [f"{stamp(row)},{value:g}\n" for row, value in enumerate(values)]
    lines.insert(4 * DAY, lines[4 * DAY - 3])
    lines.insert(4 * DAY + 9, f"{stamp(4 * DAY + 8).replace(':00:', ':01:')},\n")
    file = tmp_path / "burst.csv"
    file.write_text(HEADER + "".join(lines))
    return file


def stamp(row: int) -> str:
    minutes = row * 5
    return f"2026-03-{minutes // 1440 + 1:02} {minutes // 60 % 24:02}:{minutes % 60:02}:00"


class TestCommand:
    def test_it_repeats_the_rows_with_score_and_flag(self, burst: Path, tmp_path: Path) -> None:
        result = run(burst, "--out", tmp_path / "out", "--json")
        assert result.exit_code == Exit.OK, result.output
        told = orjson.loads(result.stdout)
        with burst.open(newline="") as before, (tmp_path / "out" / "burst.csv").open(newline="") as after:
            given, made = list(csv.DictReader(before)), list(csv.DictReader(after))
        assert list(made[0]) == ["timestamp", "value", "anomaly_score", "flag"]
        assert [(row["timestamp"], row["value"]) for row in made] == [(row["timestamp"], row["value"]) for row in given]
        flagged = [row["timestamp"] for row in made if row["flag"] == "1"]
        assert flagged == [row["timestamp"] for row in made if float(row["anomaly_score"]) >= 0.5]
        assert flagged == [alert["timestamp"] for alert in told["alerts"]]
        assert len(flagged) == 1
        assert flagged[0].startswith("2026-03-09 00:")
        assert told["rows"] == len(given)
        assert (told["reasons"]["out_of_order"], told["reasons"]["no_value"]) == (1, 1)

    def test_it_tells_people(self, burst: Path) -> None:
        result = run(burst)
        assert result.exit_code == Exit.OK
        assert "1 alert" in result.stdout
        assert "2026-03-09 00:" in result.stdout
        assert "passed over 1 row without a value" in result.stderr
        assert "passed over 1 row with times that are not after those before" in result.stderr

    def test_a_gap_is_no_disorder(self, burst: Path) -> None:
        burst.write_text(burst.read_text() + "2026-04-20 00:00:00,20\n2026-04-20 00:05:00,21\n")
        result = run(burst)
        assert "passed over 1 row more than a day after the row before" in result.stderr

    def test_what_is_too_short_is_said(self, tmp_path: Path) -> None:
        file = tmp_path / "a.csv"
        file.write_text(HEADER + "2026-01-01,1\n2026-01-02,900\n2026-01-03,1\n")
        result = run(file)
        assert result.exit_code == Exit.OK
        assert "too short for a baseline" in result.stderr

    def test_a_bad_row_leaves_no_half_table(self, burst: Path, tmp_path: Path) -> None:
        burst.write_text(burst.read_text() + "2026-04-01 00:00:00,-1\n")
        result = run(burst, "--out", tmp_path / "out")
        assert result.exit_code == Exit.USAGE
        assert "is negative" in result.stderr
        assert list((tmp_path / "out").iterdir()) == []

    def test_what_can_not_be_read_or_written(self, burst: Path, tmp_path: Path) -> None:
        for args, says in (
            ([tmp_path / "none.csv"], "can't be read"),
            ([tmp_path], "can't be read"),
            ([burst, "--out", tmp_path], "would overwrite"),
            ([burst, burst, "--out", tmp_path / "out"], "2 of the files are called burst.csv"),
            ([burst, "--out", burst / "out"], "can't be made"),
        ):
            result = run(*args)
            assert result.exit_code in (Exit.USAGE, Exit.PROBLEM)
            assert says in result.stderr.replace("\n", " ")
        (tmp_path / "latin.csv").write_bytes(HEADER.encode() + b"2026-01-01,1\xe9\n")
        assert "no text in UTF-8" in run(tmp_path / "latin.csv").stderr

    def test_it_tells_what_the_next_hours_will_bring(self, burst: Path) -> None:
        result = run(burst, "--forecast", "3", "--json")
        assert result.exit_code == Exit.OK, result.output
        told = orjson.loads(result.stdout)["forecast"]
        assert [it["hour"] for it in told] == ["2026-03-09 23:00", "2026-03-10 00:00", "2026-03-10 01:00"]
        for it in told:
            assert it["nearly_sure"][0] <= it["likely"][0] <= it["expected"] <= it["likely"][1] <= it["nearly_sure"][1]
        # The last row is of 23:55. Twelve rows of about 20, by a rhythm that rises through its middle.
        assert 200 < told[0]["expected"] < told[2]["expected"] < 400
        assert "4 of 5 within" in run(burst, "--forecast", "3").stdout

    def test_it_draws(self, burst: Path, tmp_path: Path) -> None:
        strange = burst.rename(tmp_path / "<b>&.csv")
        empty = tmp_path / "zero.csv"
        empty.write_text(HEADER + "".join(f"{stamp(row)},0\n" for row in range(3 * DAY)))
        page = tmp_path / "page.html"
        result = run(strange, empty, "--plot", page)
        assert result.exit_code == Exit.OK, result.output
        drawn = page.read_text("utf-8")
        assert drawn.count("<svg") == 2
        assert drawn.count('class="alert pain"') == 1
        assert "&lt;b&gt;&amp;" in drawn
        assert "<b>" not in drawn
        assert "<script" not in drawn
        assert drawn.count('class="band"') >= 2
        assert "NaN" not in drawn
        short = tmp_path / "short.csv"
        short.write_text(HEADER + "2026-01-01,1\n")
        assert run(short, "--plot", page).exit_code == Exit.OK
        assert "Fewer than one whole hour" in page.read_text("utf-8")
        refused = run(short, "--plot", tmp_path / "none" / "page.html")
        assert refused.exit_code == Exit.PROBLEM
        assert "can't be written" in refused.stderr

    def test_no_forecast_is_made_of_nothing(self, tmp_path: Path) -> None:
        file = tmp_path / "a.csv"
        file.write_text(HEADER + "".join(f"2026-01-{day:02},900\n" for day in range(1, 30)))
        result = run(file, "--forecast", "3")
        assert result.exit_code == Exit.OK
        assert "no forecast; it takes two days of whole hours" in result.stderr
        assert orjson.loads(run(file, "--forecast", "3", "--json").stdout)["forecast"] == []

    def test_the_same_table_from_another_tool(self, burst: Path, tmp_path: Path) -> None:
        """With semicolons, quotes, other columns and seconds or milliseconds since 1970."""
        with burst.open(newline="") as file:
            given = list(csv.DictReader(file))
        wanted = orjson.loads(run(burst, "--json").stdout)
        for name, times in (("s", 1), ("ms", 1_000)):
            lines = ['"Timestamp";"brand";"Value"\r\n']
            for row in given:
                moment = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC).timestamp()
                lines.append(f'"{moment * times:.0f}";"a;b";"{row["value"]}"\r\n')
            other = tmp_path / f"{name}.csv"
            other.write_bytes(b"\xef\xbb\xbf" + "".join(lines).encode())
            result = run(other, "--json", "--out", tmp_path / "out")
            assert result.exit_code == Exit.OK, result.output
            told = orjson.loads(result.stdout)
            assert told["reasons"] == wanted["reasons"]
            assert [it["observed"] for it in told["alerts"]] == [it["observed"] for it in wanted["alerts"]]
            with (tmp_path / "out" / other.name).open(newline="") as made:
                assert [row["flag"] for row in csv.DictReader(made)].count("1") == 1

    def test_a_spreadsheets_byte_order_mark_is_no_part_of_a_name(self, burst: Path) -> None:
        burst.write_bytes(b"\xef\xbb\xbf" + burst.read_bytes())
        assert run(burst).exit_code == Exit.OK
