"""Which brands have something to do when time moves on."""

from __future__ import annotations

from typing import Any

from streams.windows.schedule import Schedule
from tests.support.partition import Partition
from tests.support.records import BASE_MS, DAY, HOUR, MINUTE, heard, progress, scored, told

LIVE = ("live",)


def test_only_who_is_due_is_taken_and_each_once() -> None:
    schedule = Schedule()
    for brand, due_ms in (("a", 10), ("b", 20), ("c", None), ("a", 15), ("a", 10), ("d", 30)):
        schedule.plan(brand, LIVE, due_ms)
    schedule.plan("d", ("live", "r1"), 5)
    assert sorted(schedule.take(LIVE, 20)) == ["a", "b"]
    schedule.plan("a", LIVE, None)
    assert schedule.take(LIVE, 100) == []
    assert schedule.take(("live", "r1"), 5) == ["d"]
    assert schedule.followers == {LIVE: 3, ("live", "r1"): 1}


def test_plans_that_change_again_and_again_leave_nothing_behind() -> None:
    schedule = Schedule()
    for due_ms in range(10_000, 0, -1):
        schedule.plan("a", LIVE, due_ms)
        schedule.plan("b", LIVE, 50_000 + due_ms % 2)
    assert sum(len(heap) for heap in schedule._heaps.values()) < 100
    assert schedule.take(LIVE, 1) == ["a"]
    assert schedule.take(LIVE, 50_001) == ["b"]


def test_clocks_that_nobody_follows_any_more_are_let_go() -> None:
    schedule = Schedule()
    schedule.plan("a", ("r1",), 10)
    schedule.plan("a", LIVE, 10)
    assert list(schedule.followers) == [LIVE]
    assert schedule.take(("r1",), 10) == []


def test_time_that_moves_on_touches_no_brand_that_has_nothing_to_do() -> None:
    partition = Partition()

    def live(at_ms: int) -> Any:
        return partition.hear([told(progress({"posts.v1:0": at_ms}))])

    brands = [f"brand {number}" for number in range(50)]
    partition.hear(
        [
            heard(scored(f"{brand} {number}", BASE_MS + number * MINUTE, brand=brand, origin=("posts.v1", 0, offset)))
            for offset, (brand, number) in enumerate((brand, number) for brand in brands for number in range(2))
        ]
    )
    live(BASE_MS + 2 * HOUR)
    live(BASE_MS + 3 * HOUR)
    for hour in range(4, 24):
        # What was said leaves no trace for the rest of the day: nothing is told, nothing but the clocks is stored.
        assert list(live(BASE_MS + hour * HOUR).state) == ["\x1fclocks"], hour
    effects = live(BASE_MS + DAY + 2 * HOUR)
    gone = [key for key, value in effects.state.items() if value is None]
    assert len(gone) == 100, "two minutes of each brand"
    assert all(brand.due_ms is None for brand in partition.listener.brands.values())
