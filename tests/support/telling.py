"""Receivers and a topic of receipts without a network, and a server that answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from aiohttp import web

from schemas.alerts import Alert
from schemas.receipts import Receipt
from streams.delivery import Delivery
from streams.outbox import partition_of
from streams.receivers.webhook import WebhookConfig
from streams.routes_file import Routes
from streams.routing import Route
from streams.telemetry import Telemetry


class Receipts:
    """The topic, in memory, compacted as Kafka may do it at any time."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self.written: list[Receipt] = []

    async def read(self, partition: int, take: Callable[[Receipt], None]) -> None:
        await asyncio.sleep(0)
        for it in list(self.written):
            if partition_of(it.fingerprint.encode(), self.partitions) == partition:
                take(it)

    async def write(self, receipts: Iterable[Receipt]) -> None:
        await asyncio.sleep(0)
        self.written += [Receipt.model_validate_json(it.model_dump_json()) for it in receipts]

    def outcomes(self, receiver: str) -> dict[tuple[str, int], str]:
        """(brand, revision) → what became of it last."""
        return {(it.brand, it.revision): it.outcome for it in self.written if it.receiver == receiver}


class Phone:
    """A receiver that remembers what it was told, and fails as often as it is said to."""

    def __init__(self, again_every: timedelta | None = None) -> None:
        self.again_every = again_every
        self.told: list[tuple[str, int]] = []
        self.failing: Exception | None = None
        self.refuses: dict[str, Exception] = {}
        """Brand → what it answers to that brand's alerts alone."""
        self.tries = 0
        self.closed = False

    async def deliver(self, alert: Alert) -> None:
        self.tries += 1
        await asyncio.sleep(0)
        if self.failing is not None:
            raise self.failing
        if alert.brand in self.refuses:
            raise self.refuses[alert.brand]
        self.told.append((alert.brand, alert.revision))

    async def close(self) -> None:
        self.closed = True


class Clock:
    """A wall clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def everybody(*names: str) -> Routes:
    """Routes by which each of these is told everything."""
    config = WebhookConfig.model_validate({"type": "webhook", "url": "http://nowhere.invalid/"})
    routes = (Route(to=names),) if names else ()
    return Routes(dict.fromkeys(names, config), routes)


def delivery(
    phones: dict[str, Phone],
    receipts: Receipts,
    *,
    routes: Routes | None = None,
    telemetry: Telemetry | None = None,
    clock: Clock | None = None,
) -> Delivery:
    """What a worker has of it, before it owns anything."""
    routes = routes or everybody(*phones)
    return Delivery(routes, phones, receipts, telemetry or Telemetry(), receipts.partitions, clock or Clock())


@asynccontextmanager
async def working(it: Delivery, partitions: Iterable[int] = range(4)) -> AsyncIterator[Delivery]:
    """It owns these partitions and works, until the block ends."""
    it.assigned(set(partitions))
    task = asyncio.create_task(it.run())
    try:
        yield it
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await it.close()


async def until(true: Callable[[], bool], turns: int = 5_000) -> None:
    """Wait for something that needs only turns of the event loop, and pauses of a millisecond.

    Raises:
        AssertionError: It does not come.
    """
    for _ in range(turns):
        if true():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it did not come to that")


class Server:
    """A server on this machine that answers as it is told, and keeps what it was sent."""

    PATH = "/token-that-nobody-may-read"

    def __init__(self, *answers: int, headers: dict[str, str] | None = None) -> None:
        self.answers = list(answers)
        self.headers = headers or {}
        self.got: list[tuple[str, dict[str, str], bytes]] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Its address, http://…."""

        async def handle(request: web.Request) -> web.Response:
            headers = {name.lower(): value for name, value in request.headers.items()}
            self.got.append((request.path, headers, await request.read()))
            return web.Response(status=self.answers.pop(0) if self.answers else 200, headers=self.headers)

        app = web.Application()
        app.router.add_post("/{path:.*}", handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}{self.PATH}"
        finally:
            await runner.cleanup()
