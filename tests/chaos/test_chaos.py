"""The short version of ``make chaos``: one round that has most of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.__main__ import told
from tests.chaos.round import Round
from tests.chaos.schedule import DAY_SECONDS, SESSION_SECONDS, Disorder, Fault, Schedule

PLAN = Schedule(
    seed=1,
    workers=2,
    disorder=Disorder(duplicates=0.04, poison=0.02, absurd=0.005, shuffled_seconds=590),
    faults=(
        Fault(0.3, 0.2, "clock", 1, -3 * DAY_SECONDS),
        Fault(0.6, 0.3, "disk", 0),
        Fault(1.0, 0.4, "freeze", 0, SESSION_SECONDS + 1.5),
        Fault(3.0, 0.1, "join", 2),
        Fault(8.8, 0.4, "kill", 1),
        Fault(11.0, 0.4, "broker", None, 1.0),
    ),
    rest=4.0,
)


@pytest.mark.timeout(600)
def test_nothing_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    played = Round(PLAN, tmp_path, brands=1).play()
    print(f"\n{PLAN}\n{told(played)}")
    assert not played.judgement.problems
    assert (played.judgement.lost, played.judgement.doubled) == (0, 0)
