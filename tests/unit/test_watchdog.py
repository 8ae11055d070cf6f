"""The watchdog: who stands still is told, who gets on or is excused is not; and a broker's comings and goings."""

from __future__ import annotations

import doctest

from hypothesis import given
from hypothesis import strategies as st

from streams import watchdog
from streams.watchdog import Absence, Standing, Watchdog
from tests.support.examples import examples

A, B = ("posts", 0), ("scored", 1)


def look(dog: Watchdog, now: float, *, excused: tuple = (), **at: tuple[int, int, int]) -> list[str]:
    places = {"a": A, "b": B}
    dog.look({places[name]: Standing(*standing) for name, standing in at.items()}, now, excused)
    return [str(stall) for stall in dog.stalls]


def test_the_example_holds() -> None:
    assert doctest.testmod(watchdog) == (0, 3)


def test_a_partition_with_lag_that_does_not_move_is_told_with_since_and_lag() -> None:
    dog = Watchdog(60)
    assert look(dog, 100, a=(5, 1205, 1), b=(7, 7, 1)) == []
    assert look(dog, 160, a=(5, 1205, 2), b=(7, 7, 2)) == []
    assert look(dog, 161, a=(5, 1205, 3), b=(7, 7, 3)) == [
        "posts:0 has finished nothing for 61 s, and 1,200 records wait"
    ]
    assert dog.still == {A: 61, B: 0}


def test_each_finished_record_begins_a_new_minute_however_the_lag_grows() -> None:
    dog = Watchdog(60)
    for number in range(10):
        assert look(dog, number * 59, a=(number, 100 * number + 1, number)) == []
    assert look(dog, 9 * 59 + 61, a=(9, 2000, 99)) != []
    assert look(dog, 9 * 59 + 62, a=(10, 2000, 100)) == []


def test_a_partition_that_goes_back_gets_on_too() -> None:
    dog = Watchdog(60)
    look(dog, 0, a=(500, 600, 1))
    look(dog, 50, a=(300, 600, 2))  # Its new generation reads again from the last commit.
    assert look(dog, 70, a=(300, 600, 3)) == []


def test_caught_up_and_asked_again_is_getting_on_but_no_longer_asked_is_not() -> None:
    dog = Watchdog(60)
    for now in range(0, 600, 50):
        assert look(dog, now, a=(5, 5, now)) == []
    assert look(dog, 620, a=(5, 5, 550)) == ["posts:0 has not been read for 70 s, so nobody knows what waits there"]


def test_a_partition_of_which_nothing_is_known_is_told_as_well() -> None:
    dog = Watchdog(60)
    dog.look({A: Standing(None, None, None)}, 0)
    dog.look({A: Standing(None, None, None)}, 61)
    assert [stall.place for stall in dog.stalls] == [A]


def test_the_longest_comes_first() -> None:
    dog = Watchdog(60)
    look(dog, 0, a=(1, 2, 0))
    look(dog, 10, a=(1, 2, 1), b=(1, 2, 1))
    assert [stall.split(":")[0] for stall in look(dog, 100, a=(1, 2, 2), b=(1, 2, 2))] == ["posts", "scored"]


def test_an_excuse_stops_the_time_and_begins_it_anew() -> None:
    dog = Watchdog(60)
    look(dog, 0, a=(5, 9, 1), b=(5, 9, 1))
    assert look(dog, 59, excused=(A,), a=(5, 9, 1), b=(5, 9, 1)) == []
    assert look(dog, 100, a=(5, 9, 1), b=(5, 9, 1)) == ["scored:1 has finished nothing for 100 s, and 4 records wait"]
    assert len(look(dog, 120, a=(5, 9, 1), b=(5, 9, 1))) == 2


def test_a_partition_that_others_have_now_is_forgotten_and_begins_anew_when_it_returns() -> None:
    dog = Watchdog(60)
    look(dog, 0, a=(5, 9, 1))
    assert look(dog, 70, b=(5, 9, 1)) == []
    assert dog.still == {B: 0}
    assert look(dog, 80, a=(5, 9, 1), b=(5, 9, 1)) == []
    assert look(dog, 141, a=(5, 9, 1), b=(6, 9, 1)) == ["posts:0 has finished nothing for 61 s, and 4 records wait"]


@examples(200)
@given(st.lists(st.tuples(st.integers(1, 40), st.booleans(), st.integers(0, 3), st.booleans()), max_size=40))
def test_it_is_told_exactly_when_nothing_was_good_for_so_long(steps: list[tuple[int, bool, int, bool]]) -> None:
    """A plain memory of the last good moment knows it too."""
    dog, now, finished, heard, good = Watchdog(60), 0, 0, 0, 0
    dog.look({A: Standing(0, 0, 0)}, 0)
    for wait, moves, lag, excused in steps:
        now, heard = now + wait, heard + 1
        finished += moves
        if moves or not lag or excused:
            good = now
        dog.look({A: Standing(finished, finished + lag, heard)}, now, [A] if excused else [])
        assert bool(dog.stalls) == (now - good > 60)


def test_a_broker_that_goes_is_told_once_then_now_and_then_then_once_that_it_is_back() -> None:
    absence, told = Absence(grace=3, remind=60), []
    for now in range(200):
        line = absence.silent(now) if 10 <= now < 150 else absence.answered(now)
        assert (absence.seconds(now) is not None) == (12 <= now < 150)
        if line:
            told.append((now, line))
    assert told == [
        (12, "The broker does not answer; waiting for it, nothing is lost meanwhile"),
        (72, "The broker has not answered for 63 s; still waiting for it"),
        (132, "The broker has not answered for 123 s; still waiting for it"),
        (150, "The broker answers again, after 141 s; going on"),
    ]


def test_a_hiccup_is_not_told() -> None:
    absence = Absence(grace=3)
    assert [absence.answered(0), absence.silent(1), absence.silent(2), absence.answered(3), absence.silent(5)] == [
        None
    ] * 5
    assert absence.seconds(5) is None


def test_a_broker_that_never_answered_is_away_too() -> None:
    absence = Absence(grace=3)
    assert absence.silent(0) is None
    assert absence.silent(4) == "The broker does not answer; waiting for it, nothing is lost meanwhile"
    assert absence.seconds(10) == 10
