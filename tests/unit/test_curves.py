"""Exponentials and logarithms of our own: those of mathematics, rounded once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.scoring.curves import exponential, log_odds, logarithm, power, sigmoid, softmax


def nearest(values: list[float]) -> list[float]:
    """In single precision."""
    return np.array(values, dtype=np.float32).tolist()


some = st.lists(st.floats(-86.0, 87.0, width=32), min_size=1, max_size=9)
above = st.lists(st.floats(2.0**-100, 2.0**100, width=32), min_size=1, max_size=9)


@given(some, above)
def test_they_are_the_nearest_numbers(values: list[float], positive: list[float]) -> None:
    given, wanted = np.array(values, dtype=np.float32), nearest([math.exp(value) for value in values])
    assert exponential(given).tolist() == wanted
    given, wanted = np.array(positive, dtype=np.float32), nearest([math.log(value) for value in positive])
    assert logarithm(given).tolist() == wanted
    wanted = nearest([value**0.75 for value in positive])
    assert power(given[None], np.array([0.75]))[0].tolist() == wanted


def test_nothing_overflows() -> None:
    far = np.array([-np.inf, -1e30, -200.0, 200.0, 1e30, np.inf], dtype=np.float32)
    assert np.isfinite(exponential(far)).all()
    assert sigmoid(far) == pytest.approx([0, 0, 0, 1, 1, 1], abs=1e-30)
    assert np.isfinite(log_odds(np.array([0.0, 1e-30, 1.0], dtype=np.float32))).all()
    assert softmax(np.array([[-1e30, 0.0, 1e30], [5.0, 5.0, 5.0]])) == pytest.approx(
        np.array([[0, 0, 1], [1 / 3, 1 / 3, 1 / 3]])
    )


def test_log_odds_are_what_a_probability_is_made_of() -> None:
    chances = np.array([[0.001, 0.2], [0.5, 0.999]], dtype=np.float32)
    assert sigmoid(log_odds(chances)) == pytest.approx(chances, rel=1e-5)


def test_rows_have_powers_of_their_own() -> None:
    rows = np.array([[1.0, 4.0, 9.0], [1.0, 2.0, 3.0]])
    assert power(rows, np.array([0.5, 2.0])) == pytest.approx(np.array([[1, 2, 3], [1, 4, 9]]))
    with pytest.raises(ValueError, match="don't fit"):
        power(rows, np.array([0.5]))
