"""The detectors by name: to add one, write its file and its line here; the contract tests find it."""

from __future__ import annotations

from collections.abc import Callable

from schemas.alerts import Kind
from streams.detection.contract import Detector
from streams.detection.hush import Hush
from streams.detection.mood import Mood
from streams.detection.share import Share
from streams.detection.surge import Surge

DETECTORS: dict[str, Callable[[], Detector]] = {
    "surge": Surge,
}

KINDS: dict[Kind, object] = {"share": Share(), "mood": Mood(), "silence": Hush()}
"""What judges the kinds of alert that no count of voices alone can tell."""


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
