"""The listener is a function of what was said: not of order, cuts, origins, redelivery or restarts."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from streams.listener import Incoming
from streams.topics import ALERTS, HANDOFFS, METRICS
from streams.windows.bounds import Bounds
from tests.properties.logs import customers, frames, logs
from tests.properties.oracle import SPANS, expected, minutes_of, start_of, voiced
from tests.support.examples import examples
from tests.support.partition import LATENESS_MS, Partition

UNREACHED = Bounds()
CUTS = st.lists(st.integers(1, 60), min_size=1, max_size=4)


SMALL = st.builds(
    Bounds,
    voices=st.integers(1, 20),
    values=st.integers(1, 3),
    events=st.integers(1, 40),
    windows=st.integers(1, 20),
)
"""Bounds that the logs reach."""


def listened(pieces: list[list[Incoming]], bounds: Bounds = UNREACHED) -> Partition:
    partition = Partition(bounds=bounds)
    for piece in pieces:
        partition.hear(piece)
    return partition


def told_alerts(partition: Partition) -> list[dict[str, Any]]:
    return sorted(partition.of(ALERTS), key=lambda alert: (alert["fingerprint"], alert["revision"]))


def outcome(partition: Partition) -> dict[tuple[str, str], dict[str, Any]]:
    """What a handoff tells on its way depends on the order of arrival; who waits at last does not."""
    return {
        key: value if key[0] != HANDOFFS.short_name else {"status": value["status"]}
        for key, value in partition.final().items()
    }


@examples(25)
@given(st.data())
def test_order_cuts_and_origins_change_nothing(data: st.DataObject) -> None:
    records = data.draw(customers())
    one, other = (listened(frames(data.draw(logs(records)), data.draw(CUTS))) for _ in range(2))
    assert told_alerts(one) == told_alerts(other)
    assert outcome(one) == outcome(other)


@examples(20)
@given(st.data())
def test_closed_windows_equal_a_naive_count(data: st.DataObject) -> None:
    records = data.draw(customers())
    partition = listened(frames(data.draw(logs(records)), data.draw(CUTS)))
    windows = {
        (value["brand"], value["pain_point"], start_of(value)): value
        for (topic, _), value in partition.final().items()
        if topic == METRICS.short_name
    }
    assert minutes_of(records) <= windows.keys()
    records = voiced(records)
    for (brand, name, start_ms), window in windows.items():
        assert window["late"] == 0
        for span, numbers in expected(records, brand, name, start_ms).items():
            shown = window[span] | {"emotions": dict(sorted(window[span]["emotions"].items()))}
            assert shown == numbers, (brand, name, window["window_start"], span)
    assert SPANS.keys() <= window.keys()


@examples(25)
@given(st.data())
def test_what_is_read_again_changes_nothing(data: st.DataObject) -> None:
    records = data.draw(customers())
    pieces = frames(data.draw(logs(records)), data.draw(CUTS))
    once = listened(pieces)
    again = Partition()
    for last, piece in enumerate(pieces):
        again.hear(piece)
        if data.draw(st.integers(0, 4)) == 0:
            # A worker dies before its offsets are committed: whoever takes over reads from the last commit on.
            first = data.draw(st.integers(0, last))
            if data.draw(st.booleans()):
                again.restart()
            for repeated in pieces[first : last + 1]:
                again.hear(repeated)
    assert again.final() == once.final()
    assert again.stored == once.stored


@examples(25)
@given(st.data())
def test_a_restart_changes_nothing(data: st.DataObject) -> None:
    records = data.draw(customers())
    # Also what comes too late for its window: later by up to three hours.
    log = data.draw(logs(records, latest_ms=data.draw(st.sampled_from([0, 9 * 60_000, 3 * 3_600_000]))))
    pieces = frames(log, data.draw(CUTS))
    bounds = data.draw(st.one_of(st.just(UNREACHED), SMALL))
    unbroken, broken = Partition(bounds=bounds), Partition(bounds=bounds)
    for piece in pieces:
        tell_open = data.draw(st.booleans())
        unbroken.hear(piece, tell_open=tell_open)
        broken.hear(piece, tell_open=tell_open)
        if data.draw(st.integers(0, 3)) == 0:
            broken.restart()
        assert broken.stored == unbroken.stored
    # Who takes over does not know which open windows were told last, and tells them all.
    assert broken.decided() == unbroken.decided()
    unbroken.hear([], tell_open=True)
    broken.hear([], tell_open=True)
    assert broken.last == unbroken.last


@examples(25)
@given(st.data())
def test_what_a_bound_drops_follows_from_the_log_and_not_from_how_it_is_cut(data: st.DataObject) -> None:
    latest_ms = data.draw(st.sampled_from([9 * 60_000, 3 * 3_600_000]))
    log = data.draw(logs(data.draw(customers()), latest_ms=latest_ms))
    bounds = data.draw(SMALL)
    one, other = (listened(frames(log, data.draw(CUTS)), bounds) for _ in range(2))
    assert told_alerts(one) == told_alerts(other)
    if latest_ms < LATENESS_MS:
        # What is late is told again with each frame, with the sums as they are then.
        assert one.final() == other.final()
    for key, value in one.stored.items():
        assert orjson.loads(value) == orjson.loads(other.stored[key]), key
    assert one.stored.keys() == other.stored.keys()
