"""Clocks: whose time a brand follows, and when a clock stands still."""

from __future__ import annotations

import pytest

from streams.windows.clock import CLOCKS_KEPT, FORSAKEN_MS, LIVE, ORIGINS_KEPT, Clocks
from tests.support.records import BASE_MS, HOUR, MINUTE, mark, progress

LATENESS = 10 * MINUTE
RAW = {"posts.v1": 2}
ONE, TWO = "posts.v1:0", "posts.v1:1"


@pytest.fixture
def clocks() -> Clocks:
    return Clocks(LATENESS)


def test_every_partition_is_waited_for_also_those_that_are_empty(clocks: Clocks) -> None:
    assert clocks.watermark(LIVE) is None
    clocks.note(progress({ONE: BASE_MS}, raw=RAW))
    assert clocks.watermark(LIVE) is None
    clocks.note(progress({TWO: BASE_MS + HOUR}, raw=RAW))
    assert clocks.watermark(LIVE) == BASE_MS - LATENESS


def test_more_partitions_are_waited_for_as_soon_as_they_are_known(clocks: Clocks) -> None:
    clocks.note(progress({ONE: BASE_MS}, raw={"posts.v1": 1}))
    assert clocks.watermark(LIVE) is not None
    clocks.note(progress({ONE: BASE_MS}, raw=RAW))
    assert clocks.watermark(LIVE) is None


def test_a_worker_whose_clock_is_wrong_does_not_carry_live_time_with_it(clocks: Clocks) -> None:
    ahead = progress({ONE: BASE_MS + 400 * 24 * HOUR, TWO: BASE_MS}, raw=RAW, at_ms=BASE_MS + 400 * 24 * HOUR)
    clocks.note(ahead, BASE_MS + MINUTE)
    assert clocks.live == {ONE: BASE_MS + MINUTE, TWO: BASE_MS}
    clocks.note(progress({ONE: BASE_MS - 24 * HOUR}, raw=RAW), BASE_MS + 2 * MINUTE)
    assert clocks.live == {ONE: BASE_MS + MINUTE, TWO: BASE_MS}
    clocks.note(progress(marks={ONE: mark("r1", BASE_MS)}, at_ms=BASE_MS + 24 * HOUR), BASE_MS + FORSAKEN_MS)
    assert not clocks.stopped("r1"), "by the broker's clock its sender spoke just now"


def test_a_replay_waits_for_all_its_partitions(clocks: Clocks) -> None:
    clocks.note(progress(marks={ONE: mark("r1", BASE_MS, origins=RAW)}))
    assert clocks.watermark("r1") is None
    clocks.note(progress(marks={TWO: mark("r1", None, origins=RAW)}))
    assert clocks.watermark("r1") is None, "its first mark says no time yet"
    clocks.note(progress(marks={TWO: mark("r1", BASE_MS + MINUTE, origins=RAW)}))
    assert clocks.watermark("r1") == BASE_MS - LATENESS
    assert clocks.watermark("r2") is None


def test_the_end_of_a_replay_closes_its_last_minute(clocks: Clocks) -> None:
    clocks.note(progress(marks={ONE: mark("r1", BASE_MS + 61_000, origins=RAW, ended=True)}))
    assert not clocks.stopped("r1")
    clocks.note(progress(marks={TWO: mark("r1", BASE_MS + 61_000, origins=RAW, ended=True)}))
    assert clocks.stopped("r1")
    assert clocks.watermark("r1") == BASE_MS + 2 * MINUTE


def test_more_ends_than_were_announced_are_an_end_too(clocks: Clocks) -> None:
    for origin in (ONE, TWO):
        clocks.note(progress(marks={origin: mark("r1", BASE_MS, origins={"posts.v1": 1}, ended=True)}))
    assert clocks.stopped("r1")


def test_a_replay_without_records_ends_without_a_time(clocks: Clocks) -> None:
    clocks.note(progress(marks={ONE: mark("r1", None, ended=True)}))
    assert clocks.stopped("r1")
    assert clocks.watermark("r1") is None
    assert clocks.combined(["r1"]) is None


