"""``groundswell worker``: one worker, for a broker that runs."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Annotated, Final

import typer

from groundswell.cli import broker, options
from groundswell.cli.failures import debugging

PATIENCE: Final = 30.0
"""Seconds that an orderly end may take when the parent is gone."""


def worker(
    attached: Annotated[
        bool, typer.Option("--attached", hidden=True, help="End when standard input closes: with the parent.")
    ] = False,
) -> None:
    """Run one worker: it shares the partitions with all others of its group, on the broker that is configured.

    Refuses to start while the topics are not as they must be. SIGTERM or Ctrl-C ends it after the frames in hand.
    """
    if attached:
        threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    settings = options.settings()
    broker.refuse_wrong_topics(settings, broker.required(settings))
    from agents import app
    from streams.frame_app import run

    run(app, verbose=debugging())


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os._exit(1)
