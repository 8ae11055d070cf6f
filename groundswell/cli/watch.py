"""``groundswell watch``: open alerts, rates and sparklines, on a full screen."""

from __future__ import annotations

import importlib.util
import logging
import sys

from groundswell.cli import broker, options
from groundswell.cli.failures import ProblemError, UsageError
from groundswell.cli.silence import By, somebody


def watch(by: By = None) -> None:
    """Watch what hurts now, on a full screen: open alerts with quotes, rates, a sparkline for each pain point.

    Keys: arrows choose an alert, space shows more of it, a acknowledges it, s silences it, q ends. A broker that goes
    away is waited for.
    """
    if importlib.util.find_spec("textual") is None:
        raise ProblemError("watch needs textual; install it with: pip install 'groundswell[watch]'")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("watch needs a terminal; for files and pipes there is: groundswell tail alerts --json")
    from groundswell.watch.board import Board
    from groundswell.watch.following import Following
    from groundswell.watch.screen import WatchScreen
    from schemas.silences import Acknowledgement, Silence
    from streams.silence_log import publish

    who = somebody(by)
    settings = options.settings()
    place = broker.required(settings)
    # A line of a log would be written across the screen.
    logging.disable(logging.CRITICAL)

    async def write(record: Silence | Acknowledgement) -> None:
        await publish(record, settings=settings, address=place)

    following = Following(settings, place)
    following.start()
    try:
        WatchScreen(Board(), following, write, who, place).run()
    finally:
        following.stop()
