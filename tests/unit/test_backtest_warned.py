"""What a backtest says of early warnings: which came true, how early, and how often they were wrong."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.base import stamp
from streams.backtest import Warnings
from tests.support.records import BASE_MS, MINUTE
from tests.support.runs import alert


def window(minute: int, status: str, *, since: int, brand: str = "Acme", kind: str = "pain_point") -> dict[str, Any]:
    """A window of ``metrics`` in wire form, as far as it is looked at."""
    numbers = {"observed": 4, "projected": 8, "line": 7, "chance": 0.6}
    heading = {"status": status, "kind": kind, "since": stamp(BASE_MS + since * MINUTE), **numbers}
    ends = stamp(BASE_MS + minute * MINUTE)
    return {"brand": brand, "pain_point": "late_delivery", "window_end": ends, "heading": heading}


def test_each_warning_is_one_from_its_first_window_to_its_last() -> None:
    warnings = Warnings()
    for it in (
        window(5, "warned", since=5), window(10, "warned", since=5), window(10, "warned", since=10, brand="Beta"),
        window(25, "crossed", since=5), window(30, "withdrawn", since=10, brand="Beta"),
        window(400, "warned", since=400), window(405, "warned", since=400),
    ):  # fmt: skip
        warnings.take(it)
    assert [(it.brand, it.outcome, it.lead_minutes) for it in warnings.all] == [
        ("Acme", "crossed", 20.0), ("Beta", "withdrawn", None), ("Acme", "open", None),
    ]  # fmt: skip
    # One of which nobody knows yet counts neither way.
    assert (warnings.share_crossed, warnings.median_lead) == (0.5, 20.0)
    assert warnings.all[0].line == 7


def test_an_alert_was_warned_of_where_its_brand_was_when_it_came() -> None:
    warnings = Warnings()
    warnings.take(window(5, "warned", since=5))
    warnings.take(window(25, "crossed", since=5))
    at = BASE_MS + 25 * MINUTE
    told = [
        alert(at),
        alert(at, brand="Beta"),
        alert(at + 5 * MINUTE),
        alert(at, kind="delight"),
        alert(at, kind="mood"),
    ]
    assert warnings.warned_of(told) == (1, 3)


@pytest.mark.parametrize("status", ["crossed", "withdrawn"])
def test_of_no_warning_nothing_is_said(status: str) -> None:
    warnings = Warnings()
    assert (warnings.share_crossed, warnings.median_lead, warnings.warned_of([])) == (None, None, (0, 0))
    # The recording begins in the middle of one.
    warnings.take(window(5, status, since=-10))
    assert [it.outcome for it in warnings.all] == [status]
