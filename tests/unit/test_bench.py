"""What the benchmark believes: its events, what must come of them, who is caught cheating, and its arithmetic."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from bench import common, job, product, product_latency, table, workload
from bench.measuring import Delay, FailedError, Run, delay, median, percentile, span
from bench.processes import Sample, Usage
from bench.results import Entry, Results

END_MS = 1_772_409_600_000


def record(key: str, value: dict[str, Any], at_ms: int = END_MS) -> Any:
    return SimpleNamespace(key=key.encode(), value=orjson.dumps(value), timestamp=at_ms)


def outputs(made: workload.Workload) -> tuple[list[Any], list[Any]]:
    """What a contestant that does the job leaves behind: one count for each time that a series grows."""
    scored, counts, sums = [], [], dict[str, int]()
    for event in made.events:
        value = job.scored(orjson.loads(event.value))
        scored.append(record(value["brand"], value))
        for series in job.series_of(value["brand"], value["points"], value["minute"]):
            sums[series] = sums.get(series, 0) + 1
            counts.append(record(series, job.counted(series, sums[series])))
    return scored, counts


def test_the_same_seed_makes_the_same_events_and_another_one_others() -> None:
    one, again = workload.made(500, END_MS), workload.made(500, END_MS)
    assert one == again
    assert one != workload.made(500, END_MS, seed=5)
    assert one.events[-1].time_ms == END_MS
    assert len(one.truth.scored) == 500
    assert {point for _, points in one.truth.scored.values() for point in points} == set(job.POINT_OF.values())


def test_recorded_events_are_repeated_under_new_ids(tmp_path: Path) -> None:
    said = {
        "id": "1",
        "brand": "Acme",
        "author": "ann",
        "created_at": "2015-02-17T08:00:36.902Z",
        "text": "Late again.",
    }
    file = tmp_path / "recorded.jsonl"
    file.write_bytes(orjson.dumps(said) + b"\n" + orjson.dumps(said | {"text": "Fine."}) + b"\n")
    made = workload.recorded([str(file)], 5, END_MS)
    assert [orjson.loads(event.value)["text"] for event in made.events] == ["Late again.", "Fine."] * 2 + [
        "Late again."
    ]
    assert len({event.id for event in made.events}) == 5
    file.write_bytes(orjson.dumps({"id": "1"}))
    with pytest.raises(ValueError, match="line 1: brand is missing"):
        workload.recorded([str(file)], 5, END_MS)


def test_the_job_hears_words_and_refuses_what_is_no_event() -> None:
    assert job.hear("LOVELY, but late! Late, and the card was declined.") == (1, ["checkout", "late_delivery"])
    assert job.minute_of("2026-03-02T01:00:59.9+01:00") == END_MS // 1000
    event = {"id": "1", "brand": "b", "author": "a", "created_at": "2026-03-02T00:00:00Z", "text": "hi"}
    assert job.scored(event)["points"] == []
    for wrong in ({"id": ""}, {"text": 7}, {"created_at": "today"}, {"created_at": "2026-03-02T00:00:00"}):
        with pytest.raises(job.InvalidEventError):
            job.scored(event | wrong)
    for nothing in (None, [], "event", {}):
        with pytest.raises(job.InvalidEventError):
            job.scored(nothing)


def test_whoever_does_the_job_passes_and_whoever_does_not_is_told_why() -> None:
    made = workload.made(300, END_MS)
    scored, counts = outputs(made)
    common.check(made.truth, scored, counts)
    with pytest.raises(FailedError, match=r"^1 not scored$"):
        common.check(made.truth, scored[1:], counts)
    with pytest.raises(FailedError, match=r"^1 scored twice$"):
        common.check(made.truth, [*scored, scored[0]], counts)
    other = orjson.loads(scored[0].value) | {"score": 99}
    with pytest.raises(FailedError, match=r"^1 wrong$"):
        common.check(made.truth, [record(other["brand"], other), *scored[1:]], counts)
    last = {each.key: each for each in counts}
    dropped = next(iter(last.values()))
    with pytest.raises(FailedError, match=r"^1 series miscounted$"):
        common.check(made.truth, scored, [each for each in counts if each is not dropped])
    with pytest.raises(FailedError, match=r"^1 series miscounted$"):
        common.check(made.truth, scored, [*counts, record("x|login|0", job.counted("x|login|0", 1))])


def said_of(id_: str, brand: str, minute: str, at_ms: int, points: tuple[str, ...] = ()) -> tuple[Any, dict[str, Any]]:
    pains = [{"id": point} for point in points]
    value = {"id": id_, "brand": brand, "created_at": f"{minute}:07.000Z", "pain_points": pains, "delights": []}
    return SimpleNamespace(timestamp=at_ms), value | {"sentiment": {"label": "negative"}}


def window_of(brand: str, point: str, minute: str, mentions: int, at_ms: int) -> tuple[Any, dict[str, Any]]:
    value = {"brand": brand, "pain_point": point, "window_start": f"{minute}:00.000Z", "window": {"mentions": mentions}}
    return SimpleNamespace(timestamp=at_ms), value


def test_the_full_path_is_checked_against_a_naive_count_and_timed_by_rank() -> None:
    minute = "2026-03-02T00:00"
    made = workload.Workload([workload.Event(name, "Acme", END_MS, b"") for name in ("a", "b", "c")])
    scored = [said_of(name, "Acme", minute, 100 + index, ("login",)) for index, name in enumerate("abc")]
    metrics = [window_of("Acme", "*", minute, 1, 200), window_of("Acme", "*", minute, 3, 300)]
    metrics.append(window_of("Acme", "login", minute, 3, 300))
    scored[0][1]["delights"] = [{"id": "lovely"}]  # Of who is unhappy as a whole: it counts for no series.
    product.check(made, scored, metrics)
    assert product.effects_of(scored, metrics) == {"a": 200, "b": 300, "c": 300}
    with pytest.raises(FailedError, match=r"^1 windows miscounted$"):
        product.check(made, scored, metrics[:2])
    with pytest.raises(FailedError, match="1 scored twice"):
        product.check(made, [*scored, scored[0]], metrics)
    with pytest.raises(FailedError, match="1 not scored"):
        product.check(made, scored[1:], metrics)
    with pytest.raises(FailedError, match=r"^1 windows too many$"):
        product.check(made, scored, [*metrics, window_of("Acme", "refund", minute, 1, 300)])


def test_an_alert_waits_from_the_mark_that_completes_the_last_partition() -> None:
    minute = product_latency.MINUTE_MS
    judged_ms = END_MS + 5 * minute
    alert = SimpleNamespace(timestamp=10_000), {"brand": "idle 0", "updated_at": "2026-03-02T00:05:00.000Z"}
    late = judged_ms + 10 * minute
    marks: product_latency.Marks = {
        ("posts", 0): [(9_000, late - 1, False), (9_500, late, False)],
        ("posts", 1): [(9_100, late, False), (9_900, late + minute, False)],
    }
    assert list(product_latency.alert_latencies([alert], marks, "idle", 10 * minute)) == [500]
    assert list(product_latency.alert_latencies([alert], marks, "half load", 10 * minute)) == []
    marks["posts", 1] = [(9_800, judged_ms - 1, True)]  # The end lets out what was said before it, at once.
    assert list(product_latency.alert_latencies([alert], marks, "idle", 10 * minute)) == [200]
    marks["posts", 1] = [(9_800, judged_ms, False)]
    with pytest.raises(FailedError, match="before its time was told"):
        list(product_latency.alert_latencies([alert], marks, "idle", 10 * minute))


def test_rates_leave_out_what_came_before_the_first_output() -> None:
    assert span([1_000, 1_000, 2_000, 3_000], 3_500).rate == pytest.approx(2 / 2.5)
    assert span([1_000, 2_000, 3_000], 3_000, since_ms=2_000).events == 1
    with pytest.raises(FailedError, match="too few events"):
        span([1_000, 1_000], 1_000)


def test_percentiles_are_values_that_occurred() -> None:
    values = list(range(1, 201))
    assert (percentile(values, 50), percentile(values, 99), percentile([7.0], 99)) == (100, 198, 7.0)
    assert delay([3, 1, 2], [1_000, 1_500, 2_000]) == Delay(3, 2, 3, 3, 2.0)
    with pytest.raises(FailedError):
        delay([])


def test_processor_time_is_told_between_two_moments() -> None:
    usage = Usage([Sample(10.0, 1.0, 50_000_000), Sample(12.0, 3.0, 90_000_000), Sample(14.0, 3.0, 70_000_000)])
    assert usage.cpu_between(11.0, 13.0) == pytest.approx(1.0)
    assert usage.cpu_between(0.0, 99.0) == pytest.approx(2.0)
    assert usage.peak_mb == 90


def test_the_table_shows_medians_ratios_and_who_failed() -> None:
    runs = [Run(1_000, rate, rate / 1e6, 0.01, 50) for rate in (100.0, 900.0, 200.0)]
    assert median(runs).rate == 200.0
    loop = Entry("librdkafka", "A loop", {"confluent-kafka": "2"}, [Run(1_000, 400.0, 0.02, 0.01, 40)])
    ours = Entry("groundswell", "Ours", {}, runs, {"idle": {"scored": Delay(10, 5, 9, 9)}})
    broken = Entry("quix", "Quix", {}, runs, {}, "3 not scored")
    path = Entry("path", "one worker", {}, runs)
    results = Results({"cores": "2"}, 3, 60, [loop, ours, broken], [path])
    assert [entry["median"] and entry["median"]["rate"] for entry in results.as_dict()["common"]] == [400, 200, None]
    shown = table.text(results).splitlines()
    (line,) = (line for line in shown if line.startswith("Ours"))
    assert line.split() == ["Ours", "1,000", "200", "0.50", "–", "–", "0.0002", "0.0100", "50", "5/9", "–"]
    lines = [" ".join(line.split()) for line in shown if line.startswith("Quix")]
    assert lines == ["Quix failed", "Quix has no figures: 3 not scored"]
    assert "A loop: confluent-kafka 2" in shown