class TestCombined:
    def test_the_slowest_of_those_that_run(self, clocks: Clocks) -> None:
        clocks.note(progress({ONE: BASE_MS + HOUR}, raw={"posts.v1": 1}))
        clocks.note(progress(marks={ONE: mark("r1", BASE_MS)}))
        assert clocks.combined([LIVE, "r1"]) == BASE_MS - LATENESS
        assert clocks.combined([LIVE]) == BASE_MS + HOUR - LATENESS

    def test_one_that_is_over_holds_nobody_back(self, clocks: Clocks) -> None:
        clocks.note(progress({ONE: BASE_MS + HOUR}, raw={"posts.v1": 1}))
        clocks.note(progress(marks={ONE: mark("r1", BASE_MS, ended=True)}))
        assert clocks.combined([LIVE, "r1"]) == BASE_MS + HOUR - LATENESS

    def test_when_all_are_over_the_last_end_counts(self, clocks: Clocks) -> None:
        for name, end_ms in (("r1", BASE_MS + HOUR), ("r2", BASE_MS)):
            clocks.note(progress(marks={ONE: mark(name, end_ms, ended=True)}))
        assert clocks.combined(["r1", "r2"]) == BASE_MS + HOUR + MINUTE

    def test_nothing_is_known_of_no_clock(self, clocks: Clocks) -> None:
        assert clocks.combined([]) is None
        assert clocks.combined([LIVE]) is None


class TestForsaken:
    def test_a_sender_that_says_nothing_any_more_lets_go(self, clocks: Clocks) -> None:
        clocks.note(progress(marks={ONE: mark("r1", BASE_MS)}, at_ms=BASE_MS + FORSAKEN_MS))
        assert not clocks.stopped("r1")
        clocks.note(progress(marks={ONE: mark("r1", BASE_MS)}, at_ms=BASE_MS + FORSAKEN_MS + 1))
        assert clocks.stopped("r1")

    def test_also_when_nobody_speaks_of_it(self, clocks: Clocks) -> None:
        clocks.note(progress(marks={ONE: mark("r1", BASE_MS)}))
        clocks.note(progress({ONE: BASE_MS}, at_ms=BASE_MS + FORSAKEN_MS + 1))
        assert clocks.stopped("r1")

    def test_one_sign_of_life_is_enough(self, clocks: Clocks) -> None:
        clocks.note(progress(marks={ONE: mark("r1", BASE_MS)}, at_ms=BASE_MS + HOUR))
        clocks.note(progress(marks={ONE: mark("r1", BASE_MS + 1, sent_ms=BASE_MS + HOUR)}, at_ms=BASE_MS + HOUR))
        assert not clocks.stopped("r1")

    def test_one_that_is_over_is_not_forsaken(self, clocks: Clocks) -> None:
        clocks.note(progress(marks={ONE: mark("r1", BASE_MS, ended=True)}, at_ms=BASE_MS + HOUR))
        assert not clocks.replays["r1"].forsaken


def test_only_so_many_replays_are_remembered(clocks: Clocks) -> None:
    for number in range(CLOCKS_KEPT + 3):
        clocks.note(progress(marks={ONE: mark(f"r{number}", BASE_MS, ended=True)}))
    assert len(clocks.replays) == CLOCKS_KEPT
    assert clocks.stopped("r0")
    assert clocks.watermark(f"r{CLOCKS_KEPT + 2}") is not None


def test_state_goes_there_and_back(clocks: Clocks) -> None:
    clocks.note(progress({ONE: BASE_MS}, marks={TWO: mark("r1", None, origins=RAW)}, raw=RAW))
    assert Clocks.from_state(LATENESS, clocks.to_state()) == clocks


def test_what_strangers_make_up_is_not_followed_without_end(clocks: Clocks) -> None:
    clocks.note(progress({ONE: BASE_MS, TWO: BASE_MS}, raw=RAW))
    for number in range(3):
        made_up = {f"x{number}.{n}:0": BASE_MS for n in range(ORIGINS_KEPT)}
        marks = {origin: mark("r1", BASE_MS) for origin in made_up}
        clocks.note(progress(made_up | {"y" * 1_000 + ":0": BASE_MS}, marks=marks))
    clocks.note(progress(marks={ONE: mark("r" * 1_000, BASE_MS)}))
    clocks.note(progress(marks={ONE: mark("r2", BASE_MS, origins={"t" * 10_000: 1})}))
    assert len(clocks.live) == len(clocks.raw) == len(clocks.replays["r1"].times) == ORIGINS_KEPT
    assert list(clocks.replays) == ["r1"]
    clocks.note(progress({ONE: BASE_MS + HOUR}, raw=RAW))
    assert clocks.live[ONE] == BASE_MS + HOUR, "who is known goes on"
