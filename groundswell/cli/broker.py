"""The broker that a command uses: the configured one, the one that runs already, or one for as long as it takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from groundswell.cli.failures import NoBrokerError, ProblemError
from groundswell.cli.output import err, measuring
from streams.settings import Settings


@contextmanager
def address(settings: Settings) -> Iterator[str]:
    """The broker's address, with the topics created where the broker is our own.

    Raises:
        BrokerInUse: Another process is just starting or ending one on that folder.
        BrokerFailed: It did not start.
    """
    known = found(settings)
    if known is not None:
        yield known
        return
    with started(settings) as place:
        err().print(f"No broker is configured or running: Kafka runs at {place} for this command.", style="dim")
        yield place


def found(settings: Settings) -> str | None:
    """The configured broker, or the embedded one that runs on the data folder; None: there is neither."""
    if settings.broker is not None:
        return settings.broker
    from streams.broker import running

    return running(settings.data)


def required(settings: Settings) -> str:
    """The same for commands that make no sense on a broker of their own.

    Raises:
        NoBrokerError: There is none.
    """
    known = found(settings)
    if known is None:
        raise NoBrokerError(
            f"no broker is configured and none runs on {settings.data}; start one with: groundswell up, "
            "or name one with GROUNDSWELL_BROKER=host:port"
        )
    return known


@contextmanager
def started(settings: Settings) -> Iterator[str]:
    """An embedded broker with its topics; ends with the context. The first start shows how far the fetch has got."""
    from streams import admin
    from streams.broker import embedded

    with ExitStack() as stack:
        with measuring("Fetching Kafka, once") as tell:
            context = embedded(settings.data, settings.cache, on_progress=lambda at: tell(at.bytes, at.bytes_total))
            broker = stack.enter_context(context)
        admin.create(settings, broker.address)
        yield broker.address


def refuse_wrong_topics(settings: Settings, place: str) -> None:
    """See that no topic is missing or has another number of partitions, for then keys would not meet their state.

    Raises:
        ProblemError: One is, or has; the message says what to change.
    """
    from streams import admin

    wrong = [it for it in admin.check(settings, place) if it.what in ("missing", "partitions")]
    if wrong:
        raise ProblemError("\n       ".join(str(difference) for difference in wrong))
