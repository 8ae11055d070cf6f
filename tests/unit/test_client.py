"""The subscriber's memory and its watch over the broker, without a broker."""

import pytest

from streams import client
from streams.admin import BrokerUnreachable


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


def test_a_broker_that_is_gone_for_a_minute_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, asked = Clock(), []
    monkeypatch.setattr(client, "time", clock)

    def ask() -> None:
        asked.append(clock.now)
        if clock.now >= 20:
            raise BrokerUnreachable("gone")

    watch = client._Watch(ask)
    for second in range(70):
        clock.now = float(second)
        watch.silence()
    assert asked == [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
    with pytest.raises(BrokerUnreachable):
        for second in range(70, 90):
            clock.now = float(second)
            watch.silence()
    assert clock.now == 80.0


def test_records_and_answers_are_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(client, "time", clock)

    def ask() -> None:
        raise BrokerUnreachable("gone")

    watch = client._Watch(ask)
    for second in range(0, 1_000, 5):
        clock.now = float(second)
        watch.heard() if second % 50 == 0 else watch.silence()
