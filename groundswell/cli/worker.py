"""``groundswell worker``: one worker, for a broker that runs."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Annotated, Final

import typer

from groundswell.cli import broker, options
from groundswell.cli.failures import debugging
from groundswell.cli.output import warn
from streams.settings import Settings

PATIENCE: Final = 30.0
"""Seconds that an orderly end may take when the parent is gone."""
AGAIN: Final = 1.0
"""Seconds until a broker that did not answer is asked again."""


def worker(
    attached: Annotated[
        bool, typer.Option("--attached", hidden=True, help="End when standard input closes: with the parent.")
    ] = False,
) -> None:
    """Run one worker: it shares the partitions with all others of its group, on the broker that is configured.

    Waits for a broker that does not answer yet, and refuses to start while the topics are not as they must be. SIGTERM
    or Ctrl-C ends it after the frames in hand.
    """
    # As the first process of a container it has no other way to hear of it, until the worker has its own.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    if attached:
        threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    settings = options.settings()
    _wait_for_topics(settings, broker.required(settings))
    from agents import app
    from streams.frame_app import run

    run(app, verbose=debugging())


def _wait_for_topics(settings: Settings, place: str) -> None:
    """Wait until the broker answers, however long that takes, and say so; then see to its topics.

    Raises:
        BrokerUntrusted: It answers, and waiting does not help.
        ProblemError: The topics are not as they must be.
    """
    from streams.admin import BrokerUnreachable, BrokerUntrusted
    from streams.watchdog import Absence

    absence = Absence(grace=0.0)
    while True:
        try:
            broker.refuse_wrong_topics(settings, place)
        except BrokerUntrusted:
            raise
        except BrokerUnreachable as error:
            if absence.silent(time.monotonic()):
                warn(f"waiting for the broker: {error}")
            time.sleep(AGAIN)
        else:
            if line := absence.answered(time.monotonic()):
                warn(f"{place}: {line}")
            return


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os._exit(1)
