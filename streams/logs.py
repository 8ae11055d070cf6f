"""What of the libraries' logs reaches people: each thing once a minute, and nothing that we say ourselves."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

AGAIN_SECONDS: Final = 60.0
LIBRARIES: Final = ("aiokafka", "kafka", "faust", "mode")


class Sparingly(logging.Filter):
    """Lets pass a library's line of one kind at most once a minute; the clients try again ten times a second.

    Args:
        away: Whether the broker is known to be away: then its clients' errors are no news.
    """

    def __init__(self, away: Callable[[], bool]) -> None:
        super().__init__()
        self._away = away
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        library = record.name.partition(".")[0]
        if library not in LIBRARIES or record.levelno >= logging.CRITICAL:
            return True
        if library in ("aiokafka", "kafka") and self._away():
            return False
        kind = (record.name, str(record.msg))
        if record.created - self._said.get(kind, float("-inf")) < AGAIN_SECONDS:
            return False
        self._said[kind] = record.created
        return True
