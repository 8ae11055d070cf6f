"""A round follows from its seed."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest

from streams.windows.cells import MINUTE_MS
from tests.chaos.records import stream
from tests.chaos.schedule import KINDS, MOST_WORKERS, SESSION_SECONDS, Disorder, schedule

NOW_MS = 1_780_000_000_000
SEEDS = range(300)


def test_the_same_seed_gives_the_same_round_and_another_seed_another() -> None:
    assert [schedule(seed) for seed in SEEDS] == [schedule(seed) for seed in SEEDS]
    assert len({schedule(seed) for seed in SEEDS}) == len(SEEDS)


def test_fifty_seeds_hold_every_kind_many_times() -> None:
    kinds = Counter(fault.kind for seed in range(50) for fault in schedule(seed).faults)
    assert kinds.keys() == set(KINDS)
    assert min(kinds.values()) >= 10


def test_only_the_kinds_that_were_asked_for_and_what_they_need_happen() -> None:
    for seed in SEEDS:
        assert {fault.kind for fault in schedule(seed, ("kill", "broker")).faults} <= {"kill", "broker", "join"}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_fault_hits_somebody_and_somebody_is_left(seed: int) -> None:
    plan = schedule(seed)
    alive, thaws, began = set(range(plan.workers)), dict.fromkeys(range(plan.workers), 0.0), 0.0
    for fault in plan.faults:
        assert fault.at >= began
        began = fault.at
        assert 0 < fault.share < 1
        if fault.kind == "join":
            assert fault.worker not in alive
            assert fault.worker is not None
            alive.add(fault.worker)
            thaws[fault.worker] = 0.0
        elif fault.worker is not None:
            assert fault.worker in alive
            assert thaws[fault.worker] < fault.at, "a frozen worker can't be hit by anything else"
        if fault.kind == "freeze":
            assert fault.seconds > SESSION_SECONDS
            assert fault.worker is not None
            thaws[fault.worker] = fault.at + fault.seconds
        if fault.kind in ("kill", "stop"):
            alive.discard(fault.worker or 0)
        assert len(alive) <= MOST_WORKERS
    assert alive
    assert plan.rest > 0


def test_the_records_are_a_function_of_the_seed_and_hold_what_was_asked_for() -> None:
    wrong = Disorder(duplicates=0.05, poison=0.02, absurd=0.01, shuffled_seconds=590)
    events = stream(3, wrong, brands=1, crowd=1, now_ms=NOW_MS)
    assert events == stream(3, wrong, brands=1, crowd=1, now_ms=NOW_MS)
    assert events != stream(4, wrong, brands=1, crowd=1, now_ms=NOW_MS)
    values = [event.value for _, event in events]
    twice = len(values) - len(set(values))
    assert 0.03 < twice / len(values) < 0.06
    ahead = [value for value in values if value.startswith(b"{") and b'"id":"absurd-' in value]
    assert len(ahead) == int(len(values) / 1.03 * 0.01)
    assert all(orjson.loads(value)["created_at"] > "2026-05-28" for value in ahead)


def test_nothing_is_overtaken_by_more_than_was_said() -> None:
    wrong = Disorder(duplicates=0.0, poison=0.01, absurd=0.0, shuffled_seconds=590)
    newest, furthest = 0, 0
    for _, event in stream(5, wrong, brands=2, crowd=1, now_ms=NOW_MS):
        newest = max(newest, event.time_ms)
        furthest = max(furthest, newest - event.time_ms)
    assert 5 * MINUTE_MS < furthest < 10 * MINUTE_MS, "within the allowed lateness, but not in order"
