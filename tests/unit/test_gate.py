"""What a phrase's passage is: the clauses near its own."""

from __future__ import annotations

import numpy as np

from streams.scoring.gate import NEAR, _passages


def passages(hits: list[int], owners: list[int]) -> tuple[list[int], list[int]]:
    """The clauses near those that were hit, and those that begin a passage."""
    hit = np.zeros(len(owners), dtype=np.bool_)
    hit[hits] = True
    near, opens = _passages(hit, np.array(owners, dtype=np.int32))
    return np.flatnonzero(near).tolist(), np.flatnonzero(opens).tolist()


def test_a_passage_is_the_clauses_to_either_side() -> None:
    near, opens = passages([10], [0] * 30)
    assert near == list(range(10 - NEAR, 10 + NEAR + 1))
    assert opens == [10 - NEAR]


def test_passages_that_touch_are_one_and_others_are_apart() -> None:
    far = 2 * NEAR + 2
    assert passages([10, 10 + far - 1], [0] * 60)[1] == [10 - NEAR]
    assert passages([10, 10 + far], [0] * 60)[1] == [10 - NEAR, 10 + far - NEAR]


def test_a_passage_ends_where_its_text_does() -> None:
    assert passages([2], [0, 0, 1, 1, 2]) == ([2, 3], [2])
    assert passages([1, 2], [0, 0, 1, 1, 2]) == ([0, 1, 2, 3], [0, 2])


def test_where_nothing_was_hit_there_is_no_passage() -> None:
    assert passages([], [0, 0, 1]) == ([], [])
    assert passages([0], [0]) == ([0], [0])
