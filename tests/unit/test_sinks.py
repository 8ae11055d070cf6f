"""Every sink meets one contract: it takes an alert, it can be given up, and its failure costs no other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from aiohttp import web

from schemas.alerts import Alert
from streams import notifying
from streams.alerting import Episode, Evidence, Judged, advance
from streams.notifying import SINKS, Sink, sinks, tell
from streams.settings import Settings
from streams.windows.aggregate import Aggregate
from tests.support.records import BASE_MS, HOUR

SECRET = "token-that-nobody-may-read"


def alert() -> Alert:
    episode = Episode("Acme", "pain_point", "late_delivery", "Late delivery", "f" * 16)
    episode.begin(BASE_MS, BASE_MS, Evidence(Aggregate(), Aggregate()))
    judged = Judged(False, 20, 1.0, 20.0, HOUR, 1e-9, "fewer than 3 voices an hour, for an hour")
    return Alert.model_validate(advance(episode, judged, Evidence(Aggregate(), Aggregate()), BASE_MS))


class Receiver:
    """A server on this machine that answers as it is told, and keeps what it was sent."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        self.got: list[tuple[dict[str, str], Any]] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Settings]:
        async def handle(request: web.Request) -> web.Response:
            self.got.append((dict(request.headers), orjson.loads(await request.read())))
            return web.Response(status=self.answers.pop(0) if self.answers else 200)

        app = web.Application()
        app.router.add_post("/" + SECRET, handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        try:
            yield Settings(webhook_url=f"http://127.0.0.1:{port}/{SECRET}")
        finally:
            await runner.cleanup()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifying, "BACKOFF_SECONDS", 0.001)


class TestEverySink:
    @pytest.fixture(params=sorted(SINKS))
    def name(self, request: pytest.FixtureRequest) -> str:
        return request.param

    def test_takes_an_alert_as_often_as_it_is_told(self, name: str) -> None:
        async def story() -> None:
            async with Receiver().running() as settings:
                sink = SINKS[name](settings)
                assert sink is not None
                assert sink.name == name
                assert await tell([sink], alert()) == [(name, True)]
                assert await tell([sink], alert()) == [(name, True)]
                await sink.close()

        asyncio.run(story())

    def test_can_be_closed_before_it_was_used(self, name: str) -> None:
        async def story() -> None:
            async with Receiver().running() as settings:
                sink = SINKS[name](settings)
                assert sink is not None
                await sink.close()

        asyncio.run(story())


def test_what_is_not_configured_is_not_told() -> None:
    assert [sink.name for sink in sinks(Settings(webhook_url=None))] == ["log"]


def test_the_log_line_says_what_and_since_when(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "groundswell.alerts"):
        asyncio.run(tell(sinks(Settings(webhook_url=None)), alert()))
    assert "FIRING severity 2 · Acme · Late delivery" in caplog.text
    assert "since 2026-03-02 00:00Z" in caplog.text


def test_a_webhook_gets_the_whole_alert_with_a_key_that_names_this_change() -> None:
    receiver = Receiver()

    async def story() -> None:
        async with receiver.running() as settings:
            receivers = sinks(settings)
            assert dict(await tell(receivers, alert()))["webhook"]
            for sink in receivers:
                await sink.close()

    asyncio.run(story())
    ((headers, body),) = receiver.got
    assert Alert.model_validate(body) == alert()
    assert headers["idempotency-key"] == f"{'f' * 16}:1"


def test_a_webhook_that_fails_is_tried_again_and_given_up_at_last(caplog: pytest.LogCaptureFixture) -> None:
    async def told(*answers: int) -> bool:
        receiver = Receiver(*answers)
        async with receiver.running() as settings:
            sink = SINKS["webhook"](settings)
            assert sink is not None
            ((_, arrived),) = await tell([sink], alert())
            await sink.close()
            assert len(receiver.got) == min(len(answers), notifying.TRIES)
            return arrived

    assert asyncio.run(told(500, 503, 200))
    assert not asyncio.run(told(500, 500, 500, 500))
    assert "did not reach webhook" in caplog.text
    assert SECRET not in caplog.text, "an address may hold a token"


def test_a_dead_sink_costs_no_other() -> None:
    class Dead:
        name = "dead"

        async def deliver(self, alert: Alert) -> None:
            raise ConnectionError("nobody is there")

        async def close(self) -> None: ...

    class Alive(Dead):
        name = "alive"

        async def deliver(self, alert: Alert) -> None:
            return None

    receivers: list[Sink] = [Dead(), Alive()]
    assert dict(asyncio.run(tell(receivers, alert()))) == {"dead": False, "alive": True}
