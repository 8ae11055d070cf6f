"""What of the libraries' logs is written: each kind once a minute, nothing that is no news, and all of ours."""

from __future__ import annotations

import logging

from streams.logs import Sparingly


def passes(sieve: Sparingly, name: str, message: str, at: float, level: int = logging.ERROR) -> bool:
    record = logging.LogRecord(name, level, "file", 1, message, ("argument",), None)
    record.created = at
    return bool(sieve.filter(record))


def test_a_library_says_each_kind_of_thing_once_a_minute() -> None:
    sieve = Sparingly(lambda: False)
    said = [at for at in range(125) if passes(sieve, "aiokafka.conn", "Unable to connect %s", 1000.0 + at)]
    assert said == [0, 60, 120]
    assert passes(sieve, "aiokafka.conn", "Something else %s", 1001.0)
    assert passes(sieve, "mode.services", "Unable to connect %s", 1001.0)


def test_while_the_broker_is_away_its_clients_say_nothing_but_what_is_critical() -> None:
    sieve = Sparingly(lambda: True)
    assert not passes(sieve, "aiokafka.conn", "Unable to connect %s", 1.0)
    assert passes(sieve, "aiokafka.conn", "Lost %s", 1.0, logging.CRITICAL)
    assert passes(sieve, "faust.app", "Crashed %s", 1.0)


def test_what_we_say_is_always_written() -> None:
    sieve = Sparingly(lambda: True)
    assert all(passes(sieve, "streams.app", "Standing still: %s", at) for at in (1.0, 1.1, 1.2))
