"""The topics, followed by threads that wait for a broker that is away; what they bring is fetched from a queue."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from groundswell.watch.board import MINUTES, Board, Offsets
from streams import admin
from streams.client import NoSuchTopicError, Unreadable, subscribe
from streams.settings import Settings
from streams.topics import ALERTS, METRICS, QUARANTINE, RAW, SCORED, SILENCES, Topic

WAITING: Final = 10_000
"""Records that wait to be taken; then the threads wait, and the broker keeps the rest."""
LOOK_SECONDS: Final = 2.0
"""How often the offsets are asked for, and whether the broker is back."""
PUT_SECONDS: Final = 0.5
PAST_WINDOWS: Final = 40 * MINUTES
"""Records of a partition of ``metrics`` before now that fill the sparklines at the start."""


@dataclass(frozen=True, slots=True)
class Away:
    """What is wrong with the broker, or None: it answers."""

    why: str | None


class Following:
    """Follows ``alerts`` and ``silences`` from their beginning, and ``metrics`` from an hour or so ago.

    Args:
        settings: Names of the topics, and how to connect.
        address: The broker.
    """

    def __init__(self, settings: Settings, address: str) -> None:
        self._settings = settings
        self._address = address
        self._arrived: queue.Queue[object] = queue.Queue(WAITING)
        self._stop = threading.Event()
        works: list[Callable[[], None]] = [
            lambda: self._follow(ALERTS, from_beginning=True),
            lambda: self._follow(SILENCES, from_beginning=True),
            lambda: self._follow(METRICS, last=PAST_WINDOWS),
            self._look,
        ]
        self._threads = [threading.Thread(target=work, daemon=True) for work in works]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; the threads are gone within a second or so where the broker answers."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=1.0)

    def fill(self, board: Board, most: int = WAITING) -> bool:
        """Give the board what has come since the last time; True where there was anything."""
        taken = 0
        for value in self._waiting(most):
            taken += 1
            if isinstance(value, Away):
                board.away = value.why
            elif isinstance(value, Unreadable):
                board.unreadable += 1
            else:
                board.take(value)
        return taken > 0

    def _waiting(self, most: int) -> Iterator[object]:
        for _ in range(most):
            try:
                yield self._arrived.get_nowait()
            except queue.Empty:
                return

    def _follow(self, topic: Topic, **how: Any) -> None:
        while not self._stop.is_set():
            try:
                records = subscribe(
                    topic,
                    settings=self._settings,
                    address=self._address,
                    on_unreadable=self._put,
                    stop=self._stop,
                    **how,
                )
                for received in records:
                    self._put(received.value)
            except (admin.BrokerUnreachable, NoSuchTopicError) as error:
                self._put(Away(str(error)))
                self._stop.wait(LOOK_SECONDS)

    def _look(self) -> None:
        prefix = self._settings.topic_prefix
        refused = QUARANTINE.full_name(prefix)
        raw = {topic.full_name(prefix) for topic in RAW.values()}
        read = {*raw, SCORED.full_name(prefix)}
        while not self._stop.is_set():
            try:
                lags = admin.lag(self._settings, self._address, read)
                ends = admin.end_offsets(self._settings, self._address, [refused])
            except admin.BrokerUnreachable as error:
                self._put(Away(str(error)))
            else:
                if lags:
                    self._put(Away(None))
                waiting = sum(it.end - max(it.committed or 0, it.begin) for it in lags if it.topic in read)
                arrived = sum(it.end for it in lags if it.topic in raw)
                self._put(Offsets(time.monotonic(), arrived, sum(ends.values()), max(waiting, 0)))
            self._stop.wait(LOOK_SECONDS)

    def _put(self, value: object) -> None:
        while not self._stop.is_set():
            try:
                self._arrived.put(value, timeout=PUT_SECONDS)
            except queue.Full:
                continue
            return
