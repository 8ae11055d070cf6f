"""``groundswell up``: everything on this machine, until Ctrl-C."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, Annotated, Final

import typer

from groundswell.cli import broker, options, scrape
from groundswell.cli.crew import Crew
from groundswell.cli.failures import ProblemError
from groundswell.cli.output import say, warn, write_json
from streams.settings import Settings

WATCH_SECONDS: Final = 0.5


def up(
    workers: Annotated[
        int, typer.Option(min=1, max=64, metavar="N", help="How many workers share the partitions.")
    ] = 1,
    data: options.Data = None,
    packs: options.Packs = None,
    as_json: options.AsJson = False,
) -> None:
    """Run everything on this machine until Ctrl-C: Kafka, the topics and the workers.

    Kafka is Groundswell's own, kept in the data folder, unless GROUNDSWELL_BROKER names another. A line says when all
    is ready and where. A worker that dies is started again.
    """
    settings = options.settings(data, packs)
    with _until_signal(), running(settings, workers) as (address, crew), scrape.serving(settings, crew) as metrics:
        if as_json:
            told = {"broker": address, "scrape": metrics, "metrics": crew.metrics, "workers": crew.pids}
            write_json({**told, "data": str(settings.data)})
        else:
            say(f"Ready: broker {address}, metrics of all workers {metrics}. Ctrl-C ends it.")
        watch_forever(settings, crew)


@contextmanager
def running(settings: Settings, workers: int, log: IO[bytes] | None = None) -> Iterator[tuple[str, Crew]]:
    """The broker, the topics and ready workers; ends the workers first, then the broker.

    Args:
        settings: Which broker, and how the workers are set.
        workers: How many.
        log: Where the workers' logs go, instead of standard error.

    Raises:
        BrokerInUse: Another process runs the embedded broker on that folder.
        BrokerFailed: It did not start.
        BrokerUnreachable: The configured one does not answer.
        ProblemError: The topics are not as they must be, or a worker does not get ready.
    """
    from streams import admin

    if workers > settings.partitions:
        warn(f"{settings.partitions} partitions keep no more than so many workers busy; see GROUNDSWELL_PARTITIONS")
    with ExitStack() as stack:
        if settings.broker is None:
            address = stack.enter_context(broker.started(settings))
        else:
            address = settings.broker
            admin.create(settings, address)
        broker.refuse_wrong_topics(settings, address)
        crew = stack.enter_context(Crew(settings, address, workers, warn, log))
        crew.wait_until_ready()
        yield address, crew


def watch_forever(settings: Settings, crew: Crew) -> None:
    """Start workers again until somebody ends us.

    Raises:
        ProblemError: The embedded broker has ended.
    """
    from streams.broker import running as found

    while True:
        time.sleep(WATCH_SECONDS)
        if settings.broker is None and found(settings.data) is None:
            raise ProblemError(f"the embedded Kafka has ended; {settings.data / 'broker.log'} says why")
        crew.watch()


@contextmanager
def _until_signal() -> Iterator[None]:
    """SIGTERM ends like Ctrl-C, both are the usual end here, and a second one doesn't disturb it."""

    def interrupt(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt), signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])
