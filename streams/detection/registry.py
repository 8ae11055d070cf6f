"""The detectors by name: to add one, write its file and its line here; the contract tests find it."""

from __future__ import annotations

from collections.abc import Callable

from streams.detection.contract import Detector
from streams.detection.surge import Surge

DETECTORS: dict[str, Callable[[], Detector]] = {
    "surge": Surge,
}


class UnknownDetectorError(ValueError):
    """A detector that does not exist; the message lists those that do."""


def detector(name: str) -> Detector:
    """A detector with its one frozen configuration.

    Raises:
        UnknownDetectorError: No detector has that name; the message lists those that do.
    """
    try:
        return DETECTORS[name]()
    except KeyError:
        raise UnknownDetectorError(f"no detector is called {name!r}; there are: {', '.join(DETECTORS)}") from None
